"""What a session was asked to be, to recognise it when the answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from twilio_sessions._core import arguments

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from twilio_sessions.proxy._models import Session

__all__ = ["Wanted"]


@attrs.frozen(kw_only=True)
class Wanted:
    """The arguments of a create or an update that a session shows afterwards; None was not given."""

    status: str | None = None
    mode: str | None = None
    ttl: int | timedelta | None = None
    date_expiry: datetime | None = None

    def is_met_by(self, session: Session) -> bool:
        """Tell whether a session is what was asked for, in the form in which it was sent."""
        return (
            self.status in {None, session.status}
            and self.mode in {None, session.mode}
            and arguments.seconds("ttl", self.ttl) in {None, str(session.ttl)}
            and arguments.date("date_expiry", self.date_expiry)
            in {None, arguments.date("date_expiry", session.date_expiry)}
        )
