"""The way in to Proxy: `client.proxy.v1.services`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions.proxy._services import AsyncServices

if TYPE_CHECKING:
    from twilio_sessions._core.pipeline import Pipeline

__all__ = ["AsyncProxy", "AsyncProxyV1"]


class AsyncProxyV1:
    """Version 1 of Proxy, the only one there is."""

    __slots__ = ("_pipeline",)

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def services(self) -> AsyncServices:
        """The services of the account."""
        return AsyncServices(self._pipeline, "/v1/Services")


class AsyncProxy:
    """Twilio Proxy."""

    __slots__ = ("_pipeline",)

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def v1(self) -> AsyncProxyV1:
        """Version 1 of the API."""
        return AsyncProxyV1(self._pipeline)
