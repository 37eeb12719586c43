"""How large installed packages are, with what they need."""

from __future__ import annotations

import py_compile
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING

import pytest
from installed import closure, size_of

if TYPE_CHECKING:
    from pathlib import Path

METADATA = "Metadata-Version: 2.4\nName: weighed-here\nVersion: 1\n"
MODULE = "VALUE = [number * 2 for number in range(10)]\n"


def test_a_closure_has_what_is_needed_by_what_is_needed_and_no_extras():
    found = closure("twilio-sessions")
    # yarl is aiohttp's; rich is of an extra.
    assert {"twilio-sessions", "aiohttp", "yarl", "msgspec"} <= found
    assert not {"rich", "pyarrow", "twilio"} & found


def test_what_is_not_installed_is_named():
    with pytest.raises(PackageNotFoundError, match="no-such-package"):
        closure("no-such-package")


@pytest.mark.parametrize("editable", [False, True])
def test_a_package_weighs_its_files_and_their_bytecode(
    editable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package, info = tmp_path / "weighed_here", tmp_path / "weighed_here-1.dist-info"
    for folder in (package / "_tools", package / "__pycache__", info):
        folder.mkdir(parents=True)
    for file in (package / "__init__.py", package / "_tools" / "not_in_the_wheel.py"):
        file.write_text(MODULE)
    (package / "__pycache__" / "stale.pyc").write_bytes(b"of another Python")
    (info / "METADATA").write_text(METADATA)
    files = ["weighed_here-1.dist-info/METADATA", "weighed_here-1.dist-info/RECORD"]
    files += ["weighed_here.pth"] if editable else ["weighed_here/__init__.py"]
    record = "".join(f"{file},,\n" for file in files)
    (info / "RECORD").write_text(record)
    (tmp_path / "weighed_here.pth").write_text(str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)

    compiled = py_compile.compile(str(package / "__init__.py"), cfile=str(tmp_path / "module.pyc"))
    assert compiled is not None
    bytecode = (tmp_path / "module.pyc").stat().st_size
    assert size_of("weighed-here") == len(METADATA) + len(record) + len(MODULE) + bytecode
