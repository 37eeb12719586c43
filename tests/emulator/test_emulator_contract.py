"""Every body that the emulator sends, in a scenario of every operation, against Twilio's own description.

The fields, their types and nullability are written down here in brief, and always checked. Where Twilio's
OpenAPI files lie beside the repository (`../shared/openapi`, or `TWILIO_SESSIONS_OPENAPI`), every body is
also validated against the schema of its operation, and the brief against the files.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import jsonschema
import pytest
from yarl import URL

from twilio_sessions.emulator import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, Emulator, Seed

OPENAPI = Path(os.environ.get("TWILIO_SESSIONS_OPENAPI", Path(__file__).parents[3] / "shared" / "openapi"))
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SIDS = ("AC", "IS", "KC", "KI", "KP", "KS", "PN")

# A field's kind, and "?" where it may be null.
DATES = {"date_created": "date?", "date_updated": "date?"}
OWNERS = {"sid": "KI?", "session_sid": "KC?", "service_sid": "KS?", "account_sid": "AC?", "url": "url?"}
SIDE = ("participant_sid", "resource_sid", "resource_status", "resource_type", "resource_url")
KINDS = ("KP?", "resource?", "resource_status", "text?", "url?")
INTERACTION = {
    **OWNERS,
    **DATES,
    "data": "text?",
    "type": "interaction_type",
    **{
        f"{way}_{name}": kind
        for way in ("inbound", "outbound")
        for name, kind in zip(SIDE, KINDS, strict=True)
    },
}
RESOURCES = {
    "service": {
        "sid": "KS?",
        "unique_name": "text?",
        "account_sid": "AC?",
        "chat_instance_sid": "IS?",
        "callback_url": "url?",
        "default_ttl": "integer",
        "number_selection_behavior": "number_selection_behavior",
        "geo_match_level": "geo_match_level",
        "intercept_callback_url": "url?",
        "out_of_session_callback_url": "url?",
        **DATES,
        "url": "url?",
        "links": "links?",
    },
    "phone_number": {
        "sid": "PN?",
        "account_sid": "AC?",
        "service_sid": "KS?",
        **DATES,
        "phone_number": "text?",
        "friendly_name": "text?",
        "iso_country": "text?",
        "capabilities": "object?",
        "url": "url?",
        "is_reserved": "boolean?",
        "in_use": "integer",
    },
    "session": {
        "sid": "KC?",
        "service_sid": "KS?",
        "account_sid": "AC?",
        "date_started": "date?",
        "date_ended": "date?",
        "date_last_interaction": "date?",
        "date_expiry": "date?",
        "unique_name": "text?",
        "status": "status",
        "closed_reason": "text?",
        "ttl": "integer",
        "mode": "mode",
        **DATES,
        "url": "url?",
        "links": "links?",
    },
    "participant": {
        **OWNERS,
        "sid": "KP?",
        "friendly_name": "text?",
        "identifier": "text?",
        "proxy_identifier": "text?",
        "proxy_identifier_sid": "PN?",
        "date_deleted": "date?",
        **DATES,
        "links": "links?",
    },
    "interaction": INTERACTION,
    "message_interaction": {**INTERACTION, "participant_sid": "KP?"},
    "assistants_session": {
        "id": "text",
        "account_sid": "AC",
        "assistant_id": "text",
        "verified": "boolean",
        "identity": "text",
        "date_created": "date",
        "date_updated": "date",
    },
    "assistants_message": {
        "id": "text",
        "account_sid": "AC",
        "assistant_id": "text",
        "session_id": "text",
        "identity": "text",
        "role": "text",
        "content": "object",
        "meta": "object",
        "date_created": "date",
        "date_updated": "date",
    },
}
ENUMS = {
    "status": ("open", "in-progress", "closed", "failed", "unknown"),
    "mode": ("message-only", "voice-only", "voice-and-message"),
    "geo_match_level": ("area-code", "overlay", "radius", "country"),
    "number_selection_behavior": ("avoid-sticky", "prefer-sticky"),
    "interaction_type": ("message", "voice", "unknown"),
    # The file forgets that this may be null; its own example of a message interaction shows it.
    "resource_status": (
        *(
            "accepted",
            "answered",
            "busy",
            "canceled",
            "completed",
            "deleted",
            "delivered",
            "delivery-unknown",
        ),
        *("failed", "in-progress", "initiated", "no-answer", "queued", "received", "receiving", "ringing"),
        *("scheduled", "sending", "sent", "undelivered", "unknown", None),
    ),
}
PATTERNS = {
    **{prefix: f"{prefix}[0-9a-fA-F]{{32}}" for prefix in SIDS},
    "resource": "[a-zA-Z]{2}[0-9a-fA-F]{32}",
    "date": DATE,
    "url": r"https?://[!-~]+",
    "text": r"(?s:.*)",
}
SESSION = "/v1/Services/{}/Sessions/{}"
PEOPLE = f"{SESSION}/Participants"
# (verb, path) -> (status, resource, key of a list)
OPERATIONS: dict[tuple[str, str], tuple[int, Any, str | None]] = {
    ("GET", "/v1/Services"): (200, "service", "services"),
    ("POST", "/v1/Services"): (201, "service", None),
    ("GET", "/v1/Services/{}"): (200, "service", None),
    ("POST", "/v1/Services/{}"): (200, "service", None),
    ("DELETE", "/v1/Services/{}"): (204, None, None),
    ("GET", "/v1/Services/{}/PhoneNumbers"): (200, "phone_number", "phone_numbers"),
    ("POST", "/v1/Services/{}/PhoneNumbers"): (201, "phone_number", None),
    ("GET", "/v1/Services/{}/PhoneNumbers/{}"): (200, "phone_number", None),
    ("POST", "/v1/Services/{}/PhoneNumbers/{}"): (200, "phone_number", None),
    ("DELETE", "/v1/Services/{}/PhoneNumbers/{}"): (204, None, None),
    ("GET", "/v1/Services/{}/Sessions"): (200, "session", "sessions"),
    ("POST", "/v1/Services/{}/Sessions"): (201, "session", None),
    ("GET", SESSION): (200, "session", None),
    ("POST", SESSION): (200, "session", None),
    ("DELETE", SESSION): (204, None, None),
    ("GET", PEOPLE): (200, "participant", "participants"),
    ("POST", PEOPLE): (201, "participant", None),
    ("GET", f"{PEOPLE}/{{}}"): (200, "participant", None),
    ("DELETE", f"{PEOPLE}/{{}}"): (200, None, None),
    ("GET", f"{SESSION}/Interactions"): (200, "interaction", "interactions"),
    ("GET", f"{SESSION}/Interactions/{{}}"): (200, "interaction", None),
    ("DELETE", f"{SESSION}/Interactions/{{}}"): (204, None, None),
    ("GET", f"{PEOPLE}/{{}}/MessageInteractions"): (200, "message_interaction", "interactions"),
    ("POST", f"{PEOPLE}/{{}}/MessageInteractions"): (200, "message_interaction", None),
    ("GET", f"{PEOPLE}/{{}}/MessageInteractions/{{}}"): (200, "message_interaction", None),
    ("GET", "/v1/Sessions"): (200, "assistants_session", "sessions"),
    ("GET", "/v1/Sessions/{}"): (200, "assistants_session", None),
    ("GET", "/v1/Sessions/{}/Messages"): (200, "assistants_message", "messages"),
}


def kind_schema(kind: Any) -> Any:
    schema: dict[str, Any]
    name, nullable = kind.rstrip("?"), kind.endswith("?")
    if name in ENUMS:
        return {"enum": list(ENUMS[name])}
    if name in PATTERNS:
        schema = {"type": "string", "pattern": f"^{PATTERNS[name]}$"}
    elif name == "links":
        schema = {"type": "object", "additionalProperties": kind_schema("url"), "minProperties": 1}
    else:
        schema = {"type": name}
    return {"anyOf": [schema, {"type": "null"}]} if nullable else schema


def exactly(properties: Any) -> Any:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


META = exactly(
    {
        "first_page_url": kind_schema("url"),
        "key": {"type": "string"},
        "next_page_url": kind_schema("url?"),
        "page": {"type": "integer", "minimum": 0},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 1000},
        "previous_page_url": kind_schema("url?"),
        "url": kind_schema("url"),
    }
)
ERROR = exactly(
    {
        "code": {"type": "integer", "minimum": 20000},
        "message": {"type": "string", "minLength": 1},
        "more_info": {"type": "string", "pattern": r"^https://www\.twilio\.com/docs/errors/\d+$"},
        "status": {"type": "integer", "minimum": 400},
    }
)


def brief_schema(operation: Any) -> Any:
    _, resource, key = OPERATIONS[operation]
    record = exactly({name: kind_schema(kind) for name, kind in RESOURCES[resource].items()})
    return record if key is None else exactly({key: {"type": "array", "items": record}, "meta": META})


def operation_of(method: Any, target: Any) -> Any:
    """Return the operation that a request is one of."""
    segments = target.partition("?")[0].split("/")[2:]
    shape = "/".join("{}" if index % 2 else segment for index, segment in enumerate(segments))
    return method, f"/v1/{shape}"


class Scenario:
    """Sends requests and keeps what was answered."""

    def __init__(self, session: Any, base_url: Any) -> None:
        self.session = session
        self.base_url = base_url
        self.exchanges: list[tuple[tuple[str, str], int, Any]] = []

    async def __call__(self, method: Any, target: Any, **form: Any) -> Any:
        url = URL(self.base_url + target, encoded=True)
        kwargs = {}
        if form:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            kwargs = {"data": urlencode(form, doseq=True).encode(), "headers": headers}
        async with self.session.request(method, url, **kwargs) as response:
            raw = await response.read()
        body = json.loads(raw) if raw else None
        self.exchanges.append((operation_of(method, target), response.status, body))
        return body

    async def pages(self, target: Any, key: Any) -> Any:
        """Read a listing to its end and every row of it by its own path too."""
        rows = []
        while target:
            page = await self("GET", target)
            rows += page[key]
            target = (page["meta"]["next_page_url"] or "").removeprefix(self.base_url)
        return rows


async def change_everything(do: Any) -> None:
    service = f"/v1/Services/{(await do('POST', '/v1/Services', UniqueName='x', CallbackUrl='https://x.test'))['sid']}"
    await do("POST", service, DefaultTtl="600", ChatInstanceSid="IS" + "0" * 32)
    await do("POST", "/v1/Services", UniqueName="x")
    numbers = [await do("POST", f"{service}/PhoneNumbers", PhoneNumber=f"+1415555000{n}") for n in range(3)]
    await do("POST", f"{service}/PhoneNumbers/{numbers[2]['sid']}", IsReserved="true")
    await do("DELETE", f"{service}/PhoneNumbers/{numbers[2]['sid']}")
    people = [json.dumps({"Identifier": one}) for one in ("+14155550100", "+14155550101")]
    await do("POST", f"{service}/Sessions", DateExpiry="2019-01-01")
    session = await do("POST", f"{service}/Sessions", UniqueName="Order #1", Participants=people)
    path = f"{service}/Sessions/{session['sid']}"
    await do("GET", f"{service}/Sessions/Order%20%231")
    await do("POST", path, Ttl="60", Status="closed")
    await do("POST", path, Ttl="60")
    await do("POST", path, Status="in-progress", DateExpiry="2100-01-01T00:00:00Z")
    participant = (await do("GET", f"{path}/Participants"))["participants"][0]["sid"]
    messages = f"{path}/Participants/{participant}/MessageInteractions"
    sent = [await do("POST", messages, Body="hello") for _ in range(3)]
    await do("DELETE", f"{path}/Interactions/{sent[0]['sid']}")
    await do("DELETE", f"{path}/Participants/{participant}")
    await do("POST", f"{path}/Participants", Identifier="+14155550100")
    await do("POST", f"{path}/Participants", Identifier="+14155550102", FriendlyName="C")
    await read_everything(do)
    await do("DELETE", path)
    await do("DELETE", service)


async def read_everything(do: Any) -> None:
    for service in await do.pages("/v1/Services?PageSize=2", "services"):
        path = f"/v1/Services/{service['sid']}"
        await do("GET", path)
        for number in await do.pages(f"{path}/PhoneNumbers?PageSize=3", "phone_numbers"):
            await do("GET", f"{path}/PhoneNumbers/{number['sid']}")
        for session in await do.pages(f"{path}/Sessions?PageSize=7", "sessions"):
            await read_session(do, f"{path}/Sessions/{session['sid']}")
    for session in await do.pages("/v1/Sessions?PageSize=4", "sessions"):
        path = f"/v1/Sessions/{quote(session['id'], safe='')}"
        await do("GET", path)
        await do.pages(f"{path}/Messages", "messages")


async def read_session(do: Any, path: Any) -> None:
    await do("GET", path)
    for interaction in (await do.pages(f"{path}/Interactions", "interactions"))[:3]:
        await do("GET", f"{path}/Interactions/{interaction['sid']}")
    for participant in await do.pages(f"{path}/Participants?PageSize=1", "participants"):
        person = f"{path}/Participants/{participant['sid']}"
        await do("GET", person)
        for message in (await do.pages(f"{person}/MessageInteractions", "interactions"))[:3]:
            await do("GET", f"{person}/MessageInteractions/{message['sid']}")


async def play() -> Any:
    headers = {"Authorization": aiohttp.encode_basic_auth(DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN)}
    async with (
        Emulator(seed=Seed(services=3, sessions=40, interactions=300)) as emulator,
        aiohttp.ClientSession(headers=headers) as session,
    ):
        scenario = Scenario(session, emulator.base_url)
        await change_everything(scenario)
        for target in ("/v1/Services?Page=1", "/v1/Nothing", f"/v1/Services/KS{'0' * 32}/Sessions"):
            await scenario("GET", target)
        await scenario("PUT", "/v1/Services")
    return scenario.exchanges


@pytest.fixture(scope="module")
async def exchanges():
    return await play()


@pytest.fixture(scope="module")
def anyio_backend():
    """The scenario is played once for all tests of this module."""
    return "asyncio"


async def test_the_scenario_has_every_operation_and_every_status(exchanges):
    done = {(operation, status) for operation, status, _ in exchanges if status < 400}
    assert done == {(operation, status) for operation, (status, _, _) in OPERATIONS.items()}
    assert {status for _, status, _ in exchanges} >= {400, 404, 405}


def check(exchanges: Any, schema_of: Any) -> None:
    """Validate every body; several of one kind are validated with one compiled schema."""
    validators = {}
    for operation, status, body in exchanges:
        if status >= 400:
            key, schema = "error", ERROR
        elif OPERATIONS[operation][1] is None:
            assert body is None
            continue
        else:
            key, schema = operation, schema_of(operation)
        if key not in validators:
            validators[key] = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
        validators[key].validate(body)


def is_date_time(value: Any) -> Any:
    return not isinstance(value, str) or re.fullmatch(DATE, value) is not None


def is_uri(value: Any) -> Any:
    return not isinstance(value, str) or re.fullmatch(PATTERNS["url"], value) is not None


FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("date-time")(is_date_time)
FORMATS.checks("uri")(is_uri)


async def test_every_body_is_as_the_brief_says(exchanges):
    check(exchanges, brief_schema)


def load(name: Any) -> Any:
    path = OPENAPI / f"twilio_{name}_v1.json"
    if not path.exists():
        pytest.skip(f"no OpenAPI files in {OPENAPI}: only the brief in this module was checked")
    return json.loads(path.read_text())


def translated(schema: Any, document: Any, name: Any = None) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema: `nullable` spelled out, references resolved, nothing optional."""
    if "$ref" in schema:
        target = schema["$ref"].rpartition("/")[2]
        result = translated(document["components"]["schemas"][target], document, name)
    else:
        result = {key: value for key, value in schema.items() if key not in {"nullable", "description"}}
        if "properties" in schema:
            properties = {
                key: translated(value, document, key) for key, value in schema["properties"].items()
            }
            result |= {"properties": properties, "additionalProperties": False, "required": list(properties)}
        if "items" in schema:
            result["items"] = translated(schema["items"], document)
    # The spec's own examples have null here, although the schema of the enumeration does not allow it.
    if schema.get("nullable") or name in {"inbound_resource_status", "outbound_resource_status"}:
        return {"anyOf": [result, {"type": "null"}]}
    return result


