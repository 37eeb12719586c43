"""What is to be exported, and in which independent partitions; values without I/O."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotations when it runs
from typing import TYPE_CHECKING, Final, Literal

import attrs

from twilio_sessions._core import arguments
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export._frames import COMPRESSIONS, Compress, check_compress

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PARENTS", "RESOURCES", "Filters", "Partition", "Product", "Selection", "select"]

Product = Literal["proxy", "assistants"]

RESOURCES: Final[dict[Product, tuple[str, ...]]] = {
    "proxy": (
        "services",
        "phone-numbers",
        "sessions",
        "participants",
        "interactions",
        "message-interactions",
    ),
    "assistants": ("sessions", "messages"),
}
"""What each product has, by the names that `include` takes."""

PARENTS: Final = {
    "participants": "sessions",
    "interactions": "sessions",
    "message-interactions": "participants",
    "messages": "sessions",
}
"""Whose rows the listings of a resource belong to; the others have one listing per partition."""

# They are listed among the interactions, too, and would cost one more request per participant.
_ONLY_ON_REQUEST: Final = frozenset({"message-interactions"})
# The lists that everything else is found by; they are always exported.
_ALWAYS: Final = frozenset({"services", "sessions"})
_STATUSES: Final = ("open", "in-progress", "closed", "failed", "unknown")

DEFAULT_PART_ROWS: Final = 50_000


@attrs.frozen
class Filters:
    """Which Proxy sessions are wanted; those that are not are neither written nor asked for more.

    Twilio's API has no filters, so sessions are listed all the same.

    Attributes:
        statuses: Of these only, in lower case; none means all.
        created_after: Only sessions created then or later.
        created_before: Only sessions created before.
    """

    statuses: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether everything is wanted."""
        return self == Filters()

    def wants(self, status: str | None, created: datetime | None) -> bool:
        """Tell whether a session is wanted; one that does not say when it was created is."""
        if self.statuses and (status or "").lower() not in self.statuses:
            return False
        if created is None:
            return True
        if self.created_after is not None and created < self.created_after:
            return False
        return self.created_before is None or created < self.created_before


@attrs.frozen
class Partition:
    """A part of an export that shares neither a file nor a published rate limit with another one.

    It pickles, and holds no secret: any process that has the credentials can export it.

    Attributes:
        product: `proxy` or `assistants`.
        service_sid: The Proxy service (`KS...`); None for Assistants, and for the list of the services.
        include: The resources to export, in the order in which they are found.
        account_sid: The account, where it is known.
        filters: Which sessions are wanted.
        compress: How rows are stored.
        part_rows: After how many rows a part is closed and another one begun.
        since: The SHA-256 of the manifest of the export that this one adds to; None when it is the first.
    """

    product: Product
    service_sid: str | None = None
    include: tuple[str, ...] = ()
    account_sid: str | None = None
    filters: Filters = Filters()
    compress: Compress = "zstd"
    part_rows: int = DEFAULT_PART_ROWS
    since: str | None = None

    @property
    def folder(self) -> str:
        """The folder of this partition, below that of the archive."""
        return self.product if self.service_sid is None else f"{self.product}/{self.service_sid}"

    @property
    def key(self) -> str:
        """The name of this partition, the same whenever and wherever it is exported."""
        return f"{self.account_sid or 'account'}/{self.folder}"


@attrs.frozen
class Selection:
    """What was asked for, checked and completed with the defaults.

    Attributes:
        products: The products to export.
        services: SIDs or unique names of the Proxy services to export; empty means all.
        include: The names of the resources to export.
        filters: Which Proxy sessions are wanted.
        compress: How rows are stored.
        part_rows: After how many rows a part is closed and another one begun.
    """

    products: tuple[Product, ...]
    services: tuple[str, ...]
    include: tuple[str, ...]
    filters: Filters = Filters()
    compress: Compress = "zstd"
    part_rows: int = DEFAULT_PART_ROWS

    def partition(
        self, product: Product, service_sid: str | None = None, account_sid: str | None = None
    ) -> Partition:
        """Return the partition of a product or of a service of it."""
        names = RESOURCES[product]
        if product == "proxy":
            names = names[:1] if service_sid is None else names[1:]
        return Partition(
            product,
            service_sid,
            tuple(name for name in names if name in self.include),
            account_sid,
            self.filters if product == "proxy" else Filters(),
            self.compress,
            self.part_rows,
        )


def select(
    *,
    services: Iterable[str] = (),
    products: Iterable[str] | None = None,
    include: Iterable[str] | None = None,
    statuses: Iterable[str] = (),
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    compress: Compress = "zstd",
    part_rows: int = DEFAULT_PART_ROWS,
) -> Selection:
    """Check what was asked for and complete it with the defaults.

    Args:
        services: SIDs or unique names; none means all. Naming services leaves Assistants out.
        products: `proxy`, `assistants`; by default both.
        include: Names from `RESOURCES`, or `all`; by default all but `message-interactions`, which are
            among the interactions as well. Services and sessions are always exported, and participants
            where their message interactions are.
        statuses: Only Proxy sessions with one of these; none means all.
        created_after: Only Proxy sessions created then or later; with a time zone.
        created_before: Only Proxy sessions created before; with a time zone.
        compress: `zstd` or `none`.
        part_rows: After how many rows a part is closed and another one begun.

    Raises:
        ArgumentError: A name is not known, or a value cannot be right.
        ConfigurationError: The package for `zstd` is not installed.
    """
    wanted = sorted(set(services))
    names = _included(include)
    if products is None:
        products = ("proxy",) if wanted else tuple(RESOURCES)
    chosen = set(products)
    _known("products", chosen, RESOURCES)
    _known("compress", [compress], COMPRESSIONS)
    check_compress(compress)
    arguments.count("part_rows", part_rows, least=1)
    return Selection(
        products=tuple(product for product in RESOURCES if product in chosen),
        services=tuple(wanted),
        include=names,
        filters=_filters(statuses, created_after, created_before),
        compress=compress,
        part_rows=part_rows,
    )


def _included(include: Iterable[str] | None) -> tuple[str, ...]:
    every = dict.fromkeys(name for resources in RESOURCES.values() for name in resources)
    names = set(include) if include is not None else every.keys() - _ONLY_ON_REQUEST
    _known("include", names, [*every, "all"])
    names = (set(every) if "all" in names else names) | _ALWAYS
    names |= {PARENTS[name] for name in names if name in PARENTS}
    return tuple(name for name in every if name in names)


def _filters(statuses: Iterable[str], after: datetime | None, before: datetime | None) -> Filters:
    chosen = {status.lower() for status in statuses}
    _known("statuses", chosen, _STATUSES)
    for name, date in (("created_after", after), ("created_before", before)):
        if date is not None and date.tzinfo is None:
            raise ArgumentError(f"{name} must have a time zone; {date} has none", argument=name)
    if after is not None and before is not None and after >= before:
        raise ArgumentError(
            f"created_after must be before created_before; {after} is not before {before}",
            argument="created_after",
        )
    return Filters(tuple(sorted(chosen)), after, before)


def _known(argument: str, given: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ArgumentError(
            f"{argument} does not know {', '.join(map(repr, unknown))}; known are {', '.join(sorted(known))}",
            argument=argument,
        )
