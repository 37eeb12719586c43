"""A local Twilio whose sessions look the same whenever and wherever a screen shows them."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from served import emulated

from twilio_sessions.emulator import Emulator, EmulatorOptions, Seed

if TYPE_CHECKING:
    from collections.abc import Generator

    from twilio_sessions.emulator import Service

__all__ = ["PLAN", "SERVICE", "SIDS", "bulk_emulated", "lines_of", "pinned", "service_of", "statuses"]

SERVICE = "KS" + "a" * 32
SIDS = [f"KC{number:032}" for number in range(16)]

PLAN = f"""\
close 5 of 6 sessions: in-progress or open
service                             status  sessions
{SERVICE}  open           5
for example:
sid                                 unique_name  status  last_sign_of_life
{SIDS[4]}  ride-4       open    2026-11-22 12:00Z
{SIDS[3]}  ride-3       open    2026-11-22 12:00Z
{SIDS[2]}  ride-2       open    2026-11-22 12:00Z
{SIDS[1]}  ride-1       open    2026-11-22 12:00Z
{SIDS[0]}  ride-0       open    2026-11-22 12:00Z
"""
"""What is shown of a close of all active sessions, in 80 columns or more."""


@contextlib.contextmanager
def bulk_emulated() -> Generator[Emulator]:
    """Run a local Twilio with a service of six sessions, one of them closed."""
    with emulated(Seed(services=1, sessions=0, random_seed=1), EmulatorOptions()) as running:
        (service,) = running.store.services
        for number in range(6):
            running.add_session(service, f"ride-{number}", status="closed" if number == 5 else "open")
        yield running


def service_of(emulator: Emulator) -> Service:
    (service,) = emulator.store.services
    return service


def statuses(emulator: Emulator) -> list[str]:
    return [each.status for each in service_of(emulator).sessions]


def pinned(text: str, emulator: Emulator) -> str:
    """Put what differs from run to run into a form that does not, as wide as it was."""
    for number, session in enumerate(service_of(emulator).sessions):
        text = text.replace(session.sid, SIDS[number])
    text = text.replace(service_of(emulator).sid, SERVICE)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-11-22 12:00:00Z", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\dZ", "2026-11-22 12:00Z", text)
    text = re.sub(r"(close|delete|create)-\d{8}T\d{6}Z", r"\1-20261122T120000Z", text)
    text = re.sub(r"in \d+\.\d s", "in 0.1 s", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
