"""Where Twilio is silent or contradicts itself: one named option for each doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs
from attrs.validators import ge, gt, optional

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("EmulatorOptions",)


def _default_statuses() -> Mapping[int, int]:
    return {80604: 400, 80623: 409}


@attrs.frozen(kw_only=True)
class EmulatorOptions:
    """Choices for behaviour that no Twilio page settles; every default is the likeliest reading.

    Example:
        EmulatorOptions(error_statuses={80603: 409}, order="oldest-first", rate_limit=150)

    Attributes:
        error_statuses: HTTP status by error code. Only 80604 (400) and 80623 (409) are published (Proxy
            changelog, 2020-08-06 and 2020-09-10); a code that is not listed here is answered 400, unless
            its status is fixed (401, 404, 405, 429).
        unknown_unique_name_code: Code of the 404 for a session name that does not exist: 20404 as for SIDs,
            or 80308, which the error dictionary has for just this.
        malformed_sid: A SID of the wrong form in a path is "not-found" (404, 20404) or "invalid"
            (80403-80409).
        closed_reason_api: `closed_reason` of a session closed by an update or created closed.
        closed_reason_expiry: `closed_reason` of a session closed by its ttl or date_expiry.
        omitted_unique_name: `unique_name` of a session created without one: null, an empty string, or its
            SID.
        create_status: What `Status` a create may ask for: only "open-or-closed", "any" member of the enum,
            or "ignore" (every session starts open).
        closed_to_closed: Closing a closed session: refused with 80607 or 80608, or accepted without effect.
        open_to_in_progress: Whether a client may set `in-progress` on an open session. The example in the
            OpenAPI file does; error page 80608 lists the legal changes without it.
        atomic_create: Whether a session create whose participants are refused leaves nothing behind.
        date_started_on_create: Whether `date_started` is set at once rather than at the first interaction.
        reopen_clears_expiry: Whether re-opening drops the old `date_expiry` (one sent along is always
            kept).
        reopen_restarts_ttl: Whether the ttl counts anew from the moment of re-opening.
        default_ttl: Seconds of ttl when neither the session nor its service names one; 0 is unlimited
            (session page). Error page 80904 says 90 days: 7_776_000.
        expiry_lag: Seconds between the expiry of a session and the moment at which it shows as closed.
        retention_days: Days after which a closed session vanishes (Proxy changelog, 2019-11-18: 90); `None`
            keeps it forever.
        deleted_participant_frees_slot: Whether a removed participant makes room for a different one (error
            page 80609 implies it).
        allow_participant_conflict: The legacy account flag: one identifier may hold the same proxy number
            in two active sessions, and 80604 is never sent.
        participant_delete_status: 200 (OpenAPI file since 2024-05-24) or 204 (before).
        message_interaction_create_status: 200 (OpenAPI file since 2024-06-18) or 201 (before).
        service_delete_with_sessions: Deleting a service that has sessions: "cascade" or "refuse" (409,
            20409).
        allow_service_creation: `False` refuses new services with 80506, as for accounts opened after
            Proxy's end of sale.
        unowned_numbers: Phone numbers and PN SIDs that the account does not own; adding them to a pool is
            80301, naming them as a proxy identifier 80606. All others count as owned.
        order: Order of every listing. Twilio documents none.
        page_position: Whether a page token points behind a row ("key": inserts and deletes move nothing) or
            counts rows ("offset": they do).
        page_token_style: "hostile" tokens contain dots, `=`, `+` and `%`, so that only a client that leaves
            them alone, or that encodes them correctly, gets its page; "plain" ones are letters and digits.
        proxy_max_page_size: Proxy's real cap (changelog, 2019-06-06: 100).
        assistants_max_page_size: Cap of the Assistants listings (OpenAPI file: 1000).
        oversized_page: A larger `PageSize` is brought down to the cap ("clamp") or refused ("reject": 400,
            20007).
        clamped_page_size: What `meta.page_size` says after a clamp: the "actual" or the "requested" size.
        proxy_public_url: Origin written into Proxy's URLs instead of the emulator's own; for a client
            behind a port mapping, or to see URLs with a host that the client must not follow.
        assistants_public_url: The same for Assistants.
        json_bodies: A JSON body sent to Proxy is refused ("reject": 415, 70002) or read as if it were a
            form.
        bearer_tokens: Values accepted after `Authorization: Bearer`. Whether Proxy takes any is not
            published.
        assistants_retired_status: A status, such as 410, with which every Assistants path is answered;
            `None` while the product lives.
        rate_limit: Requests in any `rate_limit_window`, for each endpoint (verb and kind of path) of each
            service, and for those on the collection of services itself; one more is answered 429, 20429.
            Twilio's is 150 (Proxy limits page: 30 a second over 5 seconds). `None` switches it off.
        rate_limit_window: Seconds of the sliding window, on the machine's monotonic clock. A test in a
            hurry scales both down: 15 in 0.5 seconds.
        rate_limit_counts_rejected: Whether requests that got a 429 fill the window, too. Not published;
            if they do, a client that does not wait never gets through.
        concurrency_limit: Requests that may be in progress at once on the account, whatever they ask;
            one more is answered 429, 20429. Twilio has such a limit and publishes no number. Only with
            `latency`, or a fault that takes time, is a request in progress for long.
        retry_after: Seconds announced in `Retry-After` with such a 429; `None` sends no such header, as
            Proxy.
        latency: Seconds between a request's execution and its answer; a client that leaves meanwhile leaves
            the work done.
        latency_jitter: Seconds added to that at random, from 0 to this.
        control: Whether `/__emulator__/` is served, to callers on this machine and without credentials:
            faults, ledger and clock over HTTP, for programs in any language.
        ledger_size: How many of the last requests `Emulator.requests` remembers, and how many of the last
            operations `Emulator.processed`.
    """

    error_statuses: Mapping[int, int] = attrs.field(factory=_default_statuses)
    unknown_unique_name_code: Literal[20404, 80308] = 20404
    malformed_sid: Literal["not-found", "invalid"] = "not-found"
    closed_reason_api: str | None = "api"
    closed_reason_expiry: str | None = "expired"
    omitted_unique_name: Literal["null", "empty", "sid"] = "null"
    create_status: Literal["open-or-closed", "any", "ignore"] = "open-or-closed"
    closed_to_closed: Literal[80607, 80608, "accept"] = 80607
    open_to_in_progress: bool = False
    atomic_create: bool = True
    date_started_on_create: bool = False
    reopen_clears_expiry: bool = True
    reopen_restarts_ttl: bool = True
    default_ttl: int = 0
    expiry_lag: float = 0
    retention_days: float | None = 90
    deleted_participant_frees_slot: bool = True
    allow_participant_conflict: bool = False
    participant_delete_status: Literal[200, 204] = 200
    message_interaction_create_status: Literal[200, 201] = 200
    service_delete_with_sessions: Literal["cascade", "refuse"] = "cascade"
    allow_service_creation: bool = True
    unowned_numbers: frozenset[str] = frozenset()
    order: Literal["newest-first", "oldest-first"] = "newest-first"
    page_position: Literal["key", "offset"] = "key"
    page_token_style: Literal["hostile", "plain"] = "hostile"  # noqa: S105 - a style
    proxy_max_page_size: int = 100
    assistants_max_page_size: int = 1000
    oversized_page: Literal["clamp", "reject"] = "clamp"
    clamped_page_size: Literal["actual", "requested"] = "actual"
    proxy_public_url: str | None = None
    assistants_public_url: str | None = None
    json_bodies: Literal["reject", "accept"] = "reject"
    bearer_tokens: frozenset[str] = frozenset()
    assistants_retired_status: int | None = None
    rate_limit: int | None = attrs.field(default=None, validator=optional(ge(1)))
    rate_limit_window: float = attrs.field(default=5.0, validator=gt(0))
    rate_limit_counts_rejected: bool = False
    concurrency_limit: int | None = attrs.field(default=None, validator=optional(ge(1)))
    retry_after: int | None = None
    latency: float = attrs.field(default=0.0, validator=ge(0))
    latency_jitter: float = attrs.field(default=0.0, validator=ge(0))
    control: bool = False
    ledger_size: int = 100_000

    def status_of(self, code: int) -> int:
        """Return the HTTP status with which an error code is sent."""
        return self.error_statuses.get(code, _default_statuses().get(code, 400))
