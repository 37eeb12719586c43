"""Runs a whole export: finds the services, exports every partition at once, and reports."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import anyio
import attrs

from twilio_sessions._core import arguments
from twilio_sessions.errors import APIConnectionError, ArgumentError, InvalidResponseError, NotFoundError
from twilio_sessions.export._plan import RESOURCES, Partition, Selection, select
from twilio_sessions.export._report import ExportProgress, ExportReport, Skipped, row_name
from twilio_sessions.export._sink import NdjsonFolder, prepare_folder
from twilio_sessions.export._worker import PartitionWriter, export_assistants, export_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from twilio_sessions.client import AsyncClient

__all__ = ["DEFAULT_CONCURRENCY", "export"]

DEFAULT_CONCURRENCY: Final = 32


async def export(
    client: AsyncClient,
    out: str | PathLike[str],
    *,
    services: Iterable[str] = (),
    products: Iterable[str] | None = None,
    include: Iterable[str] | None = None,
    concurrency: int = DEFAULT_CONCURRENCY,
    on_progress: Callable[[ExportProgress], None] | None = None,
) -> ExportReport:
    """Export sessions and what belongs to them, each row losslessly as one line of NDJSON.

    The folder gets `proxy/services.ndjson`, and for each service `proxy/KS.../sessions.ndjson` and one
    file per nested resource; Assistants' `assistants/sessions.ndjson` and `assistants/messages.ndjson`.
    Rows are the bytes that Twilio sent, with fields that this version does not know.

    Args:
        client: The client to read with.
        out: The folder to write to; new or empty, readable by its owner only.
        services: SIDs or unique names of Proxy services; none means all. Naming services leaves
            Assistants out.
        products: `proxy`, `assistants`; by default both. Where Assistants is switched off (404 or 410) or
            cannot be reached, that is noted in the report's `skipped`.
        include: Names of resources, or `all`; by default all but `message-interactions`, which are among
            the interactions as well.
        concurrency: How many listings are read at once.
        on_progress: Called with what has been written so far, after each page, in the event loop.

    Raises:
        ArgumentError: An argument cannot be right, or the folder is not empty.
        TwilioSessionsError: What went wrong first; what was written before stays.

    Example:
        >>> report = await export(client, "archive", include=["participants"])
    """
    selection = select(services=services, products=products, include=include)
    arguments.count("concurrency", concurrency, least=1)
    folder = Path(out)
    prepare_folder(folder)
    run = _Run(client, folder, selection, concurrency, on_progress)
    began = time.perf_counter()
    await run.all()
    return ExportReport(
        out=folder,
        rows=dict(run.progress.rows),
        seconds=time.perf_counter() - began,
        skipped=tuple(run.progress.skipped),
    )


@attrs.define
class _Run:
    """One export under way."""

    client: AsyncClient
    out: Path
    selection: Selection
    concurrency: int
    on_progress: Callable[[ExportProgress], None] | None
    progress: ExportProgress = attrs.field(factory=ExportProgress)

    async def all(self) -> None:
        # A resource of which there is nothing is reported as 0, not left out.
        self.progress.rows.update(dict.fromkeys(self._row_names(), 0))
        partitions: list[Partition] = []
        if "proxy" in self.selection.products:
            partitions += [Partition("proxy", sid) for sid in await self._services()]
        if "assistants" in self.selection.products:
            partitions.append(Partition("assistants"))
        self.progress.partitions = len(partitions)
        listings = anyio.CapacityLimiter(self.concurrency)
        nested = anyio.CapacityLimiter(self.concurrency)
        try:
            async with anyio.create_task_group() as tasks:
                for partition in partitions:
                    tasks.start_soon(self._partition, partition, listings, nested)
        except ExceptionGroup as group:
            # The others were only cancelled because of the first one.
            raise _first(group) from None

    def _row_names(self) -> list[str]:
        return [
            row_name(product, resource)
            for product in self.selection.products
            for resource in RESOURCES[product]
            if resource in self.selection.include
        ]

    async def _services(self) -> list[str]:
        """Write the services that were asked for and return their SIDs."""
        wanted, found = self.selection.services, set[str]()
        rows: dict[str, bytes] = {}
        async for page in self.client.proxy.v1.services.pages():
            for service, row in zip(page, page.raw_items(), strict=True):
                names = {service.sid, service.unique_name or ""} & wanted
                if names or not wanted:
                    found |= names
                    # It becomes the name of a folder; what is not a SID must not.
                    rows.setdefault(self._checked(service.sid), row)
        if wanted - found:
            missing = ", ".join(map(repr, sorted(wanted - found)))
            raise ArgumentError(f"services: there is no {missing} in this account", argument="services")
        with NdjsonFolder(self.out / "proxy", ["services"]) as sink:
            sink.write("services", rows.values())
        self.progress.rows["services"] += len(rows)
        return list(rows)

    def _checked(self, sid: str) -> str:
        try:
            return arguments.sid("the sid of a listed service", sid, "KS")
        except ArgumentError as error:
            raise InvalidResponseError(str(error), status=200, method="GET", url="/v1/Services") from None

    async def _partition(
        self, partition: Partition, listings: anyio.CapacityLimiter, nested: anyio.CapacityLimiter
    ) -> None:
        async with listings:
            include = self.selection.include & set(RESOURCES[partition.product]) - {"services"}
            with NdjsonFolder(self.out / partition.folder, sorted(include)) as sink:
                writer = PartitionWriter(partition, include, sink, nested, self.progress, self._notify)
                if partition.service_sid is None:
                    await self._assistants(writer)
                else:
                    await self._service(writer, partition.service_sid)
        self.progress.partitions_done += 1
        self._notify()

    async def _service(self, writer: PartitionWriter, sid: str) -> None:
        """Export one service, which may have been deleted since it was listed."""
        try:
            await export_service(writer, self.client, sid)
        except NotFoundError as error:
            self.progress.skipped.append(Skipped(f"service {sid}", str(error)))

    async def _assistants(self, writer: PartitionWriter) -> None:
        """Export Assistants, which Twilio is switching off: that must not cost anybody the rest.

        A 404 or 410 of its listing says that it is gone; where no connection can be made it is left out,
        and the report is not complete.
        """
        try:
            await export_assistants(writer, self.client)
        except APIConnectionError as error:
            if error.maybe_processed:
                raise
            self.progress.skipped.append(
                Skipped("assistants", f"it cannot be reached: {error}", is_gone=False)
            )
        except NotFoundError as error:
            self.progress.skipped.append(
                Skipped("assistants", f"the product seems to be switched off: {error}")
            )

    def _notify(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self.progress)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first single error of a group."""
    error = group.exceptions[0]
    return _first(cast("ExceptionGroup[Exception]", error)) if isinstance(error, ExceptionGroup) else error
