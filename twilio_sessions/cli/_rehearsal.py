"""`--dry-run`: the resources as they are, over a pipeline that notes requests instead of sending them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, unquote

import attrs
from rich.text import Text

from twilio_sessions._core.pipeline import Pipeline
from twilio_sessions.assistants import AsyncAssistants
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._formats import in_json
from twilio_sessions.cli._tables import printable
from twilio_sessions.proxy import AsyncProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions._core.request import Request
    from twilio_sessions._core.settle import Settlement

__all__ = ["Rehearsal", "Rehearsed", "tell_requests"]

T = TypeVar("T")


class Rehearsed(Exception):  # noqa: N818 - no error: everything that would be sent is known
    """The request that would change something has been reached."""


class Rehearsal(Pipeline):
    """Stands in for a client: it has the same products, needs no credentials, and sends nothing.

    Attributes:
        requests: What would have been sent, in order: lookups of names first, the change last.
    """

    def __init__(self) -> None:
        # Nothing of what a pipeline has is needed: every call ends here.
        self.requests: list[Request] = []
        self._stand_ins: dict[str, str] = {}

    @property
    def proxy(self) -> AsyncProxy:
        """Proxy, as a client has it."""
        return AsyncProxy(self)

    @property
    def assistants(self) -> AsyncAssistants:
        """Assistants, as a client has it."""
        return AsyncAssistants(self)

    async def run(
        self,
        request: Request,
        accept: Callable[..., T],  # noqa: ARG002 - nothing comes back
        settlement: Settlement[T] | None = None,  # noqa: ARG002 - nothing is lost
        *,
        deadline: float | None = None,  # noqa: ARG002 - it takes no time
    ) -> T:
        """Note a request that would change something."""
        self.requests.append(request)
        raise Rehearsed

    async def call(
        self,
        request: Request,
        model: type[T],
        settlement: Settlement[T] | None = None,  # noqa: ARG002 - nothing is lost
        *,
        deadline: float | None = None,  # noqa: ARG002 - it takes no time
    ) -> T:
        """Note a request; one that looks up a name is answered with something that stands for its SID."""
        self.requests.append(request)
        if request.method != "GET":
            raise Rehearsed
        prefix = "KS" if request.operation == "proxy.services.fetch" else "KC"
        sid = f"{prefix}{len(self.requests):032x}"
        self._stand_ins[sid] = f"{{the sid of {unquote(request.path.rpartition('/')[2])}}}"
        built: Any = model
        found: T = built(sid=sid)
        return found

    def facts(self) -> list[Facts]:
        """Return what would have been sent, in words."""
        return [Facts(one.method, self._path(one), _form(one)) for one in self.requests]

    def _path(self, request: Request) -> str:
        path = request.path
        for sid, words in self._stand_ins.items():
            path = path.replace(sid, words)
        return path


@attrs.frozen
class Facts:
    """A request that was not sent.

    Attributes:
        method: The HTTP method.
        path: Below the address of the product; where the SID of a name comes in, it says so.
        form: The fields of the body, each with its values.
    """

    method: str
    path: str
    form: dict[str, list[str]]


def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((request.form or b"").decode(), keep_blank_values=True)


def tell_requests(rehearsal: Rehearsal, *, as_text: bool, as_array: bool) -> None:
    """Print what would be sent.

    Args:
        rehearsal: What was rehearsed.
        as_text: For a person; else a line of JSON for each request.
        as_array: In one JSON array instead.
    """
    if as_text:
        for facts in rehearsal.facts():
            _print_text(facts)
    else:
        lines = [in_json(attrs.asdict(facts)) for facts in rehearsal.facts()]
        text = "[\n" + ",\n".join(lines) + "\n]" if as_array else "\n".join(lines)
        print(text)  # noqa: T201 - the output
    errors().print("nothing was sent (--dry-run)")


def _print_text(facts: Facts) -> None:
    output().print(Text(f"{facts.method} {facts.path}"), soft_wrap=True)
    for name, values in facts.form.items():
        for value in values:
            output().print(Text(f"  {name}: {printable(value)}"), soft_wrap=True)
