"""A local Twilio for your own tests: pytest fixtures, and what they are made of for every other test runner.

With pytest there is nothing to import; installing this package is enough:

    def test_an_order_is_closed(twilio_emulator, twilio_client):
        service = twilio_emulator.add_service()
        session = twilio_emulator.add_session(service, "Order #1234", participants=2)
        close_order(twilio_client, service.sid, "Order #1234")  # your own code
        assert session.status == "closed"

The fixtures, each of them new for each test:

- `twilio_emulator`: an `Emulator` that is running, in another thread. It is filled by its `add_...` methods,
  moved in time by `advance`, broken by `faults`, and tells what came in (`requests`) and what was really done
  (`processed`). `@pytest.mark.twilio_emulator(...)` takes what `Emulator` takes, such as `seed` or `options`.
- `twilio_client`, `twilio_async_client`: a `Client` and an `AsyncClient` of it, closed when the test is over.
  The latter is for tests that anyio's plugin or pytest-asyncio runs.
- `twilio_env`: for code that makes its own client; the `TWILIO_...` variables point at the emulator.

Other runners use the same by hand:

    class OrdersTest(unittest.TestCase):
        def setUp(self):
            self.emulator = self.enterContext(run_emulator())
            self.client = self.enterContext(client_for(self.emulator))

Names are loaded when they are first used: the plugin costs next to nothing where nobody uses it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_sessions.emulator import Emulator, EmulatorOptions, Fault, Seed
    from twilio_sessions.testing._running import async_client_for, client_for, run_emulator

__all__ = [
    "Emulator",
    "EmulatorOptions",
    "Fault",
    "Seed",
    "async_client_for",
    "client_for",
    "run_emulator",
]

_RUNNING = {"async_client_for", "client_for", "run_emulator"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "twilio_sessions.testing._running" if name in _RUNNING else "twilio_sessions.emulator"
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
