"""The command `emulator`: a local Twilio until it is interrupted."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import anyio
import attrs

from twilio_sessions.cli._console import errors
from twilio_sessions.emulator import Emulator, EmulatorStartError, Seed, read_faults
from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_sessions.emulator import EmulatorOptions

__all__ = ["run_emulator"]


async def run_emulator(
    *,
    host: str,
    port: int,
    services: int,
    sessions: int,
    random_seed: int,
    account_sid: str | None,
    auth_token: str | None,
    options: EmulatorOptions,
    latency: float = 0.0,
    faults: Sequence[str] = (),
) -> int:
    """Serve until SIGINT or SIGTERM."""
    try:
        seed = Seed(services=services, sessions=sessions, random_seed=random_seed)
        emulator = Emulator(
            host=host,
            port=port,
            account_sid=account_sid,
            auth_token=auth_token,
            seed=seed,
            options=attrs.evolve(options, latency=latency),
        )
        for text in faults:
            emulator.faults.add(*read_faults(text))
    except ValueError as error:
        raise ArgumentError(str(error), argument="emulator") from None
    try:
        return await _serve(emulator, note=f"a local Twilio with {services} services and {sessions} sessions")
    except EmulatorStartError as error:
        raise ArgumentError(f"{error.strerror} (--host, --port)", argument="port") from None
    except UnicodeError as error:
        raise ArgumentError(f"--host is no name of a host: {error}", argument="host") from None


async def _serve(emulator: Emulator, note: str) -> int:
    # Listening to signals before anything is printed: who reads the lines may send one at once.
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with emulator:
            for name, value in emulator.environment().items():
                print(f"{name}={value}", flush=True)  # noqa: T201 - this is the output
            errors().print(f"{note}; Ctrl-C ends it")
            async for _ in signals:
                break
    return 0
