"""There is something to do about every code that a command of this program may meet."""

from __future__ import annotations

import pytest

from twilio_sessions.cli._advice import advice
from twilio_sessions.cli._remedies import REMEDIES
from twilio_sessions.emulator._errors import MESSAGES
from twilio_sessions.errors import AuthenticationError, BadRequestError, ConflictError

# What a SID of the wrong form, a page token or a body of our own making would bring about; and 20003, which
# has the class AuthenticationError.
OURS = {20003, 20004, 20007, 20413, 21481, 80403, 80405, 80406, 80407, 80408, 80409}


def test_every_code_that_people_can_do_something_about_is_known():
    assert set(MESSAGES) - OURS <= set(REMEDIES)


@pytest.mark.parametrize("code", REMEDIES)
def test_it_is_one_line_without_an_end(code: int):
    assert advice(BadRequestError("no", status=400, code=code)) == REMEDIES[code]
    assert "\n" not in REMEDIES[code]
    assert not REMEDIES[code].endswith(".")


def test_what_has_no_remedy_of_its_own_has_that_of_its_class():
    assert advice(ConflictError("no", status=409, code=99999)) == ""
    assert "check STAGING" in advice(AuthenticationError("no", status=401, code=20003), "STAGING")
