"""Exports under way, as they are drawn on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from twilio_sessions.cli._words import by_product, clock, counted, duration, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from twilio_sessions.export import ExportProgress, Outlook, Partition

__all__ = ["picture", "pictures"]

_SHOWN: Final = 2
# Nobody asks why it takes a moment.
_LONG: Final = 10


def picture(title: str, seconds: float, progress: ExportProgress | None) -> RenderableType:
    """Return what a person sees of one export; of an export that has read nothing yet, that it has begun."""
    head = _line_of(title, clock(seconds))
    if progress is None:
        return Group(head, _text("looking for services ...", "dim"))
    outlook = progress.outlook
    return Group(
        head,
        _rows(progress, outlook),
        _text(f"{progress.rows_per_second:,.0f} rows/s, {counted(progress.total_rows, 'row')} so far"),
        _text(_requests(progress, outlook)),
        _text(_parts(progress, outlook), "dim"),
        _ending(progress, outlook),
    )


def pictures(
    title: str, seconds: float, exports: Mapping[str, ExportProgress | None], ended: Mapping[str, str]
) -> RenderableType:
    """Return what a person sees of several exports: a line for each, with how it ended if it did."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    table.add_column("account", no_wrap=True, overflow="ellipsis")
    for name in ("rows", "rows/s", "requests/s", "429s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("left", no_wrap=True, overflow="ellipsis")
    for name, progress in exports.items():
        if progress is None:
            table.add_row(name, "", "", "", "", Text(ended.get(name, "looking for services ..."), "dim"))
        else:
            numbers = (progress.total_rows, progress.rows_per_second, progress.requests_per_second)
            ending = _ending(progress, progress.outlook, short=True)
            table.add_row(
                name,
                *(f"{number:,.0f}" for number in (*numbers, progress.throttled)),
                Text(ended[name], "dim") if name in ended else ending,
            )
    return Group(_line_of(title, clock(seconds)), table)


def _line_of(left: str, right: str) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    line.add_column(no_wrap=True, justify="right")
    line.add_row(Text(left, "bold"), Text(right))
    return line


def _text(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _rows(progress: ExportProgress, outlook: Outlook) -> Table:
    table = Table.grid(padding=(0, 2))
    # As wide as they will be, so that nothing jumps about.
    table.add_column(style="dim", min_width=10)
    table.add_column(no_wrap=True, min_width=20)
    table.add_column(justify="right", no_wrap=True, min_width=9)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_row("", "", Text("rows", "dim"), "listings left")
    left = _listings_left(outlook)
    for product, resources in by_product(progress.rows).items():
        for at, (resource, rows) in enumerate(resources.items()):
            listings = left.get((product, resource), 0)
            todo = f"{listings:,}" if listings else ""
            table.add_row(product if at == 0 else "", resource, f"{rows:,}", todo)
    return table


def _listings_left(outlook: Outlook) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for left in outlook.left:
        key = (left.partition.product, left.resource)
        found[key] = found.get(key, 0) + left.listings
    return found


def _requests(progress: ExportProgress, outlook: Outlook) -> str:
    allowed = outlook.allowed_per_second
    by = " by Proxy" if any(not left.is_limited for left in outlook.left) else ""
    of = f", {allowed:,.0f} allowed{by}" if allowed is not None else ""
    return (
        f"{progress.requests_per_second:,.0f} requests/s{of}; {progress.requests:,} made, "
        f"{f'{progress.throttled:,}' if progress.throttled else 'no'} 429s"
    )


def _parts(progress: ExportProgress, outlook: Outlook) -> str:
    """Say what is being read: the partitions with most left first."""
    left = Counter[str]()
    for each in outlook.left:
        left[_short_name(each.partition)] += each.listings
    names = [name for name, _ in left.most_common(_SHOWN)]
    more = f" and {len(left) - _SHOWN:,} more" if len(left) > _SHOWN else ""
    now = f", now {', '.join(names)}{more}" if names else ""
    return f"{progress.partitions_done:,} of {counted(progress.partitions, 'part')} done{now}"


def _short_name(partition: Partition) -> str:
    if partition.service_sid is not None:
        return shortened(partition.service_sid)
    return "the services" if partition.product == "proxy" else partition.product


def _ending(progress: ExportProgress, outlook: Outlook, *, short: bool = False) -> Text:
    """Say how long it will take, and what makes it so; or why nothing moves."""
    seconds = outlook.seconds
    if progress.waiting_for is not None:
        return _text(f"waiting: {progress.waiting_for}", "yellow")
    if seconds is None:
        return _text("...", "dim")
    if short:
        return _text(duration(seconds) if outlook.is_all_known else f"{duration(seconds)} or more")
    if not outlook.is_all_known:
        least = f"{duration(seconds)} left at least; " if seconds >= 1 else ""
        return _text(f"{least}sessions are still being listed")
    return _text(f"{duration(seconds)} left{_why(outlook, seconds)}")


def _why(outlook: Outlook, seconds: float) -> str:
    longest, limit = outlook.longest, outlook.limit
    if longest is None or not limit or seconds < _LONG or longest.requests / limit < seconds - 1:
        return ""
    return f" ({_short_name(longest.partition)}: {longest.requests:,.0f} requests at {limit:.0f}/s)"
