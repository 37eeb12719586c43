"""How much is tried: all of it, but less where asyncio watches, which makes every step several times dearer.

The watch is for what is forgotten, not for rare cases; those are the other interpreters' work.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WATCHED", "offsets"]

WATCHED: Final = bool(os.environ.get("PYTHONASYNCIODEBUG"))
_EVERY: Final = 7
_LAST: Final = 30


def offsets(length: int) -> Iterator[int]:
    """Yield the places where so many bytes can be cut: all, or some and every one near the end."""
    return (at for at in range(length) if not WATCHED or at % _EVERY == 0 or at >= length - _LAST)
