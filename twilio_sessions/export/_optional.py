"""Packages that only some formats need, and what to install when one is not there."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["load"]


def load(module: str, extra: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        module: Its name.
        extra: The extra of this package that brings it.

    Raises:
        ConfigurationError: It is not installed; the message says how to install it.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == package:
            raise ConfigurationError(
                f"{extra} needs the package {package}: pip install 'twilio-sessions[{extra}]'"
            ) from None
        raise ConfigurationError(
            f"{extra} needs the package {package}, which is installed but cannot be loaded: {error}. "
            f"Install it anew: pip install --force-reinstall 'twilio-sessions[{extra}]'"
        ) from error
