"""Shows a bulk change while it runs: three lines on a terminal, lines of JSON for a program, or nothing."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

import anyio
import attrs
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from twilio_sessions.cli._bulk_screen import OUTCOMES
from twilio_sessions.cli._facts import to_json
from twilio_sessions.cli._tables import printable
from twilio_sessions.cli._words import clock, counted, duration

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import RenderableType

    from twilio_sessions.bulk import ChangeProgress
    from twilio_sessions.cli._progress import ProgressMode
    from twilio_sessions.export import VerifyProgress

__all__ = ["BulkWatcher", "bulk_picture", "change_facts", "checking_words"]

_LOOK: Final = 0.25
_LINE: Final = 2.0
_FIRST: Final = 0.05
_DOING: Final = {"close": "closing", "delete": "deleting", "create": "creating"}


@attrs.define
class BulkWatcher:
    """Looks at a bulk change from time to time and shows it.

    Attributes:
        mode: How it is shown.
        progress: How far it is; None before it has begun.
        checking: How far the check of the archive is, before that.
    """

    mode: ProgressMode
    progress: ChangeProgress | None = None
    checking: VerifyProgress | None = None
    _task: asyncio.Task[None] | None = None
    _live: Live | None = None

    def note(self, progress: ChangeProgress) -> None:
        """Take note."""
        self.progress = progress

    def note_check(self, checking: VerifyProgress) -> None:
        """Take note, in whatever thread."""
        self.checking = checking

    async def __aenter__(self) -> Self:
        console = Console(stderr=True)
        if self.mode == "auto" and console.is_terminal and not console.is_dumb_terminal:
            self._live = Live(
                console=console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=sys.stdout.isatty(),
                redirect_stderr=True,
            )
        if self._live is not None or self.mode == "json":
            self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is None:
            return
        self._task.cancel()
        # Also when everything is being cancelled: what is drawn must go.
        with anyio.CancelScope(shield=True):
            await asyncio.wait([self._task])
        with suppress(OSError):
            if self._live is not None:
                self._live.stop()
            else:
                self._show()

    async def _watch(self) -> None:
        await asyncio.sleep(_FIRST)
        # A terminal that was closed is nothing to what is being done.
        with suppress(OSError):
            while True:
                self._show()
                await asyncio.sleep(_LINE if self._live is None else _LOOK)

    def _show(self) -> None:
        if self._live is not None:
            self._live.start()
            self._live.update(bulk_picture(self.progress, self.checking), refresh=True)
        elif self.progress is not None:
            sys.stderr.write(to_json(change_facts(self.progress)) + "\n")
            sys.stderr.flush()


def bulk_picture(progress: ChangeProgress | None, checking: VerifyProgress | None) -> RenderableType:
    """Return what a person sees."""
    if progress is None:
        if checking is None:
            return _text("beginning ...", "dim")
        return _text(checking_words(checking), "dim")
    title = f"{_DOING[progress.action]} {counted(progress.total, 'session')}  {clock(progress.seconds)}"
    counts = [f"{progress.counts[each]:,} {each}" for each in OUTCOMES if progress.counts[each]]
    return Group(_text(title, "bold"), _text(", ".join(counts) or "..."), _ending(progress))


def checking_words(checking: VerifyProgress) -> str:
    """Return how far the check of an archive is."""
    part = f", {checking.done / checking.total:.0%}" if checking.total else ""
    return f"checking the archive{part}, {counted(checking.rows, 'row')}"


def _ending(progress: ChangeProgress) -> Text:
    if progress.waiting_for is not None:
        return _text(f"waiting: {printable(progress.waiting_for)}", "yellow")
    rate, left = _rate(progress), progress.total - progress.seen
    if not rate:
        return _text(f"{left:,} left", "dim")
    return _text(f"{left:,} left, {rate:,.0f} sessions/s: {duration(left / rate)}")


def _rate(progress: ChangeProgress) -> float:
    return (progress.seen - progress.done_before) / progress.seconds if progress.seconds else 0.0


def change_facts(progress: ChangeProgress) -> dict[str, object]:
    """Return how far a bulk change is."""
    return {
        "event": "progress",
        "action": progress.action,
        "seconds": round(progress.seconds, 3),
        "total": progress.total,
        "seen": progress.seen,
        "counts": dict(progress.counts),
        "done_before": progress.done_before,
        "sessions_per_second": round(_rate(progress), 1),
        "waiting_for": progress.waiting_for,
    }


def _text(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")
