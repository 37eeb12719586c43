"""Every operation under every fault, once and again and again: the outcome, and what really happened."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import anyio
import attrs
import pytest
from canary import SECRET
from operations import OPERATIONS, Operation, Place, prepare
from pace import WATCHED

from twilio_sessions import AsyncClient, TwilioSessionsError
from twilio_sessions.emulator import Emulator, Fault, Seed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

# What a fault leaves behind: was it processed, and can anybody know?
Effect = Literal["throttled", "before", "after", "body", "final"]


@attrs.frozen
class Case:
    """A fault, what it leaves behind, and its parameters."""

    name: str
    effect: Effect
    do: str
    parameters: dict[str, Any]

    def fault(self, operation: str, times: int | None) -> Fault:
        return Fault(self.do, operation=operation, times=times, **self.parameters)  # type: ignore[arg-type]


def case(name: str, effect: Effect, do: str, **parameters: Any) -> Case:
    return Case(name, effect, do, parameters)


CASES = [
    case("429", "throttled", "answer", status=429),
    case("429 Retry-After 0", "throttled", "answer", status=429, retry_after=0),
    case("429 Retry-After date", "throttled", "answer", status=429, retry_after=0, retry_after_as="date"),
    case("reset before the body", "before", "reset", when="before-body"),
    case("reset before", "before", "reset", when="before"),
    case("reset after", "after", "reset", when="after"),
    case("hang up before", "before", "hang-up", when="before"),
    case("hang up after", "after", "hang-up", when="after"),
    case("stall before", "before", "stall", when="before"),
    case("stall after", "after", "stall", when="after"),
    case("slow body", "after", "slow", bytes_per_second=20),
    case("500 before", "before", "answer", status=500, when="before"),
    case("500 after", "after", "answer", status=500, when="after"),
    case("503 Retry-After", "before", "answer", status=503, retry_after=0),
    case("502 HTML", "before", "html", when="before"),
    case("502 HTML after", "after", "html", when="after"),
    case("200 HTML", "body", "html", status=200, when="after"),
    case("200 empty", "body", "empty"),
    case("short by its length", "after", "truncate", framing="length"),
    case("short in chunks", "after", "truncate", framing="chunked"),
    case("short and closed", "body", "truncate", framing="close"),
    case("half a document", "body", "cut-json"),
    case("BOM", "body", "bom"),
    case("NaN", "body", "nan"),
    case("UTF-16", "body", "charset"),
    case("redirect", "final", "redirect", location="http://127.0.0.1:9/"),
]
ENDLESS = {"stall", "slow"}
# Of each kind one: what differs between faults of a kind has been seen with a single one.
ONE_OF_EACH = [
    one
    for one in CASES
    if one.name
    in {
        "429",
        "reset before",
        "reset after",
        "stall before",
        "500 before",
        "500 after",
        "200 HTML",
        "half a document",
        "redirect",
    }
]
OPERATION_IDS = [f"{number}-{one.name}" for number, one in enumerate(OPERATIONS)]


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


def client_of(emulator: Emulator, **options: Any) -> AsyncClient:
    told = emulator.environment()
    return AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
        **options,
    )


@asynccontextmanager
async def somewhere(case: Case, **options: Any) -> AsyncGenerator[tuple[Emulator, AsyncClient, Place]]:
    seed = Seed(services=0, sessions=0, assistants_sessions=3)
    async with Emulator(seed=seed, auth_token=SECRET) as emulator:
        async with client_of(emulator) as clean:
            place = await prepare(clean)
        emulator.requests.clear()
        emulator.processed.clear()
        async with client_of(
            emulator, attempt_timeout=0.4 if case.do in ENDLESS else 10, **options
        ) as client:
            yield emulator, client, place


def made(emulator: Emulator, operation: Operation) -> int:
    """How many times the operation created something, by the ledger."""
    return sum(1 for one in emulator.processed if one.operation == operation.name and one.created)


def ran(emulator: Emulator, operation: Operation) -> int:
    return sum(1 for one in emulator.processed if one.operation == operation.name)


def succeeds_after_one(operation: Operation, case: Case) -> bool:
    """What must happen when the fault strikes the first attempt only."""
    if case.effect == "final":
        return False
    if operation.kind == "delete" and case.effect == "body":
        return True  # nothing is read from it
    return operation.kind != "create" or case.effect == "throttled"


async def outcome(operation: Operation, client: AsyncClient, place: Place) -> TwilioSessionsError | None:
    """Make the call; return the typed error that came out, or None. Anything else fails the test."""
    try:
        await operation.call(client, place)
    except TwilioSessionsError as error:
        return error
    return None


async def every_case(
    operation: Operation, check: Callable[[Operation, Case], Coroutine[Any, Any, None]], cases: list[Case]
) -> None:
    """Check an operation under faults, each against an emulator of its own, many at once."""
    # A delete is answered without a body, so there is none to spoil.
    apply = [case for case in cases if operation.kind != "delete" or case.do not in {"slow", "truncate"}]
    # Those that are ended by a short timeout are apart, where nobody else makes an honest answer late.
    for together in (
        [case for case in apply if case.do not in ENDLESS],
        [case for case in apply if case.do in ENDLESS],
    ):
        async with anyio.create_task_group() as tasks:
            for case in together:
                tasks.start_soon(check, operation, case, name=case.name)


async def check_one_fault(operation: Operation, case: Case) -> None:
    async with somewhere(case) as (emulator, client, place):
        emulator.faults.add(case.fault(operation.name, 1))
        error = await outcome(operation, client, place)
        expected = succeeds_after_one(operation, case)
        assert (error is None) is expected, f"{case.name}: {error!r}"
        assert client.counters.requests == len(emulator.requests), f"{case.name}: an attempt nobody reported"
        if operation.kind.startswith("create"):
            done = case.effect in {"after", "body"} or expected
            assert made(emulator, operation) == (1 if done else 0), case.name
        elif operation.kind in {"update", "delete"} and expected:
            assert ran(emulator, operation) >= 1, case.name


@pytest.mark.parametrize("operation", OPERATIONS, ids=OPERATION_IDS)
async def test_one_fault(operation: Operation):
    await every_case(operation, check_one_fault, ONE_OF_EACH if WATCHED else CASES)


def succeeds_for_ever(operation: Operation, case: Case) -> bool:
    """What must happen when the fault strikes every attempt at this operation, but no other one."""
    if operation.kind == "create named":
        return case.effect in {"after", "body"}  # found by its name
    return operation.kind == "delete" and case.effect == "body"


async def check_the_same_fault(operation: Operation, case: Case) -> None:
    async with somewhere(case, max_attempts=3) as (emulator, client, place):
        emulator.faults.add(case.fault(operation.name, None))
        error = await outcome(operation, client, place)
        assert (error is None) is succeeds_for_ever(operation, case), f"{case.name}: {error!r}"
        assert client.counters.requests == len(emulator.requests), case.name
        assert made(emulator, operation) <= 1, f"{case.name}: created twice"
        attempts = sum(1 for one in emulator.requests if one.operation == operation.name)
        assert attempts <= 3, case.name
        if operation.kind == "create" and case.effect != "throttled":
            assert attempts == 1, case.name
        # Afterwards the client still works, over the same pool.
        emulator.faults.clear()
        assert [row async for row in client.assistants.v1.sessions.list(limit=2)]


@pytest.mark.parametrize("operation", OPERATIONS, ids=OPERATION_IDS)
async def test_the_same_fault_again_and_again(operation: Operation):
    await every_case(operation, check_the_same_fault, ONE_OF_EACH)
