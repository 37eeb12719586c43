"""Services, sessions, and what becomes of them: the rules, one by one, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

ANA, BEN, CAT = "+14155550100", "+14155550101", "+14155550102"
OTHER = "KC" + "0" * 32


def participants(*identifiers: Any, key: Any = "Identifier") -> Any:
    return [("Participants", json.dumps({key: identifier})) for identifier in identifiers]


def test_a_service_needs_a_unique_name(desk):
    assert desk.refused("POST", "/Services") == 20001
    assert desk.refused("POST", "/Services", {"UniqueName": ""}) == 20001
    desk.service("taken")
    assert desk.refused("POST", "/Services", {"UniqueName": "taken"}) == 80602


def test_a_service_has_the_documented_defaults(desk):
    body = desk.post("/Services", {"UniqueName": "plain"})
    assert body["default_ttl"] == 0
    assert body["geo_match_level"] == "country"
    assert body["number_selection_behavior"] == "prefer-sticky"
    assert body["callback_url"] is None


def test_deleting_or_renaming_a_service_releases_its_name(desk):
    first = desk.service("name", numbers=0)
    desk.post(first, {"UniqueName": "renamed"})
    second = desk.service("name", numbers=0)
    assert desk.refused("POST", first, {"UniqueName": "name"}) == 80602
    desk.ok("DELETE", second)
    assert desk.post(first, {"UniqueName": "name"})["unique_name"] == "name"


def test_a_refused_service_update_changes_nothing(desk):
    path = desk.service(numbers=0)
    before = desk.get(path)
    desk.advance(hours=1)
    assert desk.refused("POST", path, {"DefaultTtl": "60", "GeoMatchLevel": "galaxy"}) == 80701
    assert desk.get(path) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UniqueName", "x" * 192),
        ("DefaultTtl", "-1"),
        ("DefaultTtl", str(2**31 - 1)),
        ("DefaultTtl", "1_000"),
        ("CallbackUrl", "ftp://example.com"),
        ("CallbackUrl", "https://proxy.twilio.com/v1/Services"),
        ("InterceptCallbackUrl", "https://example.com/" + "x" * 4000),
        ("NumberSelectionBehavior", "random"),
        ("ChatInstanceSid", "IS123"),
    ],
)
def test_service_parameters_are_validated(desk, name, value):
    assert desk.refused("POST", "/Services", {"UniqueName": "service", name: value}) == 80701
    assert desk.store.counts()["services"] == 0


def test_deleting_a_service_takes_everything_with_it(make_desk):
    desk = make_desk()
    service = desk.service()
    desk.participant(desk.session(service), ANA)
    desk.ok("DELETE", service)
    assert set(desk.store.counts().values()) == {0}
    strict = make_desk(service_delete_with_sessions="refuse")
    service = strict.service()
    session = strict.session(service)
    assert strict.refused("DELETE", service) == 20409
    strict.ok("DELETE", session)
    strict.ok("DELETE", service)


def test_creation_of_services_can_be_restricted(make_desk):
    assert make_desk(allow_service_creation=False).refused("POST", "/Services", {"UniqueName": "x"}) == 80506


def test_a_session_needs_nothing_and_starts_open(desk):
    body = desk.post(f"{desk.service()}/Sessions")
    assert (body["status"], body["mode"], body["ttl"]) == ("open", "voice-and-message", 0)
    nulls = (
        "unique_name",
        "closed_reason",
        "date_started",
        "date_ended",
        "date_expiry",
        "date_last_interaction",
    )
    assert [body[name] for name in nulls] == [None] * 6


def test_the_services_default_ttl_applies_unless_overridden(desk):
    service = desk.service(DefaultTtl="600")
    assert desk.post(f"{service}/Sessions")["ttl"] == 600
    assert desk.post(f"{service}/Sessions", {"Ttl": "0"})["ttl"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UniqueName", "x" * 192),
        ("Ttl", "-1"),
        ("Ttl", "2147483647"),
        ("Ttl", "1.5"),
        ("Ttl", ""),
        ("Mode", "telepathy"),
        ("Status", "completed"),
        ("DateExpiry", "tomorrow"),
        ("DateExpiry", "2026-03-01T12:00:00Z"),
        ("DateExpiry", "2026-03-01T16:59:59+05:00"),
        ("DateExpiry", "0001-01-01T00:00:00+05:00"),
        ("Participants", "not json"),
        ("Participants", "[" * 100_000),
        ("Participants", '{"Identifier": "+14155550100", "FriendlyName": "\\ud800"}'),
        ("Participants", '["+14155550100"]'),
    ],
)
def test_session_parameters_are_validated(desk, name, value):
    assert desk.refused("POST", f"{desk.service()}/Sessions", {name: value}) == 80701
    assert desk.store.counts()["sessions"] == 0


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-03-02", "2026-03-02T00:00:00+00:00"),
        ("20260302", "2026-03-02T00:00:00+00:00"),
        ("2026-03-01T18:00:00+05:00", "2026-03-01T13:00:00+00:00"),
        ("2026-03-01T12:00:01.9Z", "2026-03-01T12:00:01+00:00"),
    ],
)
def test_date_expiry_is_read_in_all_iso_forms(desk, sent, kept):
    body = desk.post(f"{desk.service()}/Sessions", {"DateExpiry": sent})
    assert body["date_expiry"].isoformat() == kept


def test_names_of_191_characters_are_fine_whatever_their_bytes(desk):
    name = "🍕" * 191
    assert desk.post(f"{desk.service()}/Sessions", {"UniqueName": name})["unique_name"] == name


def test_closing_keeps_the_name_and_deleting_releases_it(desk):
    service = desk.service()
    session = desk.session(service, UniqueName="Order #1234")
    assert desk.refused("POST", f"{service}/Sessions", {"UniqueName": "Order #1234"}) == 80603
    desk.post(session, {"Status": "closed"})
    assert desk.refused("POST", f"{service}/Sessions", {"UniqueName": "Order #1234"}) == 80603
    desk.ok("DELETE", session)
    assert desk.session(service, UniqueName="Order #1234") != session


def test_names_are_unique_within_their_service_only(desk):
    for name in ("a", "b"):
        desk.session(desk.service(name), UniqueName="same")
    assert desk.store.counts()["sessions"] == 2


def test_only_fetch_takes_a_unique_name(desk):
    service = desk.service()
    session = desk.session(service, UniqueName="name")
    assert desk.get(f"{service}/Sessions/name") == desk.get(session)
    assert desk.refused("POST", f"{service}/Sessions/name", {"Status": "closed"}) == 20404
    assert desk.refused("DELETE", f"{service}/Sessions/name") == 20404
    assert desk.refused("GET", f"{service}/Sessions/name/Participants") == 20404
    assert desk.refused("GET", "/Services/service/Sessions") == 20404
    assert f"/Services/{desk.get('/Services/service')['sid']}" == service


TRANSITIONS = {
    ("open", "closed"): None,
    ("in-progress", "closed"): None,
    ("closed", "in-progress"): None,
    ("closed", "closed"): 80607,
    ("open", "in-progress"): 80608,
    ("open", "open"): 80608,
    ("open", "failed"): 80608,
    ("open", "unknown"): 80608,
    ("in-progress", "open"): 80608,
    ("in-progress", "in-progress"): 80608,
    ("in-progress", "unknown"): 80608,
    ("closed", "open"): 80608,
    ("closed", "failed"): 80608,
}


def session_in(desk: Any, status: Any) -> Any:
    session = desk.session(desk.service(), Ttl="60")
    if status == "in-progress":
        desk.post(f"{desk.participant(session, ANA)}/MessageInteractions", {"Body": "hello"})
    if status == "closed":
        desk.post(session, {"Status": "closed"})
    assert desk.get(session)["status"] == status
    return session


@pytest.mark.parametrize(("current", "target"), TRANSITIONS)
def test_status_changes(desk, current, target):
    session, code = session_in(desk, current), TRANSITIONS[current, target]
    before = desk.get(session)
    if code is None:
        assert desk.post(session, {"Status": target})["status"] == target
    else:
        assert desk.refused("POST", session, {"Status": target, "Ttl": "7"}) == code
        assert desk.get(session) == before


def test_a_closed_session_takes_no_other_update(desk):
    session = session_in(desk, "closed")
    assert desk.refused("POST", session, {"Ttl": "60"}) == 80607
    assert desk.refused("POST", session, {"DateExpiry": "2030-01-01"}) == 80607


@pytest.mark.parametrize("status", ["open", "in-progress", "closed"])
def test_an_empty_update_succeeds_and_unknown_fields_are_ignored(desk, status):
    session = session_in(desk, status)
    before = desk.get(session)
    desk.advance(seconds=5)
    assert desk.post(session) == before
    assert desk.post(session, {"UniqueName": "new", "Mode": "voice-only", "Whatever": "1"}) == before


def test_closing_and_reopening_set_and_clear_their_fields(desk):
    session = desk.session(desk.service(), DateExpiry="2026-03-02")
    desk.advance(hours=1)
    closed = desk.post(session, {"Status": "closed"})
    assert closed["closed_reason"] == "api"
    assert closed["date_ended"] == closed["date_updated"] == desk.clock()
    opened = desk.post(session, {"Status": "In-Progress"})
    assert (opened["status"], opened["closed_reason"], opened["date_ended"]) == ("in-progress", None, None)
    assert opened["date_expiry"] is None


def test_an_expiry_sent_with_the_reopening_is_kept(desk):
    session = desk.session(desk.service(), DateExpiry="2026-03-02")
    desk.post(session, {"Status": "closed"})
    opened = desk.post(session, {"Status": "in-progress", "DateExpiry": "2026-03-05"})
    assert opened["date_expiry"].isoformat() == "2026-03-05T00:00:00+00:00"


def test_ttl_counts_from_creation_then_from_the_last_interaction(desk):
    session = desk.session(desk.service(), Ttl="60")
    participant = desk.participant(session, ANA)
    desk.advance(seconds=59)
    desk.post(f"{participant}/MessageInteractions", {"Body": "hello"})
    desk.advance(seconds=59)
    assert desk.get(session)["status"] == "in-progress"
    desk.advance(seconds=1)
    expired = desk.get(session)
    assert (expired["status"], expired["closed_reason"]) == ("closed", "expired")
    assert expired["date_ended"] == desk.clock()


def test_date_expiry_overrides_ttl(desk):
    service = desk.service()
    longer = desk.session(service, Ttl="60", DateExpiry="2026-03-01T13:00:00Z")
    shorter = desk.session(service, Ttl="86400", DateExpiry="2026-03-01T12:10:00Z")
    desk.advance(minutes=30)
    assert desk.get(longer)["status"] == "open"
    assert desk.get(shorter)["status"] == "closed"
    assert desk.get(shorter)["date_ended"].minute == 10


def test_an_expired_session_is_closed_in_listings_and_frees_its_numbers(desk):
    service = desk.service(numbers=1)
    desk.participant(desk.session(service, Ttl="60"), ANA)
    assert desk.get(f"{service}/PhoneNumbers")["phone_numbers"][0]["in_use"] == 1
    desk.advance(seconds=60)
    assert desk.get(f"{service}/PhoneNumbers")["phone_numbers"][0]["in_use"] == 0
    assert desk.get(f"{service}/Sessions")["sessions"][0]["status"] == "closed"


def test_an_extended_session_lives_on_and_a_shortened_one_ends(desk):
    session = desk.session(desk.service(), Ttl="60")
    desk.post(session, {"Ttl": "600"})
    desk.advance(seconds=599)
    assert desk.get(session)["status"] == "open"
    desk.post(session, {"Ttl": "0"})
    desk.advance(days=400)
    assert desk.get(session)["status"] == "open"
    desk.post(session, {"DateExpiry": "2020-01-01"})
    assert desk.get(session)["status"] == "closed"


def test_a_reopened_session_gets_its_ttl_anew(make_desk):
    desk = make_desk()
    session = desk.session(desk.service(), Ttl="60")
    desk.advance(seconds=61)
    assert desk.get(session)["status"] == "closed"
    desk.post(session, {"Status": "in-progress"})
    desk.advance(seconds=59)
    assert desk.get(session)["status"] == "in-progress"
    desk = make_desk(reopen_restarts_ttl=False)
    session = desk.session(desk.service(), Ttl="60")
    desk.advance(seconds=61)
    desk.post(session, {"Status": "in-progress"})
    assert desk.get(session)["status"] == "closed"


def test_a_closed_session_vanishes_after_90_days(desk):
    service = desk.service()
    session = desk.session(service, UniqueName="name", Ttl="3600")
    desk.participant(session, ANA)
    desk.advance(days=90)
    assert desk.get(session)["status"] == "closed"
    desk.advance(hours=1)
    assert desk.refused("GET", session) == 20404
    assert desk.get(f"{service}/Sessions")["sessions"] == []
    assert desk.store.counts()["participants"] == 0
    desk.session(service, UniqueName="name")


def test_retention_can_be_switched_off(make_desk):
    desk = make_desk(retention_days=None)
    session = desk.session(desk.service(), Status="closed")
    desk.advance(days=4000)
    assert desk.get(session)["status"] == "closed"


def test_an_expiry_lag_delays_the_sight_not_the_date(make_desk):
    desk = make_desk(expiry_lag=30)
    session = desk.session(desk.service(), Ttl="60")
    desk.advance(seconds=89)
    assert desk.get(session)["status"] == "open"
    desk.advance(seconds=1)
    closed = desk.get(session)
    assert closed["status"] == "closed"
    assert (closed["date_ended"] - closed["date_created"]).total_seconds() == 60


def test_create_status(make_desk):
    desk = make_desk()
    service = desk.service()
    closed = desk.post(f"{service}/Sessions", {"Status": "closed"})
    assert (closed["status"], closed["closed_reason"]) == ("closed", "api")
    assert desk.refused("POST", f"{service}/Sessions", {"Status": "failed"}) == 80608
    desk = make_desk(create_status="any")
    assert desk.post(f"{desk.service()}/Sessions", {"Status": "failed"})["status"] == "failed"
    desk = make_desk(create_status="ignore")
    assert desk.post(f"{desk.service()}/Sessions", {"Status": "closed"})["status"] == "open"


def test_doubtful_answers_are_options(make_desk):
    desk = make_desk(error_statuses={80603: 409}, omitted_unique_name="sid", date_started_on_create=True)
    service = desk.service()
    desk.session(service, UniqueName="x")
    assert desk.send("POST", f"{service}/Sessions", {"UniqueName": "x"}).status == 409
    body = desk.post(f"{service}/Sessions")
    assert body["unique_name"] == body["sid"]
    assert body["date_started"] == desk.clock()
    desk = make_desk(closed_to_closed="accept", open_to_in_progress=True, default_ttl=7_776_000)
    session = desk.session(desk.service())
    assert desk.post(session, {"Status": "in-progress", "Ttl": "3600"})["status"] == "in-progress"
    before = desk.post(session, {"Status": "closed"})
    desk.advance(seconds=9)
    assert desk.post(session, {"Status": "closed"}) == before
    assert desk.post(f"{desk.service('two')}/Sessions")["ttl"] == 7_776_000


@pytest.mark.parametrize(("option", "code"), [(20404, 20404), (80308, 80308)])
def test_an_unknown_name_and_an_unknown_sid(make_desk, option, code):
    desk = make_desk(unknown_unique_name_code=option)
    service = desk.service()
    assert desk.refused("GET", f"{service}/Sessions/nobody") == code
    assert desk.refused("GET", f"{service}/Sessions/{OTHER}") == 20404


def test_malformed_sids(make_desk):
    desk = make_desk(malformed_sid="invalid")
    service = desk.service()
    session = desk.session(service)
    assert desk.refused("GET", "/Services/x/Sessions") == 80408
    assert desk.refused("DELETE", f"{service}/Sessions/x") == 80409
    assert desk.refused("GET", f"{session}/Participants/KP1") == 80405
    assert desk.refused("GET", f"{session}/Interactions/KI1") == 80403
    assert desk.refused("GET", f"{service}/PhoneNumbers/PN1") == 80407
    assert desk.refused("GET", f"{service}/Sessions/{OTHER}") == 20404


def test_a_session_is_not_found_through_another_service(desk):
    first, second = desk.service("a"), desk.service("b")
    session = desk.session(first, UniqueName="name").rpartition("/")[2]
    assert desk.refused("GET", f"{second}/Sessions/{session}") == 20404
    assert desk.refused("GET", f"{second}/Sessions/name") == 20404
    assert desk.refused("DELETE", f"{second}/Sessions/{session}") == 20404


def test_a_deleted_session_is_gone_with_its_children(desk):
    session = session_in(desk, "in-progress")
    desk.ok("DELETE", session)
    assert desk.refused("GET", session) == 20404
    assert desk.refused("DELETE", session) == 20404
    counts = desk.store.counts()
    assert (counts["sessions"], counts["participants"], counts["interactions"]) == (0, 0, 0)


@pytest.mark.parametrize("key", ["Identifier", "identifier", "IDENTIFIER"])
def test_participants_can_come_with_the_session(desk, key):
    service = desk.service()
    body = desk.post(f"{service}/Sessions", participants(ANA, BEN, key=key))
    assert "participants" not in body
    listed = desk.get(f"{service}/Sessions/{body['sid']}/Participants")["participants"]
    assert {one["identifier"] for one in listed} == {ANA, BEN}


@pytest.mark.parametrize(
    ("identifiers", "code"), [((ANA, BEN, CAT), 80609), ((ANA, ANA), 80103), ((ANA, "nonsense"), 80404)]
)
def test_a_refused_participant_undoes_the_session(make_desk, identifiers, code):
    desk = make_desk()
    service = desk.service()
    form = [("UniqueName", "name"), *participants(*identifiers)]
    assert desk.refused("POST", f"{service}/Sessions", form) == code
    counts = desk.store.counts()
    assert (counts["sessions"], counts["participants"]) == (0, 0)
    assert desk.get(f"{service}/PhoneNumbers")["phone_numbers"][0]["in_use"] == 0
    desk.session(service, UniqueName="name")


def test_without_atomicity_the_session_stays(make_desk):
    desk = make_desk(atomic_create=False)
    assert desk.refused("POST", f"{desk.service()}/Sessions", participants(ANA, ANA)) == 80103
    assert (desk.store.counts()["sessions"], desk.store.counts()["participants"]) == (1, 1)


def test_children_are_found_in_their_own_parents_only(desk):
    session, other = session_in(desk, "in-progress"), desk.session(desk.service("other"))
    for kind in ("Participants", "Interactions"):
        (row,) = desk.get(f"{session}/{kind}")[kind.lower()]
        desk.get(f"{session}/{kind}/{row['sid']}")
        assert desk.refused("GET", f"{other}/{kind}/{row['sid']}") == 20404
        assert desk.refused("DELETE", f"{other}/{kind}/{row['sid']}") == 20404


def test_an_empty_name_or_a_nonsense_flag_is_refused(desk):
    service = desk.service(numbers=1)
    assert desk.refused("POST", service, {"UniqueName": ""}) == 80701
    flag = {"PhoneNumber": "+14155551111", "IsReserved": "perhaps"}
    assert desk.refused("POST", f"{service}/PhoneNumbers", flag) == 80701


def test_a_lifetime_beyond_the_calendar_is_no_end(make_desk):
    desk = make_desk(expiry_lag=60)
    session = desk.session(desk.service(), DateExpiry="9999-12-31T23:59:59Z")
    desk.advance(days=10_000)
    assert desk.get(session)["status"] == "open"


def test_a_deleted_session_is_not_expired_later(desk):
    session = desk.session(desk.service(), Ttl="60")
    desk.ok("DELETE", session)
    desk.advance(seconds=61)
    assert desk.refused("GET", session) == 20404


def test_two_deadlines_at_one_moment_do_not_collide(desk):
    service = desk.service()
    sessions = [desk.session(service, Ttl="60") for _ in range(3)]
    desk.post(sessions[0], {"Ttl": "30"})
    desk.post(sessions[0], {"Ttl": "60"})
    desk.advance(seconds=30)
    assert desk.get(sessions[0])["status"] == "open"
    desk.advance(seconds=30)
    assert [desk.get(session)["status"] for session in sessions] == ["closed"] * 3


def test_a_reopening_counts_as_a_sign_of_life_after_the_last_message(desk):
    session = session_in(desk, "in-progress")
    desk.post(session, {"Status": "closed"})
    desk.advance(seconds=200)
    desk.post(session, {"Status": "in-progress"})
    desk.advance(seconds=59)
    assert desk.get(session)["status"] == "in-progress"
    desk.advance(seconds=1)
    assert desk.get(session)["status"] == "closed"


def test_a_deleted_session_is_not_purged_a_second_time(desk):
    session = session_in(desk, "closed")
    desk.ok("DELETE", session)
    desk.advance(days=91)
    assert desk.refused("GET", session) == 20404
