"""Writes down what users may rely on: every public name with its signature, one thing a line.

The modules are run, not read: attrs makes signatures that a reader of the source would have to make up.

    python tests/support/public_api.py > tests/public_api.txt
"""

from __future__ import annotations

import enum
import functools
import importlib
import inspect
import pkgutil
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final, get_args

import attrs

import twilio_sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["described", "public_modules"]

_OURS: Final = twilio_sessions.__name__
_WIDTH: Final = 110
# What a class can do without being asked by name; all others come from attrs, or from Python itself.
_SPOKEN: Final = {
    "__aenter__",
    "__aiter__",
    "__call__",
    "__contains__",
    "__enter__",
    "__getitem__",
    "__iter__",
    "__len__",
    "__next__",
}


def public_modules() -> list[str]:
    """Return the names of all modules without an underscore, the package itself first."""
    found = pkgutil.walk_packages(twilio_sessions.__path__, f"{_OURS}.")
    names = [one.name for one in found if not any(part.startswith("_") for part in one.name.split("."))]
    return [_OURS, *sorted(names)]


def described() -> str:
    """Return the whole description; a name that is in two modules is described in the first one."""
    homes: dict[object, str] = {}
    lines: list[str] = []
    for name, public, value in _public():
        if public == "":
            lines += ["", name, "=" * len(name)]
            continue
        home = f"{name}.{public}"
        if inspect.isclass(value) or inspect.isfunction(value):
            home = homes.setdefault(value, home)
        lines += _value(public, value) if home == f"{name}.{public}" else [f"{public} is {home}"]
    return "\n".join(lines[1:]) + "\n"


def _public() -> Iterator[tuple[str, str, object]]:
    """Yield each module, and after it each of its names with what it stands for."""
    for name in public_modules():
        module = importlib.import_module(name)
        yield name, "", module
        for public in sorted(module.__all__):
            yield name, public, getattr(module, public)


@functools.cache
def _public_classes() -> frozenset[object]:
    return frozenset(value for _, _, value in _public() if inspect.isclass(value))


def _said_here(cls: type) -> list[type]:
    """Return a class and its bases in this package that have no description of their own."""
    known = _public_classes()
    return [
        one for one in cls.__mro__ if one.__module__.startswith(_OURS) and (one is cls or one not in known)
    ]


def _value(name: str, value: object) -> list[str]:
    if inspect.isclass(value):
        return _class(name, value)
    if inspect.isfunction(value):
        return _function(name, value)
    if name == "__version__":
        return [name]  # it changes with each release, and is tested elsewhere
    if get_args(value):
        return [f"{name} = {value!r}".replace("typing.", "")]
    return [f"{name} = {_shown(value)}" if _is_plain(value) else f"{name}: {type(value).__name__}"]


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | bytes | int | float | str | timedelta | tuple | None)


def _shown(value: object) -> str:
    """Show a default or a constant; what shows its address, or an order by chance, only by its name."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if inspect.isclass(value) or inspect.isroutine(value):
        return value.__name__
    return repr(value) if _is_plain(value) else f"<{type(value).__name__}>"


def _class(name: str, cls: type) -> list[str]:
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base is not object)
    lines = [f"class {name}({bases})" if bases else f"class {name}"]
    if issubclass(cls, enum.Enum):
        return lines + [f"    {member.name} = {member.value!r}" for member in cls]
    lines += [f"    {field}: {_annotation(kind)}" for field, kind in _fields(cls).items()]
    lines += _constructor(cls)
    return lines + [f"    {line}" for member in _members(cls) for line in _member(*member)]


def _fields(cls: type) -> dict[str, object]:
    """Return what an attrs class, a struct or a named tuple holds, with types."""
    names: tuple[str, ...] = getattr(cls, "__struct_fields__", getattr(cls, "_fields", ()))
    if attrs.has(cls):
        names = tuple(field.name for field in attrs.fields(cls) if not field.name.startswith("_"))
    # As written: what attrs remembers changes when somebody has its types resolved.
    written = {
        name: kind for one in reversed(cls.__mro__) for name, kind in inspect.get_annotations(one).items()
    }
    return {name: written[name] for name in names}


def _constructor(cls: type) -> list[str]:
    """Describe how it is made, where this package says so and not Python."""
    if hasattr(cls, "__struct_fields__"):
        return [f"    {line}" for line in _function("__init__", cls)]
    makers = [one for one in _said_here(cls) if inspect.isfunction(vars(one).get("__init__"))]
    if not makers or getattr(cls, "_is_protocol", False):
        return []
    return [f"    {line}" for line in _function("__init__", vars(makers[0])["__init__"])]


def _members(cls: type) -> Iterator[tuple[str, object]]:
    """Yield what it has by name, in the order of names."""
    found: dict[str, object] = {}
    for base in reversed(_said_here(cls)):
        found |= vars(base)
    for name in sorted(found.keys() - _fields(cls).keys()):
        if not name.startswith("_") or name in _SPOKEN:
            yield name, found[name]


def _member(name: str, value: object) -> list[str]:
    if isinstance(value, property) and value.fget is not None:
        return [f"{name} -> {_annotation(inspect.signature(value.fget).return_annotation)}"]
    if isinstance(value, staticmethod | classmethod):
        return [f"@{type(value).__name__}", *_function(name, value.__func__)]
    if inspect.isfunction(value):
        return _function(name, value)
    if inspect.ismemberdescriptor(value):
        return [name]  # a slot; what is in it has no type here
    return [f"{name} = {_shown(value)}"]


def _function(name: str, function: object) -> list[str]:
    """Describe a function in one line, or, where that is too long, in one for each parameter."""
    if not callable(function):
        raise TypeError(f"{name} is no function: {function!r}")
    signature = inspect.signature(function)
    parameters = list(_parameters(signature))
    is_async = inspect.iscoroutinefunction(function)
    start = f"{'async ' if is_async else ''}def {name}("
    end = f") -> {_annotation(signature.return_annotation)}"
    line = f"{start}{', '.join(parameters)}{end}"
    return [line] if len(line) < _WIDTH else [start, *(f"    {one}," for one in parameters), end]


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    previous = None
    stars: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    for one in signature.parameters.values():
        if previous is one.POSITIONAL_ONLY and one.kind is not one.POSITIONAL_ONLY:
            yield "/"
        if one.kind is one.KEYWORD_ONLY and previous not in {one.KEYWORD_ONLY, one.VAR_POSITIONAL}:
            yield "*"
        previous = one.kind
        text = stars.get(one.kind, "") + one.name
        if one.annotation is not one.empty:
            text += f": {_annotation(one.annotation)}"
        yield text if one.default is one.empty else f"{text} = {_shown(one.default)}"


def _annotation(annotation: object) -> str:
    """Return a type as it is written in the source."""
    if annotation is inspect.Signature.empty:
        return "?"
    if annotation is None or annotation is type(None):
        return "None"
    written = getattr(annotation, "__forward_arg__", annotation)
    return written if isinstance(written, str) else inspect.formatannotation(written)


if __name__ == "__main__":
    sys.stdout.write(described())
