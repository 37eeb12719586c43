"""The secret of the clients under test, and a plugin that fails the run when it comes out anywhere.

Tests give `SECRET` to their clients where they do not care which it is. It is looked for in what each test
has printed and logged, in what its failure shows, and in every file that the run leaves behind.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

__all__ = ["SECRET", "forms_of"]

# The same in every worker and not written down in any source, which failures show.
SECRET: Final = "canary-" + hashlib.sha256(b"the secret of the clients under test").hexdigest()[:24]

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def forms_of(secret: str) -> list[str]:
    """Return a secret and what stands in the base64 of any text that holds it, however it is aligned."""
    return [secret, *(base64.b64encode(secret.encode()[start:])[:-4].decode() for start in range(3))]


FORMS: Final = forms_of(SECRET)
_FILES: Final = pytest.StashKey[list[str]]()


def shows(text: str) -> bool:
    return any(form in text for form in FORMS)


def redacted(text: str) -> str:
    for form in FORMS:
        text = text.replace(form, "<the secret>")
    return text


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return judged((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return judged((yield))


def judged(report: Report) -> Report:
    """Fail a report that shows the secret, and take it out: what is said of it goes to logs, too."""
    places = [title for title, text in report.sections if shows(title + text)]
    if shows(report.longreprtext):
        places.append("the failure's text")
    if places:
        report.outcome = "failed"
        report.longrepr = f"the secret of the client came out in: {', '.join(map(redacted, places))}\n" + (
            redacted(report.longreprtext)
        )
        report.sections = [(redacted(title), redacted(text)) for title, text in report.sections]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    result = yield
    # The folders of workers are inside that of the process which started them.
    if not hasattr(session.config, "workerinput"):
        found = session.config.stash[_FILES] = list(files_that_show_it(session.config))
        if found and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


def files_that_show_it(config: pytest.Config) -> Iterator[str]:
    factory = getattr(config, "_tmp_path_factory", None)
    base: Path | None = getattr(factory, "_basetemp", None)
    if base is not None:
        needles = [form.encode() for form in FORMS]
        yield from (str(path) for path in regular_files(base) if contains(path, needles))


def regular_files(base: Path) -> Iterable[Path]:
    return sorted(path for path in base.rglob("*") if path.is_file() and not path.is_symlink())


def contains(path: Path, needles: list[bytes]) -> bool:
    """Tell whether a file holds one of these; it is read in pieces that overlap."""
    overlap = max(map(len, needles)) - 1
    tail = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                text = tail + piece
                if any(needle in text for needle in needles):
                    return True
                tail = text[-overlap:]
    except OSError:
        # Gone in the meantime, or not to be read by anybody.
        return False
    return False


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = terminalreporter.config.stash.get(_FILES, [])
    if found:
        terminalreporter.section("the secret of the client is in files that the tests left", red=True)
        for path in found:
            terminalreporter.line(path)
