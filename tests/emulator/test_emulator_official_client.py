"""The official `twilio` package against the emulator: a peer that nobody here wrote.

Known to misbehave, and therefore not used here: it puts unique names into paths without encoding them, so
`sessions("Order #1234").fetch()` asks for `Order%20`; and a failed list raises a bare TwilioException.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.to_thread
import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from twilio_sessions.emulator import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, Emulator, Seed

ANA, BEN = "+14155550100", "+14155550101"


def client_of(emulator: Any, token: Any = DEFAULT_AUTH_TOKEN) -> Any:
    client = Client(DEFAULT_ACCOUNT_SID, token)
    client.proxy.base_url = client.assistants.base_url = emulator.base_url
    return client


async def in_thread(work: Any, **kwargs: Any) -> Any:
    """Run blocking work against a running emulator."""
    async with Emulator(**kwargs) as emulator:

        def run():
            client = client_of(emulator)
            try:
                return work(client, emulator)
            finally:
                # The library never closes its pool; left alone, its sockets would be reported as leaks.
                client.http_client.session.close()

        return await anyio.to_thread.run_sync(run)


def code_of(call: Any) -> Any:
    with pytest.raises(TwilioRestException) as caught:
        call()
    return caught.value.status, caught.value.code


async def test_services_and_phone_numbers():
    def work(client, _):
        service = client.proxy.v1.services.create(unique_name="taxi", default_ttl=60)
        assert service.default_ttl == 60
        assert client.proxy.v1.services("taxi").fetch().sid == service.sid
        changed = client.proxy.v1.services(service.sid).update(unique_name="cab", geo_match_level="country")
        assert (changed.unique_name, changed.geo_match_level) == ("cab", "country")
        assert [one.sid for one in client.proxy.v1.services.list()] == [service.sid]
        numbers = client.proxy.v1.services(service.sid).phone_numbers
        number = numbers.create(phone_number="+14155550000", is_reserved=True)
        assert (number.is_reserved, number.in_use, number.iso_country) == (True, 0, "US")
        assert numbers.create(sid="PN" + "a" * 32).sid == "PN" + "a" * 32
        assert numbers(number.sid).update(is_reserved=False).is_reserved is False
        assert numbers(number.sid).fetch().phone_number == "+14155550000"
        assert len(numbers.list()) == 2
        assert numbers(number.sid).delete() is True
        assert code_of(numbers(number.sid).fetch) == (404, 20404)
        assert client.proxy.v1.services(service.sid).delete() is True
        assert client.proxy.v1.services.list() == []

    await in_thread(work)


def service_with_numbers(client: Any) -> Any:
    service = client.proxy.v1.services(client.proxy.v1.services.create(unique_name="s").sid)
    for index in range(2):
        service.phone_numbers.create(phone_number=f"+1415555000{index}")
    return service


async def test_sessions():
    def work(client, _):
        sessions = service_with_numbers(client).sessions
        session = sessions.create(
            unique_name="Order #1234",
            ttl=3600,
            mode="message-only",
            date_expiry=datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC),
            participants=[{"Identifier": ANA}, {"identifier": BEN, "friendlyName": "Ben"}],
        )
        assert (session.status, session.mode, session.ttl) == ("open", "message-only", 3600)
        assert session.date_expiry == datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert session.date_created.tzinfo is not None
        assert session.date_started is session.closed_reason is None
        assert {one.friendly_name for one in sessions(session.sid).participants.list()} == {None, "Ben"}
        assert sessions(session.sid).update(ttl=60).ttl == 60
        assert sessions(session.sid).update().status == "open"
        assert sessions(session.sid).update(status="closed").date_ended is not None
        assert code_of(lambda: sessions(session.sid).update(ttl=1)) == (400, 80607)
        assert sessions(session.sid).update(status="in-progress").status == "in-progress"
        assert code_of(lambda: sessions.create(unique_name="Order #1234")) == (400, 80603)
        assert [one.sid for one in sessions.list()] == [session.sid]
        assert sessions(session.sid).delete() is True
        assert code_of(sessions(session.sid).fetch) == (404, 20404)
        assert sessions.create().unique_name is None

    await in_thread(work)


async def test_participants_interactions_and_messages():
    def work(client, _):
        sessions = service_with_numbers(client).sessions
        session = sessions(sessions.create(unique_name="plain-name").sid)
        assert sessions("plain-name").fetch().sid == session.fetch().sid
        ana = session.participants.create(identifier=ANA, friendly_name="Ana")
        ben = session.participants.create(identifier=BEN, proxy_identifier=ana.proxy_identifier)
        assert ben.proxy_identifier_sid == ana.proxy_identifier_sid
        messages = session.participants(ana.sid).message_interactions
        message = messages.create(body="hello")
        assert (message.participant_sid, message.data) == (ana.sid, '{"body":"hello"}')
        assert messages(message.sid).fetch().outbound_resource_status == "sent"
        assert [one.sid for one in messages.list()] == [message.sid]
        assert session.fetch().status == "in-progress"
        assert session.interactions(message.sid).fetch().type == "message"
        assert [one.sid for one in session.interactions.list()] == [message.sid]
        assert session.interactions(message.sid).delete() is True
        assert session.participants(ana.sid).delete() is True
        assert session.participants(ana.sid).fetch().date_deleted is not None
        assert len(session.participants.list()) == 2
        assert code_of(lambda: session.participants.create(identifier=ANA)) == (400, 80612)

    await in_thread(work)


async def test_pagination_of_every_listing():
    def sids(rows: Any) -> Any:
        return [row.sid for row in rows]

    def work(client, emulator):
        store = emulator.store
        largest = max(store.services, key=lambda one: len(one.sessions))
        sessions = client.proxy.v1.services(largest.sid).sessions
        expected = sids(largest.sessions)[::-1]
        assert len(expected) > 100
        assert sids(sessions.list()) == expected
        assert sids(sessions.list(page_size=20)) == expected
        assert sids(sessions.list(limit=70, page_size=30)) == expected[:70]
        assert sids(sessions.list(limit=5000)) == expected  # sent as PageSize=5000, and brought down
        busy = max(largest.sessions, key=lambda one: len(one.interactions))
        interactions = sessions(busy.sid).interactions.list(page_size=50)
        assert len(interactions) > 100
        assert sids(interactions) == sids(busy.interactions)[::-1]
        # A token that is handed over still percent-encoded is encoded twice by the library.
        encoded = sessions.page(page_size=40).next_page_url.partition("PageToken=")[2]
        with pytest.raises(TwilioException, match="Unable to fetch page"):
            sessions.page(page_size=40, page_token=encoded)

    await in_thread(work, seed=Seed(services=2, sessions=400))


async def test_one_page_by_its_token_and_by_its_url():
    def work(client, emulator):
        service = max(emulator.store.services, key=lambda one: len(one.sessions))
        sessions = client.proxy.v1.services(service.sid).sessions
        expected = [one.sid for one in service.sessions][::-1][40:80]
        first = sessions.page(page_size=40)
        token = parse_qs(urlsplit(first.next_page_url).query)["PageToken"][0]
        assert [one.sid for one in sessions.page(page_size=40, page_token=token)] == expected
        assert [one.sid for one in sessions.get_page(first.next_page_url)] == expected
        second = first.next_page()
        assert [one.sid for one in second] == expected
        assert second.previous_page().previous_page_url is None

    await in_thread(work, seed=Seed(services=1, sessions=100))


async def test_assistants():
    def work(client, emulator):
        known = list(emulator.store.assistants)[::-1]
        listed = client.assistants.v1.sessions.list(page_size=50)
        assert [one.id for one in listed] == [one.id for one in known]
        longest = max((one for one in known if one.name), key=lambda one: len(one.messages))
        fetched = client.assistants.v1.sessions(longest.id).fetch()
        assert (fetched.identity, fetched.verified) == (longest.identity, longest.verified)
        messages = client.assistants.v1.sessions(longest.id).messages.list(page_size=5)
        assert [one.id for one in messages] == [one.id for one in longest.messages][::-1]
        assert len(messages) > 5
        assert messages[0].content == [one.content for one in longest.messages][-1]
        assert code_of(client.assistants.v1.sessions("nobody").fetch) == (404, 20404)

    await in_thread(work, seed=Seed(services=0, sessions=0, assistants_sessions=120))


async def test_errors_reach_the_official_exceptions():
    def work(client, emulator):
        missing = f"/Services/KS{'0' * 32}/Sessions/KC{'0' * 32}"
        stranger = client_of(emulator, "wrong")
        try:
            assert code_of(stranger.proxy.v1.services("x").fetch) == (401, 20003)
        finally:
            stranger.http_client.session.close()
        with pytest.raises(TwilioRestException) as caught:
            client.proxy.v1.services("KS" + "0" * 32).sessions("KC" + "0" * 32).fetch()
        assert caught.value.uri == missing
        assert caught.value.msg.endswith(f"The requested resource {missing} was not found")

    await in_thread(work)
