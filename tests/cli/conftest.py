"""A local Twilio for programs in other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served import emulated

from twilio_sessions.emulator import Seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_sessions.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with emulated(Seed(services=3, sessions=120, random_seed=5)) as running:
        yield running
