"""Fixtures that every test may use."""

from __future__ import annotations

import itertools
import os
import signal
import traceback
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# It looks for the secret of the clients under test in everything that comes out of a run.
pytest_plugins = ["canary"]

# A shell that starts this in the background has interrupts ignored, and so would every script that tests
# start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# When asyncio watches, it notes with each future, task and callback where it was made: whole stacks, which
# under pytest are long and cost more than all the rest of a test. The nearest frames say as much.
if os.environ.get("PYTHONASYNCIODEBUG"):
    _walk_stack = traceback.walk_stack

    def walk_nearest(f: FrameType | None) -> Iterator[tuple[FrameType, int]]:
        return itertools.islice(_walk_stack(f), 4)

    traceback.walk_stack = walk_nearest


@pytest.fixture
def anyio_backend() -> str:
    """aiohttp runs on asyncio and nothing else."""
    return "asyncio"
