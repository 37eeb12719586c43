"""What there is to export."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from archives import client_of
from raw_server import http
from routes import KS, page, routed

from twilio_sessions import ArgumentError, AuthenticationError, InvalidResponseError
from twilio_sessions.emulator import DEFAULT_ACCOUNT_SID
from twilio_sessions.export import plan, select
from twilio_sessions.export._planning import find_partitions

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICES = [{"sid": KS(number), "unique_name": f"name{number}"} for number in range(3)]
TWO_PAGES = [
    page("/v1/Services", SERVICES[:2], following="b"),
    page("/v1/Services", SERVICES[2:]),
]


async def test_one_partition_per_service_one_for_their_list_and_one_for_assistants():
    async with routed({"/Services": TWO_PAGES}) as server, client_of(server.url) as client:
        partitions = await plan(client)
    assert [each.folder for each in partitions] == [
        "proxy",
        *(f"proxy/{KS(number)}" for number in range(3)),
        "assistants",
    ]
    assert partitions[0].include == ("services",)
    assert partitions[1].include == ("phone-numbers", "sessions", "participants", "interactions")
    assert partitions[-1].include == ("sessions", "messages")
    assert {each.account_sid for each in partitions} == {DEFAULT_ACCOUNT_SID}
    assert len({each.key for each in partitions}) == 5
    assert pickle.loads(pickle.dumps(partitions)) == partitions


@pytest.mark.parametrize(
    ("wanted", "found"), [(["name2"], [2]), ([KS(0), "name1"], [0, 1]), (["name1", KS(1)], [1])]
)
async def test_services_by_sid_or_name(wanted: Sequence[str], found: list[int]):
    async with routed({"/Services": TWO_PAGES}) as server, client_of(server.url) as client:
        partitions = await plan(client, select(services=wanted, include=[]))
    assert [each.service_sid for each in partitions] == [None, *map(KS, found)]


async def test_a_service_that_does_not_exist():
    async with routed({"/Services": TWO_PAGES}) as server, client_of(server.url) as client:
        with pytest.raises(ArgumentError, match="services: there is no 'Name1', 'nobody' in this account"):
            await plan(client, select(services=["nobody", "Name1", "name1"]))


@pytest.mark.parametrize("status", [404, 410])
async def test_a_product_that_was_switched_off(status: int):
    async with routed({"/Services": http(status, b"{}")}) as server, client_of(server.url) as client:
        partitions, skipped = await find_partitions(client, select())
    assert [each.folder for each in partitions] == ["assistants"]
    assert [(each.what, each.is_gone) for each in skipped] == [("proxy", True)]


async def test_nothing_is_listed_that_was_not_asked_for():
    async with routed({}) as server, client_of(server.url) as client:
        assert [each.folder for each in await plan(client, select(products=["assistants"]))] == ["assistants"]
        assert server.seen == []


@pytest.mark.parametrize("sid", ["../../escaped", "KS1", "KS" + "g" * 32, KS(1) + "/x"])
async def test_a_sid_that_could_be_a_path_is_refused(sid: str):
    async with routed({"/Services": page("/v1/Services", [sid])}) as server, client_of(server.url) as client:
        with pytest.raises(InvalidResponseError, match="the sid of a listed service must be KS"):
            await plan(client)


async def test_an_error_comes_out():
    async with routed({"/Services": http(401, b'{"code":20003}')}) as server, client_of(server.url) as client:
        with pytest.raises(AuthenticationError):
            await plan(client)
