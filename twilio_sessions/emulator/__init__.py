"""A local Twilio: Proxy v1 and the Sessions of Assistants v1, as strict as the real one, without an account.

Example:
    from twilio_sessions.emulator import Emulator, Seed

    async with Emulator(seed=Seed(services=3, sessions=500)) as emulator:
        print(emulator.base_url, emulator.environment())

Where Twilio documents a rule, the emulator keeps it; where it is silent or contradicts itself, a named
field of `EmulatorOptions` decides; so do its limits, which are off by default. What goes wrong in the world
goes wrong here on demand, and two ledgers tell what came in and what was really done:

    emulator.faults.add(Fault("reset", operation="sessions.create", when="after"))
    ...
    assert [one.operation for one in emulator.processed].count("sessions.create") == 1

Records are added by hand (`emulator.add_session(...)`), and time passes when it is told to
(`emulator.advance`).
Programs in other languages do the same over HTTP (`EmulatorOptions.control`; docs/emulator.md), with
`python -m twilio_sessions.emulator --control`.

Not emulated: webhooks and callbacks, real calls and messages (only their records), OAuth tokens (see
`EmulatorOptions.bearer_tokens`), debugger events, and 80623 by itself, which needs two requests at the same
instant: here each one is finished before the next is looked at. A fault says it all the same:
`Fault("answer", status=409, code=80623, operation="participants.create")`.
"""

from __future__ import annotations

from twilio_sessions.emulator._clock import Clock
from twilio_sessions.emulator._fault import Fault
from twilio_sessions.emulator._fault_json import read_faults
from twilio_sessions.emulator._ledger import Processed, ReceivedRequest
from twilio_sessions.emulator._options import EmulatorOptions
from twilio_sessions.emulator._plan import FaultPlan
from twilio_sessions.emulator._records import (
    AssistantMessage,
    AssistantSession,
    Interaction,
    Participant,
    PhoneNumber,
    Service,
    Session,
)
from twilio_sessions.emulator._seed import Seed
from twilio_sessions.emulator._server import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    Emulator,
    EmulatorStartError,
)
from twilio_sessions.emulator._store import Store

__all__ = (
    "DEFAULT_ACCOUNT_SID",
    "DEFAULT_AUTH_TOKEN",
    "AssistantMessage",
    "AssistantSession",
    "Clock",
    "Emulator",
    "EmulatorOptions",
    "EmulatorStartError",
    "Fault",
    "FaultPlan",
    "Interaction",
    "Participant",
    "PhoneNumber",
    "Processed",
    "ReceivedRequest",
    "Seed",
    "Service",
    "Session",
    "Store",
    "read_faults",
)
