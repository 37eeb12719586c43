"""Where asyncio does not watch: modules of hundreds of exports, which would take three times as long."""

from __future__ import annotations

import pytest

__all__ = ["anyio_backend"]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Take the place of the common fixture where imported; whole exports are watched in `test_export`."""
    return "asyncio", {"debug": False}
