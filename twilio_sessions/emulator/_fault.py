"""A fault as a value: which requests it strikes, and what becomes of them."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs

from twilio_sessions.emulator import _checks as checks
from twilio_sessions.emulator._routes import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("LISTINGS_ONLY", "Do", "Fault", "Page", "When")

When: TypeAlias = Literal["before-body", "before", "after"]
Page: TypeAlias = Literal[
    "foreign-host", "other-scheme", "userinfo", "no-scheme", "other-path", "loop", "no-token"
]
Do: TypeAlias = Literal[
    "answer",
    "delay",
    "reset",
    "hang-up",
    "stall",
    "slow",
    "truncate",
    "html",
    "empty",
    "redirect",
    "huge",
    "gzip-bomb",
    "cut-json",
    "bom",
    "nan",
    "charset",
    "wrong-types",
    "no-meta",
    "wrong-key",
    "next-page",
    "repeat-rows",
]


@attrs.frozen
class _Kind:
    """What one `do` takes: the moments it can strike at, the likeliest first, and its parameters."""

    when: tuple[When, ...]
    takes: frozenset[str] = frozenset()
    needs: str | None = None


def _kind(when: str, takes: str = "", needs: str | None = None) -> _Kind:
    moments: dict[str, When] = {"<": "before-body", "-": "before", ">": "after"}
    return _Kind(tuple(moments[one] for one in when), frozenset(takes.split()), needs)


_KINDS: Mapping[str, _Kind] = {
    "answer": _kind("-<>", "status code message headers body retry_after retry_after_as", "status"),
    "delay": _kind(">-"),
    "reset": _kind("-<>"),
    "hang-up": _kind("-<>"),
    "stall": _kind("-<>", "after_bytes"),
    "slow": _kind(">", "bytes_per_second", "bytes_per_second"),
    "truncate": _kind(">", "after_bytes framing ending"),
    "html": _kind("-<>", "status body"),
    "empty": _kind(">-", "status"),
    "redirect": _kind("-<>", "status location", "location"),
    "huge": _kind(">-", "size", "size"),
    "gzip-bomb": _kind(">-", "size", "size"),
    "cut-json": _kind(">", "after_bytes"),
    "bom": _kind(">"),
    "nan": _kind(">"),
    "charset": _kind(">", "charset declared"),
    "wrong-types": _kind(">", "fields"),
    "no-meta": _kind(">"),
    "wrong-key": _kind(">", "key"),
    "next-page": _kind(">", "page host cycle", "page"),
    "repeat-rows": _kind(">", "rows"),
}
_PAGES = get_args(Page)
_PARAMETERS = sorted({name for kind in _KINDS.values() for name in kind.takes})

# Faults of pages strike listings alone; a fetch in between does not use them up.
LISTINGS_ONLY = frozenset({"no-meta", "wrong-key", "next-page", "repeat-rows"})


def _default_when(fault: Fault) -> When:
    # There is no body to stall in before there is an answer.
    # (Defaults come before validation: `do` may still be anything.)
    kind = next((kind for do, kind in _KINDS.items() if do == fault.do), None)
    return "after" if kind is None or fault.after_bytes is not None else kind.when[0]


def _default_times(fault: Fault) -> int | None:
    return 1 if fault.probability == 1 else None


def _check_operation(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    checks.text(_, attribute, value)
    if not any(fnmatch.fnmatchcase(name, value) for name in OPERATIONS):
        known = ", ".join(sorted(OPERATIONS))
        raise ValueError(f"operation: there is none called {value!r}; there are {known}")


def _given(check: checks.Check) -> Any:
    return attrs.field(default=None, kw_only=True, validator=checks.maybe(check))


@attrs.frozen
class Fault:
    """Something that goes wrong with chosen requests.

    Which requests: those that match `method`, `operation` and `target` (all that are given), beginning with
    the `nth` of them, `times` of them. Every request that matches is counted as it comes in, before its
    credentials are looked at. When several faults have their turn, the one that was added first strikes and
    the others wait for the next request.

    Example:
        Fault("reset", operation="sessions.create", when="after")  # made, and the answer lost
        Fault("answer", status=429, retry_after=2, times=3)  # the next three requests of any kind
        Fault("answer", status=503, probability=0.1, seed=7)  # a tenth of all, always the same ones
        Fault("stall", operation="*.list", nth=2, after_bytes=100)
        Fault("next-page", page="foreign-host", host="127.0.0.1:9999", times=None)

    Attributes:
        do: What happens. To the connection: "reset" (RST) or "hang-up" (FIN) without an answer; "stall": no
            byte more, until the client leaves or the emulator closes; "slow": the body drips; "truncate":
            the body ends too early. To the answer as a whole: "answer" with a status of choice; "delay";
            "html"; "empty"; "redirect"; "huge"; "gzip-bomb". To the true answer's body: "cut-json" (a
            complete answer, half a document), "bom", "nan", "charset", "wrong-types". To the pages of a
            listing, and only to them: "no-meta", "wrong-key", "next-page", "repeat-rows".
        method: Only requests with this HTTP method.
        operation: Only this operation, such as `sessions.create`; `*` and `?` are wildcards.
        target: Only where this regular expression is found in path and query, as they were sent.
        nth: The first request to strike, counted from 1 among those that match.
        times: How many to strike; `None` for every one. By default 1, with a probability every one.
        probability: How likely each of them is struck, above 0 and up to 1.
        seed: Seed of the generator that decides; the same one always chooses the same requests.
        when: "before-body": at the request's head, with its body unread. "before": body read, nothing done.
            "after": the operation was executed, and then it went wrong. By default "before", except where
            the fault is in the body of the true answer, and for "delay", "empty", "huge" and "gzip-bomb".
        delay: Seconds to wait first, at the moment `when` names.
        status: HTTP status, 200-599, of an "answer" (required), of "html" (502), "empty" (200), or a
            "redirect" (301, 302, 303, 307 or 308; 307).
        code: Twilio's error code; by default what goes with the status: 20429, 20503, 20500...
        message: The error's sentence; by default the one that goes with the code.
        headers: Further headers of an "answer".
        body: A body to send literally, of an "answer" or "html".
        retry_after: Seconds to announce in `Retry-After`.
        retry_after_as: "seconds", or an HTTP "date", which is counted from the answer's own `Date`.
        after_bytes: Bytes of the body to send: before the end of "truncate" or "cut-json" (by default half
            of it; at least the last one is always lost), or before a "stall", which comes before the head
            without this.
        framing: How a truncated body announces its end: a Content-"length", "chunked", or only by the
            "close" of the connection.
        ending: Whether truncation ends in "hang-up" or "reset".
        bytes_per_second: Speed of a "slow" body.
        size: Bytes in the body of "huge"; in that of "gzip-bomb" once it is decoded.
        location: Where a "redirect" points.
        charset: The encoding a "charset" body is really in; by default UTF-16.
        declared: The one that its Content-Type names; by default utf-8.
        fields: Values by name that "wrong-types" puts into the object, or into every row, where there is
            such a field; by default numbers for texts, texts for numbers and dates, a list for an object.
        key: The name under which "wrong-key" sends the rows; by default "rows".
        page: What is wrong with `next_page_url`, also on a last page. "foreign-host", "no-scheme"
            (`//host/…`): another `host`. "userinfo": the right host only to a careless eye. "other-scheme",
            "other-path". "loop": every `cycle` pages the first one again. "no-token": without `PageToken`.
        host: Host and port to lure to; by default `evil.invalid`, which exists nowhere.
        cycle: Pages in a "loop"; by default 1, a page that follows itself.
        rows: How many rows "repeat-rows" takes from the end of the page before, and sends again at the
            head; it strikes second and later pages only. By default 1.
    """

    do: Do = attrs.field(validator=checks.one_of(get_args(Do)))
    method: str | None = _given(checks.text)
    operation: str | None = _given(_check_operation)
    target: str | None = _given(checks.pattern)
    nth: int = attrs.field(default=1, kw_only=True, validator=checks.whole(1))
    probability: float = attrs.field(default=1.0, kw_only=True, validator=checks.number(0, 1, above=True))
    seed: int = attrs.field(default=0, kw_only=True, validator=checks.whole(0))
    times: int | None = attrs.field(
        default=attrs.Factory(_default_times, takes_self=True),
        kw_only=True,
        validator=checks.maybe(checks.whole(1)),
    )
    delay: float = attrs.field(default=0.0, kw_only=True, validator=checks.number(0))
    status: int | None = _given(checks.whole(200, 599))
    code: int | None = _given(checks.whole(0))
    message: str | None = _given(checks.text)
    headers: Mapping[str, str] | None = _given(checks.texts)
    body: str | None = _given(checks.text)
    retry_after: float | None = _given(checks.number(0))
    retry_after_as: Literal["seconds", "date"] | None = _given(checks.one_of(("seconds", "date")))
    after_bytes: int | None = _given(checks.whole(0))
    framing: Literal["length", "chunked", "close"] | None = _given(
        checks.one_of(("length", "chunked", "close"))
    )
    ending: Literal["hang-up", "reset"] | None = _given(checks.one_of(("hang-up", "reset")))
    bytes_per_second: float | None = _given(checks.number(0, above=True))
    size: int | None = _given(checks.whole(2))
    location: str | None = _given(checks.line)
    charset: str | None = _given(checks.charset)
    declared: str | None = _given(checks.line)
    fields: Mapping[str, Any] | None = _given(checks.mapping)
    key: str | None = _given(checks.text)
    page: Page | None = attrs.field(default=None, kw_only=True, validator=checks.maybe(checks.one_of(_PAGES)))
    host: str | None = _given(checks.text)
    cycle: int | None = _given(checks.whole(1))
    rows: int | None = _given(checks.whole(1))
    when: When = attrs.field(
        default=attrs.Factory(_default_when, takes_self=True),
        kw_only=True,
        validator=checks.one_of(get_args(When)),
    )

    def __attrs_post_init__(self) -> None:
        kind = _KINDS[self.do]
        for name in _PARAMETERS:
            if name not in kind.takes and getattr(self, name) is not None:
                raise ValueError(f"{name}: means nothing to {self.do!r}")
        if kind.needs is not None and getattr(self, kind.needs) is None:
            raise ValueError(f"{kind.needs}: is required for {self.do!r}")
        moments = ("after",) if self.do == "stall" and self.after_bytes is not None else kind.when
        if self.when not in moments:
            raise ValueError(f"when: {self.do!r} strikes {' or '.join(moments)}, not {self.when!r}")
        if self.do == "delay" and not self.delay:
            raise ValueError("delay: must be above 0 where nothing else happens")
        if self.do == "redirect" and self.status not in {None, 301, 302, 303, 307, 308}:
            raise ValueError(f"status: must be 301, 302, 303, 307 or 308 for a redirect, not {self.status}")
