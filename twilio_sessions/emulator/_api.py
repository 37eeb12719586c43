"""The two products without a socket: a method, a path, a query and a form in; a status and JSON out."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.emulator._errors import ApiError, error_body
from twilio_sessions.emulator._exchange import Call, Reply
from twilio_sessions.emulator._expiry import let_time_pass
from twilio_sessions.emulator._ledger import Changes, Ledger
from twilio_sessions.emulator._limits import SlidingWindow
from twilio_sessions.emulator._routes import Operation, find
from twilio_sessions.emulator._values import Form
from twilio_sessions.emulator._wire import read_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from twilio_sessions.emulator._exchange import Context
    from twilio_sessions.emulator._routes import Target

__all__ = ("Api",)


@attrs.define
class Api:
    """Answers requests; synchronous from end to end, so that two requests never see half of each other.

    The lock is for those who look at the account, or change it, from another thread than the server's.
    """

    context: Context
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    ledger: Ledger = attrs.field(factory=lambda: Ledger(1000))
    lock: threading.RLock = attrs.field(factory=threading.RLock)
    _limiter: SlidingWindow | None = None

    def __attrs_post_init__(self) -> None:
        options = self.context.options
        if options.rate_limit is not None:
            self._limiter = SlidingWindow(
                options.rate_limit,
                options.rate_limit_window,
                count_rejected=options.rate_limit_counts_rejected,
            )

    def handle(
        self, method: str, raw_path: str, query: str, body: bytes = b"", content_type: str = ""
    ) -> Reply:
        """Answer one authenticated request; a refusal is a reply like any other."""
        return self.answer(find(method, raw_path), query, body, content_type, self.clock(), None)

    def answer(
        self,
        target: Target,
        query: str,
        body: bytes,
        content_type: str,
        now: datetime,
        request_id: str | None,
    ) -> Reply:
        """Answer a request whose line is understood, at its moment; note in the ledger what was done."""
        try:
            operation = self._admit(target)
            accept_json = self.context.options.json_bodies == "accept"
            form = read_form(body, content_type, accept_json=accept_json)
            now = now.replace(microsecond=0)
            call = Call(target.resource, target.ids, query, form, now)
            with self.lock:
                let_time_pass(self.context.store, self.context.options, self.ledger, now)
                return self._execute(operation, call, request_id)
        except ApiError as error:
            return self.refuse(error)

    def refuse(self, error: ApiError) -> Reply:
        """Turn a refusal into its reply."""
        status = self.context.options.status_of(error.code) if error.status is None else error.status
        return Reply(status, error_body(error.code, error.message, status), error.headers)

    def too_many(self) -> ApiError:
        """Return the refusal of a request beyond one of the limits."""
        retry_after = self.context.options.retry_after
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return ApiError(20429, status=429, headers=headers)

    def page_before(self, target: Target, reply: Reply, now: datetime) -> Reply | None:
        """Return the page before the one that was just answered; this read counts and is noted nowhere."""
        url: str | None = (reply.body or {}).get("meta", {}).get("previous_page_url")
        if target.operation is None or url is None:
            return None
        call = Call(target.resource, target.ids, url.partition("?")[2], Form(), now)
        with self.lock:
            return target.operation.handle(self.context, call)

    def _admit(self, target: Target) -> Operation:
        retired = self.context.options.assistants_retired_status
        known = target.refusal is None or target.refusal.status != HTTPStatus.NOT_FOUND
        if retired is not None and known and target.resource.startswith("/Sessions"):
            raise ApiError(20404, "This API is retired", status=retired)
        if target.operation is None:
            raise target.refusal or ApiError(20404, status=404)
        # No limit is published for Assistants.
        if self._limiter is not None and target.resource.startswith("/Services"):
            endpoint = self._endpoint(target.operation, target.ids)
            if not self._limiter.admit(endpoint, self.monotonic()):
                raise self.too_many()
        return target.operation

    def _endpoint(self, operation: Operation, ids: tuple[str, ...]) -> tuple[str, str | None]:
        """Return what one budget is for: an operation within a service, by whichever name it goes."""
        if not ids:
            return operation.name, None
        service = self.context.store.service_by_name.get(ids[0])
        return operation.name, ids[0] if service is None else service.sid

    def _execute(self, operation: Operation, call: Call, request_id: str | None) -> Reply:
        self.context.store.changes = changes = Changes()
        done = False
        try:
            reply = operation.handle(self.context, call)
            done = True
        finally:
            self.context.store.changes = None
            if done or changes:
                self.ledger.note(operation.name, request_id, changes)
        return reply
