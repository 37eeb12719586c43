"""The options of `create` and `update`: one class for what each of the library's methods takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import attrs
import msgspec
from cyclopts import Parameter

from twilio_sessions.bulk._times import read_seconds
from twilio_sessions.cli._asked import to_date
from twilio_sessions.errors import ArgumentError
from twilio_sessions.proxy import (  # noqa: TC001 - cyclopts reads the annotations when it runs
    GeoMatchLevel,
    NumberSelectionBehavior,
    SessionMode,
    SessionStatus,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cyclopts import Token

__all__ = [
    "ChangedNumber",
    "ChangedService",
    "ChangedSession",
    "Given",
    "NewMessage",
    "NewNumber",
    "NewParticipant",
    "NewService",
    "NewSession",
]


def _to_seconds(_: object, tokens: Sequence[Token]) -> int:
    return read_seconds(tokens[0].value)


Seconds: TypeAlias = Annotated[int, Parameter(converter=_to_seconds, metavar="TIME")]


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Given:
    """Arguments of one of the library's methods."""

    def arguments(self) -> dict[str, object]:
        """Return those that were given, by the names of the library.

        Raises:
            ArgumentError: One of them cannot be read.
        """
        values = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        return {name: value for name, value in values.items() if value is not None}


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class ServiceSettings(Given):
    """The settings of a service.

    Attributes:
        unique_name: At most 191 characters; unique in the account.
        default_ttl: How long new sessions live after the last interaction: seconds, or such as 90m; 0 is
            without end.
        callback_url: Where Twilio reports interactions.
        geo_match_level: How near a proxy number must be to the participant's own.
        number_selection_behavior: Whether participants keep their proxy numbers.
        intercept_callback_url: Where Twilio asks whether an interaction may pass.
        out_of_session_callback_url: Where Twilio asks about traffic that belongs to no session.
        chat_instance_sid: The Chat service (IS...) behind it.
    """

    default_ttl: Seconds | None = None
    callback_url: str | None = None
    geo_match_level: GeoMatchLevel | None = None
    number_selection_behavior: NumberSelectionBehavior | None = None
    intercept_callback_url: str | None = None
    out_of_session_callback_url: str | None = None
    chat_instance_sid: str | None = None


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class ChangedService(ServiceSettings):
    __doc__ = ServiceSettings.__doc__

    unique_name: str | None = None


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class NewService(ServiceSettings):
    __doc__ = ServiceSettings.__doc__

    unique_name: str


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class ChangedSession(Given):
    """What can be changed of a session.

    Attributes:
        date_expiry: When it is to be closed, such as 2026-12-31T18:00:00+01:00, or in UTC; overrides the ttl.
        ttl: How long it lives after the last interaction: seconds, or such as 90m; 0 is without end.
        status: closed closes it, in-progress re-opens a closed one.
    """

    date_expiry: Annotated[str | None, Parameter(metavar="DATE")] = None
    ttl: Seconds | None = None
    status: SessionStatus | None = None

    def arguments(self) -> dict[str, object]:
        """Return those that were given, by the names of the library."""
        given = super().arguments()
        if self.date_expiry is not None:
            given["date_expiry"] = to_date("--date-expiry", self.date_expiry)
        return given


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class NewSession(ChangedSession):
    """What a new session is to be.

    Attributes:
        unique_name: At most 191 characters; unique in the service. It makes a repeated create recognisable.
        date_expiry: When it is to be closed, such as 2026-12-31T18:00:00+01:00, or in UTC; overrides the ttl.
        ttl: How long it lives after the last interaction: seconds, or such as 90m; 0 is without end.
        mode: What it carries; by default voice-and-message.
        status: The status to begin with; by default open.
        participants: A participant's number or address, or JSON such as '{"identifier": "+14155550100",
            "friendly_name": "Ada"}'; at most two.
    """

    unique_name: str | None = None
    mode: SessionMode | None = None
    participants: Annotated[list[str] | None, Parameter(name="--participant")] = None

    def arguments(self) -> dict[str, object]:
        """Return those that were given, by the names of the library."""
        given = super().arguments()
        if self.participants is not None:
            given["participants"] = [_participant(text) for text in self.participants]
        return given


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class NewParticipant(Given):
    """What a new participant is to be.

    Attributes:
        identifier: Its own number (E.164) or address.
        friendly_name: A name for people.
        proxy_identifier: The number or address to use towards it, from the service's pool.
        proxy_identifier_sid: The SID (PN...) of that number.
    """

    identifier: str
    friendly_name: str | None = None
    proxy_identifier: str | None = None
    proxy_identifier_sid: str | None = None


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class NewMessage(Given):
    """A message to a participant.

    Attributes:
        body: The text.
        media_url: The absolute URL of some media; may be repeated. Twilio documents it as not supported yet.
    """

    body: str | None = None
    media_url: list[str] | None = None


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class ChangedNumber(Given):
    """What can be changed of a number.

    Attributes:
        is_reserved: Whether it is used only when named explicitly.
    """

    is_reserved: Annotated[bool | None, Parameter(negative="--no-is-reserved")] = None


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class NewNumber(ChangedNumber):
    """A number that the account owns, for the pool: one of sid and phone_number.

    Attributes:
        sid: The number's SID (PN...).
        phone_number: The number in E.164 form.
        is_reserved: Whether it is used only when named explicitly.
    """

    sid: str | None = None
    phone_number: str | None = None


def _participant(text: str) -> dict[str, Any]:
    """Read one participant: an identifier, or an object in JSON."""
    if not text.startswith("{"):
        return {"identifier": text}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ArgumentError(
            f"--participant is not JSON: {error}; got {text!r}", argument="participant"
        ) from None
