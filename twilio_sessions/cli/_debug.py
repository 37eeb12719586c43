"""`--debug`: where in the program an error came from, without secrets."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

__all__ = ["DEBUG", "print_traceback", "without_secrets"]

DEBUG: Final = "TWILIO_SESSIONS_DEBUG"
"""The variable that asks for it; `--debug` sets it."""

_SECRETS: Final = ("TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET")


def print_traceback(console: Console, error: BaseException) -> None:
    """Print where an error came from, if that was asked for."""
    if os.environ.get(DEBUG):
        text = "".join(traceback.format_exception(error))
        console.print(without_secrets(text, os.environ), markup=False, style="dim", end="")


def without_secrets(text: str, environ: Mapping[str, str]) -> str:
    """Return text without the secrets of this process; there should be none, and this makes sure."""
    for name in _SECRETS:
        secret = environ.get(name)
        if secret:
            text = text.replace(secret, "***")
    return text
