"""The plan of an archive: written before anything else, and what a later run has to agree with."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotations when it runs
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions._version import __version__
from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._layout import FORMAT, PLAN, Skipped, seal, unseal
from twilio_sessions.export._plan import Partition, Selection
from twilio_sessions.export._storage import replace

if TYPE_CHECKING:
    from twilio_sessions.export._storage import DiskFolder

__all__ = ["Plan", "open_plan", "write_plan"]

_IGNORED: Final = (".lock", f"{PLAN}.tmp")


@attrs.frozen
class Plan:
    """What an archive is to hold.

    Attributes:
        selection: What was asked for.
        account_sid: The account, where it is known.
        partitions: What there was to export when it began.
        skipped: What had vanished altogether.
        began: When the export began.
        since: The SHA-256 of the manifest of the export that this one adds to; None when it is the first.
        version: The version of this package that began it.
        format: The version of the layout.
    """

    selection: Selection
    account_sid: str | None
    partitions: tuple[Partition, ...]
    skipped: tuple[Skipped, ...]
    began: datetime
    since: str | None = None
    version: str = __version__
    format: int = FORMAT


def read_plan(folder: DiskFolder) -> Plan | None:
    """Return the plan of an archive; None where there is none.

    Raises:
        ArchiveError: It cannot be read.
    """
    try:
        data = folder.read(PLAN)
    except FileNotFoundError:
        return None
    plan = unseal(data, Plan, str(folder.path / PLAN))
    if plan.format != FORMAT:
        raise ArchiveError(
            f"{folder.path / PLAN} has format {plan.format}; this version of twilio-sessions knows {FORMAT}"
        )
    return plan


def open_plan(folder: DiskFolder, selection: Selection, account_sid: str | None) -> Plan | None:
    """Return the plan that an earlier run made; None when this is the first one.

    Raises:
        ArchiveError: It was made for something else, or the folder holds something else.
    """
    plan = read_plan(folder)
    if plan is None:
        found = [path.name for path in folder.path.iterdir() if path.name not in _IGNORED]
        if found:
            raise ArchiveError(
                f"{folder.path} holds {min(found)} and is no archive; name a new or an empty folder"
            )
        return None
    differences = [
        f"{name} was {was!r} and is {now!r} now"
        for name, was, now in _compared(plan, selection, account_sid)
        if was != now
    ]
    if differences:
        raise ArchiveError(
            f"{folder.path} belongs to another export: {'; '.join(differences)}. "
            "Ask for the same again, or name another folder"
        )
    # A run that was killed may have given it its name a moment ago: what is relied on must stay.
    folder.sync_folder()
    return plan


def write_plan(folder: DiskFolder, plan: Plan) -> None:
    """Write the plan, durably."""
    replace(folder, PLAN, seal(plan))


def _compared(plan: Plan, selection: Selection, account_sid: str | None) -> list[tuple[str, object, object]]:
    names = [field.name for field in attrs.fields(Selection)]
    pairs = [(name, getattr(plan.selection, name), getattr(selection, name)) for name in names]
    return [("account_sid", plan.account_sid, account_sid), *pairs]
