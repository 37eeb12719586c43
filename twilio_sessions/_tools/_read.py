"""Reads the async classes: what they are called, what they are made of, and where their names come from."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions._tools._docstrings import GenerateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["PREFIX", "AsyncClass", "Method", "Origin", "read_classes"]

PREFIX: Final = "Async"
_BY_THE_RUNTIME: Final = {"__init__", "__repr__", "__aenter__", "__aexit__"}


@attrs.frozen
class Origin:
    """Where a name is imported from."""

    module: str
    name: str


@attrs.frozen
class Method:
    """A public method or property of an async class."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    is_property: bool

    @property
    def takes_call(self) -> bool:
        """Whether a parameter is a function that is awaited, here; on the sync side it is simply called."""
        arguments = self.node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        annotations = [argument.annotation for argument in every if argument.annotation is not None]
        return any("Awaitable[" in ast.unparse(annotation) for annotation in annotations)

    @property
    def returns(self) -> ast.expr:
        """The annotation of what comes back; a method without one is refused when it is read."""
        assert self.node.returns is not None  # noqa: S101 - said to the type checker; see `_method`
        return self.node.returns


@attrs.frozen
class AsyncClass:
    """One class of the async side."""

    node: ast.ClassDef
    module: str
    names: dict[str, Origin]
    type_vars: dict[str, str]

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name

    @property
    def where(self) -> str:
        """What a message calls it."""
        return f"{self.module}.{self.name}"

    @property
    def bases(self) -> list[str]:
        """The names of its bases, without what they are subscribed with."""
        return [ast.unparse(base).partition("[")[0] for base in self.node.bases]

    def method(self, name: str) -> Method | None:
        """Return a method by name, dunder or not."""
        found = [node for node in self.node.body if isinstance(node, _FUNCTIONS) and node.name == name]
        return Method(found[0], is_property=False) if found else None

    def methods(self) -> Iterator[Method]:
        """Yield the public methods and properties, in the order of the source.

        Raises:
            GenerateError: There is one that no rule covers.
        """
        for node in self.node.body:
            if isinstance(node, _FUNCTIONS) and not _is_hidden(node.name):
                yield self._method(node)

    def origin(self, name: str) -> Origin | None:
        """Say where a name comes from; None for what Python brings along, and for type variables.

        Raises:
            GenerateError: It comes from nowhere.
        """
        if name in self.names:
            return self.names[name]
        if name in self.type_vars or hasattr(builtins, name):
            return None
        raise GenerateError(f"{self.where}: {name} is neither imported nor defined where it is used")

    def _method(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Method:
        decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
        if decorators not in ([], ["property"]):
            raise GenerateError(f"{self.where}.{node.name}: no rule for @{', @'.join(decorators)}")
        if node.returns is None:
            raise GenerateError(f"{self.where}.{node.name}: does not say what it returns")
        return Method(node, is_property=bool(decorators))


_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def _is_hidden(name: str) -> bool:
    if name.startswith("__"):
        return name in _BY_THE_RUNTIME
    return name.startswith("_")


def read_classes(package: Path, sources: Sequence[str]) -> list[AsyncClass]:
    """Return the async classes of a package, bases before what is built on them."""
    paths = [path for pattern in sources for path in sorted(package.glob(pattern))]
    classes = [found for path in paths for found in _read_module(package, path)]
    return _bases_first(classes)


def _read_module(package: Path, path: Path) -> Iterator[AsyncClass]:
    parts = path.relative_to(package.parent).with_suffix("").parts
    module = ".".join(parts)
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    names = {**_imports(tree), **_definitions(tree, module)}
    type_vars = _type_vars(tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith(PREFIX):
            own = {name: origin for name, origin in names.items() if name not in type_vars}
            yield AsyncClass(node, module, own, type_vars)


def _imports(tree: ast.Module) -> dict[str, Origin]:
    """Return what `from ... import` brings in, under `if TYPE_CHECKING` as well."""
    return {
        alias.asname or alias.name: Origin(node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _definitions(tree: ast.Module, module: str) -> dict[str, Origin]:
    found: dict[str, Origin] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = Origin(module, node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name.id: Origin(module, name.id) for name in targets if isinstance(name, ast.Name)}
    return found


def _type_vars(tree: ast.Module) -> dict[str, str]:
    """Return the type variables of a module, each with the line that makes it."""
    return {
        ast.unparse(node.targets[0]): ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(("TypeVar(", "ParamSpec("))
    }


def _bases_first(classes: Sequence[AsyncClass]) -> list[AsyncClass]:
    left = list(classes)
    done: list[AsyncClass] = []
    while left:
        names = {found.name for found in left}
        ready = next(found for found in left if not names.intersection(found.bases))
        left.remove(ready)
        done.append(ready)
    return done
