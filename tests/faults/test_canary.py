"""A secret that is looked for in everything that a program could print, log, keep or send on."""

from __future__ import annotations

import asyncio
import base64
import gc
import io
import logging
import pickle
import random
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from operations import OPERATIONS, prepare

from twilio_sessions import (
    AsyncClient,
    ConfigurationError,
    TwilioSessionsError,
    capture_responses,
)
from twilio_sessions.emulator import Emulator, Fault, Seed

if TYPE_CHECKING:
    from collections.abc import Generator

    from twilio_sessions.events import Event

ACCOUNT = "AC" + "0" * 32
KEY = "SK" + "4" * 32
CANARY = "canary-b7d1c0ffee5eed"
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("answer", {"status": 401}),
    ("answer", {"status": 429, "retry_after": 10_000}),
    ("answer", {"status": 503}),
    ("reset", {}),
    ("hang-up", {"when": "after"}),
    ("stall", {}),
    ("truncate", {}),
    ("html", {}),
    ("html", {"status": 200}),
    ("empty", {}),
    ("nan", {}),
    ("bom", {}),
    ("wrong-types", {}),
    ("redirect", {"location": "http://127.0.0.1:9/"}),
    ("next-page", {"page": "foreign-host"}),
]


def forbidden(username: str) -> list[str]:
    """The secret and every form in which it is sent."""
    pair = f"{username}:{CANARY}".encode()
    encoded = base64.b64encode(pair).decode()
    # However the pair is aligned, this much of it stands in any longer text that was encoded with it.
    inner = [base64.b64encode(CANARY.encode()[start:])[:-4].decode() for start in range(3)]
    return [CANARY, encoded, *inner]


class Evidence:
    """Everything that came out, and whether the secret was in it."""

    def __init__(self, username: str) -> None:
        self.forbidden = forbidden(username)
        self.size = 0

    def add(self, what: str, text: str | bytes) -> None:
        said = text if isinstance(text, str) else text.decode("latin-1")
        self.size += len(said)
        for secret in self.forbidden:
            if secret in said:
                at = said.index(secret)
                line = said[max(0, at - 200) : at + 80]
                pytest.fail(f"{what} shows the secret: ...{line}...")

    def add_object(self, what: str, thing: object) -> None:
        self.add(f"repr of {what}", repr(thing))
        self.add(f"str of {what}", str(thing))
        self.add(f"format of {what}", f"{thing}")
        if attrs.has(type(thing)):
            self.add(f"attrs.asdict of {what}", repr(attrs.asdict(thing)))  # type: ignore[arg-type]
        try:
            self.add(f"pickle of {what}", pickle.dumps(thing))
        except Exception as error:  # noqa: BLE001 - what cannot be pickled keeps its secret, if it says so quietly
            self.add(f"refusal to pickle {what}", "".join(traceback.format_exception(error)))

    def add_error(self, what: str, error: BaseException) -> None:
        """Look at an error as a report of it would be: with causes, contexts and the locals of each frame."""
        self.add(f"traceback of {what}", "".join(traceback.format_exception(error)))
        seen: BaseException | None = error
        while seen is not None:
            report = traceback.TracebackException.from_exception(seen, capture_locals=True)
            self.add(f"locals of {what}", "".join(report.format()))
            self.add(f"state of {what}", repr(vars(seen)) + repr(seen.args))
            seen = seen.__cause__ or seen.__context__
        self.add_object(what, error)


