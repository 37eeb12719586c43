"""How long an export goes on trying when Twilio cannot be reached; pure."""

from __future__ import annotations

from typing import Final

import attrs

from twilio_sessions.errors import (
    APICertificateError,
    APIConnectionError,
    RateLimitError,
    ServerError,
)

__all__ = ["DEFAULT_PATIENCE", "Outage", "Reached"]

DEFAULT_PATIENCE: Final = 300.0
_SHORTEST: Final = 0.5
_LONGEST: Final = 30.0


def _passes(error: Exception) -> bool:
    """Tell whether waiting may help. The client has tried several times, over seconds, before it raises."""
    return isinstance(error, APIConnectionError | RateLimitError | ServerError) and not isinstance(
        error, APICertificateError
    )


@attrs.define
class Reached:
    """When a product last answered anything in this export; never, until it does.

    Attributes:
        at: The time, on the clock of whoever asks; None before the first answer.
    """

    at: float | None = None

    def is_lost(self, now: float, patience: float) -> bool:
        """Tell whether nothing got an answer for so many seconds, or ever."""
        return self.at is None or now - self.at >= patience


@attrs.define
class Outage:
    """One listing that does not get on.

    Attributes:
        patience: For how many seconds it is tried.
        reached: When its product last answered; what never did is not waited for.
    """

    patience: float
    reached: Reached
    _began: float | None = None

    def ended(self, now: float) -> None:
        """Say that there was an answer."""
        self._began = None
        self.reached.at = now

    def wait(self, error: Exception, now: float) -> float | None:
        """Return the seconds to wait before the next attempt; None to give up."""
        if not _passes(error) or self.reached.at is None:
            return None
        if self._began is None:
            self._began = now
        failing = now - self._began
        delay = min(max(_SHORTEST, failing / 2), _LONGEST)
        # The client waits for short ones itself.
        delay = max(delay, getattr(error, "retry_after", None) or 0.0)
        return delay if failing + delay <= self.patience else None
