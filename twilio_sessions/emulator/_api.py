"""The two products without a socket: a method, a path, a query and a form in; a status and JSON out.

Every path alternates collections and identifiers, so its collection names, and whether it ends in an
identifier, are the key of one dictionary of routes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attrs

from twilio_sessions.emulator import _rules as rules
from twilio_sessions.emulator._errors import ApiError, error_body, not_found
from twilio_sessions.emulator._exchange import Call, Reply
from twilio_sessions.emulator._handlers import ROUTES
from twilio_sessions.emulator._limits import RateLimiter
from twilio_sessions.emulator._wire import read_form, split_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from twilio_sessions.emulator._exchange import Context

__all__ = ("Api",)


@attrs.define
class Api:
    """Answers requests; synchronous from end to end, so that two requests never see half of each other."""

    context: Context
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    _limiter: RateLimiter | None = None

    def __attrs_post_init__(self) -> None:
        rate = self.context.options.rate_limit_per_second
        if rate is not None:
            self._limiter = RateLimiter(rate, self.context.options.rate_limit_window)

    def handle(
        self, method: str, raw_path: str, query: str, body: bytes = b"", content_type: str = ""
    ) -> Reply:
        """Answer one authenticated request; a refusal is a reply like any other."""
        try:
            return self._dispatch(method, raw_path, query, body, content_type)
        except ApiError as error:
            return self.refuse(error)

    def refuse(self, error: ApiError) -> Reply:
        """Turn a refusal into its reply."""
        status = self.context.options.status_of(error.code) if error.status is None else error.status
        return Reply(status, error_body(error.code, error.message, status), error.headers)

    def _dispatch(self, method: str, raw_path: str, query: str, body: bytes, content_type: str) -> Reply:
        resource = raw_path.removeprefix("/v1") or "/"
        segments = split_path(raw_path)
        if segments is None or segments[0] != "v1":
            raise not_found(raw_path)
        names, ids = segments[1::2], segments[2::2]
        route = ROUTES.get((names, len(names) == len(ids)))
        if route is None or "" in ids:
            raise not_found(resource)
        if names[0] == "Sessions" and self.context.options.assistants_retired_status is not None:
            raise ApiError(
                20404, "This API is retired", status=self.context.options.assistants_retired_status
            )
        handler = route.get(method)
        if handler is None:
            raise ApiError(20004, status=405, headers={"Allow": ", ".join(route)})
        self._limit(method, names, ids)
        form = read_form(body, content_type, accept_json=self.context.options.json_bodies == "accept")
        now = self.clock().replace(microsecond=0)
        rules.settle(self.context.store, self.context.options, now)
        return handler(self.context, Call(resource, ids, query, form, now))

    def _limit(self, method: str, names: tuple[str, ...], ids: tuple[str, ...]) -> None:
        """Count a request against its endpoint: the same verb and kind of path within the same service."""
        if self._limiter is None or names[0] != "Services":
            return
        endpoint: Any = (method, names, len(ids) == len(names), ids[:1])
        if not self._limiter.admit(endpoint, self.monotonic()):
            retry_after = self.context.options.retry_after
            headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
            raise ApiError(20429, status=429, headers=headers)
