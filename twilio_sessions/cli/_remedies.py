"""What to do about an error that Twilio has a code for."""

from __future__ import annotations

from typing import Final

__all__ = ["REMEDIES"]

_POOL: Final = "look at phone-numbers list of the service, and add one that fits with phone-numbers create"
_NOT_THERE: Final = "check the SID or name, and what it belongs to; list shows what there is"

_WRONG: Final = "the message names what is missing or wrong; nothing was done"

REMEDIES: Final = {
    20001: _WRONG,
    20404: _NOT_THERE,
    20409: "it is being changed, or past changing; fetch it and see",
    20422: _WRONG,
    20429: "too many requests at a time for this account; it was not processed, so try again later",
    80101: "delete it from the other service's pool first",
    80103: "nothing to do: the participant is in this session already",
    80104: "nothing to do: the number is in this pool already",
    80201: f"no number of the pool can call; {_POOL}",
    80202: f"no number of the pool can send messages; {_POOL}",
    80203: f"no number of the pool is of the participant's country; {_POOL}",
    80205: f"the pool is empty; {_POOL}",
    80206: f"no number of the pool suits this participant; {_POOL}",
    80207: "name a reserved number with --proxy-identifier, or release one: phone-numbers update "
    "--no-is-reserved",
    80208: f"close sessions of this participant, or make the pool larger: {_POOL}",
    80301: "buy the number, or use the account that owns it",
    80308: _NOT_THERE,
    80404: "give a number in E.164 form, such as +14155550100, that can be reached",
    80506: "this account may not create Proxy services; use one that exists, or ask Twilio's support",
    80602: "take another name, or use the service that has it: services fetch NAME",
    80603: "take another name, or use the session that has it: sessions fetch NAME; closing frees no name, "
    "deleting does",
    80604: "these numbers are connected in another open session; close that, or use another proxy number",
    80605: f"the number is not in the pool of this service; {_POOL}",
    80606: "the number is not this account's; name one of the pool",
    80607: "re-open it first: sessions update --status in-progress",
    80608: "open and in-progress can become closed, and closed can become in-progress; nothing else",
    80609: "two is the most; delete one of them, or create another session",
    80611: "close the sessions that use it first",
    80612: "who has left a session cannot come back; create another session",
    80616: "an address that is no phone number needs a session of --mode message-only",
    80622: "5000 reserved numbers and 500 others are the most; take some out of the pool",
    80623: "another request adds this participant at this moment; look before you repeat it",
    80701: _WRONG,
}
"""By Twilio's codes (https://www.twilio.com/docs/api/errors)."""
