"""What coverage must not measure: programs that a KeyboardInterrupt ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["unmeasured"]


def unmeasured(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment whose programs are not measured.

    coverage takes a lock in the main thread when a new file is entered. An interrupt that is raised there
    leaves it locked, and the program hangs at the next file.
    """
    return {name: value for name, value in environ.items() if not name.startswith("COVERAGE_PROCESS_")}
