"""What the commands of a resource do: ask the library, and show what it says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import attrs

from twilio_sessions.cli import _codes
from twilio_sessions.cli._console import errors
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.cli._places import sid_of
from twilio_sessions.cli._rehearsal import Rehearsal, Rehearsed, tell_requests
from twilio_sessions.client import AsyncClient
from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_sessions.cli._given import Given
    from twilio_sessions.cli._places import Place, Products
    from twilio_sessions.cli._reporting import ListOutput, Output, RequestOutput
    from twilio_sessions.cli._resources import Resource

__all__ = ["agree", "change_one", "create_one", "delete_one", "fetch_one", "list_all"]


async def list_all(resource: Resource, where: Place, shown: ListOutput) -> int:
    """Print a listing."""

    async def work() -> int:
        async with AsyncClient(trust_env=True) as client:
            collection = await _collection(resource, where, client)
            rows = collection.list(limit=shown.limit)
            await shown.show_all(rows, resource.model, resource.columns, resource.noun)
        return _codes.OK

    return await _interruptible(work)


async def fetch_one(resource: Resource, where: Place, sid: str, shown: Output) -> int:
    """Print one resource."""
    shown.check(resource.model)

    async def work() -> int:
        async with AsyncClient(trust_env=True) as client:
            collection = await _collection(resource, where, client)
            shown.show(await collection(sid).fetch())
        return _codes.OK

    return await _interruptible(work)


async def create_one(resource: Resource, where: Place, given: Given, shown: Output, *, dry_run: bool) -> int:
    """Create one and print it."""
    shown.check(resource.model)
    arguments = given.arguments()

    async def work(products: Products) -> None:
        shown.show(await (await _collection(resource, where, products)).create(**arguments))

    return await _changing(work, shown, dry_run=dry_run)


async def change_one(
    resource: Resource, where: Place, sid: str, given: Given, shown: Output, *, dry_run: bool
) -> int:
    """Update one and print it.

    Raises:
        ArgumentError: Nothing is to be changed.
    """
    shown.check(resource.model)
    arguments = given.arguments()
    if not arguments:
        options = ", ".join(f"--{field.name.replace('_', '-')}" for field in attrs.fields(type(given)))
        raise ArgumentError(f"nothing to change: give at least one of {options}", argument="update")

    async def work(products: Products) -> None:
        shown.show(await (await _one(resource, where, sid, products)).update(**arguments))

    return await _changing(work, shown, dry_run=dry_run)


async def delete_one(
    resource: Resource, where: Place, sid: str, shown: RequestOutput, *, dry_run: bool
) -> int:
    """Delete one for good."""

    async def work(products: Products) -> None:
        await (await _one(resource, where, sid, products)).delete()
        errors().print(f"deleted {resource.one} {sid}", markup=False)

    return await _changing(work, shown, dry_run=dry_run)


def agree(resource: Resource, sid: str) -> bool:
    """Ask whether one is to be deleted.

    Raises:
        ArgumentError: Nobody is there to be asked.
    """
    console = errors()
    if not (sys.stdin is not None and sys.stdin.isatty() and console.is_terminal):
        raise ArgumentError(
            f"deleting a {resource.one} needs a yes: give --yes, for there is no terminal to ask at",
            argument="yes",
        )
    console.print(f"Delete {resource.one} {sid}? {resource.loss} [y/N]", markup=False, end=" ")
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    console.print("nothing was deleted")
    return False


async def _changing(
    work: Callable[[Products], Awaitable[None]], shown: RequestOutput, *, dry_run: bool
) -> int:
    if dry_run:
        rehearsal = Rehearsal()
        try:
            await work(rehearsal)
        except Rehearsed:
            tell_requests(rehearsal, as_text=shown.is_table, as_array=shown.output == "json")
        return _codes.OK

    async def real() -> int:
        async with AsyncClient(trust_env=True) as client:
            await work(client)
        return _codes.OK

    return await _interruptible(real, "; whether it was done is not known: look before you repeat it")


async def _interruptible(work: Callable[[], Awaitable[int]], doubt: str = "") -> int:
    words = f"interrupted{doubt}"
    return await interruptible(work, last_words=words, farewell=lambda: errors().print(words))


async def _collection(resource: Resource, where: Place, products: Products) -> Any:
    """Return the collection, an attribute of the place; which one, the table says and not the types."""
    return getattr(await where.parent(products), resource.attribute)


async def _one(resource: Resource, where: Place, sid: str, products: Products) -> Any:
    """Return one of them where only a SID will do; a unique name is looked up."""
    collection = await _collection(resource, where, products)
    if resource.prefix:
        sid = await sid_of(sid, resource.prefix, collection(sid))
    return collection(sid)
