"""Participants, the numbers between them, and messages."""

from __future__ import annotations

from typing import Any

import pytest

ANA, BEN, CAT = "+14155550100", "+14155550101", "+14155550102"


def numbers(desk: Any, service: Any) -> Any:
    return desk.get(f"{service}/PhoneNumbers")["phone_numbers"]


def test_a_participant_gets_a_number_of_the_pool(desk):
    service = desk.service()
    participant = desk.get(desk.participant(desk.session(service), ANA, FriendlyName="Ana"))
    pool = {one["sid"]: one["phone_number"] for one in numbers(desk, service)}
    assert pool[participant["proxy_identifier_sid"]] == participant["proxy_identifier"]
    assert (participant["friendly_name"], participant["date_deleted"]) == ("Ana", None)


def test_two_participants_are_the_most(desk):
    session = desk.session(desk.service())
    desk.participant(session, ANA)
    desk.participant(session, BEN)
    assert desk.refused("POST", f"{session}/Participants", {"Identifier": ANA}) == 80103
    assert desk.refused("POST", f"{session}/Participants", {"Identifier": CAT}) == 80609


def test_a_removed_participant_stays_makes_room_and_cannot_return(make_desk):
    desk = make_desk()
    session = desk.session(desk.service())
    ana = desk.participant(session, ANA)
    desk.participant(session, BEN)
    reply = desk.send("DELETE", ana)
    assert (reply.status, reply.body) == (200, None)
    assert desk.get(ana)["date_deleted"] == desk.clock()
    assert desk.refused("POST", f"{session}/Participants", {"Identifier": ANA}) == 80612
    desk.participant(session, CAT)
    assert len(desk.get(f"{session}/Participants")["participants"]) == 3
    assert desk.send("DELETE", ana).status == 200
    strict = make_desk(deleted_participant_frees_slot=False, participant_delete_status=204)
    session = strict.session(strict.service())
    ana = strict.participant(session, ANA)
    strict.participant(session, BEN)
    assert strict.send("DELETE", ana).status == 204
    assert strict.refused("POST", f"{session}/Participants", {"Identifier": CAT}) == 80609


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 20001),
        ({"Identifier": "5550100"}, 80404),
        ({"Identifier": "+1415555010x"}, 80404),
        ({"Identifier": "messenger:123"}, 80616),
        ({"Identifier": "+" + "1" * 191}, 80701),
        ({"Identifier": ANA, "FriendlyName": "x" * 256}, 80701),
        ({"Identifier": ANA, "ProxyIdentifierSid": "PN1"}, 80701),
        ({"Identifier": ANA, "ProxyIdentifier": "nonsense"}, 80406),
        ({"Identifier": ANA, "ProxyIdentifier": "+14155559999"}, 80605),
        ({"Identifier": ANA, "ProxyIdentifierSid": "PN" + "0" * 32}, 80605),
        ({"Identifier": "+4915112345678"}, 80203),
    ],
)
def test_participants_are_validated(desk, form, code):
    session = desk.session(desk.service())
    assert desk.refused("POST", f"{session}/Participants", form) == code
    assert desk.store.counts()["participants"] == 0


def test_a_closed_session_takes_nobody(desk):
    session = desk.session(desk.service(), Status="closed")
    assert desk.refused("POST", f"{session}/Participants", {"Identifier": ANA}) == 80607


def test_channels_are_for_message_only_sessions(desk):
    session = desk.session(desk.service(numbers=0), Mode="message-only")
    form = {"ProxyIdentifier": "messenger:987"}
    body = desk.get(desk.participant(session, "messenger:123", **form))
    assert (body["proxy_identifier"], body["proxy_identifier_sid"]) == ("messenger:987", None)
    assert desk.get(desk.participant(session, "CH" + "0" * 32))["proxy_identifier"] is None


def test_one_identifier_never_shares_a_number_between_active_sessions(desk):
    service = desk.service(numbers=2)
    taken = [desk.get(desk.participant(desk.session(service), ANA))["proxy_identifier"] for _ in range(2)]
    assert len(set(taken)) == 2
    third = desk.session(service)
    assert desk.refused("POST", f"{third}/Participants", {"Identifier": ANA}) == 80208
    named = {"Identifier": ANA, "ProxyIdentifier": taken[0]}
    assert desk.refused("POST", f"{third}/Participants", named) == 80604
    # Another identifier may use the same number.
    assert desk.get(desk.participant(third, BEN, ProxyIdentifier=taken[0]))["proxy_identifier"] == taken[0]


