"""The async client for tests that pytest-asyncio runs; loaded only where that plugin is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest_asyncio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import pytest

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.emulator import Emulator

__all__ = ("fixture_name", "runs")

_PREFIX = "_twilio_async_client_in_loop_of_"


def runs(item: pytest.Item) -> bool:
    """Tell whether pytest-asyncio runs a test."""
    return pytest_asyncio.is_async_test(item)


def fixture_name(item: pytest.Item) -> str:
    """Return which of the fixtures has the loop of a test: it is the one that the test's client must have."""
    marker = item.get_closest_marker("asyncio")
    # The second is the first one's older name.
    named = marker and (marker.kwargs.get("loop_scope") or marker.kwargs.get("scope"))
    return f"{_PREFIX}{named or _default_scope(item.config)}"


def _default_scope(config: pytest.Config) -> str:
    try:
        return str(config.getini("asyncio_default_test_loop_scope") or "function")
    except (KeyError, ValueError):  # unknown before pytest-asyncio 0.25
        return "function"


def _client_in(scope: Literal["function", "class", "module", "package", "session"]) -> object:
    @pytest_asyncio.fixture(loop_scope=scope, name=f"{_PREFIX}{scope}")
    async def client(twilio_emulator: Emulator) -> AsyncGenerator[AsyncClient]:
        from twilio_sessions.testing._running import async_client_for  # noqa: PLC0415 - only for those who use it

        async with async_client_for(twilio_emulator) as made:
            yield made

    return client


of_function = _client_in("function")
of_class = _client_in("class")
of_module = _client_in("module")
of_package = _client_in("package")
of_session = _client_in("session")
