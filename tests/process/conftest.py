"""A local Twilio, and scripts that talk to it from processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripts import Script
from served import emulated

from twilio_sessions.emulator import Seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts import Run
    from served import SilentServer

    from twilio_sessions.emulator import Emulator


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with emulated(Seed(services=3, sessions=300, random_seed=7, assistants_sessions=25)) as running:
        yield running


@pytest.fixture
def run() -> Run:
    def run_script(script: str, server: Emulator | SilentServer, *, code: int = 0, ignore: str = "") -> str:
        options = ["-W", f"ignore:{ignore}"] if ignore else []
        return Script(script, server, *options, is_measured=True).finish(code=code)

    return run_script
