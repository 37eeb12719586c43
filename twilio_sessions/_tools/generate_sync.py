"""Writes `twilio_sessions/sync/_generated.py` from the async classes, or checks that it is up to date."""

from __future__ import annotations

import argparse
import difflib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twilio_sessions._tools._docstrings import Docstrings, GenerateError
from twilio_sessions._tools._emit import emit_module
from twilio_sessions._tools._read import read_classes
from twilio_sessions._tools._rules import PHRASES, ROOT, SOURCES, WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["generate", "main"]

_COMMAND: Final = "python -m twilio_sessions._tools.generate_sync"
_PRODUCT: Final = Path("sync", "_generated.py")
_PACKAGE: Final = Path(__file__).parent.parent
# As in pyproject.toml, and given here so that the result does not depend on where this is run.
_STYLE: Final = ("--isolated", "--config", "line-length=110", "--config", 'target-version="py311"')


def generate(package: Path) -> str:
    """Return the text of the generated module for the package in this folder.

    Raises:
        GenerateError: The source has something that no rule covers, or a rule covers nothing.
    """
    docstrings = Docstrings(PHRASES, WORDS)
    text = emit_module(read_classes(package, SOURCES), docstrings, root=ROOT, sources=SOURCES)
    docstrings.check_all_used()
    return _formatted(text)


def _formatted(text: str) -> str:
    sorted_ = _ruff(("check", "--quiet", "--fix-only", "--select", "I", *_STYLE, "-"), text)
    return _ruff(("format", "--quiet", *_STYLE, "-"), sorted_)


def _ruff(arguments: Sequence[str], text: str) -> str:
    """Run the ruff that is installed beside this Python; another version might format differently."""
    ruff = Path(sys.executable).with_name("ruff.exe" if sys.platform == "win32" else "ruff")
    if not ruff.exists():
        raise GenerateError(f"there is no ruff beside {sys.executable}; install the dependency group `lint`")
    done = subprocess.run(  # noqa: S603 - our own arguments
        [ruff, *arguments], input=text, capture_output=True, check=False, encoding="utf-8"
    )
    if done.returncode:
        raise GenerateError(f"ruff refuses the generated text: {done.stderr}\n{text}")
    return done.stdout


def main(argv: Sequence[str] | None = None) -> int:
    """Write the module; or, with `--check`, print what is out of date and return 1."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is stale")
    parser.add_argument("--package", type=Path, default=_PACKAGE, help="the package's folder")
    options = parser.parse_args(argv)
    path = options.package / _PRODUCT
    try:
        wanted = generate(options.package)
    except GenerateError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if not options.check:
        path.write_text(wanted, encoding="utf-8")
        return 0
    return _compare(path, wanted)


def _compare(path: Path, wanted: str) -> int:
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    if present == wanted:
        return 0
    diff = difflib.unified_diff(
        present.splitlines(keepends=True), wanted.splitlines(keepends=True), str(path), "as generated"
    )
    sys.stdout.writelines(diff)
    sys.stderr.write(f"{path} is stale: run `{_COMMAND}`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
