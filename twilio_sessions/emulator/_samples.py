"""Names and texts for seeded records: what real data contains and careless code stumbles over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

__all__ = ("sample_content", "sample_meta", "sample_name", "sample_service_name", "sample_text")

# Twilio's own example of a unique name is `Order #1234`. All end in the number that makes them unique.
_NAMES = (
    "Order #{}",
    "ride-{}",
    "Lieferung Köln/Düsseldorf {}",
    "注文 {}",
    "заказ №{}",
    "100% sure? {}",
    'the "quoted" one & its <friend> {}',
    "it's; a=b+c, %2F {}",
    "pizza 🍕 {}",
    "a/b\\c:{}",
    "e\u0301te\u0301 {}",
    "طلب {}",
    "CH0123456789abcdef0123456789abcdef-{}",
)

_SERVICE_NAMES = (
    "Deliveries {}",
    "Café support {}",
    "ride-hailing/{}",
    "東京 rentals #{}",
    "market & place {}",
)

_TEXTS = (
    "hello",
    "I am at the door",
    "Where are you? 🤷🏽‍♀️",
    'She said "five minutes".',
    "Übermorgen, 10 € Trinkgeld",
    "ちょっと待ってください",
    "line one\nline two",
    "C:\\temp\\new",
    "50% & more <b>now</b>",
    "\u200f\u0645\u0631\u062d\u0628\u0627",
    "",
    "ok " * 60,
)

_IDENTITIES = ("user:zoë", "phone:+14155550123", "email:ana@example.com", "客戶-7", "anonymous")


def sample_name(rng: random.Random, number: int) -> str:
    """Return a session name; distinct for distinct numbers. One in fifty is as long as Twilio allows."""
    name = rng.choice(_NAMES).format(number)
    return name if rng.randrange(50) else name.rjust(191, "x")


def sample_service_name(rng: random.Random, number: int) -> str:
    """Return a service name; distinct for distinct numbers."""
    return rng.choice(_SERVICE_NAMES).format(number)


def sample_text(rng: random.Random) -> str:
    """Return the body of a message."""
    return rng.choice(_TEXTS)


def sample_identity(rng: random.Random) -> str:
    """Return who talks to an assistant."""
    return rng.choice(_IDENTITIES)


def sample_content(rng: random.Random, role: str) -> dict[str, Any]:
    """Return the free-form content of an assistant's message, sometimes nested and sometimes empty."""
    if role == "tool":
        return {
            "type": "tool_result",
            "output": {"items": [1, 2.5, None, {"ok": True}], "note": sample_text(rng)},
        }
    if not rng.randrange(10):
        return {}
    return {"type": "text", "content": sample_text(rng), "parts": [{"text": sample_text(rng)}]}


def sample_meta(rng: random.Random) -> dict[str, Any]:
    """Return the free-form meta of an assistant's message."""
    if not rng.randrange(2):
        return {}
    return {
        "usage": {"input": rng.randrange(2000), "output": rng.randrange(500)},
        "tags": ["ä", "\u03b2"],
        "score": None,
    }
