"""The commands and their options; an error becomes one or two lines and an exit code."""

from __future__ import annotations

import logging
import sys
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations when it runs
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from twilio_sessions._version import __version__
from twilio_sessions.cli import _codes
from twilio_sessions.cli._bulk_commands import add_bulk
from twilio_sessions.cli._connection import connected
from twilio_sessions.cli._console import boxes, drop_output, errors, finish_output, open_streams
from twilio_sessions.cli._convert_options import CONVERT_CODES, cat, convert
from twilio_sessions.cli._demo import run_demo
from twilio_sessions.cli._doctor import DOCTOR_CODES, doctor
from twilio_sessions.cli._emulator import run_emulator
from twilio_sessions.cli._endings import end_with_error, end_with_os_error
from twilio_sessions.cli._export_options import export
from twilio_sessions.cli._mistakes import explain_mistake
from twilio_sessions.cli._options import options_of
from twilio_sessions.cli._resource_commands import add_resources
from twilio_sessions.cli._verify import MEANING, Output, run_verify
from twilio_sessions.emulator import EmulatorOptions
from twilio_sessions.errors import TwilioSessionsError

__all__ = ["app", "run"]

_CLOSED = "standard output is closed, where the result goes; nothing was done (> /dev/null throws it away)"

app = cyclopts.App(
    name="twilio-sessions",
    help=(
        "Twilio's Sessions (Proxy v1 and Assistants v1): read, change, export, or emulate them.\n\n"
        "Begin with `twilio-sessions demo`, which needs no account, or with `twilio-sessions doctor`."
    ),
    version=__version__,
    console=boxes(),
    default_parameter=Parameter(negative=()),
    # Ctrl-C at a question ends it with a word, too.
    suppress_keyboard_interrupt=False,
)


@app.command
async def demo(*, out: Path | None = None, services: int = 20, sessions: int = 4000) -> int:
    """Start a local Twilio, export everything from it, and check that nothing is missing.

    Needs no account and no network.

    Example: twilio-sessions demo

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


app.command(connected(export), help_epilogue=_codes.MEANING)


def verify(
    path: Path,
    /,
    *,
    against_api: Annotated[bool, Parameter(show_default=False)] = False,
    output: Annotated[Output, Parameter(name=["--output", "-o"])] = "text",
) -> int:
    """Check an archive: hashes, counts, that each row is there once and belongs to one that is there.

    Nothing is changed.

    Example: twilio-sessions verify ./archive

    Parameters
    ----------
    path
        The folder of the archive.
    against_api
        List services, phone numbers and sessions at Twilio again, and name what was added, removed or
        changed since; the options below say who to be.
    output
        text for a person, json for a program, with every problem.
    """
    return run_verify(path, against_api=against_api, output_format=output)


app.command(connected(verify, only_with="against_api"), help_epilogue=MEANING)
app.command(convert, help_epilogue=CONVERT_CODES)
app.command(cat)
app.command(doctor, help_epilogue=DOCTOR_CODES)


@app.command
async def emulator(  # noqa: PLR0913 - each is an option of its own
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    services: int = 3,
    sessions: int = 500,
    random_seed: int = 0,
    account_sid: str | None = None,
    auth_token: str | None = None,
    latency: float = 0.0,
    rate_limit: Annotated[bool, Parameter(show_default=False)] = False,
    fault: list[str] | None = None,
    control: Annotated[bool, Parameter(show_default=False)] = False,
) -> int:
    """Run a local Twilio until it is interrupted; prints the variables that point a client at it.

    Another shell takes them with: set -a; . ./variables; set +a

    Example: twilio-sessions emulator --port 8080 > variables

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
    latency
        Seconds to wait with each answer.
    rate_limit
        Keep Twilio's published limit: 150 requests in 5 seconds, per endpoint and service.
    fault
        What goes wrong, as JSON, such as '{"do": "answer", "status": 503, "probability": 0.1}'; repeatable.
    control
        Take faults, and tell what was done, at `/__emulator__/` (JSON, from this machine only).
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
        latency=latency,
        faults=fault or (),
    )


@app.command
def completion(shell: Literal["bash", "zsh", "fish", "powershell"], /) -> int:
    """Print what makes a shell complete the commands and options of this program.

    Example: twilio-sessions completion bash > ~/.local/share/bash-completion/completions/twilio-sessions

    Parameters
    ----------
    shell
        Which shell.
    """
    print(app.generate_completion(shell=shell))  # noqa: T201 - this is the output
    return _codes.OK


add_bulk(app)
# Last, so that a verb that a group has already stays as it is.
add_resources(app)


def run() -> int:
    """Run the command line and return its exit code."""
    # What the library logs is for programs that use it; without a handler, warnings would go to the screen.
    logging.getLogger("twilio_sessions").addHandler(logging.NullHandler())
    if not open_streams():
        errors().print(f"twilio-sessions: {_CLOSED}", style="red")
        return _codes.USAGE
    try:
        code = _run()
        lost = finish_output()
    except BrokenPipeError:
        drop_output()
        return _codes.BROKEN_PIPE
    return code if lost is None else end_with_os_error(lost, lost, options_of(app))


def _run() -> int:
    console = errors()
    try:
        code = app(exit_on_error=False, print_error=False, result_action="return_value")
    except cyclopts.CycloptsError as error:
        explain_mistake(console, error)
        return _codes.USAGE
    except KeyboardInterrupt:
        console.print("interrupted")
        return _codes.INTERRUPTED
    except BrokenPipeError:
        raise
    except TwilioSessionsError as error:
        return end_with_error(error, options_of(app))
    except OSError as error:
        return end_with_os_error(error, finish_output(), options_of(app))
    return code if isinstance(code, int) else _codes.OK


if __name__ == "__main__":
    sys.exit(run())
