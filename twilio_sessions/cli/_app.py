"""The commands and their options; an error becomes one or two lines and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations when it runs
from typing import Annotated, Final

import cyclopts
from cyclopts import Parameter
from rich.console import Console

from twilio_sessions._version import __version__
from twilio_sessions.cli._demo import run_demo
from twilio_sessions.cli._emulator import run_emulator
from twilio_sessions.cli._export import run_export
from twilio_sessions.emulator import EmulatorOptions
from twilio_sessions.errors import ArgumentError, ConfigurationError, TwilioSessionsError
from twilio_sessions.export import DEFAULT_CONCURRENCY

__all__ = ["app", "run"]

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

app = cyclopts.App(
    name="twilio-sessions",
    help="Twilio's Sessions (Proxy v1 and Assistants v1): export them, or run a local Twilio.",
    version=__version__,
    default_parameter=Parameter(negative=()),
)


@app.command
async def demo(*, out: Path | None = None, services: int = 20, sessions: int = 4000) -> int:
    """Start a local Twilio, export everything from it, and check that nothing is missing.

    Needs no account and no network. Example: twilio-sessions demo

    Parameters
    ----------
    out
        The folder to export to; by default a new one below the current folder.
    services
        How many services the local Twilio has.
    sessions
        How many Proxy sessions it has, over all services.
    """
    return await run_demo(out=out, services=services, sessions=sessions)


@app.command
async def export(
    *,
    out: Path,
    service: Annotated[
        tuple[str, ...],
        Parameter(help="SID or unique name; repeat for more. By default all.", show_default=False),
    ] = (),
    product: Annotated[str | None, Parameter(help="proxy, assistants, or both with a comma.")] = None,
    include: Annotated[
        str | None,
        Parameter(
            help="Names with commas, or all: phone-numbers, participants, interactions, "
            "message-interactions, messages. Services and sessions always are."
        ),
    ] = None,
    concurrency: Annotated[int, Parameter(help="Listings read at once.")] = DEFAULT_CONCURRENCY,
) -> int:
    """Export sessions and what belongs to them to a folder, one JSON line per row, as Twilio sent it.

    Credentials come from TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and
    TWILIO_API_SECRET. Example: twilio-sessions export --out ./archive

    Parameters
    ----------
    out
        The folder to write to: a new or an empty one.
    """
    return await run_export(
        out=out, services=service, products=_names(product), include=_names(include), concurrency=concurrency
    )


@app.command
async def emulator(
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    services: int = 3,
    sessions: int = 500,
    random_seed: int = 0,
    account_sid: str | None = None,
    auth_token: str | None = None,
    rate_limit: bool = False,
    control: bool = False,
) -> int:
    """Run a local Twilio until it is interrupted; prints the variables that point a client at it.

    Example: twilio-sessions emulator --port 8080 --services 3 --sessions 500

    Parameters
    ----------
    host
        The address to listen at.
    port
        The port to listen at; 0 takes any free one.
    services
        How many services there are to begin with.
    sessions
        How many Proxy sessions there are to begin with, over all services.
    random_seed
        The same number makes the same data.
    account_sid
        The account to play.
    auth_token
        The token to accept; a made-up one, for this is no place for a real one.
    rate_limit
        Keep Twilio's published limit: 150 requests in 5 seconds, per endpoint and service.
    control
        Take faults, and tell what was done, at /__emulator__/ (JSON, from this machine only).
    """
    return await run_emulator(
        host=host,
        port=port,
        services=services,
        sessions=sessions,
        random_seed=random_seed,
        account_sid=account_sid,
        auth_token=auth_token,
        options=EmulatorOptions(rate_limit=150 if rate_limit else None, control=control),
    )


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    errors = Console(stderr=True, highlight=False)
    try:
        code = app(arguments, exit_on_error=False, error_console=errors, result_action="return_value")
    except cyclopts.CycloptsError:
        return USAGE
    except KeyboardInterrupt:
        errors.print("interrupted")
        return INTERRUPTED
    except TwilioSessionsError as error:
        _explain(errors, error)
        return USAGE if isinstance(error, ArgumentError | ConfigurationError) else FAILED
    except OSError as error:
        _explain(errors, error)
        return FAILED
    return code if isinstance(code, int) else OK


def _explain(console: Console, error: Exception) -> None:
    console.print(f"twilio-sessions: {error}", style="red", markup=False, soft_wrap=True)
    for note in getattr(error, "__notes__", ()):
        console.print(f"  {note}", markup=False, soft_wrap=True)


def _names(text: str | None) -> list[str] | None:
    """Split names at commas; None stays None, which means the default."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


if __name__ == "__main__":
    sys.exit(run())
