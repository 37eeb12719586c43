"""Completion: what a shell is told, and that bash completes with it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from terminal import CLEAN, Terminal, call

if TYPE_CHECKING:
    from pathlib import Path

COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
$(complete -p twilio-sessions | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_every_shell_gets_the_commands(shell: str, tmp_path: Path):
    done = call("completion", shell, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("twilio-sessions", "phone-numbers", "in-progress", "doctor"):
        assert word in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="NO BASH HERE")
@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["ser"], {"services"}),
        (["sessions", ""], {"list", "fetch", "create", "update", "delete"}),
        (["sessions", "list", "--out"], {"--output"}),
        (["sessions", "list", "-o", ""], {"table", "json", "ndjson", "csv", "tsv"}),
        (["sessions", "update", "--status", "clo"], {"closed"}),
    ],
)
def test_bash_completes(words: list[str], some: set[str], tmp_path: Path):
    (tmp_path / "script").write_text(call("completion", "bash", cwd=tmp_path).stdout)
    command = ["bash", "-c", COMPLETE, "bash", "./script", "twilio-sessions", *words]
    done = subprocess.run(command, cwd=tmp_path, env=CLEAN, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert some <= set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="NO BASH HERE")
def test_bash_completes_what_is_typed(tmp_path: Path):
    (tmp_path / "script").write_text(call("completion", "bash", cwd=tmp_path).stdout)
    environ = {"PS1": "> ", "INPUTRC": "/dev/null", "HISTFILE": ""}
    with Terminal("--norc", "--noprofile", "-i", program="bash", cwd=tmp_path, environ=environ) as terminal:
        terminal.wait_for(">")
        terminal.press("source ./script; unset PS1; PS1='ready '; bind 'set enable-bracketed-paste off'\r")
        terminal.wait_for(lambda text: text.endswith("ready"))
        terminal.press("twilio-sessions phone-n\t")
        terminal.wait_for("ready twilio-sessions phone-numbers")
        terminal.press("up\t--is-\t")
        terminal.wait_for("phone-numbers update --is-reserved")
        terminal.press("\x15twilio-sessions sessions update --status clo\t")
        terminal.wait_for("--status closed")
        terminal.press("\x15twilio-sessions assistants \t\t")
        terminal.wait_for(lambda text: "messages  sessions" in text)
        terminal.press("\x15exit\r")
        assert terminal.finish() == 0


def test_another_shell_is_refused(tmp_path: Path):
    done = call("completion", "tcsh", cwd=tmp_path)
    assert done.returncode == 2
    assert 'invalid value "tcsh" for SHELL' in done.stderr
