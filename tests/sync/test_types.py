"""What a type checker sees of the sync client; mypy reads this file, and it runs, too."""

from __future__ import annotations

from typing import assert_type

from twilio_sessions import Answer, Client, Page, assistants, proxy
from twilio_sessions.sync import Pager, SessionContext, Sessions


def test_types(client: Client):
    service = client.proxy.v1.services.create(unique_name="types")
    assert_type(service, proxy.Service)
    sessions = client.proxy.v1.services(service.sid).sessions
    assert_type(sessions, Sessions)
    session = sessions.create(unique_name="one")
    assert_type(session, proxy.Session)
    assert_type(sessions(session.sid), SessionContext)
    assert_type(sessions.list(), Pager[proxy.Session])
    assert_type(next(sessions.pages()), Page[proxy.Session])
    assert_type([row.sid for row in sessions.list()], list[str])
    assert_type(next(client.assistants.v1.sessions.list()), assistants.Session)
    assert_type(client.with_response(sessions(session.sid).fetch), Answer[proxy.Session])
    assert_type(client.with_response(sessions.create, unique_name="two").value, proxy.Session)
    assert_type(client.account_sid, str | None)
    with client as same:
        assert_type(same, Client)