@contextmanager
def everything_logged() -> Generator[io.StringIO]:
    """Write down what every logger says at its most talkative, asyncio's own debug output included."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield said
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def credentials(username: str) -> dict[str, str]:
    if username == KEY:
        return {"api_key": KEY, "api_secret": CANARY}
    return {"account_sid": ACCOUNT, "auth_token": CANARY}


@pytest.mark.parametrize("username", [ACCOUNT, KEY], ids=["auth token", "api secret"])
async def test_the_secret_is_nowhere(
    username: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(random, "random", lambda: 0.0)
    evidence = Evidence(username)
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "slow_callback_duration", 0.0)
    debug = loop.get_debug()
    events: list[Event] = []
    errors = 0
    with everything_logged() as said, capture_responses() as responses:
        loop.set_debug(True)
        emulator = Emulator(
            seed=Seed(services=0, sessions=0, assistants_sessions=3),
            account_sid=ACCOUNT,
            auth_token=CANARY,
            api_keys={KEY: CANARY},
        )
        async with emulator:
            client = AsyncClient(
                **credentials(username),  # type: ignore[arg-type]
                proxy_url=emulator.base_url,
                assistants_url=emulator.base_url,
                attempt_timeout=0.3,
                max_attempts=2,
                rate_limit=False,
                on_event=events.append,
            )
            # As it is left by every fault, for frames and sessions show themselves only then.
            async with client:
                place = await prepare(client)
                for number, operation in enumerate(OPERATIONS):
                    do, parameters = FAULTS[number % len(FAULTS)]
                    emulator.faults.clear()
                    emulator.faults.add(
                        Fault(do, operation=operation.name, times=2, **parameters)  # type: ignore[arg-type]
                    )
                    try:
                        await operation.call(client, place)
                    except TwilioSessionsError as error:
                        errors += 1
                        evidence.add_error(f"{do} at {operation.name}", error)
                emulator.faults.clear()
                parts = [
                    ("client", client),
                    ("client's options", client._options),  # noqa: SLF001
                    ("secret", client._options.password),  # noqa: SLF001
                    ("pipeline", client._pipeline),  # noqa: SLF001
                    ("what is shared", client._pipeline.shared),  # noqa: SLF001
                    ("transport", client._pipeline.shared.transport),  # noqa: SLF001
                    ("pool", client._pipeline.shared.transport._pool),  # noqa: SLF001
                    ("service", client.proxy.v1.services(place.service)),
                    ("counters", client.counters),
                ]
                for what, thing in parts:
                    evidence.add_object(what, thing)
                with pytest.raises(TypeError):
                    pickle.dumps(client)
            with pytest.raises(ConfigurationError) as closed:
                await client.proxy.v1.services(place.service).fetch()
            evidence.add_error("use after close", closed.value)
            await nobody_listens(username, evidence)
        loop.set_debug(debug)
        gc.collect()
    for response in responses:
        evidence.add_object("response", response)
        evidence.add("headers of a response", repr(dict(response.headers)))
        evidence.add("body of a response", response.body)
    for event in events:
        evidence.add_object("event", event)
    evidence.add("log", said.getvalue())
    out, err = capfd.readouterr()
    evidence.add("stdout", out)
    evidence.add("stderr", err)
    # It was really looked for: where errors, answers, events and the log of the loop were.
    assert errors >= 20
    assert len(responses) >= 30
    assert len(events) >= 60
    assert "asyncio" in said.getvalue() or "Executing" in said.getvalue()
    assert evidence.size > 100_000


async def nobody_listens(username: str, evidence: Evidence) -> None:
    """Look at errors of connections that are never made, and at those of the constructor."""
    async with AsyncClient(
        **credentials(username),  # type: ignore[arg-type]
        proxy_url="http://127.0.0.1:9",
        max_attempts=1,
    ) as client:
        with pytest.raises(TwilioSessionsError) as refused:
            await client.proxy.v1.services("KS" + "1" * 32).fetch()
        evidence.add_error("refused connection", refused.value)
        with pytest.raises(TwilioSessionsError) as closed:
            client.with_options(timeout=-1)
        evidence.add_error("bad option", closed.value)
    wrong: list[dict[str, Any]] = [
        {"account_sid": CANARY, "auth_token": CANARY},
        {"api_key": CANARY, "api_secret": CANARY},
        {"account_sid": ACCOUNT, "auth_token": CANARY, "api_secret": CANARY},
        {"account_sid": ACCOUNT, "auth_token": CANARY, "proxy_url": f"http://{ACCOUNT}:{CANARY}@127.0.0.1"},
        {"account_sid": ACCOUNT, "auth_token": CANARY, "edge": "a b"},
    ]
    for arguments in wrong:
        with pytest.raises(ConfigurationError) as caught:
            AsyncClient(**arguments)
        # The arguments themselves are locals of the caller and of the constructor; its words are ours.
        evidence.add("error of the constructor", "".join(traceback.format_exception(caught.value)))
        evidence.add_object("error of the constructor", caught.value)


@pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning")
async def test_a_client_that_is_forgotten_does_not_tell():
    evidence = Evidence(ACCOUNT)
    told: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(repr(context)))
    async with Emulator(account_sid=ACCOUNT, auth_token=CANARY) as emulator:
        client = AsyncClient(ACCOUNT, CANARY, proxy_url=emulator.base_url)
        assert [one async for one in client.proxy.v1.services.list()] == []
        del client
        gc.collect()
        await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert told
    for context in told:
        evidence.add("complaint of the loop", context)
