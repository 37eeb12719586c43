"""Names in the generated module: what they are called there, and the imports that bring them in."""

from __future__ import annotations

import ast
import copy
from typing import TYPE_CHECKING, Final

from twilio_sessions._tools._docstrings import GenerateError
from twilio_sessions._tools._read import PREFIX, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twilio_sessions._tools._read import AsyncClass

__all__ = ["Names"]

_RUNTIME: Final = "twilio_sessions.sync._runtime"
_PAGER: Final = Origin("twilio_sessions.sync._pager", "Pager")
_MODELS: Final = "_models"


class Names:
    """Collects the names that are used, and answers what each is called.

    Models of two products may share a name (`Session`); those get their product's name in front.
    """

    def __init__(self, classes: Sequence[AsyncClass]) -> None:
        self.registry = {found.name: found for found in classes}
        if len(self.registry) != len(classes):
            raise GenerateError("two async classes have the same name")
        self._at_runtime: dict[Origin, str] = {}
        self._for_types: dict[Origin, str] = {}
        self._type_vars: dict[str, str] = {}
        self._ambiguous = _ambiguous(classes) | {self.sync(name) for name in self.registry}

    def sync(self, name: str) -> str:
        """Return the sync name of an async class."""
        return name.removeprefix(PREFIX)

    def source(self, found: AsyncClass, *, runtime: bool = False) -> str:
        """Return how an async class itself is written, with its type variables."""
        name = self._use(Origin(found.module, found.name), runtime=runtime)
        for base in found.node.bases:
            if isinstance(base, ast.Subscript) and ast.unparse(base.value) == "Generic":
                return f"{name}[{ast.unparse(base.slice)}]"
        return name

    def runtime(self, name: str) -> str:
        """Import a name of the hand-written runtime."""
        return self._use(Origin(_RUNTIME, name), runtime=True)

    def typing_only(self, name: str) -> str:
        """Import a name of the hand-written runtime for annotations."""
        return self._use(Origin(_RUNTIME, name), runtime=False)

    def annotation(self, found: AsyncClass, node: ast.expr, *, runtime: bool) -> str:
        """Return an expression of the source as it reads on the sync side, and import what it needs."""
        return ast.unparse(_Renamer(self, found, runtime=runtime).visit(copy.deepcopy(node)))

    def name(self, found: AsyncClass, name: str, *, runtime: bool) -> str:
        """Return what a name of the source is called here."""
        if name in self.registry:
            return self.sync(name)
        if name == "AsyncGenerator":
            return self._use(_PAGER, runtime=runtime)
        if name.startswith(PREFIX) or name in {"Awaitable", "Coroutine"}:
            raise GenerateError(f"{found.where}: no rule for {name} on the sync side")
        if name in found.type_vars:
            self._type_vars[name] = line = found.type_vars[name]
            self._use(Origin("typing", line.partition(" = ")[2].partition("(")[0]), runtime=True)
            return name
        origin = found.origin(name)
        return name if origin is None else self._use(origin, runtime=runtime)

    def import_lines(self) -> str:
        """Return the imports, those for annotations under `TYPE_CHECKING`."""
        self._use(Origin("typing", "TYPE_CHECKING"), runtime=True)
        # What `typing` has is always there; ruff, too, wants it in the open.
        typing = {origin: name for origin, name in self._for_types.items() if origin.module == "typing"}
        open_ = {**self._at_runtime, **typing}
        closed = {origin: name for origin, name in self._for_types.items() if origin not in open_}
        return "\n".join(
            [*_imports(open_), "if TYPE_CHECKING:", *(f"    {line}" for line in _imports(closed))]
        )

    def type_var_lines(self) -> Iterator[str]:
        """Yield the lines that make the type variables in use."""
        for name in sorted(self._type_vars):
            yield self._type_vars[name]

    def _use(self, origin: Origin, *, runtime: bool) -> str:
        name = origin.name
        if name in self._ambiguous:
            product = origin.module.split(".")[-2].capitalize()
            name = f"{product}{name}"
        (self._at_runtime if runtime else self._for_types)[origin] = name
        return name


def _ambiguous(classes: Sequence[AsyncClass]) -> set[str]:
    """Return the names that mean different things in different modules."""
    origins: dict[str, set[str]] = {}
    for found in classes:
        for name, origin in found.names.items():
            if origin.module.endswith(_MODELS):
                origins.setdefault(name, set()).add(origin.module)
    return {name for name, modules in origins.items() if len(modules) > 1}


def _imports(names: dict[Origin, str]) -> Iterator[str]:
    for origin, name in sorted(names.items(), key=lambda item: (item[0].module, item[0].name)):
        alias = "" if name == origin.name else f" as {name}"
        yield f"from {origin.module} import {origin.name}{alias}"


class _Renamer(ast.NodeTransformer):
    """Renames in one expression; `AsyncGenerator[T, None]` becomes `Pager[T]`.

    What `Callable[P, Awaitable[T]]` returns is not awaited on the sync side: `Callable[P, T]`.
    """

    def __init__(self, names: Names, found: AsyncClass, *, runtime: bool) -> None:
        self._names = names
        self._class = found
        self._runtime = runtime

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.name(self._class, node.id, runtime=self._runtime)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        name = ast.unparse(node.value)
        if name == "AsyncGenerator" and isinstance(node.slice, ast.Tuple):
            node.slice = node.slice.elts[0]
        if name == "Callable" and isinstance(node.slice, ast.Tuple):
            *parameters, returned = node.slice.elts
            if isinstance(returned, ast.Subscript) and ast.unparse(returned.value) == "Awaitable":
                node.slice.elts = [*parameters, returned.slice]
        self.generic_visit(node)
        return node
