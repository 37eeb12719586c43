"""Phone numbers, the pool from which a service takes its proxy numbers."""

from __future__ import annotations

from twilio_sessions._core import arguments
from twilio_sessions._core.resource import AsyncCollection, AsyncContext
from twilio_sessions.proxy._models import PhoneNumber

__all__ = ["AsyncPhoneNumberContext", "AsyncPhoneNumbers"]


class AsyncPhoneNumberContext(AsyncContext):
    """One number of a pool, by its SID."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.phone_numbers"
    _sid_prefix = "PN"
    _sid_argument = "phone number sid"

    async def fetch(self) -> PhoneNumber:
        """Fetch this number.

        Raises:
            NotFoundError: It is not in the pool of this service.

        Example:
            >>> number = await service.phone_numbers("PN...").fetch()
        """
        return await self._fetch(self._path_by_sid(), PhoneNumber)

    async def update(self, *, is_reserved: bool | None = None) -> PhoneNumber:
        """Reserve this number, or release it for every session.

        Args:
            is_reserved: Whether it is used only when named explicitly; None changes nothing.

        Raises:
            NotFoundError: It is not in the pool of this service.

        Example:
            >>> number = await service.phone_numbers("PN...").update(is_reserved=True)
        """
        form = {"IsReserved": arguments.boolean("is_reserved", is_reserved)}
        return await self._update(form, PhoneNumber)

    async def delete(self) -> None:
        """Take this number out of the pool.

        Raises:
            APIError: It is used by an active session (Twilio error 80611), or not found.

        Example:
            >>> await service.phone_numbers("PN...").delete()
        """
        await self._delete()


class AsyncPhoneNumbers(AsyncCollection[PhoneNumber]):
    """The pool of numbers of a service: at most 5000 reserved and 500 others (Proxy limits page)."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.phone_numbers"
    _key = "phone_numbers"
    _model = PhoneNumber
    _page_cap = 100

    def __call__(self, sid: str) -> AsyncPhoneNumberContext:
        """Return one number, without asking for it.

        Args:
            sid: `PN...`.

        Raises:
            ArgumentError: `sid` is empty or cannot stand in a path.
        """
        return AsyncPhoneNumberContext(
            self._pipeline, self._path, arguments.identifier("phone number sid", sid)
        )

    async def create(
        self,
        *,
        sid: str | None = None,
        phone_number: str | None = None,
        is_reserved: bool | None = None,
    ) -> PhoneNumber:
        """Put a number that the account owns into the pool. Exactly one of `sid` and `phone_number` is given.

        Args:
            sid: The number's SID (`PN...`).
            phone_number: The number in E.164 form.
            is_reserved: Whether it is used only when named explicitly.

        Raises:
            ArgumentError: An argument cannot be right, or both or none of the two were given.
            APIError: The number is in another service (Twilio error 80101), in this one already (80104),
                or not owned (80301).

        Example:
            >>> number = await service.phone_numbers.create(phone_number="+14155550123")
        """
        arguments.one_of(sid=sid, phone_number=phone_number)
        form = {
            "Sid": arguments.optional_sid("sid", sid, "PN"),
            "PhoneNumber": arguments.phone_number("phone_number", phone_number),
            "IsReserved": arguments.boolean("is_reserved", is_reserved),
        }
        return await self._create(form, PhoneNumber)
