"""Proxy's sessions: create, fetch, list, update, delete, and the way to what belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions._core import arguments
from twilio_sessions._core.resource import AsyncCollection, AsyncContext
from twilio_sessions._core.settle import Settlement, settle_create, settle_update
from twilio_sessions.errors import APIError
from twilio_sessions.proxy._interactions import AsyncInteractions
from twilio_sessions.proxy._models import Session, SessionMode, SessionStatus
from twilio_sessions.proxy._participants import AsyncParticipants
from twilio_sessions.proxy._spec import encode_participants, identifiers
from twilio_sessions.proxy._wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from twilio_sessions.proxy._spec import ParticipantSpec

__all__ = ["AsyncSessionContext", "AsyncSessions"]

# "Session UniqueName must be unique."; which status comes with it is not documented.
_NAME_TAKEN = 80603
# "Session is closed and cannot be updated", "Session status change not supported".
_DONE_ALREADY = frozenset({80607, 80608})


class AsyncSessionContext(AsyncContext):
    """One session, by its SID; fetching takes its unique name as well."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.sessions"
    _conflicts = frozenset({_NAME_TAKEN})
    _sid_prefix = "KC"
    _sid_argument = "session sid"

    @property
    def participants(self) -> AsyncParticipants:
        """The participants of this session, removed ones included.

        Raises:
            ArgumentError: This session is addressed by its unique name; nested paths take a SID only.
        """
        return AsyncParticipants(self._pipeline, f"{self._path_by_sid()}/Participants")

    @property
    def interactions(self) -> AsyncInteractions:
        """The messages and calls that passed through this session.

        Raises:
            ArgumentError: This session is addressed by its unique name; nested paths take a SID only.
        """
        return AsyncInteractions(self._pipeline, f"{self._path_by_sid()}/Interactions")

    async def fetch(self) -> Session:
        """Fetch this session by its SID or its unique name; every character of a name is allowed.

        Raises:
            NotFoundError: There is none of this SID (Twilio error 20404) or unique name (80308).

        Example:
            >>> session = await service.sessions("Order #1234").fetch()
        """
        return await self._fetch(self._path, Session)

    async def update(
        self,
        *,
        date_expiry: datetime | None = None,
        ttl: int | timedelta | None = None,
        status: SessionStatus | str | None = None,
    ) -> Session:
        """Change this session; what is not given stays as it is.

        Args:
            date_expiry: When it is to be closed; aware, sent in UTC to the second; overrides `ttl`.
            ttl: Seconds to live after creation or the last interaction; 0 is without end.
            status: `closed` closes it, `in-progress` re-opens a closed one; Twilio refuses every other
                change (80608).

        Raises:
            ArgumentError: An argument cannot be right, or the session is addressed by its unique name.
            APIError: The session is closed (Twilio error 80607), the change of status is not possible
                (80608), or the numbers are in use by another session now (80604).

        Example:
            >>> session = await service.sessions("KC...").update(status="closed")
        """
        form = {
            "DateExpiry": arguments.date("date_expiry", date_expiry),
            "Ttl": arguments.seconds("ttl", ttl),
            "Status": arguments.member("status", status, SessionStatus),
        }
        return await self._update(form, Session, self._settlement(status, ttl, date_expiry))

    def _settlement(
        self, status: str | None, ttl: int | timedelta | None, date_expiry: datetime | None
    ) -> Settlement[Session] | None:
        """Closing twice, or re-opening twice, is refused; after a lost answer that may mean: it is done."""
        if status is None:
            return None
        wanted = Wanted(status=status, ttl=ttl, date_expiry=date_expiry)
        look = self._request("GET", "fetch", self._path)
        return settle_update(look, Session, codes=_DONE_ALREADY, reached=wanted.is_met_by)

    async def delete(self) -> None:
        """Delete this session for good, with its participants and interactions; its name becomes free.

        Raises:
            ArgumentError: The session is addressed by its unique name.
            NotFoundError: There is none of this SID.

        Example:
            >>> await service.sessions("KC...").delete()
        """
        await self._delete()


