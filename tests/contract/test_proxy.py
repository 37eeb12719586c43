"""Every verb of every Proxy resource, against the local Twilio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from twilio_sessions import APIError, ArgumentError, AsyncClient, NotFoundError
from twilio_sessions.proxy import (
    AsyncServiceContext,
    GeoMatchLevel,
    NumberSelectionBehavior,
    Participant,
    ParticipantSpec,
    Service,
    Session,
    SessionMode,
    SessionStatus,
)

if TYPE_CHECKING:
    from twilio_sessions.emulator import Emulator

ADA = "+14155550100"
BOB = "+14155550101"


async def test_a_service_lives(client: AsyncClient):
    services = client.proxy.v1.services
    made = await services.create(
        unique_name="rides é",
        default_ttl=timedelta(hours=1),
        callback_url="https://example.com/callback?a=1&b=2",
        geo_match_level=GeoMatchLevel.COUNTRY,
        number_selection_behavior="avoid-sticky",
        intercept_callback_url="https://example.com/intercept",
        out_of_session_callback_url="https://example.com/out",
        chat_instance_sid="IS" + "0" * 32,
    )
    assert isinstance(made, Service)
    assert (made.unique_name, made.default_ttl) == ("rides é", 3600)
    assert made.callback_url == "https://example.com/callback?a=1&b=2"
    assert made.number_selection_behavior == NumberSelectionBehavior.AVOID_STICKY
    assert made.date_created is not None
    assert made.date_created.utcoffset() == timedelta(0)
    assert set(made.links or {}) == {"sessions", "phone_numbers"}

    assert await services(made.sid).fetch() == made
    assert await services("rides é").fetch() == made
    assert [item async for item in services.list()] == [made]

    changed = await services(made.sid).update(unique_name="trips", default_ttl=0)
    assert (changed.unique_name, changed.default_ttl, changed.callback_url) == ("trips", 0, made.callback_url)

    await services(made.sid).delete()
    with pytest.raises(NotFoundError) as caught:
        await services(made.sid).fetch()
    assert caught.value.code == 20404
    assert caught.value.request_id is not None


async def test_a_phone_number_lives(service: AsyncServiceContext):
    made = await service.phone_numbers.create(phone_number="+14155550299", is_reserved=True)
    assert (made.phone_number, made.is_reserved, made.in_use) == ("+14155550299", True, 0)
    assert await service.phone_numbers(made.sid).fetch() == made
    assert (await service.phone_numbers(made.sid).update(is_reserved=False)).is_reserved is False
    assert made.sid in {number.sid async for number in service.phone_numbers.list()}
    await service.phone_numbers(made.sid).delete()
    assert made.sid not in {number.sid async for number in service.phone_numbers.list()}
    with pytest.raises(NotFoundError):
        await service.phone_numbers(made.sid).fetch()


async def test_a_session_lives(service: AsyncServiceContext):
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    made = await service.sessions.create(
        unique_name="Order #1234",
        date_expiry=expiry,
        ttl=60,
        mode=SessionMode.MESSAGE_ONLY,
        status="open",
        participants=[
            {"identifier": ADA, "friendly_name": "Ada"},
            ParticipantSpec(BOB),
        ],
    )
    assert isinstance(made, Session)
    assert (made.unique_name, made.date_expiry, made.ttl) == ("Order #1234", expiry, 60)
    assert (made.status, made.mode) == (SessionStatus.OPEN, SessionMode.MESSAGE_ONLY)

    assert await service.sessions(made.sid).fetch() == made
    # The official library asks for `Order%20` here.
    assert await service.sessions("Order #1234").fetch() == made
    assert [item async for item in service.sessions.list()] == [made]
    joined = [item async for item in service.sessions(made.sid).participants.list()]
    assert {item.identifier: item.friendly_name for item in joined} == {ADA: "Ada", BOB: None}

    closed = await service.sessions(made.sid).update(status="closed")
    assert closed.status == "closed"
    assert closed.date_ended is not None
    later = expiry + timedelta(days=1)
    opened = await service.sessions(made.sid).update(
        status=SessionStatus.IN_PROGRESS, date_expiry=later, ttl=90
    )
    assert (opened.status, opened.date_expiry, opened.ttl) == ("in-progress", later, 90)

    await service.sessions(made.sid).delete()
    with pytest.raises(NotFoundError):
        await service.sessions(made.sid).fetch()


async def test_a_session_needs_no_arguments(service: AsyncServiceContext):
    made = await service.sessions.create()
    assert made.status == "open"
    assert made.ttl == 0
    assert (await service.sessions(made.sid).update()).sid == made.sid


async def test_a_participant_lives(service: AsyncServiceContext):
    session = service.sessions((await service.sessions.create()).sid)
    number = await anext(service.phone_numbers.list())
    made = await session.participants.create(
        identifier=ADA, friendly_name="Ada", proxy_identifier_sid=number.sid
    )
    assert isinstance(made, Participant)
    assert (made.identifier, made.proxy_identifier) == (ADA, number.phone_number)
    other = await session.participants.create(identifier=BOB, proxy_identifier=number.phone_number)
    assert await session.participants(made.sid).fetch() == made
    assert {item.sid async for item in session.participants.list()} == {made.sid, other.sid}
    await session.participants(made.sid).delete()
    assert (await session.participants(made.sid).fetch()).date_deleted is not None


async def test_an_interaction_lives(service: AsyncServiceContext):
    session = service.sessions((await service.sessions.create(participants=[{"identifier": ADA}])).sid)
    ada = session.participants((await anext(session.participants.list())).sid)
    text = "Hej då,\nyour driver & car are here 🚗"
    sent = await ada.message_interactions.create(body=text)
    assert text.replace("\n", "\\n") in (sent.data or "")
    assert await ada.message_interactions(sent.sid).fetch() == sent
    assert [item async for item in ada.message_interactions.list()] == [sent]
    seen = await session.interactions(sent.sid).fetch()
    assert (seen.sid, seen.data) == (sent.sid, sent.data)
    assert [item.sid async for item in session.interactions.list()] == [sent.sid]
    await session.interactions(sent.sid).delete()
    assert [item async for item in session.interactions.list()] == []


@pytest.mark.parametrize("spelling", ["proxy_identifier", "proxyIdentifier", "ProxyIdentifier"])
async def test_participants_are_taken_in_every_casing(service: AsyncServiceContext, spelling: str):
    number = (await anext(service.phone_numbers.list())).phone_number or ""
    made = await service.sessions.create(participants=[{"Identifier": ADA, spelling: number}])
    joined = [item async for item in service.sessions(made.sid).participants.list()]
    assert [(item.identifier, item.proxy_identifier) for item in joined] == [(ADA, number)]


NO_SID = "KC" + "0" * 32

Call = Callable[[AsyncClient, AsyncServiceContext], Awaitable[object]]
BAD: list[tuple[str, Call]] = [
    (
        "date_expiry must say its time zone",
        lambda _, s: s.sessions.create(date_expiry=datetime(2030, 1, 1)),  # noqa: DTZ001 - what is refused
    ),
    ("ttl must be from 0", lambda _, s: s.sessions(NO_SID).update(ttl=-1)),
    (
        "unique_name may have at most 191 characters; got 192",
        lambda _, s: s.sessions.create(unique_name="x" * 192),
    ),
    (
        r"participants may hold at most 2 \(Twilio error 80609\); got 3",
        lambda _, s: s.sessions.create(participants=[{"identifier": ADA}] * 3),
    ),
    (
        "participants must be a sequence",
        lambda _, s: s.sessions.create(participants={"identifier": ADA}),  # type: ignore[arg-type]
    ),
    (
        r"participants\[0\] has an unknown key 'number'",
        lambda _, s: s.sessions.create(participants=[{"identifier": ADA, "number": BOB}]),
    ),
    (
        r"participants\[1\] has no identifier",
        lambda _, s: s.sessions.create(participants=[{"identifier": ADA}, {"friendly_name": "Bob"}]),
    ),
    (
        r"participants\[0\].identifier must not be empty",
        lambda _, s: s.sessions.create(participants=[ParticipantSpec("")]),
    ),
    ("page_size must be 1 or more; got 0", lambda _, s: anext(s.sessions.list(page_size=0))),
    ("limit must be 0 or more; got -1", lambda _, s: anext(s.sessions.list(limit=-1))),
    ("page_token must be the next_page_token", lambda _, s: anext(s.sessions.pages(page_token="PTabc"))),
    ("session sid must not be empty", lambda _, s: s.sessions("").fetch()),
    ("session sid must name one resource", lambda _, s: s.sessions("..").delete()),
    (
        "session sid must be KC and 32 hexadecimal digits; got 'Order #1234'",
        lambda _, s: s.sessions("Order #1234").delete(),
    ),
    ("session sid must be KC", lambda _, s: s.sessions("Order #1234").update(status="closed")),
    ("session sid must be KC", lambda _, s: anext(s.sessions("Order #1234").participants.list())),
    ("service sid must be KS", lambda client, _: client.proxy.v1.services(NO_SID).delete()),
    ("service sid must be KS", lambda client, _: client.proxy.v1.services("contract").sessions.create()),
    ("status must be one of open, in-progress", lambda _, s: s.sessions(NO_SID).update(status="cloesd")),
    (
        "give exactly one of sid or phone_number",
        lambda _, s: s.phone_numbers.create(sid="PN" + "0" * 32, phone_number=ADA),
    ),
    ("unique_name must not be empty", lambda client, _: client.proxy.v1.services.create(unique_name="")),
]


@pytest.mark.parametrize(("message", "call"), BAD, ids=[message for message, _ in BAD])
async def test_bad_input_is_refused_before_any_request(
    client: AsyncClient, service: AsyncServiceContext, emulator: Emulator, message: str, call: Call
):
    before = len(emulator.requests)
    with pytest.raises(ArgumentError, match=message):
        await call(client, service)
    assert len(emulator.requests) == before


async def test_twilio_says_no(service: AsyncServiceContext):
    await service.sessions.create(unique_name="taken")
    with pytest.raises(APIError, match="UniqueName must be unique") as caught:
        await service.sessions.create(unique_name="taken")
    assert caught.value.code == 80603
    assert caught.value.more_info
    with pytest.raises(NotFoundError):
        await service.sessions("free").fetch()
