"""What was asked for on the command line of an export, checked as far as that needs no network."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from twilio_sessions.errors import ArgumentError, ConfigurationError
from twilio_sessions.export import Selection, export, export_since_last, select
from twilio_sessions.export._plan import DEFAULT_PART_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twilio_sessions.cli._progress import ProgressMode
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export import ExportProgress, ExportReport, Format

__all__ = ["Asked", "Compression", "names", "to_date"]

Compression: TypeAlias = Literal["zstd", "none"]

_PACKAGES: Final[dict[Format, str]] = {"parquet": "pyarrow", "duckdb": "duckdb"}


@attrs.frozen(kw_only=True)
class Asked:
    """One command line.

    Attributes:
        command: The command, to be typed again.
        out: The folder to export to.
        services: SIDs or unique names; none means all.
        products: Names of products; None means all.
        include: Names of resources; None means the default.
        statuses: Statuses of Proxy sessions; none means all.
        created_after: Only Proxy sessions created then or later.
        created_before: Only Proxy sessions created before.
        compress: How rows are stored.
        concurrency: How many listings are read at once.
        patience: For how many seconds an outage is waited for.
        rate_limit: Whether Twilio's published limit is kept.
        to: What the archive is made into when it is complete.
        progress: How progress is shown.
        quiet: Whether only errors are shown.
        since_last: Whether only what is new or has changed is added to an archive that is there.
        part_rows: After how many rows the next files begin.
    """

    command: str
    out: Path
    services: tuple[str, ...]
    products: tuple[str, ...] | None
    include: tuple[str, ...] | None
    statuses: tuple[str, ...]
    created_after: datetime | None
    created_before: datetime | None
    compress: Compression
    concurrency: int
    patience: float
    rate_limit: bool
    to: Format | None
    progress: ProgressMode
    quiet: bool
    since_last: bool = False
    part_rows: int = DEFAULT_PART_ROWS

    @property
    def mode(self) -> ProgressMode:
        """How progress is shown."""
        return "none" if self.quiet else self.progress

    @property
    def is_for_programs(self) -> bool:
        """Whether the result is read by a program."""
        return self.progress == "json"

    def check(self) -> None:
        """Refuse what cannot be right before hours have passed.

        Raises:
            ArgumentError: An argument cannot be right.
            ConfigurationError: A package is not installed.
        """
        self.selection()
        if self.since_last and self._chosen:
            raise ArgumentError(
                f"--since-last asks for what the archive was made of; leave out {', '.join(self._chosen)}",
                argument="since_last",
            )
        package = _PACKAGES.get(self.to) if self.to is not None else None
        if package is not None and importlib.util.find_spec(package) is None:
            raise ConfigurationError(
                f"--to {self.to} needs the package {package}: pip install 'twilio-sessions[{self.to}]'"
            )

    @property
    def _chosen(self) -> list[str]:
        """The options that choose what is exported, as far as they were given."""
        given = {
            "--service": self.services,
            "--product": self.products,
            "--include": self.include,
            "--status": self.statuses,
            "--created-after": self.created_after,
            "--created-before": self.created_before,
        }
        return [option for option, value in given.items() if value]

    def selection(self) -> Selection:
        """Return what is to be exported."""
        return select(
            services=self.services,
            products=self.products,
            include=self.include,
            statuses=self.statuses,
            created_after=self.created_after,
            created_before=self.created_before,
            compress=self.compress,
            part_rows=self.part_rows,
        )

    async def export(
        self, client: AsyncClient, out: Path, on_progress: Callable[[ExportProgress], None]
    ) -> ExportReport:
        """Export as it was asked for."""
        if self.since_last:
            return await export_since_last(
                client, out, concurrency=self.concurrency, patience=self.patience, on_progress=on_progress
            )
        return await export(
            client,
            out,
            services=self.services,
            products=self.products,
            include=self.include,
            statuses=self.statuses,
            created_after=self.created_after,
            created_before=self.created_before,
            compress=self.compress,
            part_rows=self.part_rows,
            concurrency=self.concurrency,
            patience=self.patience,
            on_progress=on_progress,
        )


def names(text: str | None) -> tuple[str, ...] | None:
    """Split names at commas; None stays None, which means the default."""
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())


def to_date(option: str, text: str | None) -> datetime | None:
    """Read a date; without a time zone it is in UTC.

    Raises:
        ArgumentError: It is none.
    """
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentError(
            f"{option} must be a date such as 2026-01-31 or 2026-01-31T08:00:00+01:00; got {text!r}",
            argument=option,
        ) from None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
