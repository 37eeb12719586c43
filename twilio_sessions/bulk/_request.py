"""Tells the journal of another bulk change from one of the same, and says in words what differs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from twilio_sessions.errors import JournalError

if TYPE_CHECKING:
    from twilio_sessions.bulk._records import Header

__all__ = ["check_request", "other_action"]

_NAMES: Final = {
    "account_sid": "the account",
    "service_sid": "the service",
    "services": "the services",
    "statuses": "the statuses",
    "idle_seconds": "the time without an interaction",
    "older_than_seconds": "the age",
    "name_prefix": "the beginning of unique names",
    "sids": "the list of SIDs",
}
_LONGEST: Final = 100


def check_request(found: Header, asked: Header, where: str) -> None:
    """Refuse a journal that is of another plan.

    Args:
        found: What the journal was begun with.
        asked: What is asked for now.
        where: The folder of the journal.

    Raises:
        JournalError: It is; the first difference is named.
    """
    for name, value in asked.request.items():
        was = found.request.get(name)
        if was == value:
            continue
        if name == "action":
            raise other_action(where, was, value)
        if name == "rows_sha256":
            raise JournalError(
                f"{where} is the journal of other rows: they have changed since it was begun; go on with the "
                "rows as they were, or name a new folder (a unique name that is taken counts as done)"
            )
        raise JournalError(
            f"{where} is the journal of another plan ({_NAMES.get(name, name)}: {_shown(name, was)} when it "
            f"was begun, {_shown(name, value)} now); to go on with it, ask for the same as then, else name a "
            "new folder"
        )


def other_action(where: str, was: object, asked: object) -> JournalError:
    """Return the error that says that a journal is of something else."""
    return JournalError(
        f"{where} is the journal of a bulk {was}, and this is a bulk {asked}; go on with it by a {was}, or "
        "name a new folder"
    )


def _shown(name: str, value: object) -> str:
    if value is None or (name == "statuses" and not value):
        return "not given"
    if value == []:
        return "an empty one"
    if name.endswith("_seconds"):
        return str(timedelta(seconds=cast("float", value)))
    text = ", ".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
