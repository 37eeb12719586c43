"""The generator: one command turns an async resource into a sync one, or says what it cannot turn."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from complaints import complaints_in
from served import client_of, emulated

import twilio_sessions
from twilio_sessions._tools._docstrings import Docstrings, GenerateError
from twilio_sessions._tools.generate_sync import generate, main
from twilio_sessions.emulator import Seed

PACKAGE = Path(twilio_sessions.__file__).parent
PRODUCT = Path("sync", "_generated.py")

TOY = '''
class AsyncToys(AsyncCollection[Session]):
    """Toys, awaited or not."""

    __slots__ = ()

    _product = "assistants"
    _resource = "assistants.toys"
    _key = "sessions"
    _model = Session
    _page_cap = 1000

    def __call__(self, name: str) -> AsyncToy:
        """Return one toy."""
        return AsyncToy(self._pipeline, self._path, name)


class AsyncToy(AsyncContext):
    """One toy."""

    __slots__ = ()

    _product = "assistants"
    _resource = "assistants.toys"

    async def play(self, times: int = 1, *, loud: bool = False) -> list[str]:
        """Play.

        Example:
            >>> await toys("ball").play(loud=True)
        """
        session = await self._fetch(self._path, Session)
        return [session.id.upper() if loud else session.id] * times
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    copy = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "emulator", "cli", "export"))
    return copy


def append(package: Path, text: str, file: str = "assistants/_resources.py") -> None:
    path = package / file
    path.write_text(path.read_text() + textwrap.dedent(text))


def add_toys(package: Path, toy: str = TOY) -> None:
    append(package, toy.replace(", awaited or not", ""))
    path = package / "assistants/_resources.py"
    method = '''
    @property
    def toys(self) -> AsyncToys:
        """The toys."""
        return AsyncToys(self._pipeline, "/v1/Sessions")


class AsyncAssistants:
'''
    path.write_text(path.read_text().replace("\n\nclass AsyncAssistants:\n", method))


def test_what_is_checked_in_is_what_is_generated():
    assert main(["--check"]) == 0, "run `python -m twilio_sessions._tools.generate_sync`"


def test_a_method_on_the_async_side_and_one_command_are_all_it_takes(package: Path):
    add_toys(package)
    done = subprocess.run(
        [sys.executable, "-m", "twilio_sessions._tools.generate_sync"],
        cwd=package.parent,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    script = """
        import twilio_sessions
        from twilio_sessions import Client
        from twilio_sessions.sync import Toy, Toys
        with Client() as client:
            toys = client.assistants.v1.toys
            name = next(toys.list()).id
            assert isinstance(toys, Toys) and isinstance(toys(name), Toy)
            print(toys(name).play(2, loud=True) == [name.upper()] * 2, Toy.play.__doc__.split()[-1])
            print(twilio_sessions.__file__)
    """
    with emulated(Seed(services=1, sessions=5, assistants_sessions=5)) as emulator:
        told = emulator.environment()
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
            cwd=package.parent,
            env={**os.environ, **told},
            capture_output=True,
            check=False,
            text=True,
        )
    assert complaints_in(done.stderr) == ""
    assert done.stdout.splitlines() == ['True toys("ball").play(loud=True)', f"{package}/__init__.py"]


def test_signatures_and_docstrings_are_those_of_the_source(package: Path):
    add_toys(package)
    text = generate(package)
    assert "    def play(self, times: int = 1, *, loud: bool = False) -> list[str]:\n" in text
    assert "return self._runtime.call(self._async_toy.play, times, loud=loud)" in text
    assert 'class Toys(Collection[AssistantsSession]):\n    """Toys."""' in text
    assert '>>> toys("ball").play(loud=True)' in text


def test_check_fails_with_a_diff_and_writes_nothing(package: Path, capsys: pytest.CaptureFixture[str]):
    add_toys(package)
    before = (package / PRODUCT).read_text()
    assert main(["--check", "--package", str(package)]) == 1
    printed = capsys.readouterr()
    assert "+    def play(self" in printed.out
    assert "is stale" in printed.err
    assert (package / PRODUCT).read_text() == before
    assert main(["--package", str(package)]) == 0
    assert main(["--check", "--package", str(package)]) == 0


def test_a_name_without_a_source_is_stale(package: Path):
    append(package, "\n\nclass Orphan(Facade):\n    pass\n", str(PRODUCT))
    assert main(["--check", "--package", str(package)]) == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("Toys, awaited or not.", "Toys, to be awaited.", "still says 'await'"),
        ("-> list[str]", "", "does not say what it returns"),
        ("-> list[str]", "-> list[AsyncIterator[str]]", "no rule for AsyncIterator"),
        ("-> list[str]", "-> Awaitable[str]", "no rule for Awaitable"),
        ("-> list[str]", "-> Unheard", "Unheard is neither imported nor defined"),
        ("    async def play", "    @cached\n    async def play", "no rule for @cached"),
        ("    async def play", "    async def __aiter__", "no rule for it"),
        ('"""Return one toy."""', "pass", "has no docstring"),
        ("class AsyncToy(", "class AsyncProxy(", "two async classes have the same name"),
    ],
)
def test_what_no_rule_covers_is_refused(package: Path, old: str, new: str, complaint: str):
    assert old in TOY
    add_toys(package, TOY.replace(old, new))
    with pytest.raises(GenerateError, match=complaint):
        generate(package)


def test_a_refusal_is_a_message_and_not_a_traceback(package: Path, capsys: pytest.CaptureFixture[str]):
    add_toys(package, TOY.replace("-> list[str]", ""))
    assert main(["--package", str(package)]) == 1
    assert "does not say what it returns" in capsys.readouterr().err


def test_a_client_made_from_a_client_shares_its_connections(package: Path):
    path = package / "client.py"
    method = '''
    def with_options(self, *, timeout: float) -> Self:
        """Return a client with other options and the same connections."""
        return self

    async def close(self)'''
    path.write_text(path.read_text().replace("\n    async def close(self)", method))
    text = generate(package)
    assert "return self._sharing(self._async_client.with_options(timeout=timeout))" in text
    assert "def _sharing(self, inner: AsyncClient) -> Self:" in text


def test_a_call_that_is_handed_over_is_one_of_the_sync_side(package: Path):
    text = generate(package)
    assert "def with_response(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs)" in text
    assert "return self._runtime.with_response(call, *args, **kwargs)" in text
    assert 'P = ParamSpec("P")' in text


def test_a_rule_that_matches_nothing_is_out_of_date():
    docstrings = Docstrings({"not any more": "gone"}, {r"\bawait ": ""})
    assert docstrings.adapt("Go >>> await go()", "here") == "Go >>> go()"
    with pytest.raises(GenerateError, match=r"match nothing: .'not any more'"):
        docstrings.check_all_used()


def test_phrases_match_however_their_lines_are_broken():
    docstrings = Docstrings({"one two three": r"a \ b"}, {})
    assert docstrings.adapt("Say one\n    two  three.", "here") == r"Say a \ b."


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python_writes_the_same(version: str):
    """The text before ruff, which is pinned by its own version, not by Python's."""
    python = shutil.which(f"python{version}") or ""
    if (
        not python
        or subprocess.run([python, "-c", "import attrs"], capture_output=True, check=False).returncode
    ):
        pytest.skip(f"no Python {version} with attrs")
    script = f"""
        import sys
        from pathlib import Path
        from twilio_sessions._tools import generate_sync
        generate_sync._formatted = lambda text: text
        sys.stdout.write(generate_sync.generate(Path({str(PACKAGE)!r})))
    """
    texts = {
        subprocess.run(
            [interpreter, "-c", textwrap.dedent(script)],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        ).stdout
        for interpreter in (python, sys.executable)
    }
    assert len(texts) == 1


def test_the_client_of_the_package_is_the_one_that_was_generated():
    with emulated() as emulator, client_of(emulator) as client:
        assert type(client).__module__ == "twilio_sessions.sync._generated"