class AsyncSessions(AsyncCollection[Session]):
    """The sessions of a service. Twilio's API has no filters and lists closed ones, too.

    A session that has been closed for 90 days is deleted by Twilio with all that belongs to it (Proxy
    changelog 2019-11-18).
    """

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.sessions"
    _conflicts = frozenset({_NAME_TAKEN})
    _key = "sessions"
    _model = Session
    _page_cap = 100

    def __call__(self, sid: str) -> AsyncSessionContext:
        """Return one session, without asking for it.

        Args:
            sid: `KC...`; or, where only `fetch` is used, its unique name.

        Raises:
            ArgumentError: `sid` is empty or cannot stand in a path.
        """
        return AsyncSessionContext(self._pipeline, self._path, arguments.identifier("session sid", sid))

    async def create(
        self,
        *,
        unique_name: str | None = None,
        date_expiry: datetime | None = None,
        ttl: int | timedelta | None = None,
        mode: SessionMode | str | None = None,
        status: SessionStatus | str | None = None,
        participants: Sequence[ParticipantSpec | Mapping[str, str]] | None = None,
    ) -> Session:
        """Create a session. Give a `unique_name`: it is what makes a repeated create recognisable.

        Args:
            unique_name: At most 191 characters; unique in the service until the session is deleted.
            date_expiry: When it is to be closed; aware, sent in UTC to the second; overrides `ttl`; Twilio
                refuses one that has passed.
            ttl: Seconds to live after creation or the last interaction; 0 is without end; by default the
                service's `default_ttl`.
            mode: What it carries; Proxy's default is `voice-and-message`.
            status: The status to begin with; Proxy's default is `open`.
            participants: At most two, each a `ParticipantSpec` or a mapping with the same names. The
                answer does not contain them; list `sessions(sid).participants` for their numbers.

        Raises:
            ArgumentError: An argument cannot be right.
            APIError: The name is taken (Twilio error 80603), the pool has no number for a participant
                (80205, 80206), or the participants are connected in another session (80604).

        Example:
            >>> session = await service.sessions.create(
            ...     unique_name="Order #1234",
            ...     ttl=timedelta(hours=1),
            ...     participants=[{"identifier": "+14155550100"}, {"identifier": "+14155550101"}],
            ... )
        """
        return await self._create_before(
            None,
            unique_name=unique_name,
            date_expiry=date_expiry,
            ttl=ttl,
            mode=mode,
            status=status,
            participants=participants,
        )

    async def get_or_create(
        self,
        *,
        unique_name: str,
        date_expiry: datetime | None = None,
        ttl: int | timedelta | None = None,
        mode: SessionMode | str | None = None,
        status: SessionStatus | str | None = None,
        participants: Sequence[ParticipantSpec | Mapping[str, str]] | None = None,
    ) -> Session:
        """Create a session, or fetch the one that has its unique name already, whatever it is like.

        Arguments are those of `create`; they say nothing about a session that exists. Both steps together
        end within the client's `timeout`.

        Raises:
            ArgumentError: An argument cannot be right.
            APIError: Whatever create or fetch may raise, but for a name that is taken.

        Example:
            >>> session = await service.sessions.get_or_create(unique_name="Order #1234", ttl=3600)
        """
        arguments.name("unique_name", unique_name)
        deadline = self._pipeline.deadline()
        try:
            return await self._create_before(
                deadline,
                unique_name=unique_name,
                date_expiry=date_expiry,
                ttl=ttl,
                mode=mode,
                status=status,
                participants=participants,
            )
        except APIError as error:
            if error.code != _NAME_TAKEN:
                raise
        return await self._pipeline.call(self._look_up(unique_name), Session, deadline=deadline)

    async def _create_before(
        self,
        deadline: float | None,
        *,
        unique_name: str | None,
        date_expiry: datetime | None,
        ttl: int | timedelta | None,
        mode: str | None,
        status: str | None,
        participants: Sequence[ParticipantSpec | Mapping[str, str]] | None,
    ) -> Session:
        form = {
            "UniqueName": arguments.name("unique_name", unique_name),
            "DateExpiry": arguments.date("date_expiry", date_expiry),
            "Ttl": arguments.seconds("ttl", ttl),
            "Mode": arguments.member("mode", mode, SessionMode),
            "Status": arguments.member("status", status, SessionStatus),
            "Participants": encode_participants(participants),
        }
        settlement = None
        if unique_name is not None:
            wanted = Wanted(status=status, ttl=ttl, date_expiry=date_expiry, mode=mode)
            settlement = self._settlement(unique_name, wanted, identifiers(participants))
        return await self._create(form, Session, settlement, deadline)

    def _settlement(self, name: str, wanted: Wanted, joined: set[str]) -> Settlement[Session]:
        async def matches(found: Session, deadline: float) -> bool:
            if not wanted.is_met_by(found):
                return False
            if not joined:
                return True
            # Two at most, so that one page is all there is.
            page = await self(found.sid).participants._first_page(deadline)  # noqa: SLF001
            return {item.identifier for item in page} == joined

        return settle_create(
            self._look_up(name),
            Session,
            name=name,
            conflict=_NAME_TAKEN,
            created=lambda session: session.date_created,
            matches=matches,
        )
