"""Both clients offer the same: names, kinds, parameters, defaults, annotations and documentation."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import pytest

import twilio_sessions
from twilio_sessions import AsyncClient, assistants, proxy, sync
from twilio_sessions._core import resource
from twilio_sessions.sync import _generated

PAIRS = {
    name: (getattr(module, f"Async{name}"), getattr(sync, name))
    for module in (resource, assistants, proxy, importlib.import_module("twilio_sessions.client"))
    for name in (found.removeprefix("Async") for found in vars(module) if found.startswith("Async"))
    if inspect.isclass(getattr(module, f"Async{name}"))
    and "twilio" in getattr(module, f"Async{name}").__module__
}
DUNDERS = {
    "__call__": "__call__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__enter__": "__enter__",
    "__exit__": "__exit__",
}


def public(cls: type) -> dict[str, Any]:
    """Return what a class offers, by the names of the sync side; inherited things included."""
    found = {name: value for name, value in inspect.getmembers_static(cls) if not name.startswith("_")}
    for name, value in inspect.getmembers_static(cls, inspect.isfunction):
        if name in DUNDERS:
            found[DUNDERS[name]] = value
    return found


def translated(annotation: object) -> str:
    """Return what an annotation of the async side should be on the sync side."""
    text = re.sub(r"AsyncGenerator\[(.*), None\]", r"Pager[\1]", str(annotation))
    text = re.sub(r"Callable\[(\w+), Awaitable\[(\w+)\]\]", r"Callable[\1, \2]", text)
    return re.sub(r"\bAsync(?=[A-Z])", "", text)


def plain(annotation: object) -> str:
    """Return an annotation without the product in front of a model's name."""
    return re.sub(r"\b(Proxy|Assistants)(?=Session\b)", "", str(annotation))


def function_of(member: Any) -> Any:
    return member.fget if isinstance(member, property) else member


def test_every_async_class_has_its_counterpart():
    assert {name for name, (_, sync_class) in PAIRS.items() if inspect.isclass(sync_class)} == set(PAIRS)
    assert set(_generated.__all__) == set(PAIRS)
    assert len(PAIRS) > 20


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_the_same_names_of_the_same_kinds(name: str):
    source, product = (public(cls) for cls in PAIRS[name])
    assert source.keys() == product.keys()
    for member in source:
        assert isinstance(source[member], property) == isinstance(product[member], property), member
        assert not inspect.iscoroutinefunction(product[member]), member


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_the_same_signatures(name: str):
    source, product = (public(cls) for cls in PAIRS[name])
    if name == "Client":
        source["__init__"], product["__init__"] = AsyncClient.__init__, sync.Client.__init__
    for member, found in source.items():
        wanted = inspect.signature(function_of(found))
        given = inspect.signature(function_of(product[member]))
        assert list(wanted.parameters) == list(given.parameters), member
        for parameter, other in zip(wanted.parameters.values(), given.parameters.values(), strict=True):
            assert (parameter.kind, parameter.default) == (other.kind, other.default), member
            assert translated(parameter.annotation) == plain(other.annotation), member
        assert translated(wanted.return_annotation) == plain(given.return_annotation), member


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_everything_is_documented_and_nothing_is_to_be_awaited(name: str):
    source, product = PAIRS[name]
    members = {n: m for n, m in public(product).items() if n not in {"__enter__", "__exit__"}}
    texts = {"": product.__doc__, **{n: function_of(m).__doc__ for n, m in members.items()}}
    for member, text in texts.items():
        assert text, member
        assert not re.search("async|await", text, re.IGNORECASE), member
        original = source.__doc__ if not member else function_of(public(source)[member]).__doc__
        assert text.count("\n") >= original.count("\n"), member


def test_the_front_door_has_both():
    assert twilio_sessions.Client is sync.Client
    assert twilio_sessions.BlockingCallWarning is sync.BlockingCallWarning
    assert {"Client", "BlockingCallWarning"} <= set(twilio_sessions.__all__)
    assert all(hasattr(sync, name) for name in sync.__all__)


def test_no_name_of_the_facade_is_a_models_name():
    models = {
        name for module in (assistants, proxy) for name in module.__all__ if not name.startswith("Async")
    }
    assert not models.intersection(_generated.__all__)
