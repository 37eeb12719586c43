"""Which request is struck by which fault: counting and drawing, without a clock or a socket."""

from __future__ import annotations

import fnmatch
import random
import re
import threading

import attrs

from twilio_sessions.emulator._fault import LISTINGS_ONLY, Fault

__all__ = ("FaultPlan", "Standing")


@attrs.frozen
class Standing:
    """A fault that may still strike, with what it has seen so far.

    Attributes:
        fault: The fault.
        seen: Requests that matched it.
        struck: Requests that it struck.
    """

    fault: Fault
    seen: int
    struck: int


class _Entry:
    """A fault at work."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = self.struck = 0
        self._target = None if fault.target is None else re.compile(fault.target)
        self._random = random.Random(f"fault:{fault.seed}")  # noqa: S311 - reproducible, not secret

    @property
    def done(self) -> bool:
        return self.fault.times is not None and self.struck >= self.fault.times

    def matches(self, method: str, operation: str | None, target: str) -> bool:
        fault = self.fault
        if fault.method is not None and fault.method.upper() != method:
            return False
        if fault.operation is not None and not fnmatch.fnmatchcase(operation or "", fault.operation):
            return False
        if fault.do in LISTINGS_ONLY and not (operation or "").endswith(".list"):
            return False
        if fault.do == "repeat-rows" and "PageToken=" not in target:
            return False
        return self._target is None or self._target.search(target) is not None

    def turn(self) -> bool:
        """Count one request that matched, and say whether the fault would strike it."""
        self.seen += 1
        due = self.seen >= self.fault.nth
        # Drawn for every request that is due, so that another fault's turn shifts none of this one's.
        return due and (self.fault.probability == 1 or self._random.random() < self.fault.probability)


class FaultPlan:
    """The faults that are still to come, in the order in which they were added; empty at first.

    It may be changed at any time, from any thread.

    Example:
        emulator.faults.add(Fault("reset", operation="sessions.create"), Fault("answer", status=503))
        ...
        assert not emulator.faults.pending, "the client never made these requests"
    """

    def __init__(self) -> None:
        self._entries: tuple[_Entry, ...] = ()
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, *faults: Fault) -> None:
        """Add faults; each counts requests from now on."""
        with self._lock:
            self._entries += tuple(_Entry(fault) for fault in faults)

    def clear(self) -> None:
        """Forget every fault; requests that were struck already stay so."""
        with self._lock:
            self._entries = ()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The faults that may still strike; one with `times=None` always may."""
        return tuple(entry.fault for entry in self._entries)

    def standings(self) -> tuple[Standing, ...]:
        """Return the same faults with their counts."""
        return tuple(Standing(entry.fault, entry.seen, entry.struck) for entry in self._entries)

    def choose(self, method: str, operation: str | None, target: str) -> Fault | None:
        """Count one request, and return the fault that strikes it, if any."""
        if not self._entries:
            return None
        with self._lock:
            matching = [one for one in self._entries if one.matches(method, operation, target)]
            willing = [one for one in matching if one.turn()]
            if not willing:
                return None
            willing[0].struck += 1
            if willing[0].done:
                self._entries = tuple(one for one in self._entries if one is not willing[0])
            return willing[0].fault
