"""The emulator as a program that needs nothing beyond the package: `python -m twilio_sessions.emulator`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from typing import TYPE_CHECKING

from twilio_sessions.emulator._fault_json import read_faults
from twilio_sessions.emulator._options import EmulatorOptions
from twilio_sessions.emulator._seed import Seed
from twilio_sessions.emulator._server import Emulator

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ("main",)

USAGE, FAILED = 2, 1

_EXAMPLE = "example: python -m twilio_sessions.emulator --port 8080 --sessions 100 --latency 0.05 --control"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program until it is interrupted, and return its exit code.

    Args:
        arguments: What stands on the command line after the program; by default what really stands there.
    """
    given = _parser().parse_args(arguments)
    try:
        emulator = _emulator(given)
    except ValueError as error:
        return _complain(error, USAGE)
    try:
        asyncio.run(_serve(emulator))
    except UnicodeError as error:
        return _complain(f"--host: {error}", USAGE)
    except OSError as error:
        return _complain(error.strerror or error, FAILED)
    except KeyboardInterrupt:  # where the loop cannot listen to signals
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m twilio_sessions.emulator",
        description="A local Twilio (Proxy v1, and Sessions of Assistants v1) until it is interrupted; "
        "prints the variables that point a client at it.",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="the address to listen at (default %(default)s)")
    add("--port", type=int, default=8080, help="the port; 0 takes any free one (default %(default)s)")
    add("--services", type=int, default=3, help="services at the start (default %(default)s)")
    add("--sessions", type=int, default=500, help="Proxy sessions at the start (default %(default)s)")
    add("--seed", type=int, default=0, help="the same number makes the same data (default %(default)s)")
    add("--account-sid", help="the account to play")
    add("--auth-token", help="the token to accept; a made-up one, for this is no place for a real one")
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="wait so long with each answer")
    add(
        "--rate-limit",
        type=int,
        nargs="?",
        const=150,
        metavar="REQUESTS",
        help="so many requests in any 5 seconds, per endpoint and service; without a number Twilio's 150",
    )
    add(
        "--fault",
        action="append",
        default=[],
        metavar="JSON",
        help='what goes wrong, such as \'{"do": "answer", "status": 503, "probability": 0.1}\'; repeatable',
    )
    add("--control", action="store_true", help="serve /__emulator__/ to programs on this machine")
    return parser


def _emulator(given: argparse.Namespace) -> Emulator:
    options = EmulatorOptions(latency=given.latency, rate_limit=given.rate_limit, control=given.control)
    emulator = Emulator(
        host=given.host,
        port=given.port,
        account_sid=given.account_sid,
        auth_token=given.auth_token,
        seed=Seed(services=given.services, sessions=given.sessions, random_seed=given.seed),
        options=options,
    )
    for text in given.fault:
        emulator.faults.add(*read_faults(text))
    return emulator


async def _serve(emulator: Emulator) -> None:
    stop = asyncio.Event()
    # Listening to signals before anything is printed: who reads the lines may send one at once.
    for ending in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # on Windows
            asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    async with emulator:
        for name, value in emulator.environment().items():
            print(f"{name}={value}", flush=True)  # noqa: T201 - this is the output
        counts = emulator.store.counts()
        note = f"a local Twilio with {counts['services']} services and {counts['sessions']} sessions"
        print(f"{note}; Ctrl-C ends it", file=sys.stderr, flush=True)  # noqa: T201 - not among the output
        await stop.wait()


def _complain(error: object, code: int) -> int:
    print(f"twilio_sessions.emulator: {error}", file=sys.stderr)  # noqa: T201 - a program's complaint
    return code


if __name__ == "__main__":
    sys.exit(main())
