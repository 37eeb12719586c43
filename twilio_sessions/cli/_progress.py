"""Shows exports while they run: a picture on a terminal, lines of JSON for a program, or nothing."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeAlias

import anyio
import attrs
from rich.console import Console
from rich.live import Live

from twilio_sessions.cli._facts import progress_facts, to_json
from twilio_sessions.cli._screen import picture, pictures

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from twilio_sessions.export import ExportProgress

__all__ = ["ProgressMode", "Watcher", "display_for"]

ProgressMode: TypeAlias = Literal["auto", "json", "none"]


class Display(Protocol):
    """Something that exports are shown on."""

    interval: float

    def show(self, watcher: Watcher) -> None:
        """Show how far they are."""
        ...

    def close(self, watcher: Watcher) -> None:
        """Show how it ended, or nothing any more."""
        ...


class Screen:
    """A picture on a terminal, drawn again and again in its place.

    Args:
        title: What stands above it.
        console: The terminal.
    """

    # Four times a second looks alive, and costs next to nothing beside an export at full speed.
    interval: float = 0.25

    def __init__(self, title: str, console: Console) -> None:
        self._title = title
        self._began = time.monotonic()
        # Drawn by whoever calls: a thread of its own would read what the event loop is changing.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=True
        )

    def show(self, watcher: Watcher) -> None:
        """Draw how far they are."""
        seconds = time.monotonic() - self._began
        exports = watcher.exports
        if "" in exports:
            drawn = picture(self._title, seconds, exports[""])
        else:
            drawn = pictures(self._title, seconds, exports, watcher.ended)
        self._live.start()
        self._live.update(drawn, refresh=True)

    def close(self, watcher: Watcher) -> None:  # noqa: ARG002 - nothing stays
        """Wipe it away."""
        self._live.stop()


class JsonLines:
    """Lines of JSON on standard error, every few seconds, one for each export."""

    interval: float = 2.0

    def show(self, watcher: Watcher) -> None:
        """Write a line for each export that has read something."""
        for name, progress in watcher.exports.items():
            if progress is not None:
                facts = progress_facts(progress)
                sys.stderr.write(to_json({"account": name, **facts} if name else facts) + "\n")
        sys.stderr.flush()

    def close(self, watcher: Watcher) -> None:
        """Write how they ended."""
        self.show(watcher)


def display_for(mode: ProgressMode, title: str) -> Display | None:
    """Return what exports are shown on; None where nothing is to be shown."""
    if mode == "json":
        return JsonLines()
    console = Console(stderr=True)
    if mode == "none" or not console.is_terminal or console.is_dumb_terminal:
        return None
    return Screen(title, console)


_FIRST: Final = 0.05


@attrs.define
class Watcher:
    """Looks at exports from time to time and shows them; the exports themselves pay next to nothing for it.

    Attributes:
        display: What they are shown on.
        exports: What is known of them, by the names of accounts; a single one has none.
        ended: How those ended that did, in a word.
    """

    display: Display | None
    exports: dict[str, ExportProgress | None] = attrs.field(factory=dict[str, "ExportProgress | None"])
    ended: dict[str, str] = attrs.field(factory=dict[str, str])
    _task: asyncio.Task[None] | None = None

    def of(self, name: str = "") -> Callable[[ExportProgress], None]:
        """Return what `export` takes as `on_progress`; it only takes note."""
        self.exports.setdefault(name, None)

        def note(progress: ExportProgress) -> None:
            self.exports[name] = progress

        return note

    async def __aenter__(self) -> Self:
        if self.display is not None:
            self._task = asyncio.create_task(self._watch(self.display))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is None or self.display is None:
            return
        self._task.cancel()
        # Also when everything is being cancelled: what is drawn must go.
        with anyio.CancelScope(shield=True):
            await asyncio.wait([self._task])
        # Nobody reads it any more; that must not cost the export.
        with suppress(OSError):
            self.display.close(self)

    async def _watch(self, display: Display) -> None:
        await asyncio.sleep(_FIRST)
        # A terminal that was closed, or a reader that has gone, is nothing to an export.
        with suppress(OSError):
            while True:
                display.show(self)
                await asyncio.sleep(display.interval)
