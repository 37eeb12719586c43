"""The options of bulk changes: which sessions, how, and the command that goes on when one was interrupted."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TextIO, TypeAlias

import attrs
from cyclopts import Group, Parameter

from twilio_sessions.bulk import DEFAULT_CONCURRENCY, SessionFilter
from twilio_sessions.bulk._folder import check_folder
from twilio_sessions.bulk._run import check_way
from twilio_sessions.cli._advice import command_line
from twilio_sessions.cli._asked import names
from twilio_sessions.cli._console import errors
from twilio_sessions.cli._progress import ProgressMode  # noqa: TC001 - cyclopts reads the annotations
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export import DEFAULT_PATIENCE

if TYPE_CHECKING:
    from collections.abc import Generator

    from twilio_sessions.bulk import Action

__all__ = ["BulkOutput", "Chosen", "How", "next_command", "reading"]

BulkOutput: TypeAlias = Literal["text", "json", "ndjson"]

_CHOICE: Final = Group("Which sessions", sort_key=10)
_WAY: Final = Group("How", sort_key=20)
_CHOOSING: Final = ("--service", "--status", "--idle", "--older-than", "--name-prefix", "--sids-from")


@Parameter(name="*", group=_CHOICE)
@attrs.frozen(kw_only=True)
class Chosen:
    """Which sessions: those that meet everything that is given.

    Attributes:
        service: The service: its SID (KS...) or its unique name; repeat for more.
        status: Only with one of these, with commas: open, in-progress, closed, failed, unknown.
        idle: Only without an interaction for so long, such as 30d or 12h; of a session that never had one,
            its last change counts.
        older_than: Only created so long ago or longer, such as 90d.
        name_prefix: Only with a unique name that begins like this.
        sids_from: Only the SIDs (KC...) in this file, with blanks or line breaks between them; - is standard
            input.
    """

    service: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    status: str | None = None
    idle: Annotated[timedelta | None, Parameter(metavar="TIME")] = None
    older_than: Annotated[timedelta | None, Parameter(metavar="TIME")] = None
    name_prefix: str | None = None
    # "-" is no option.
    sids_from: Annotated[str | None, Parameter(allow_leading_hyphen=True, metavar="PATH")] = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was chosen."""
        return self == Chosen()

    @property
    def is_only_service(self) -> bool:
        """Whether one service was named, and nothing else."""
        return len(self.service) == 1 and attrs.evolve(self, service=()).is_empty

    def where(self) -> SessionFilter:
        """Return it as the library takes it.

        Raises:
            ArgumentError: Something cannot be right, no service is named, or the file cannot be read.
        """
        if not self.service:
            raise ArgumentError(
                "name a service with --service, or a journal to go on with --journal", argument="service"
            )
        if self.status is not None and not names(self.status):
            raise ArgumentError("--status names no status; leave it out for the default", argument="status")
        return SessionFilter(
            statuses=names(self.status) or (),
            idle=self.idle,
            older_than=self.older_than,
            name_prefix=self.name_prefix,
            sids=self._sids(),
        )

    def _sids(self) -> list[str] | None:
        if self.sids_from is None:
            return None
        with reading("--sids-from", self.sids_from):
            text = _standard_input() if self.sids_from == "-" else Path(self.sids_from).read_text("utf-8-sig")
        return text.split()


@Parameter(name="*", group=_WAY)
@attrs.frozen(kw_only=True)
class How:
    """How a bulk change is done.

    Attributes:
        journal: For many sessions: the folder of the journal, a new one, or that of an earlier run to go on
            with. By default a new one below the current folder.
        yes: Do not ask.
        dry_run: Say what would be done, and change nothing.
        concurrency: For many sessions: how many at a time.
        patience: For many sessions: seconds to go on trying when Twilio cannot be reached any more.
        progress: For many sessions: auto shows progress on a terminal; json writes a line of JSON to standard
            error every 2 seconds.
        rate_limit: For many sessions: keep Twilio's published limit, 30 requests/s for each endpoint of a
            service, which is the default; only a local Twilio answers more.
    """

    journal: Path | None = None
    yes: Annotated[bool, Parameter(show_default=False)] = False
    dry_run: Annotated[bool, Parameter(show_default=False)] = False
    concurrency: int = DEFAULT_CONCURRENCY
    patience: float = DEFAULT_PATIENCE
    progress: ProgressMode = "auto"
    rate_limit: Annotated[bool, Parameter(negative="--no-rate-limit", show_default=False)] = True

    def folder(self, action: Action) -> Path:
        """Return the folder of the journal."""
        return self.journal or Path(f"{action}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")

    def check_one(self) -> None:
        """Refuse, for a single session, what is said of many: somebody forgot to say which.

        Raises:
            ArgumentError: That is so.
        """
        if attrs.evolve(self, yes=False, dry_run=False) != How():
            raise ArgumentError(
                "--journal, --concurrency, --patience, --progress and --no-rate-limit are for many sessions, "
                "and this is one",
                argument="sid",
            )

    def check(self, action: Action) -> None:
        """Refuse to begin what is not possible, or where nobody can be asked and nobody has said yes.

        Raises:
            ArgumentError: That is so.
            JournalError: The folder of the journal holds something else.
        """
        check_way(self.concurrency, self.patience)
        if self.journal is not None:
            check_folder(self.journal)
        can_ask = sys.stdin is not None and sys.stdin.isatty() and errors().is_terminal
        if not (self.yes or self.dry_run or can_ask):
            raise ArgumentError(
                f"sessions {action} needs a yes: give --yes, for there is no terminal to ask at; "
                "--dry-run shows what would be done",
                argument="yes",
            )


def _standard_input() -> str:
    given: TextIO | None = sys.stdin
    if given is None:
        raise ArgumentError(
            "--sids-from is -, and standard input is closed; give it the SIDs, or name a file",
            argument="--sids-from",
        )
    return given.read()


@contextmanager
def reading(option: str, name: str | Path) -> Generator[None]:
    """Read a file that an option names.

    Raises:
        ArgumentError: It cannot be read.
    """
    try:
        yield
    except OSError as error:
        raise ArgumentError(
            f"{name}, which {option} names, cannot be read: {error.strerror}", argument=option
        ) from None
    except UnicodeDecodeError:
        raise ArgumentError(f"{name}, which {option} names, is not text in UTF-8", argument=option) from None


def next_command(journal: Path, *, is_chosen_by_journal: bool) -> str:
    """Return the command that goes on.

    Args:
        journal: The folder of the journal.
        is_chosen_by_journal: Whether the journal says which sessions, so that options need not.
    """
    words: list[str] = []
    given = iter(sys.argv[1:])
    for word in given:
        # The parser takes underscores, too.
        name = word.partition("=")[0].replace("_", "-")
        is_left_out = name == "--journal" or (is_chosen_by_journal and name in _CHOOSING)
        if not is_left_out:
            words.append(word)
        elif "=" not in word:
            next(given, None)
    return command_line(*words, "--journal", journal)