@pytest.mark.parametrize("how", ["close", "delete", "remove", "expire"])
def test_a_number_becomes_free_again(desk, how):
    service = desk.service(numbers=1)
    session = desk.session(service, Ttl="60")
    participant = desk.participant(session, ANA)
    if how == "close":
        desk.post(session, {"Status": "closed"})
    elif how == "delete":
        desk.ok("DELETE", session)
    elif how == "remove":
        desk.ok("DELETE", participant)
    else:
        desk.advance(seconds=60)
    desk.participant(desk.session(service), ANA)
    assert numbers(desk, service)[0]["in_use"] == 1


def test_reopening_is_refused_when_the_number_went_to_another_session(make_desk):
    for conflict in (False, True):
        desk = make_desk(allow_participant_conflict=conflict)
        service = desk.service(numbers=1)
        first = desk.session(service)
        desk.participant(first, ANA)
        desk.post(first, {"Status": "closed"})
        desk.participant(desk.session(service), ANA)
        if conflict:
            desk.post(first, {"Status": "in-progress"})
            assert numbers(desk, service)[0]["in_use"] == 2
        else:
            assert desk.refused("POST", first, {"Status": "in-progress"}) == 80604
            assert desk.get(first)["status"] == "closed"


def test_sticky_selection(desk):
    for behaviour in ("prefer-sticky", "avoid-sticky"):
        service = desk.service(behaviour, numbers=3, NumberSelectionBehavior=behaviour)
        session = desk.session(service)
        second = numbers(desk, service)[1]["sid"]
        desk.participant(session, ANA, ProxyIdentifierSid=second)
        desk.post(session, {"Status": "closed"})
        again = desk.get(desk.participant(desk.session(service), ANA))["proxy_identifier_sid"]
        assert (again == second) is (behaviour == "prefer-sticky")


def test_the_pool_names_what_it_lacks(desk):
    service = desk.service(numbers=0)
    session = desk.session(service)
    people = f"{session}/Participants"
    assert desk.refused("POST", people, {"Identifier": ANA}) == 80205
    added = desk.post(f"{service}/PhoneNumbers", {"PhoneNumber": "+14155550000", "IsReserved": "True"})
    assert desk.refused("POST", people, {"Identifier": ANA}) == 80207
    record = desk.store.numbers[added["sid"]]
    desk.post(f"{service}/PhoneNumbers/{record.sid}", {"IsReserved": "false"})
    record.voice = False
    assert desk.refused("POST", people, {"Identifier": ANA}) == 80201
    record.voice, record.sms = True, False
    assert desk.refused("POST", people, {"Identifier": ANA}) == 80202
    record.sms = True
    desk.post(service, {"GeoMatchLevel": "area-code"})
    assert desk.refused("POST", people, {"Identifier": "+12125550100"}) == 80206
    desk.participant(session, ANA)


def test_reserved_numbers_are_used_when_named(desk):
    service = desk.service(numbers=0)
    added = desk.post(f"{service}/PhoneNumbers", {"PhoneNumber": "+14155550000", "IsReserved": "true"})
    participant = desk.participant(desk.session(service), ANA, ProxyIdentifierSid=added["sid"])
    assert desk.get(participant)["proxy_identifier"] == "+14155550000"


def test_numbers_belong_to_one_service(make_desk):
    desk = make_desk(unowned_numbers=frozenset({"+14155559999"}))
    first, second = desk.service("a", numbers=0), desk.service("b", numbers=0)
    by_sid = {"Sid": "PN" + "a" * 32}
    desk.post(f"{first}/PhoneNumbers", by_sid)
    assert desk.refused("POST", f"{first}/PhoneNumbers", by_sid) == 80104
    assert desk.refused("POST", f"{second}/PhoneNumbers", by_sid) == 80101
    phone = numbers(desk, first)[0]["phone_number"]
    assert desk.refused("POST", f"{second}/PhoneNumbers", {"PhoneNumber": phone}) == 80101
    assert desk.refused("POST", f"{first}/PhoneNumbers", {"PhoneNumber": "+14155559999"}) == 80301
    assert desk.refused("POST", f"{first}/PhoneNumbers", {"PhoneNumber": "4155550000"}) == 80406
    assert desk.refused("POST", f"{first}/PhoneNumbers", {"Sid": "PN1"}) == 80407
    assert desk.refused("POST", f"{first}/PhoneNumbers") == 20001
    unowned = {"Identifier": ANA, "ProxyIdentifier": "+14155559999"}
    assert desk.refused("POST", f"{desk.session(first)}/Participants", unowned) == 80606
    assert desk.refused("GET", f"{second}/PhoneNumbers/{by_sid['Sid']}") == 20404