def spec_operations() -> Any:
    """Return the success status and the translated schema of every operation of the two files."""
    found = {}
    for name in ("proxy", "assistants"):
        document = load(name)
        for path, item in document["paths"].items():
            if name == "assistants" and not path.startswith("/v1/Sessions"):
                continue
            for verb in item.keys() & {"get", "post", "delete", "put"}:
                ((status, response),) = item[verb]["responses"].items()
                content = response.get("content")
                schema = content and translated(content["application/json"]["schema"], document)
                found[verb.upper(), re.sub(r"\{\w+\}", "{}", path)] = int(status), schema
    return found


async def test_every_body_is_as_the_openapi_files_say(exchanges):
    spec = spec_operations()
    assert {one: status for one, (status, _) in spec.items()} == {
        one: status for one, (status, _, _) in OPERATIONS.items()
    }
    check(exchanges, lambda operation: spec[operation][1])


def test_the_brief_names_the_same_fields_as_the_openapi_files():
    for operation, (_, schema) in spec_operations().items():
        if schema is not None:
            brief = brief_schema(operation)
            assert set(brief["properties"]) == set(schema["properties"])
            key = OPERATIONS[operation][2]
            if key is not None:
                rows = brief["properties"][key], schema["properties"][key]
                assert set(rows[0]["items"]["properties"]) == set(rows[1]["items"]["properties"])


SPOILED = [
    ("a missing field", lambda body: body.pop("unique_name")),
    ("an unknown field", lambda body: body.update(more=1)),
    ("a null that may not be", lambda body: body.update(status=None)),
    ("no member of the enumeration", lambda body: body.update(status="completed")),
    ("another date", lambda body: body.update(date_created="2015-07-30T20:00:00+00:00")),
    ("a SID of another kind", lambda body: body.update(sid="KS" + "0" * 32)),
    ("a relative URL", lambda body: body.update(url="/v1/Services")),
]


@pytest.mark.parametrize("source", ["brief", "openapi"])
@pytest.mark.parametrize("spoil", [spoil for _, spoil in SPOILED], ids=[name for name, _ in SPOILED])
async def test_a_wrong_body_would_be_noticed(exchanges, spoil, source):
    operation = ("GET", SESSION)
    schema = brief_schema(operation) if source == "brief" else spec_operations()[operation][1]
    body = dict(next(body for one, status, body in exchanges if one == operation and status == 200))
    check([(operation, 200, body)], lambda _: schema)
    spoil(body)
    with pytest.raises(jsonschema.ValidationError):
        check([(operation, 200, body)], lambda _: schema)
