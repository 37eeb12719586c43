"""Packages that are not there, or are there and broken."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from twilio_sessions.errors import ConfigurationError
from twilio_sessions.export._optional import load

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_there_is_loaded():
    assert load("json", "parquet") is json


def test_what_is_missing_is_named():
    with pytest.raises(
        ConfigurationError, match=r"^parquet needs the package no_such_thing: pip install '"
    ) as caught:
        load("no_such_thing.part", "parquet")
    assert str(caught.value).endswith("pip install 'twilio-sessions[parquet]'")


@pytest.mark.parametrize(
    "content", ["import another_that_is_missing", "raise ImportError('libfoo.so: cannot open')"]
)
def test_what_is_broken_is_not_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
):
    (tmp_path / "broken_thing.py").write_text(content)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(
        ConfigurationError, match=r"installed but cannot be loaded: .*(another|libfoo)"
    ) as caught:
        load("broken_thing", "duckdb")
    assert isinstance(caught.value.__cause__, ImportError)
    assert "pip install --force-reinstall 'twilio-sessions[duckdb]'" in str(caught.value)
