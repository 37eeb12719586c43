"""Finds out what there is to export: one partition per Proxy service, one for Assistants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions._core import arguments
from twilio_sessions.errors import ArgumentError, InvalidResponseError, NotFoundError
from twilio_sessions.export._layout import Skipped
from twilio_sessions.export._plan import Partition, Selection, select

if TYPE_CHECKING:
    from twilio_sessions.client import AsyncClient

__all__ = ["find_partitions", "plan"]


async def plan(client: AsyncClient, selection: Selection | None = None) -> list[Partition]:
    """Return the independent partitions of an export; each can be exported anywhere, in any order.

    Args:
        client: The client to list the services with.
        selection: What `select` returned; by default everything.

    Raises:
        ArgumentError: A service that was asked for does not exist.
        TwilioSessionsError: The services cannot be listed.

    Example:
        >>> partitions = await plan(client, select(products=["proxy"]))
    """
    return (await find_partitions(client, selection or select()))[0]


async def find_partitions(client: AsyncClient, selection: Selection) -> tuple[list[Partition], list[Skipped]]:
    """Return the partitions, and what had vanished altogether."""
    partitions: list[Partition] = []
    skipped: list[Skipped] = []
    account = client.account_sid
    if "proxy" in selection.products:
        try:
            services = await _services(client, selection.services)
        except NotFoundError as error:
            why = f"the product seems to be switched off: {error}"
            skipped.append(Skipped("proxy", why, request_id=error.request_id))
        else:
            partitions.append(selection.partition("proxy", None, account))
            partitions += [selection.partition("proxy", sid, account) for sid in services]
    if "assistants" in selection.products:
        partitions.append(selection.partition("assistants", None, account))
    return partitions, skipped


async def _services(client: AsyncClient, wanted: tuple[str, ...]) -> list[str]:
    """Return the SIDs of the services that were asked for."""
    found = set[str]()
    sids: list[str] = []
    async for service in client.proxy.v1.services.list():
        names = {service.sid, service.unique_name or ""} & set(wanted)
        if names or not wanted:
            found |= names
            # It becomes the name of a folder; what is not a SID must not.
            sids.append(_checked(service.sid))
    if missing := sorted(set(wanted) - found):
        raise ArgumentError(
            f"services: there is no {', '.join(map(repr, missing))} in this account", argument="services"
        )
    return sids


def _checked(sid: str) -> str:
    try:
        return arguments.sid("the sid of a listed service", sid, "KS")
    except ArgumentError as error:
        raise InvalidResponseError(str(error), status=200, method="GET", url="/v1/Services") from None
