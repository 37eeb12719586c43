"""Bulk changes with a sync client: the same arguments and results."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from served import client_of, emulated

from twilio_sessions import ArgumentError, bulk
from twilio_sessions.bulk import (
    close_sync,
    create_sync,
    delete_sync,
    plan_close_sync,
    plan_delete_sync,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_created_closed_and_deleted(tmp_path: Path):
    with emulated() as emulator, client_of(emulator) as client:
        service = emulator.add_service("rides")
        rows = [{"unique_name": f"ride-{number}"} for number in range(5)]
        assert create_sync(client, "rides", rows, journal=tmp_path / "create").counts == {"created": 5}
        plan = plan_close_sync(client, "rides")
        assert close_sync(client, plan, journal=tmp_path / "close").counts == {"closed": 5}
        plan = plan_delete_sync(client, "rides")
        with pytest.raises(ArgumentError):
            delete_sync(client, plan, journal=tmp_path / "delete")
        report = delete_sync(client, plan, journal=tmp_path / "delete", without_archive=True)
        assert report.counts == {"deleted": 5}
        assert not list(service.sessions)


@pytest.mark.parametrize("name", ["plan_close", "plan_delete", "close", "delete", "create"])
def test_the_arguments_are_the_same(name: str):
    ours: Any = getattr(bulk, f"{name}_sync")
    theirs: Any = getattr(bulk, name)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    assert ours.__name__ == f"{name}_sync"
    assert "with a `Client`" in ours.__doc__
