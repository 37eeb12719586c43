"""How results are shown: the options for that, and what they do with rows as they come."""

from __future__ import annotations

import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Final

import attrs
from cyclopts import Group, Parameter

from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._formats import Format, choose_fields, writer_of
from twilio_sessions.cli._tables import card, lay_out

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from twilio_sessions.cli._tables import Layout

__all__ = ["ListOutput", "Output", "RequestOutput"]

_GROUP: Final = Group("Output", sort_key=80)
# As many as a page of Proxy has: the widths of columns are those of the first ones.
_BATCH: Final = 100


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class RequestOutput:
    """How a request is shown that is not sent.

    Attributes:
        output: How --dry-run shows requests: table as text, json as one list, and ndjson, csv and tsv as
            lines of JSON; by default text on a terminal, and lines of JSON in a pipe.
    """

    output: Annotated[Format | None, Parameter(name=["--output", "-o"])] = None

    @property
    def is_table(self) -> bool:
        """Whether a person is to read it."""
        return self.output == "table" or (self.output is None and output().is_terminal)


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class Output(RequestOutput):
    """How a result is shown.

    Attributes:
        output: table, json, ndjson, csv or tsv; by default a table on a terminal, and JSON in a pipe.
        fields: Names of fields, separated by commas, such as sid,date_created; others are left out.
    """

    fields: str | None = None

    def check(self, model: type[object]) -> None:
        """Refuse fields that are none, before anything is asked for or changed."""
        choose_fields(model, self.fields)

    def show(self, row: object) -> None:
        """Print one resource."""
        fields = choose_fields(type(row), self.fields)
        if self.is_table:
            console = output()
            console.print(card(row, fields, console.width))
            return
        writer = writer_of(self.output or "json", type(row), fields, is_single=True)
        _write(writer.before + writer.add([row]) + writer.after)


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class ListOutput(Output):
    """How a listing is shown.

    Attributes:
        output: table, json, ndjson, csv or tsv; by default a table on a terminal, and NDJSON in a pipe.
        fields: Names of fields, separated by commas, such as sid,date_created; others are left out.
        limit: How many to list at most.
    """

    limit: int | None = None

    async def show_all(
        self, rows: AsyncGenerator[object], model: type[object], columns: Sequence[str], noun: str
    ) -> None:
        """Print a listing while it comes.

        Args:
            rows: What is listed.
            model: What the rows are.
            columns: What a table shows unless fields were chosen, the most important first.
            noun: What they are called.
        """
        fields = choose_fields(model, self.fields)
        if self.is_table:
            await self._show_table(rows, fields, columns, noun)
            return
        writer = writer_of(self.output or "ndjson", model, fields, is_single=False)
        _write(writer.before)
        async with aclosing(_batches(rows)) as batches:
            async for batch in batches:
                _write(writer.add(batch))
        _write(writer.after)

    async def _show_table(
        self, rows: AsyncGenerator[object], fields: Sequence[str] | None, columns: Sequence[str], noun: str
    ) -> None:
        console, layout, count = output(), None, 0
        async with aclosing(_batches(rows)) as batches:
            async for batch in batches:
                is_first = layout is None
                layout = layout or lay_out(
                    fields or columns, batch, console.width, keep_all=fields is not None
                )
                console.print(layout.table(batch, heading=is_first))
                count += len(batch)
        if errors().is_terminal:
            errors().print(_footer(count, noun, self.limit, layout), style="dim", markup=False)


async def _batches(rows: AsyncGenerator[object]) -> AsyncGenerator[list[object]]:
    batch: list[object] = []
    # Closed with its reader: whoever stops reading leaves no request behind.
    async with aclosing(rows):
        async for row in rows:
            batch.append(row)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _footer(count: int, noun: str, limit: int | None, layout: Layout | None) -> str:
    words = [f"{count:,} {noun}" if count != 1 else f"1 {noun.removesuffix('s')}"]
    if limit is not None and count >= limit:
        words.append(f"no more were asked for (--limit {limit})")
    if layout is not None and layout.hidden:
        words.append("a wider terminal, --fields or -o json shows more")
    return "; ".join(words)


def _write(text: str) -> None:
    """Write to standard output now: whoever reads the pipe waits for it."""
    sys.stdout.write(text)
    sys.stdout.flush()
