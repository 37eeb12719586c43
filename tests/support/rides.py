"""A small account at a local Twilio, with one of everything, that command lines name as the help does."""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs
from canary import SECRET
from served import served

from twilio_sessions.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Rides", "masked", "rides"]

_MASKS: Final[list[tuple[str, str | Callable[[re.Match[str]], str]]]] = [
    (r"\b([A-Z]{2})[0-9a-f]{32}\b", lambda found: found[1] + "x" * 32),
    (r"\b([A-Z]{2})([0-9a-f]+)…", lambda found: found[1] + "x" * len(found[2]) + "…"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\dZ", "YYYY-MM-DD HH:MMZ"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "YYYY-MM-DDTHH:MM:SSZ"),
    (r"\bAC[0-9]{32}\b", "AC" + "x" * 32),
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:PPPPP"),
    (r"\b\d+ ms\b", "N ms"),
    (r"twilio-sessions \d\S+, Python \S+", "twilio-sessions V, Python V"),
    (r"\d[\d,]* at a time", "N at a time"),
]

ORDER = "Order #1234"
HOURS = timedelta(hours=1)


@attrs.frozen
class Rides:
    """The account, and the SIDs of what is in it.

    Attributes:
        emulator: The local Twilio.
        sids: By what the examples of the help call them.
    """

    emulator: Emulator
    sids: dict[str, str]

    @property
    def environ(self) -> dict[str, str]:
        return self.emulator.environment()

    def sid(self, prefix: str) -> str:
        return self.sids[prefix]

    def done(self) -> list[str]:
        """Which requests changed something."""
        verbs = ("create", "update", "delete")
        return [one.operation for one in self.emulator.processed if one.operation.endswith(verbs)]


@contextlib.contextmanager
def rides(
    *, services: bool = True, session: bool = True, customer: bool = True, auth_token: str = SECRET
) -> Iterator[Rides]:
    """Run the account; it may be without the customer, without its session, or without anything."""
    with served(Emulator(auth_token=auth_token)) as emulator:
        yield Rides(emulator, _fill(emulator, session=session, customer=customer) if services else {})


def _fill(emulator: Emulator, *, session: bool, customer: bool) -> dict[str, str]:
    service = emulator.add_service("rides", phone_numbers=0, age=100 * HOURS)
    for last in range(3):
        emulator.add_phone_number(service, f"+1415555000{last}", age=(90 - last) * HOURS)
    # In no use, so that it can be deleted.
    spare = emulator.add_phone_number(service, "+14155550009", reserved=True, age=80 * HOURS)
    sids = {"KS": service.sid, "PN": spare.sid}
    if session:
        sids |= _add_sessions(emulator, service.sid, customer=customer)
    talk = emulator.add_assistant_session(
        ["Where is my driver?", "Around the corner."],
        id="your-session-id",
        identity="user:ada",
        age=9 * HOURS,
    )
    return sids | {"id": talk.id}


def _add_sessions(emulator: Emulator, service_sid: str, *, customer: bool) -> dict[str, str]:
    service = emulator.store.service_by_sid[service_sid]
    order = emulator.add_session(service, ORDER, participants=["+14155550102"] * customer, age=50 * HOURS)
    driver = emulator.add_participant(order, "+14155550103", friendly_name="driver", age=49 * HOURS)
    if customer:
        emulator.add_interaction(order, "=SUM(A1)\n\x1b[31mhello", age=48 * HOURS)
    sent = emulator.add_message_interaction(driver, "Your driver is here.", age=47 * HOURS)
    emulator.add_session(
        service, "a name that is longer than anybody reads 注文", status="closed", age=40 * HOURS
    )
    emulator.add_session(service, status="failed", mode="voice-only", age=30 * HOURS)
    return {"KC": order.sid, "KP": driver.sid, "KI": sent.sid}


def masked(text: str) -> str:
    """Return what a screen shows without what differs with each run: SIDs, dates, times, ports, versions."""
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    return text
