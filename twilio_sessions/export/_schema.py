"""The tables of derived formats: one for each resource, their columns taken from the models."""

from __future__ import annotations

from datetime import datetime
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

import attrs

from twilio_sessions.assistants import _models as assistants
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export._report import row_name
from twilio_sessions.proxy import _models as proxy

if TYPE_CHECKING:
    from twilio_sessions.export._plan import Product

__all__ = ["EXTRA", "SCHEMA", "TABLES", "Column", "Kind", "Table", "find_table"]

SCHEMA: Final = 1
"""Raised when a column changes its type or goes away; a column more is no such change."""

EXTRA: Final = "extra"
"""The last column of every table: what the others do not hold, as a JSON object."""

Kind: TypeAlias = Literal["text", "timestamp", "integer", "boolean", "json"]
"""What a column holds. A `json` column is text, too: the JSON that Twilio sent."""


@attrs.frozen
class Column:
    """A column of a table.

    Attributes:
        name: The name that Twilio gives the field.
        kind: What it holds; every column may be null.
    """

    name: str
    kind: Kind


@attrs.frozen
class Table:
    """What the rows of one resource become.

    Attributes:
        name: Its name, such as `message_interactions`; those of Assistants begin with `assistants_`.
        product: `proxy` or `assistants`.
        resource: The resource, by the name that `include` takes.
        columns: Its columns without the last one, `extra`.
    """

    name: str
    product: Product
    resource: str
    columns: tuple[Column, ...]

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Its columns, `extra` included."""
        return (*self.columns, Column(EXTRA, "json"))


_KINDS: Final[dict[object, Kind]] = {
    str: "text",
    datetime: "timestamp",
    int: "integer",
    bool: "boolean",
    dict: "json",
}


def _kind(hint: object) -> Kind:
    """Return the kind of column for the type of a field, which may be None besides."""
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (option for option in get_args(hint) if option is not NoneType)
    return _KINDS[get_origin(hint) or hint]


def _table(product: Product, resource: str, model: type[attrs.AttrsInstance]) -> Table:
    hints = get_type_hints(model)
    columns = tuple(Column(field.name, _kind(hints[field.name])) for field in attrs.fields(model))
    return Table(_under(row_name(product, resource)), product, resource, columns)


def _under(name: str) -> str:
    return name.replace("-", "_")


TABLES: Final[tuple[Table, ...]] = (
    _table("proxy", "services", proxy.Service),
    _table("proxy", "phone-numbers", proxy.PhoneNumber),
    _table("proxy", "sessions", proxy.Session),
    _table("proxy", "participants", proxy.Participant),
    _table("proxy", "interactions", proxy.Interaction),
    _table("proxy", "message-interactions", proxy.MessageInteraction),
    _table("assistants", "sessions", assistants.Session),
    _table("assistants", "messages", assistants.Message),
)
"""Every table there can be, in the order in which they are written."""


def find_table(resource: str, product: str | None = None) -> Table:
    """Return the table of a resource, by any of the names that it goes by.

    Args:
        resource: Such as `sessions`, `message-interactions` or `assistants_messages`.
        product: `proxy` or `assistants`; by default Proxy's, where both have a resource of that name.

    Raises:
        ArgumentError: There is no such resource.

    Example:
        >>> find_table("sessions", "assistants").name
        'assistants_sessions'
    """
    wanted = _under(resource)
    for table in TABLES:
        if product in (None, table.product) and wanted in (table.name, _under(table.resource)):
            return table
    known = ", ".join(dict.fromkeys(table.resource for table in TABLES))
    where = "" if product is None else f" of the product {product!r}"
    raise ArgumentError(
        f"there is no resource {resource!r}{where}; known are {known}, and the products proxy and assistants",
        argument="resource",
    )
