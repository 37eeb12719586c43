"""Journals of a few rows, without a client and without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from twilio_sessions.export import Partition
from twilio_sessions.export._recovery import open_journal
from twilio_sessions.export._source import frames_of
from twilio_sessions.export._stage import Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_sessions.export._journal import Journal
    from twilio_sessions.export._storage import Folder

__all__ = ["INCLUDE", "add", "commit", "open_again", "partition_of", "rows_of"]

INCLUDE = ("sessions", "participants", "interactions", "message-interactions")


def partition_of(**options: Any) -> Partition:
    """Return a partition of a service, with plain lines unless that is asked for otherwise."""
    return Partition(
        **{"product": "proxy", "service_sid": "KS" + "1" * 32, "include": INCLUDE, "compress": "none"}
        | options
    )


def open_again(folder: Folder, **options: Any) -> Journal:
    """Begin a journal in a folder, or go on with it."""
    return open_journal(folder, partition_of(**options))


def add(journal: Journal, resource: str, rows: Sequence[bytes], walk: Walk | None = None) -> None:
    """Add rows as a page of a listing that goes on after it."""
    before = journal.tallies[resource]
    tally = attrs.evolve(before, rows=before.rows + len(rows), pages=before.pages + 1)
    journal.add(resource, rows, tally, walk or Walk(0, f"after-{tally.rows}", tally.pages))


def commit(journal: Journal) -> None:
    """Make what was added durable, if anything was."""
    if (batch := journal.take()) is not None:
        journal.commit(batch)


def rows_of(journal: Journal, resource: str) -> list[bytes]:
    """Return the durable rows."""
    return [line for frame in frames_of(journal, resource) for line in frame.lines()]
