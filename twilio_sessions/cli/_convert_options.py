"""The options of the commands `convert` and `cat`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations when it runs
from typing import Annotated, Final

from cyclopts import Parameter

from twilio_sessions.cli._convert import run_cat, run_convert
from twilio_sessions.export import Format  # noqa: TC001 - cyclopts reads the annotations, too

__all__ = ["CONVERT_CODES", "cat", "convert"]

CONVERT_CODES: Final = """\
Exit codes:

- **0** made
- **1** an error: the message says what to do; nothing was made
- **2** the command or the configuration cannot be right
- **3** made of an archive that is not complete itself
- **130** interrupted by Ctrl-C: nothing was made
"""


def convert(
    archive: Path,
    /,
    *,
    to: Format,
    out: Path | None = None,
    csv_raw: Annotated[bool, Parameter(show_default=False)] = False,
) -> int:
    """Make Parquet, CSV, plain NDJSON or a DuckDB file from an archive, which stays as it is.

    Example: twilio-sessions convert ./archive --to parquet

    Parameters
    ----------
    archive
        The folder of the archive.
    to
        The format; each but duckdb makes a folder with one file for each resource.
    out
        What to make, which must not exist; by default parquet, csv, ndjson or archive.duckdb in the folder of
        the archive.
    csv_raw
        Leave CSV cells that a spreadsheet would run as a formula as they are.
    """
    return run_convert(archive=archive, to=to, out=out, csv_raw=csv_raw)


def cat(archive: Path, resource: str, /, *, product: str | None = None) -> int:
    """Print the rows of one resource of an archive, one line of JSON each, as Twilio sent them.

    Example: twilio-sessions cat ./archive sessions | head

    Parameters
    ----------
    archive
        The folder of the archive.
    resource
        services, phone-numbers, sessions, participants, interactions, message-interactions, or messages.
    product
        proxy or assistants; by default proxy, where both have the resource.
    """
    return run_cat(archive=archive, resource=resource, product=product)
