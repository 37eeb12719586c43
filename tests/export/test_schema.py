"""The tables: one for each resource, as the models have them, and as the document says."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from twilio_sessions.assistants import Message
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export import RESOURCES
from twilio_sessions.export._schema import EXTRA, SCHEMA, TABLES, Column, Table, find_table
from twilio_sessions.proxy import MessageInteraction, Session

DOCUMENT = Path(__file__).parents[2] / "docs" / "export-formats.md"


def table(name: str) -> Table:
    return next(each for each in TABLES if each.name == name)


def documented() -> str:
    """What the document has to say of the tables."""
    lines: list[str] = []
    for each in TABLES:
        lines += ["", f"### {each.name}", "", "| column | type |", "|---|---|"]
        lines += [f"| `{column.name}` | {column.kind} |" for column in each.all_columns]
    return "\n".join([*lines, ""])


def test_every_resource_has_one_table():
    every = {(product, resource) for product, resources in RESOURCES.items() for resource in resources}
    assert [(each.product, each.resource) for each in TABLES] == [
        (product, resource) for product, resources in RESOURCES.items() for resource in resources
    ]
    assert {(each.product, each.resource) for each in TABLES} == every
    assert [each.name for each in TABLES] == [
        "services",
        "phone_numbers",
        "sessions",
        "participants",
        "interactions",
        "message_interactions",
        "assistants_sessions",
        "assistants_messages",
    ]


@pytest.mark.parametrize(
    ("name", "model"),
    [("sessions", Session), ("message_interactions", MessageInteraction), ("assistants_messages", Message)],
)
def test_columns_are_the_fields_of_the_model(name: str, model: type[attrs.AttrsInstance]):
    assert [column.name for column in table(name).columns] == [field.name for field in attrs.fields(model)]


def test_each_type_has_its_kind():
    assert table("sessions").columns[0] == Column("sid", "text")
    kinds = {column.name: column.kind for each in TABLES for column in each.columns}
    found = {name: kinds[name] for name in ("unique_name", "date_ended", "ttl", "in_use", "is_reserved")}
    assert found == {
        "unique_name": "text",
        "date_ended": "timestamp",
        "ttl": "integer",
        "in_use": "integer",
        "is_reserved": "boolean",
    }
    assert {name for name, kind in kinds.items() if kind == "json"} == {
        "links",
        "capabilities",
        "content",
        "meta",
    }
    assert {name for name, kind in kinds.items() if kind == "timestamp"} == {
        name for name in kinds if name.startswith("date_")
    }


def test_the_last_column_is_not_one_of_twilio():
    for each in TABLES:
        assert EXTRA not in [column.name for column in each.columns]
        assert each.all_columns == (*each.columns, Column(EXTRA, "json"))


@pytest.mark.parametrize(
    ("resource", "product", "name"),
    [
        ("sessions", None, "sessions"),
        ("sessions", "proxy", "sessions"),
        ("sessions", "assistants", "assistants_sessions"),
        ("assistants-sessions", None, "assistants_sessions"),
        ("assistants_messages", None, "assistants_messages"),
        ("messages", None, "assistants_messages"),
        ("phone-numbers", None, "phone_numbers"),
        ("message_interactions", "proxy", "message_interactions"),
    ],
)
def test_a_table_is_found_by_its_names(resource: str, product: str | None, name: str):
    assert find_table(resource, product).name == name


@pytest.mark.parametrize(
    ("resource", "product", "message"),
    [
        ("session", None, "there is no resource 'session'; known are services, phone-numbers, sessions, "),
        ("messages", "proxy", "there is no resource 'messages' of the product 'proxy'"),
        ("sessions", "video", "there is no resource 'sessions' of the product 'video'"),
    ],
)
def test_what_is_not_there_is_named(resource: str, product: str | None, message: str):
    with pytest.raises(ArgumentError, match=message):
        find_table(resource, product)


def test_the_document_names_every_column():
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(r"<!-- tables: .*? -->\n(.*)<!-- end of tables -->", text, re.DOTALL)
    assert found is not None
    assert found[1] == documented() + "\n", f"put this between the marks:\n{documented()}"
    assert f"schema version, which is {SCHEMA};" in " ".join(text.split())
