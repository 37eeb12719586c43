"""Random sequences of calls under random faults, against what the server has really done.

Each sequence has a local Twilio of its own, whose ledger is read after each call: a success did exactly
what it says, a failure did it at most once, a read did nothing and saw everything. Examples are batches of
sequences that run at the same time, for faults cost time; a failing batch shrinks to one sequence.

`TWILIO_SESSIONS_SOAK=10000 pytest tests/faults/test_sequences.py` runs that many sequences, in some minutes.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import attrs
import pytest
from canary import SECRET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from once import once
from pace import WATCHED

from twilio_sessions import APIConnectionError, AsyncClient, TwilioSessionsError
from twilio_sessions.emulator import Emulator, EmulatorOptions, Fault

if TYPE_CHECKING:
    from twilio_sessions.emulator import Processed
    from twilio_sessions.proxy import AsyncSessions

SOAK = int(os.environ.get("TWILIO_SESSIONS_SOAK", "0"))
SEQUENCES = SOAK or (100 if WATCHED else 300)
# So many sequences run at once in most examples, for faults cost time; in some it is few, which is what
# a failure shrinks to.
BATCHES = [1, 2, *[40] * 10]
EXAMPLES = SEQUENCES // 25 + 3
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
# By the server's clock, so that a session of one call cannot be taken for that of the next: more than a
# call can take, and the two seconds by which two roundings may differ.
BETWEEN_CALLS = timedelta(seconds=10)
TIMEOUT = 5.0

Kind = Literal["create", "create named", "update", "close", "reopen", "delete", "fetch", "list", "pages"]
KINDS: list[Kind] = [
    *("create", "create named", "create named", "update", "close", "reopen", "delete"),
    *("fetch", "list", "pages"),
]


@attrs.frozen
class Step:
    """One call: to which of the sessions made so far, or with which of the names."""

    kind: Kind
    which: int


@attrs.frozen
class Sequence:
    """What is called, what goes wrong with it, and whether the client keeps to the rate limit."""

    steps: list[Step]
    faults: list[Fault]
    limited: bool


WRONG: list[tuple[str, dict[str, Any]]] = [
    *[("answer", {"status": status}) for status in (429, 500, 503)],
    ("answer", {"status": 429, "retry_after": 0}),
    ("answer", {"status": 500, "when": "after"}),
    ("answer", {"status": 503, "when": "after", "retry_after": 0}),
    *[(do, {"when": when}) for do in ("reset", "hang-up", "stall") for when in ("before", "after")],
    ("reset", {"when": "before-body"}),
    ("delay", {"delay": 0.02}),
    ("delay", {"delay": 1.0}),
    ("delay", {"delay": 1.0, "when": "before"}),
    ("stall", {"after_bytes": 20}),
    ("slow", {"bytes_per_second": 50}),
    *[("truncate", {"framing": framing}) for framing in ("length", "chunked", "close")],
    ("truncate", {"after_bytes": 1, "ending": "reset"}),
    ("html", {}),
    ("html", {"status": 200, "when": "after"}),
    ("empty", {}),
    ("redirect", {"location": "http://127.0.0.1:9/"}),
    *[(do, {}) for do in ("cut-json", "bom", "nan", "charset", "wrong-types", "no-meta", "wrong-key")],
    ("repeat-rows", {"rows": 1}),
    *[("next-page", {"page": page}) for page in ("foreign-host", "loop", "no-token", "other-path")],
]
OPERATIONS = ["*", "sessions.*", "sessions.create", "sessions.fetch", "sessions.list", "sessions.update"]


def fault(wrong: tuple[str, dict[str, Any]], operation: str, nth: int, times: int) -> Fault:
    do, parameters = wrong
    return Fault(do, operation=operation, nth=nth, times=times, **parameters)  # type: ignore[arg-type]


def often(wrong: tuple[str, dict[str, Any]], operation: str, probability: float, seed: int) -> Fault:
    do, parameters = wrong
    return Fault(
        do,  # type: ignore[arg-type]
        operation=operation,
        probability=probability,
        seed=seed,
        **parameters,
    )


STEPS = st.builds(Step, st.sampled_from(KINDS), st.integers(0, 3))
FAULTS = st.one_of(
    st.builds(
        fault, st.sampled_from(WRONG), st.sampled_from(OPERATIONS), st.integers(1, 6), st.integers(1, 3)
    ),
    st.builds(
        often,
        st.sampled_from(WRONG),
        st.sampled_from(OPERATIONS),
        st.sampled_from([0.2, 0.5]),
        st.integers(0, 9),
    ),
)
SEQUENCE = st.builds(
    Sequence,
    st.lists(STEPS, min_size=1, max_size=8),
    st.lists(FAULTS, max_size=4),
    # To keep to the limit takes time after a 429.
    st.sampled_from([False, False, False, True]),
)


def batch_of(size: int) -> st.SearchStrategy[list[Sequence]]:
    return st.lists(SEQUENCE, min_size=size, max_size=size)


@attrs.define
class Run:
    """One sequence being run."""

    emulator: Emulator
    sessions: AsyncSessions
    totals: Counter[str]
    made: list[str] = attrs.field(factory=list[str])

    async def step(self, number: int, step: Step) -> None:
        if step.kind not in {"create", "create named", "list", "pages"} and not self.made:
            return
        self.emulator.processed.clear()
        error: TwilioSessionsError | None = None
        result: Any = None
        async with asyncio.timeout(2 * TIMEOUT):
            try:
                result = await self.call(number, step)
            except TwilioSessionsError as refused:
                error = refused
            await self.settled()
        done = list(self.emulator.processed)
        self.totals[f"{step.kind}, {'failed' if error else 'succeeded'}"] += 1
        self.check(number, step, result, error, done)
        self.emulator.clock.advance(BETWEEN_CALLS)

    async def call(self, number: int, step: Step) -> object:
        sessions = self.sessions
        if step.kind == "create":
            return await sessions.create(ttl=0)
        if step.kind == "create named":
            return await sessions.create(unique_name=f"Order #{step.which}", ttl=0)
        if step.kind == "list":
            return sorted([one.sid async for one in sessions.list(page_size=2)])
        if step.kind == "pages":
            # Rows that are sent twice are in both pages, as the server has it.
            return sorted({one.sid async for page in sessions.pages(page_size=2) for one in page})
        return await self.call_one(number, step)

    async def call_one(self, number: int, step: Step) -> object:
        session = self.sessions(self.target(step))
        if step.kind == "fetch":
            return await session.fetch()
        if step.kind == "delete":
            await session.delete()
            return None
        if step.kind == "update":
            return await session.update(date_expiry=self.expiry(number))
        return await session.update(status="closed" if step.kind == "close" else "in-progress")

    def target(self, step: Step) -> str:
        return self.made[step.which % len(self.made)]

    def expiry(self, number: int) -> datetime:
        return START + timedelta(days=100 + number)

    async def settled(self) -> None:
        """Wait until no request is under way any more: what a client gave up may still be done."""
        while any(one.answer == "pending" for one in self.emulator.requests):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        for _ in range(5):
            await asyncio.sleep(0)

    def check(
        self,
        number: int,
        step: Step,
        result: Any,
        error: TwilioSessionsError | None,
        done: list[Processed],
    ) -> None:
        created = [sid for one in done for sid in one.created]
        changed = {sid for one in done for sid in one.changed}
        deleted = {sid for one in done for sid in one.deleted}
        store = self.emulator.store.sessions
        says = f"call {number}, {step}: {error!r}"
        if error is not None:
            assert len(created) <= 1, f"{says}: created twice"
            if isinstance(error, APIConnectionError) and not error.maybe_processed:
                assert not [*created, *changed, *deleted], f"{says}: it was processed after all"
        if step.kind.startswith("create"):
            assert not changed, says
            assert not deleted, says
            if error is None:
                assert created == [result.sid], f"{says}: created {created}, returned {result.sid}"
                assert store[result.sid].unique_name == result.unique_name
            # What was created and not told is there to be worked with, too.
            self.made += created
            return
        assert not created, says
        if step.kind in {"fetch", "list", "pages"}:
            assert not changed, says
            assert not deleted, says
        else:
            assert changed | deleted <= {self.target(step)}, says
        if error is None:
            self.check_success(number, step, result)

    def check_success(self, number: int, step: Step, result: Any) -> None:
        store = self.emulator.store.sessions
        if step.kind in {"list", "pages"}:
            assert result == sorted(store), "a listing that is not all"
            return
        sid = self.target(step)
        if step.kind == "delete":
            assert sid not in store, "a lost delete"
            return
        there = store[sid]
        assert (result.sid, result.status, result.date_expiry) == (sid, there.status, there.date_expiry)
        if step.kind == "update":
            assert there.date_expiry == self.expiry(number), "a lost update"
        elif step.kind != "fetch":
            assert there.status == ("closed" if step.kind == "close" else "in-progress"), "a lost update"


async def run(sequence: Sequence, totals: Counter[str]) -> None:
    async with Emulator(options=EmulatorOptions(), auth_token=SECRET) as emulator:
        emulator.clock.set(START)
        told = emulator.environment()
        async with AsyncClient(
            told["TWILIO_ACCOUNT_SID"],
            told["TWILIO_AUTH_TOKEN"],
            proxy_url=emulator.base_url,
            assistants_url=emulator.base_url,
            timeout=TIMEOUT,
            attempt_timeout=0.1,
            rate_limit=sequence.limited,
        ) as client:
            service = await client.with_options(attempt_timeout=TIMEOUT).proxy.v1.services.create(
                unique_name="place"
            )
            emulator.clock.advance(BETWEEN_CALLS)
            emulator.faults.add(*sequence.faults)
            run = Run(emulator, client.proxy.v1.services(service.sid).sessions, totals)
            for number, step in enumerate(sequence.steps):
                await run.step(number, step)
            assert client.counters.requests >= len(emulator.requests), "an attempt that nobody reported"
            totals["requests"] += len(emulator.requests)
            totals["struck"] += sum(one.fault is not None for one in emulator.requests)
    totals["sequences"] += 1


async def run_all(sequences: list[Sequence], totals: Counter[str]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for sequence in sequences:
            tasks.create_task(run(sequence, totals))


@once
@pytest.mark.timeout(180 if not SOAK else 7200)
def test_random_sequences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    # Delays are drawn as short as they can be.
    monkeypatch.setattr(random, "random", lambda: 0.0)
    totals: Counter[str] = Counter()
    with asyncio.Runner() as runner:

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.sampled_from(BATCHES).flatmap(batch_of))
        def example(sequences: list[Sequence]) -> None:
            try:
                runner.run(run_all(sequences, totals))
            except ExceptionGroup as failures:
                # The first one is the one to shrink; a group of them is never the same twice.
                raise failures.exceptions[0] from None

        example()
    if SOAK:
        with capsys.disabled():
            print(*(f"{count:8} {name}" for name, count in sorted(totals.items())), sep="\n")  # noqa: T201
    # Enough of everything went well and went wrong for this to mean something.
    assert totals["sequences"] >= SEQUENCES
    assert totals["struck"] >= totals["requests"] / 10
    for kind in set(KINDS):
        assert totals[f"{kind}, succeeded"], kind
        assert totals[f"{kind}, failed"], kind