def test_a_number_in_use_cannot_leave(desk):
    service = desk.service(numbers=1)
    session = desk.session(service)
    desk.participant(session, ANA)
    number = f"{service}/PhoneNumbers/{numbers(desk, service)[0]['sid']}"
    assert desk.refused("DELETE", number) == 80611
    desk.post(session, {"Status": "closed"})
    assert desk.send("DELETE", number).status == 204
    assert desk.refused("GET", number) == 20404


def test_the_pool_is_bounded(desk):
    service = desk.service(numbers=0)
    for index in range(500):
        desk.post(f"{service}/PhoneNumbers", {"PhoneNumber": f"+1415556{index:04d}"})
    assert desk.refused("POST", f"{service}/PhoneNumbers", {"PhoneNumber": "+14155570000"}) == 80622
    reserved = desk.post(f"{service}/PhoneNumbers", {"PhoneNumber": "+14155570000", "IsReserved": "true"})
    number = f"{service}/PhoneNumbers/{reserved['sid']}"
    assert desk.refused("POST", number, {"IsReserved": "false"}) == 80622
    assert desk.post(number) == reserved


def test_a_message_starts_the_session(desk):
    session = desk.session(desk.service())
    participant = desk.participant(session, ANA)
    desk.advance(minutes=5)
    message = desk.post(f"{participant}/MessageInteractions", {"Body": "hello"})
    assert message["data"] == '{"body":"hello"}'
    assert message["inbound_participant_sid"] is None
    started = desk.get(session)
    assert started["status"] == "in-progress"
    assert started["date_started"] == started["date_last_interaction"] == desk.clock()
    desk.advance(minutes=5)
    desk.post(f"{participant}/MessageInteractions", {"Body": "again"})
    later = desk.get(session)
    assert later["date_started"] == started["date_started"]
    assert later["date_last_interaction"] == desk.clock()


def test_a_message_is_an_interaction_too(desk):
    session = desk.session(desk.service())
    participant = desk.participant(session, ANA)
    path = f"{participant}/MessageInteractions"
    message = desk.post(path, {"Body": "hello"})
    plain = desk.get(f"{session}/Interactions")["interactions"]
    assert [one["sid"] for one in plain] == [message["sid"]]
    assert "participant_sid" not in plain[0]
    assert plain[0]["url"].endswith(f"/Interactions/{message['sid']}")
    assert desk.get(path)["interactions"] == [message] == [desk.get(f"{path}/{message['sid']}")]
    desk.ok("DELETE", f"{session}/Interactions/{message['sid']}")
    assert desk.refused("GET", f"{path}/{message['sid']}") == 20404
    assert desk.get(path)["interactions"] == []


def test_messages_are_refused_where_they_cannot_arrive(desk):
    service = desk.service()
    session = desk.session(service)
    participant = desk.participant(session, ANA)
    messages = f"{participant}/MessageInteractions"
    assert desk.refused("POST", messages) == 20001
    desk.ok("DELETE", participant)
    assert desk.refused("POST", messages, {"Body": "hello"}) == 80404
    desk.post(session, {"Status": "closed"})
    assert desk.refused("POST", messages, {"Body": "hello"}) == 80607
    voice = desk.participant(desk.session(service, Mode="voice-only"), ANA)
    assert desk.refused("POST", f"{voice}/MessageInteractions", {"Body": "hello"}) == 80701


def test_the_status_of_a_created_message_is_an_option(make_desk):
    for status in (200, 201):
        desk = make_desk(message_interaction_create_status=status)
        participant = desk.participant(desk.session(desk.service()), ANA)
        assert desk.send("POST", f"{participant}/MessageInteractions", {"Body": "x"}).status == status
