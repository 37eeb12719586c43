"""Participants as arguments of a new session: a class, or a mapping in any of the casings in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs
import msgspec

from twilio_sessions._core import arguments
from twilio_sessions.errors import ArgumentError

__all__ = ["ParticipantSpec", "encode_participants", "identifiers", "to_spec"]

# "A Session may have at most 2 participants" (Twilio error 80609).
_MOST: Final = 2


@attrs.frozen
class ParticipantSpec:
    """A participant to create together with a session.

    Args:
        identifier: The participant's own number (E.164) or address; at most 191 characters.
        friendly_name: A name for people; at most 255 characters.
        proxy_identifier: The number or address to use towards this participant; at most 255 characters.
        proxy_identifier_sid: The SID (`PN...`) of that number.

    Example:
        >>> ParticipantSpec("+14155550100", friendly_name="Ada")
        ParticipantSpec(identifier='+14155550100', friendly_name='Ada', proxy_identifier=None, \
proxy_identifier_sid=None)
    """

    identifier: str
    friendly_name: str | None = None
    proxy_identifier: str | None = None
    proxy_identifier_sid: str | None = None


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


_FIELDS: Final = tuple(field.name for field in attrs.fields(ParticipantSpec))
# identifier, Identifier, proxy_identifier, proxyIdentifier, ProxyIdentifier: all of them are in use.
_SPELLINGS: Final = {name.replace("_", ""): name for name in _FIELDS}


def encode_participants(
    participants: Sequence[ParticipantSpec | Mapping[str, str]] | None,
) -> list[str] | None:
    """Return one JSON object per participant, in the casing that Twilio documents.

    Raises:
        ArgumentError: There are more than two, or one of them cannot be right.
    """
    if participants is None:
        return None
    given: object = participants
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ArgumentError(
            "participants must be a sequence of ParticipantSpec or mappings; "
            f"got {type(participants).__name__}",
            argument="participants",
        )
    if len(participants) > _MOST:
        raise ArgumentError(
            f"participants may hold at most {_MOST} (Twilio error 80609); got {len(participants)}",
            argument="participants",
        )
    return [_encode(f"participants[{index}]", item) for index, item in enumerate(participants)]


def identifiers(participants: Sequence[ParticipantSpec | Mapping[str, str]] | None) -> set[str]:
    """Return the identifiers of participants that `encode_participants` has accepted."""
    return {
        (item if isinstance(item, ParticipantSpec) else to_spec("participants", item)).identifier
        for item in participants or ()
    }


def _encode(argument: str, item: ParticipantSpec | Mapping[str, str]) -> str:
    spec = item if isinstance(item, ParticipantSpec) else to_spec(argument, item)
    arguments.text(f"{argument}.identifier", spec.identifier, longest=191)
    arguments.text(f"{argument}.friendly_name", spec.friendly_name, longest=255)
    arguments.text(f"{argument}.proxy_identifier", spec.proxy_identifier, longest=255)
    arguments.optional_sid(f"{argument}.proxy_identifier_sid", spec.proxy_identifier_sid, "PN")
    given = {_pascal(name): value for name in _FIELDS if (value := getattr(spec, name)) is not None}
    return msgspec.json.encode(given).decode("utf-8")


def to_spec(argument: str, item: object) -> ParticipantSpec:
    """Return what a mapping says, its names in any of the casings in use.

    Raises:
        ArgumentError: It is no mapping, or says something that a participant does not have.
    """
    if not isinstance(item, Mapping):
        raise ArgumentError(
            f"{argument} must be a ParticipantSpec or a mapping; got {type(item).__name__}", argument=argument
        )
    given: dict[str, str] = {}
    for key, value in cast("Mapping[str, str]", item).items():
        name = _SPELLINGS.get(str(key).replace("_", "").lower())
        if name is None or name in given:
            problem = "an unknown key" if name is None else "twice the key"
            raise ArgumentError(
                f"{argument} has {problem} {key!r}; known are {', '.join(_FIELDS)}", argument=argument
            )
        given[name] = value
    if "identifier" not in given:
        raise ArgumentError(f"{argument} has no identifier", argument=argument)
    return ParticipantSpec(**given)
