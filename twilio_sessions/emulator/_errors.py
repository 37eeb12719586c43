"""Refusals in Twilio's own words: the code, the message, and the body that carries them.

Codes and messages are those of Twilio's error dictionary (https://www.twilio.com/docs/api/errors).
The HTTP status of most 80xxx codes is not published; `EmulatorOptions.error_statuses` decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ("ApiError", "error_body", "invalid", "missing", "not_found")

MESSAGES: Mapping[int, str] = {
    20003: "Authenticate",
    20004: "Method not allowed",
    20007: "Page size too large",
    20409: "The resource is not in a state in which it can be modified",
    20413: "Request entity too large",
    20429: "Too Many Requests",
    21481: "Invalid PageToken",
    80101: "Phone number is already associated with another Service",
    80103: "Participant has already been added to this Session",
    80104: "Phone number is already associated with this Service",
    80201: "No numbers with voice capability are available in the Service",
    80202: "No numbers with message capability are available in the Service",
    80203: "No numbers are available for the Participant's country",
    80205: "Service has no phone numbers",
    80206: "No compatible proxy numbers are available for this Participant",
    80207: "Only reserved numbers are left in the Service",
    80208: "All compatible numbers are in use by this Participant",
    80301: "Phone number is not owned by this Account",
    80308: "Session with the unique name not found",
    80403: "Invalid Interaction Sid",
    80404: "Participant identifier is invalid or cannot be reached",
    80405: "Invalid Participant Sid",
    80406: "Invalid phone number",
    80407: "Invalid Phone Number Sid",
    80408: "Invalid Service Sid",
    80409: "Invalid Session Sid",
    80506: "Creation of Proxy Services is restricted for this Account",
    80602: "Service UniqueName must be unique.",
    80603: "Session UniqueName must be unique.",
    80604: "Proxy identifier is already in use with this Participant identifier in another active Session",
    80605: "Proxy identifier is not in the Service's number pool",
    80606: "Proxy identifier is not owned by this Account",
    80607: "Session is closed and cannot be updated",
    80608: "Session status change not supported",
    80609: "A Session may have at most 2 participants",
    80611: "Phone number is in use by active Sessions",
    80612: "Duplicate entry: the identifier was a Participant of this Session before",
    80616: "Participant identifier type is not supported by the mode of the Session",
    80622: "The number pool of the Service is full",
    80623: "A request to add the same Participant is still in progress",
}


class ApiError(Exception):
    """A request that Twilio would refuse.

    Attributes:
        code: Twilio's error code.
        message: The sentence sent to the client.
        status: The HTTP status, or `None` to let the options decide by the code.
        headers: Headers that belong to the refusal, such as `Allow`.
    """

    def __init__(
        self,
        code: int,
        message: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.message = MESSAGES[code] if message is None else message
        self.status = status
        self.headers = headers or {}
        super().__init__(f"{code}: {self.message}")


def error_body(code: int, message: str, status: int) -> dict[str, Any]:
    """Return the classic error object of Twilio's v1 products."""
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def invalid(name: str, why: str) -> ApiError:
    """Return the refusal of one request parameter's value."""
    return ApiError(80701, f"'{name}' is invalid. {why}")


def missing(name: str) -> ApiError:
    """Return the refusal of a request that lacks a required parameter."""
    return ApiError(20001, f"Missing required parameter {name} in the post body", status=400)


def not_found(resource: str, code: int = 20404) -> ApiError:
    """Return the 404 for a resource path, written without its version prefix."""
    if code in MESSAGES:
        return ApiError(code, status=404)
    return ApiError(20404, f"The requested resource {resource} was not found", status=404)
