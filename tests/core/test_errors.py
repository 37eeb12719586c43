"""The errors: one tree, all of them picklable, the tree in the docstring true."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from twilio_sessions import errors

EXAMPLES: list[errors.TwilioSessionsError] = [
    errors.TwilioSessionsError("base"),
    errors.ConfigurationError("no credentials"),
    errors.ArgumentError("ttl must be ...", argument="ttl"),
    errors.APIConnectionError("refused", method="GET", url="https://x.example/", maybe_processed=False),
    errors.APITimeoutError("late", method="POST", url="https://x.example/", maybe_processed=True),
    errors.APICertificateError("expired", method="GET", url="https://x.example/", maybe_processed=False),
    *(
        kind("message", status=status, code=1, details={"a": 1}, request_id="RQ1", method="GET", url="u")
        for kind, status in [
            (errors.APIError, 400),
            (errors.BadRequestError, 400),
            (errors.AuthenticationError, 401),
            (errors.PermissionDeniedError, 403),
            (errors.NotFoundError, 404),
            (errors.GoneError, 410),
            (errors.ConflictError, 409),
            (errors.RateLimitError, 429),
            (errors.ServerError, 500),
        ]
    ),
    errors.InvalidResponseError("not JSON", status=200, body_start=b"<html>", request_id="RQ", method="GET"),
    errors.ResponseTooLargeError("too large", status=200, method="GET", url="u"),
    errors.PaginationError("loop", status=200, page_token="PageToken=a", method="GET", url="u"),
    errors.ArchiveError("not an archive"),
    errors.ArchiveLockedError("locked"),
    errors.ExportIncompleteError("interrupted"),
    errors.JournalError("another plan"),
    errors.JournalLockedError("locked"),
]


def classes() -> list[type[errors.TwilioSessionsError]]:
    return [
        value
        for name in errors.__all__
        if isinstance(value := getattr(errors, name), type) and issubclass(value, errors.TwilioSessionsError)
    ]


def test_every_class_has_an_example_here():
    assert {type(example) for example in EXAMPLES} == set(classes())


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_a_pickle(error: errors.TwilioSessionsError):
    error.add_note("while exporting KS...")
    copy: Any = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__
    assert copy.__notes__ == ["while exporting KS..."]


def test_the_tree_in_the_docstring_is_the_tree():
    parents: list[tuple[int, str]] = []
    drawn: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^ {4}([│ ]*(?:[├└]── )?)(\w+Error)\b", line)
        if match is None:
            continue
        depth, name = len(match[1]), match[2]
        while parents and parents[-1][0] >= depth:
            parents.pop()
        if parents:
            drawn[name] = parents[-1][1]
        parents.append((depth, name))
    real = {cls.__name__: cls.__bases__[0].__name__ for cls in classes()}
    assert drawn == {name: base for name, base in real.items() if name != "TwilioSessionsError"}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (EXAMPLES[3], "refused [GET https://x.example/; the request was not processed]"),
        (EXAMPLES[4], "late [POST https://x.example/; the request may have been processed]"),
        (EXAMPLES[-8], "not JSON [HTTP 200 to GET ] (request id RQ)"),
    ],
)
def test_what_a_reader_sees(error: errors.TwilioSessionsError, text: str):
    assert str(error) == text


def test_builtin_families_catch_them():
    assert issubclass(errors.ArgumentError, ValueError)
    assert issubclass(errors.APITimeoutError, TimeoutError)
