"""No history of changes, exports, damage and interruptions deletes a session that is not safely archived.

Safe is: in a verified archive, with its participants and interactions, as all of it was at that moment. The
clock of the local Twilio stands still most of the time, so that dates tell of no change.
`TWILIO_SESSIONS_SOAK=2000 pytest tests/bulk/test_delete_machine.py` tries that many histories.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest
from archives import client_of
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from once import once
from served import emulated

from twilio_sessions import APIError, ArchiveError
from twilio_sessions.bulk import SessionFilter, delete, plan_delete
from twilio_sessions.bulk._archived import ArchivedRows
from twilio_sessions.bulk._changers import Deleter
from twilio_sessions.emulator import EmulatorOptions, Fault
from twilio_sessions.emulator._render import Renderer
from twilio_sessions.export import export

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_sessions import AsyncClient
    from twilio_sessions.bulk import ChangePlan, ChangeProgress, ChangeReport

SOAK = int(os.environ.get("TWILIO_SESSIONS_SOAK", "0"))
MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
PICK = st.integers(min_value=0, max_value=10_000)

# A session with all that belongs to it, as Twilio shows it.
Shown = tuple[dict[str, Any], dict[str, dict[str, Any]]]


@attrs.frozen
class Archived:
    """An archive, and what was there when it was made."""

    path: Path
    content: dict[str, Shown]
    is_damaged: bool = False

    def holds(self, sid: str, shown: Shown) -> bool:
        if self.is_damaged or sid not in self.content:
            return False
        row, belonging = self.content[sid]
        return row == shown[0] and all(belonging.get(key) == value for key, value in shown[1].items())


class Deletions(RuleBasedStateMachine):
    """One service whose sessions change, are exported, and are deleted."""

    @initialize(sessions=st.integers(min_value=1, max_value=4))
    def begin(self, sessions: int) -> None:
        self.stack = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, self.folder)
        self.emulator = self.stack.enter_context(emulated(options=EmulatorOptions(ledger_size=100_000)))
        self.emulator.clock.set(MOMENT)
        self.service = self.emulator.add_service("rides")
        for _ in range(8):
            self.emulator.add_phone_number(self.service)
        self.archives: list[Archived] = []
        self.plans: list[tuple[ChangePlan, Path]] = []
        self.made = 0
        for number in range(sessions):
            self.emulator.add_session(self.service, f"first-{number}", participants=number % 3)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    def ask(self, work: Callable[[AsyncClient], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with client_of(self.emulator.base_url, max_attempts=3) as client:
                return await work(client)

        return anyio.run(main)

    def shown(self) -> dict[str, Shown]:
        """Return everything as it is now."""
        render = Renderer(
            account_sid=self.emulator.account_sid,
            proxy_url=self.emulator.base_url,
            assistants_url=self.emulator.base_url,
        )
        return {
            each.sid: (
                render.session(each),
                {one.sid: render.participant(one) for one in each.participants}
                | {one.sid: render.interaction(one) for one in each.interactions},
            )
            for each in self.service.sessions
        }

    def path(self, name: str) -> Path:
        self.made += 1
        return self.folder / f"{name}-{self.made}"

    def picked(self, pick: int) -> Any:
        every = list(self.service.sessions)
        return every[pick % len(every)] if every else None

    @rule(participants=st.integers(min_value=0, max_value=2))
    def create(self, participants: int) -> None:
        self.made += 1
        self.emulator.add_session(self.service, f"name-{self.made}", participants=participants)

    @rule(pick=PICK, change=st.sampled_from([{"ttl": 60}, {"status": "closed"}, {"status": "in-progress"}]))
    def update(self, pick: int, change: dict[str, Any]) -> None:
        session = self.picked(pick)
        if session is not None:
            with contextlib.suppress(APIError):
                sessions = self.service_of
                self.ask(lambda client: sessions(client)(session.sid).update(**change))

    @rule(pick=PICK)
    def join(self, pick: int) -> None:
        session = self.picked(pick)
        if session is not None:
            with contextlib.suppress(ValueError):
                self.emulator.add_participant(session)

    @rule(pick=PICK)
    def talk(self, pick: int) -> None:
        """Somebody says something: a message, which the session shows only in dates."""
        session = self.picked(pick)
        if session is None or not list(session.participants):
            return
        participant = next(iter(session.participants)).sid
        with contextlib.suppress(APIError):
            self.ask(
                lambda client: (
                    self.service_of(client)(session.sid)
                    .participants(participant)
                    .message_interactions.create(body="hello")
                )
            )

    def service_of(self, client: AsyncClient) -> Any:
        return client.proxy.v1.services(self.service.sid).sessions

    @rule(seconds=st.sampled_from([1, 3600]))
    def wait(self, seconds: int) -> None:
        self.emulator.advance(timedelta(seconds=seconds))

    @rule()
    def archive(self) -> None:
        out = self.path("archive")
        self.ask(lambda client: export(client, out, products=["proxy"], compress="none"))
        self.archives.append(Archived(out, self.shown()))

    @precondition(lambda self: self.archives)
    @rule(pick=PICK, at=PICK)
    def damage(self, pick: int, at: int) -> None:
        """Flip a bit of a data file, or leave out a file."""
        which = pick % len(self.archives)
        if self.archives[which].is_damaged:
            return  # The same bit again would mend it.
        files = sorted(self.archives[which].path.rglob("*.ndjson"))
        if not files or not (content := bytearray(files[at % len(files)].read_bytes())):
            return
        content[at % len(content)] ^= 1
        files[at % len(files)].write_bytes(content)
        self.archives[which] = attrs.evolve(self.archives[which], is_damaged=True)

    @rule(statuses=st.sampled_from([(), ("closed",), ("open", "in-progress")]))
    def plan(self, statuses: tuple[str, ...]) -> None:
        where = SessionFilter(statuses=statuses)
        made = self.ask(lambda client: plan_delete(client, self.service.sid, where))
        self.plans.append((made, self.path("journal")))

    @precondition(lambda self: self.archives and self.plans)
    @rule(
        pick=PICK,
        which=PICK,
        interrupted=st.none() | st.integers(min_value=0, max_value=3),
        lost=st.sampled_from([None, "before", "after"]),
    )
    def delete(self, pick: int, which: int, interrupted: int | None, lost: Any) -> None:
        plan, journal = self.plans[pick % len(self.plans)]
        archived = self.archives[which % len(self.archives)]
        before, processed = self.shown(), len(self.emulator.processed)
        if lost is not None:
            self.emulator.faults.add(Fault("reset", operation="sessions.delete", when=lost))
        report = self._delete(plan, journal, archived, interrupted)
        self.emulator.faults.clear()
        gone = {
            sid
            for one in list(self.emulator.processed)[processed:]
            for sid in one.deleted
            if sid.startswith("KC")
        }
        unsafe = [sid for sid in gone if not archived.holds(sid, before[sid])]
        assert not unsafe, f"deleted without being archived as they were: {unsafe}"
        assert gone <= {each.sid for each in plan.sessions}
        assert before.keys() - self.shown().keys() == gone
        if report is not None:
            assert not archived.is_damaged
            wanted = {
                each.sid
                for each in plan.sessions
                if each.sid in before
                and archived.holds(each.sid, before[each.sid])
                and (not plan.where.statuses or before[each.sid][0]["status"] in plan.where.statuses)
            }
            assert gone == wanted, "what is safe is deleted"
            kept = [each.sid for each in plan.sessions if each.sid in before and each.sid not in gone]
            assert {each.sid for each in report.undone} == set(kept)

    def _delete(
        self, plan: ChangePlan, journal: Path, archived: Archived, interrupted: int | None
    ) -> ChangeReport | None:
        """Delete; None where it was interrupted after so many outcomes, or refused."""

        async def work(client: AsyncClient) -> ChangeReport | None:
            with anyio.CancelScope() as scope:

                def look(progress: ChangeProgress) -> None:
                    if interrupted is not None and progress.seen - progress.done_before >= interrupted:
                        scope.cancel()

                return await delete(
                    client, plan, journal=journal, archive=archived.path, concurrency=2, on_progress=look
                )
            return None

        try:
            return self.ask(work)  # type: ignore[no-any-return]
        except ArchiveError:
            assert archived.is_damaged
            return None


def run(examples: int) -> None:
    run_state_machine_as_test(
        Deletions,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@once
@pytest.mark.timeout(3600 if SOAK else 180)
def test_nothing_is_deleted_that_is_not_archived_as_it_is():
    run(SOAK or 20)


CHANGES: dict[str, Callable[[Deletions], None]] = {
    "its row": lambda machine: machine.update(pick=0, change={"ttl": 60}),
    "a participant": lambda machine: machine.join(pick=0),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_careless", [False, True])
def test_the_machine_sees_a_check_that_is_left_out(
    monkeypatch: pytest.MonkeyPatch, change: str, *, is_careless: bool
):
    async def careless(_: Deleter, archived: ArchivedRows, __: object, row: bytes) -> str | None:
        return archived.difference(row)

    if is_careless and change == "its row":
        monkeypatch.setattr(ArchivedRows, "difference", lambda *_: None)
    elif is_careless:
        monkeypatch.setattr(Deleter, "_unsafe", careless)
    machine = Deletions()
    try:
        machine.begin(sessions=1)
        machine.archive()
        CHANGES[change](machine)
        machine.plan(statuses=())
        with pytest.raises(AssertionError, match="deleted without") if is_careless else nullcontext():
            machine.delete(pick=0, which=0, interrupted=None, lost=None)
    finally:
        machine.teardown()
