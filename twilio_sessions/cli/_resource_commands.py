"""Makes the commands of resources out of their table: `list`, `fetch`, `create`, `update`, `delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import anyio
import attrs
import cyclopts
from cyclopts import Parameter

from twilio_sessions.cli import _codes
from twilio_sessions.cli._connection import connected
from twilio_sessions.cli._reporting import ListOutput, Output, RequestOutput
from twilio_sessions.cli._resource_calls import (
    agree,
    change_one,
    create_one,
    delete_one,
    fetch_one,
    list_all,
)
from twilio_sessions.cli._resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions.cli._given import Given
    from twilio_sessions.cli._places import Place
    from twilio_sessions.cli._resources import Resource, Verb

__all__ = ["add_resources"]

_DRY_RUN: Final = "Print the request that would be sent, and send nothing."
_YES: Final = "Do not ask."
_SHOWN: Final = Output()
_REHEARSED: Final = RequestOutput()
_LISTED: Final = ListOutput()


def add_resources(app: cyclopts.App) -> None:
    """Add a group of commands for each resource; a verb that its group has already is left as it is."""
    for resource in RESOURCES:
        group = app
        for at, word in enumerate(resource.command):
            if word not in group:
                group.command(cyclopts.App(name=word, help=_group_help(resource.command[: at + 1])))
            group = group[word]
        for verb in resource.verbs:
            if verb not in group:
                group.command(connected(_COMMANDS[verb](resource)), name=verb)


def _group_help(words: tuple[str, ...]) -> str:
    if words == ("assistants",):
        return (
            "AI Assistants' sessions and their messages, which can be read."
            "\n\nExample: twilio-sessions assistants sessions list"
        )
    found = next(resource for resource in RESOURCES if resource.command == words)
    return f"{found.noun.capitalize()}: {', '.join(found.verbs)}.\n\nExample: {found.example('list')}"


def _list(resource: Resource) -> Callable[..., object]:
    async def command(*, where: Place, shown: ListOutput = _LISTED) -> int:
        return await list_all(resource, where, shown)

    text = f"List {resource.noun}, in Twilio's order."
    return _dressed(command, resource, "list", text, shown=ListOutput)


def _fetch(resource: Resource) -> Callable[..., object]:
    async def command(sid: str, /, *, where: Place, shown: Output = _SHOWN) -> int:
        return await fetch_one(resource, where, sid, shown)

    return _dressed(command, resource, "fetch", f"Fetch one {resource.one}.", shown=Output, sid=str)


def _create(resource: Resource) -> Callable[..., object]:
    async def command(*, where: Place, given: Given, dry_run: bool = False, shown: Output = _SHOWN) -> int:
        return await create_one(resource, where, given, shown, dry_run=dry_run)

    text = f"Create a {resource.one} and print it."
    return _dressed(command, resource, "create", text, given=resource.new, shown=Output, dry_run=bool)


def _update(resource: Resource) -> Callable[..., object]:
    async def command(
        sid: str, /, *, where: Place, given: Given, dry_run: bool = False, shown: Output = _SHOWN
    ) -> int:
        return await change_one(resource, where, sid, given, shown, dry_run=dry_run)

    text = f"Change a {resource.one} and print it; what is not given stays as it is."
    return _dressed(
        command, resource, "update", text, given=resource.changed, shown=Output, dry_run=bool, sid=str
    )


def _delete(resource: Resource) -> Callable[..., object]:
    # Not a coroutine: while it waits for an answer, Ctrl-C has to end it, as it ends any program.
    def command(
        sid: str,
        /,
        *,
        where: Place,
        yes: bool = False,
        dry_run: bool = False,
        shown: RequestOutput = _REHEARSED,
    ) -> int:
        if not (yes or dry_run or agree(resource, sid)):
            return _codes.FAILED
        return anyio.run(lambda: delete_one(resource, where, sid, shown, dry_run=dry_run))

    text = f"Delete one {resource.one}. {resource.loss}"
    return _dressed(command, resource, "delete", text, shown=RequestOutput, dry_run=bool, yes=bool, sid=str)


def _dressed(
    command: Callable[..., object], resource: Resource, verb: Verb, text: str, **annotations: Any
) -> Callable[..., object]:
    """Give a command what its help and its parser are made of."""
    helps = {"sid": resource.named, "dry_run": _DRY_RUN, "yes": _YES}
    # Sessions with an assistant have ids.
    called = {"sid": "SID" if "SID" in resource.named else "ID"}
    described = {
        name: Annotated[kind, Parameter(name=called.get(name), help=helps[name], show_default=False)]
        if name in helps
        else kind
        for name, kind in annotations.items()
    }
    # A place without options is none of the command line's affairs.
    place: Any = resource.place
    where = Annotated[place, Parameter(name="*", parse=bool(attrs.fields(place)))]
    function: Any = command
    function.__annotations__ = {**described, "where": where, "return": int}
    function.__kwdefaults__ = {
        **_defaults(where=resource.place, given=annotations.get("given")),
        **(function.__kwdefaults__ or {}),
    }
    function.__doc__ = f"{text}\n\nExample: {resource.example(verb)}"
    return command


def _defaults(**kinds: Any) -> dict[str, object]:
    """Return defaults for those classes of options all of which may be left out; cyclopts wants them."""
    return {
        name: kind()
        for name, kind in kinds.items()
        if kind is not None and all(field.default is not attrs.NOTHING for field in attrs.fields(kind))
    }


_COMMANDS: Final[dict[Verb, Callable[[Resource], Callable[..., object]]]] = {
    "list": _list,
    "fetch": _fetch,
    "create": _create,
    "update": _update,
    "delete": _delete,
}
