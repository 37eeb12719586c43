"""The reference has every public name once, and no other."""

from __future__ import annotations

import importlib
import re

from pages import DOCS
from public_api import public_modules

# The sync side is the async one without `await`, and `cli` is a program; `client` is where AsyncClient lives.
LEFT_OUT = {"twilio_sessions.sync", "twilio_sessions.cli", "twilio_sessions.client"}
ASKED = re.compile(r"^::: (\S+)$", re.MULTILINE)


def value_of(path: str) -> object:
    module, name = path.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


def test_every_public_name_is_there_once():
    asked = [one for page in DOCS.glob("reference/*.md") for one in ASKED.findall(page.read_text())]
    assert len(asked) == len(set(asked))
    shown = [value_of(one) for one in asked]
    for name in set(public_modules()) - LEFT_OUT:
        for public in importlib.import_module(name).__all__:
            value = value_of(f"{name}.{public}")
            assert public in {"__version__", "pytest_configure"} or any(value is one for one in shown), public
