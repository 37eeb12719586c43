"""Services, the pools of numbers and settings that hold Proxy's sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions._core import arguments
from twilio_sessions._core.resource import AsyncCollection, AsyncContext
from twilio_sessions._core.settle import Settlement, settle_create
from twilio_sessions.proxy._models import GeoMatchLevel, NumberSelectionBehavior, Service
from twilio_sessions.proxy._phone_numbers import AsyncPhoneNumbers
from twilio_sessions.proxy._sessions import AsyncSessions

if TYPE_CHECKING:
    from datetime import timedelta

    from twilio_sessions._core.request import Form

__all__ = ["AsyncServiceContext", "AsyncServices"]

# "Service UniqueName must be unique."; which status comes with it is not documented.
_NAME_TAKEN = 80602


def _form(
    *,
    unique_name: str | None,
    default_ttl: int | timedelta | None,
    callback_url: str | None,
    geo_match_level: GeoMatchLevel | str | None,
    number_selection_behavior: NumberSelectionBehavior | str | None,
    intercept_callback_url: str | None,
    out_of_session_callback_url: str | None,
    chat_instance_sid: str | None,
) -> dict[str, str | None]:
    """Check and name the fields that create and update share."""
    return {
        "UniqueName": arguments.name("unique_name", unique_name),
        "DefaultTtl": arguments.seconds("default_ttl", default_ttl),
        "CallbackUrl": arguments.url("callback_url", callback_url),
        "GeoMatchLevel": arguments.member("geo_match_level", geo_match_level, GeoMatchLevel),
        "NumberSelectionBehavior": arguments.member(
            "number_selection_behavior", number_selection_behavior, NumberSelectionBehavior
        ),
        "InterceptCallbackUrl": arguments.url("intercept_callback_url", intercept_callback_url),
        "OutOfSessionCallbackUrl": arguments.url("out_of_session_callback_url", out_of_session_callback_url),
        "ChatInstanceSid": arguments.optional_sid("chat_instance_sid", chat_instance_sid, "IS"),
    }


class AsyncServiceContext(AsyncContext):
    """One service, by its SID; fetching takes its unique name as well."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.services"
    _conflicts = frozenset({_NAME_TAKEN})
    _sid_prefix = "KS"
    _sid_argument = "service sid"

    @property
    def sessions(self) -> AsyncSessions:
        """The sessions of this service.

        Raises:
            ArgumentError: This service is addressed by its unique name; nested paths take a SID only.
        """
        return AsyncSessions(self._pipeline, f"{self._path_by_sid()}/Sessions")

    @property
    def phone_numbers(self) -> AsyncPhoneNumbers:
        """The pool of numbers of this service.

        Raises:
            ArgumentError: This service is addressed by its unique name; nested paths take a SID only.
        """
        return AsyncPhoneNumbers(self._pipeline, f"{self._path_by_sid()}/PhoneNumbers")

    async def fetch(self) -> Service:
        """Fetch this service.

        Raises:
            NotFoundError: There is none of this SID or unique name.

        Example:
            >>> service = await client.proxy.v1.services("my-service").fetch()
        """
        return await self._fetch(self._path, Service)

    async def update(
        self,
        *,
        unique_name: str | None = None,
        default_ttl: int | timedelta | None = None,
        callback_url: str | None = None,
        geo_match_level: GeoMatchLevel | str | None = None,
        number_selection_behavior: NumberSelectionBehavior | str | None = None,
        intercept_callback_url: str | None = None,
        out_of_session_callback_url: str | None = None,
        chat_instance_sid: str | None = None,
    ) -> Service:
        """Change settings; what is not given stays as it is. Arguments are those of `services.create`.

        Raises:
            ArgumentError: An argument cannot be right.
            APIError: The name is taken (Twilio error 80602), or another refusal.

        Example:
            >>> service = await client.proxy.v1.services("KS...").update(default_ttl=3600)
        """
        form = _form(
            unique_name=unique_name,
            default_ttl=default_ttl,
            callback_url=callback_url,
            geo_match_level=geo_match_level,
            number_selection_behavior=number_selection_behavior,
            intercept_callback_url=intercept_callback_url,
            out_of_session_callback_url=out_of_session_callback_url,
            chat_instance_sid=chat_instance_sid,
        )
        return await self._update(form, Service)

    async def delete(self) -> None:
        """Delete this service and what belongs to it.

        Raises:
            NotFoundError: There is none of this SID.

        Example:
            >>> await client.proxy.v1.services("KS...").delete()
        """
        await self._delete()


class AsyncServices(AsyncCollection[Service]):
    """The Proxy services of an account."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.services"
    _conflicts = frozenset({_NAME_TAKEN})
    _key = "services"
    _model = Service
    _page_cap = 100

    def __call__(self, sid: str) -> AsyncServiceContext:
        """Return one service, without asking for it.

        Args:
            sid: `KS...`; or, where only `fetch` is used, its unique name.

        Raises:
            ArgumentError: `sid` is empty or cannot stand in a path.
        """
        return AsyncServiceContext(self._pipeline, self._path, arguments.identifier("service sid", sid))

    async def create(
        self,
        *,
        unique_name: str,
        default_ttl: int | timedelta | None = None,
        callback_url: str | None = None,
        geo_match_level: GeoMatchLevel | str | None = None,
        number_selection_behavior: NumberSelectionBehavior | str | None = None,
        intercept_callback_url: str | None = None,
        out_of_session_callback_url: str | None = None,
        chat_instance_sid: str | None = None,
    ) -> Service:
        """Create a service.

        Args:
            unique_name: At most 191 characters; unique in the account.
            default_ttl: Seconds that new sessions live after the last interaction; 0 is without end.
            callback_url: Where Twilio reports interactions; at most 4000 characters.
            geo_match_level: How near a proxy number must be; Proxy's default is `country`.
            number_selection_behavior: Proxy's default is `prefer-sticky`.
            intercept_callback_url: Where Twilio asks whether an interaction may pass (403 blocks it).
            out_of_session_callback_url: Where Twilio asks about traffic that belongs to no session.
            chat_instance_sid: The Chat service (`IS...`) behind it.

        Raises:
            ArgumentError: An argument cannot be right.
            APIError: The name is taken (Twilio error 80602), or new services are not allowed any more
                (80506).

        Example:
            >>> service = await client.proxy.v1.services.create(unique_name="rides")
        """
        arguments.identifier("unique_name", unique_name)
        form = _form(
            unique_name=unique_name,
            default_ttl=default_ttl,
            callback_url=callback_url,
            geo_match_level=geo_match_level,
            number_selection_behavior=number_selection_behavior,
            intercept_callback_url=intercept_callback_url,
            out_of_session_callback_url=out_of_session_callback_url,
            chat_instance_sid=chat_instance_sid,
        )
        return await self._create(form, Service, self._settlement(unique_name, form))

    def _settlement(self, name: str, form: Form) -> Settlement[Service]:
        async def matches(found: Service, _: float) -> bool:
            shown = {"DefaultTtl": str(found.default_ttl), "CallbackUrl": found.callback_url}
            return all(form[key] in {None, value} for key, value in shown.items())

        return settle_create(
            self._look_up(name),
            Service,
            name=name,
            conflict=_NAME_TAKEN,
            created=lambda service: service.date_created,
            matches=matches,
        )
