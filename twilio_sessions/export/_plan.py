"""What is to be exported, and in which independent parts; values without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio_sessions._config import Product

__all__ = ["RESOURCES", "Partition", "Selection", "select"]

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

# They are listed among the interactions, too, and would cost one more request per participant.
_ONLY_ON_REQUEST: Final = frozenset({"message-interactions"})
# The lists that everything else is found by; they are always exported.
_ALWAYS: Final = frozenset({"services", "sessions"})


@attrs.frozen
class Partition:
    """A part of the work that no other part shares a file or a rate limit with.

    Attributes:
        product: `proxy` or `assistants`.
        service_sid: The Proxy service (`KS...`); None for Assistants, which has no services.
    """

    product: Product
    service_sid: str | None = None

    @property
    def folder(self) -> str:
        """The folder of this part, below the output folder."""
        return self.product if self.service_sid is None else f"{self.product}/{self.service_sid}"


@attrs.frozen
class Selection:
    """Which products, services and resources were asked for.

    Attributes:
        products: The products to export.
        services: SIDs or unique names of the Proxy services to export; empty means all.
        include: The names of the resources to export.
    """

    products: frozenset[Product]
    services: frozenset[str]
    include: frozenset[str]


def select(
    *,
    services: Iterable[str] = (),
    products: Iterable[str] | None = None,
    include: Iterable[str] | None = None,
) -> Selection:
    """Check what was asked for and complete it with the defaults.

    Args:
        services: SIDs or unique names; none means all. Naming services leaves Assistants out.
        products: `proxy`, `assistants`; by default both.
        include: Names from `RESOURCES`, or `all`; by default all but `message-interactions`, which are
            among the interactions as well. Services and sessions are always exported.

    Raises:
        ArgumentError: A name is not known.
    """
    wanted = frozenset(services)
    chosen = frozenset(products) if products is not None else None
    every = frozenset(name for resources in RESOURCES.values() for name in resources)
    names = frozenset(include) if include is not None else every - _ONLY_ON_REQUEST
    _known("products", chosen or (), RESOURCES)
    _known("include", names, every | {"all"})
    if chosen is None:
        chosen = frozenset({"proxy"}) if wanted else frozenset(RESOURCES)
    return Selection(
        products=frozenset(product for product in RESOURCES if product in chosen),
        services=wanted,
        include=(every if "all" in names else names) | _ALWAYS,
    )


def _known(argument: str, given: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ArgumentError(
            f"{argument} does not know {', '.join(map(repr, unknown))}; known are {', '.join(sorted(known))}",
            argument=argument,
        )
