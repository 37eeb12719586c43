"""What may be done to services: unique names, bounded fields, and what goes with a deleted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions.emulator import _values as values
from twilio_sessions.emulator._errors import ApiError, invalid, missing
from twilio_sessions.emulator._records import Service

if TYPE_CHECKING:
    from datetime import datetime

    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._store import Store
    from twilio_sessions.emulator._values import Form

__all__ = ("create_service", "delete_service", "update_service")

GEO_MATCH_LEVELS = ("area-code", "overlay", "radius", "country")
NUMBER_SELECTION_BEHAVIORS = ("avoid-sticky", "prefer-sticky")


def create_service(store: Store, options: EmulatorOptions, form: Form, now: datetime) -> Service:
    """Create a service; its name is required and unique in the account (80602)."""
    if not options.allow_service_creation:
        raise ApiError(80506, status=403)
    name = values.text(form, "UniqueName", values.NAME_LENGTH)
    if not name:
        raise missing("UniqueName")
    service = Service(
        key=store.new_key(), sid=store.new_sid("KS"), unique_name=name, date_created=now, date_updated=now
    )
    _apply_service_fields(service, form)
    if name in store.service_by_name:
        raise ApiError(80602)
    store.add_service(service)
    return service


def update_service(store: Store, service: Service, form: Form, now: datetime) -> None:
    """Change the fields that were sent; a refused request changes none."""
    name = values.text(form, "UniqueName", values.NAME_LENGTH)
    if name == "":
        raise invalid("UniqueName", "It must not be empty.")
    if name is not None and store.service_by_name.get(name, service) is not service:
        raise ApiError(80602)
    _apply_service_fields(service, form)
    if name is not None:
        store.rename_service(service, name)
    service.date_updated = now
    store.note_change(service.sid)


def _apply_service_fields(service: Service, form: Form) -> None:
    changes: dict[str, object] = {
        "default_ttl": values.seconds(form, "DefaultTtl"),
        "geo_match_level": values.choice(form, "GeoMatchLevel", GEO_MATCH_LEVELS),
        "number_selection_behavior": values.choice(
            form, "NumberSelectionBehavior", NUMBER_SELECTION_BEHAVIORS
        ),
        "callback_url": values.url(form, "CallbackUrl"),
        "intercept_callback_url": values.url(form, "InterceptCallbackUrl"),
        "out_of_session_callback_url": values.url(form, "OutOfSessionCallbackUrl"),
        "chat_instance_sid": values.sid(form, "ChatInstanceSid", "IS"),
    }
    # Every value was read, and thus judged, before the first is set.
    for name, value in changes.items():
        if value is not None:
            setattr(service, name, value)


def delete_service(store: Store, options: EmulatorOptions, service: Service) -> None:
    """Delete a service with its numbers, and with its sessions where the options allow that."""
    if len(service.sessions) and options.service_delete_with_sessions == "refuse":
        raise ApiError(20409, status=409)
    store.remove_service(service)
