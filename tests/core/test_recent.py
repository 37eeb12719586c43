"""What was listed lately is remembered, and no more than that."""

from __future__ import annotations

from twilio_sessions._core.recent import Recent


def test_what_comes_again_is_seen():
    recent = Recent()
    assert [recent.is_new(one) for one in "abcab"] == [True, True, True, False, False]


def test_the_last_ten_thousand_are_remembered_in_bounded_memory():
    recent = Recent()
    for number in range(35_000):
        assert recent.is_new(str(number))
        assert number < 10_000 or not recent.is_new(str(number - 10_000)) or number % 10_000
    assert not recent.is_new("34999")
    assert not recent.is_new("25001")
    assert recent.is_new("0"), "long forgotten"
    assert len(recent._now) + len(recent._before) <= 20_000  # noqa: SLF001 - what is promised
