"""The command `emulator`: a local Twilio until it is interrupted."""

from __future__ import annotations

import signal

import anyio
from rich.console import Console

from twilio_sessions.emulator import Emulator, EmulatorOptions, Seed
from twilio_sessions.errors import ArgumentError

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
            options=options,
        )
    except ValueError as error:
        raise ArgumentError(str(error), argument="emulator") from None
    # Listening to signals before anything is printed: who reads the lines may send one at once.
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with emulator:
            for name, value in emulator.environment().items():
                print(f"{name}={value}", flush=True)  # noqa: T201 - this is the output
            note = Console(stderr=True, highlight=False)
            note.print(f"a local Twilio with {services} services and {sessions} sessions; Ctrl-C ends it")
            async for _ in signals:
                break
    return 0
