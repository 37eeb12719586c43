"""How large packages are on the disk, with everything that they need, as pip leaves it: bytecode included."""

from __future__ import annotations

import importlib.util
import marshal
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["closure", "size_of"]

# What comes before the code in a .pyc file (PEP 552).
_PYC_HEAD: Final = 16
# Not in the wheel.
_LEFT_OUT: Final = frozenset({"_tools", "__pycache__"})


def closure(name: str) -> set[str]:
    """Return the names of a distribution and all that it needs in this environment, without extras.

    Raises:
        PackageNotFoundError: One of them is not installed.
    """
    found: set[str] = set()
    left = [name]
    while left:
        this = canonicalize_name(left.pop())
        if this not in found:
            found.add(this)
            left += _needs(distribution(this))
    return found


def _needs(found: Distribution) -> Iterator[str]:
    for line in found.requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def size_of(name: str) -> int:
    """Return the bytes of one installed distribution; of an editable one, those that a wheel would have."""
    return sum(_on_disk(path) for path in _files(distribution(name)))


def _files(found: Distribution) -> Iterator[Path]:
    paths = [Path(str(file.locate())) for file in found.files or []]
    yield from (path for path in paths if path.suffix not in {".pyc", ".pth"} and path.is_file())
    package = found.name.replace("-", "_")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return
    root = Path(next(iter(spec.submodule_search_locations)))
    if any(path.is_relative_to(root) for path in paths):
        return
    for path in root.rglob("*"):
        if path.is_file() and not _LEFT_OUT & set(path.relative_to(root).parts):
            yield path


def _on_disk(path: Path) -> int:
    return path.stat().st_size + (_bytecode(path) if path.suffix == ".py" else 0)


def _bytecode(path: Path) -> int:
    """Return the size of the bytecode of a module, whether it has been written or not."""
    cached = Path(importlib.util.cache_from_source(str(path)))
    if cached.is_file():
        return cached.stat().st_size
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        # Such as a template; pip leaves those alone.
        return 0
    return _PYC_HEAD + len(marshal.dumps(code))
