"""The journal on a folder whose power is cut: no row that was durable is lost, none is there twice.

The same machine finds a counterexample as soon as one of the syncs is left out: the tests of the test.
`TWILIO_SESSIONS_SOAK=20000 pytest tests/export/test_powerloss.py` tries that many histories.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from typing import TYPE_CHECKING, get_args

import attrs
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from powerloss import Crash, MemoryFolder, Moment

from twilio_sessions import ArchiveError
from twilio_sessions.export import Partition
from twilio_sessions.export._frames import COMPRESSIONS, to_lines
from twilio_sessions.export._layout import Skipped, Tally
from twilio_sessions.export._recovery import open_journal, read_finished
from twilio_sessions.export._source import frames_of
from twilio_sessions.export._stage import StageState, Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions.export import PartitionManifest
    from twilio_sessions.export._frames import Compress
    from twilio_sessions.export._journal import Journal

SOAK = int(os.environ.get("TWILIO_SESSIONS_SOAK", "0"))
RESOURCES = ("sessions", "participants")
# So many sessions are exported at least before a partition may be finished.
ENOUGH = 8
MOMENTS: st.SearchStrategy[Moment] = st.sampled_from(get_args(Moment))


def session(number: int) -> bytes:
    return b'{"sid":"KC%d"}' % number


def participants_of(number: int) -> list[bytes]:
    """Every session has its own participants, some none: which are there says which were read."""
    return [b'{"sid":"KP%d.%d"}' % (number, at) for at in range(number % 3)]


@attrs.frozen
class State:
    """Everything that a journal says of itself."""

    rows: dict[str, list[bytes]]
    tallies: dict[str, Tally]
    stages: dict[str, StageState]
    skipped: tuple[Skipped, ...]


def rows_of(journal: Journal, resource: str) -> list[bytes]:
    return [line for frame in frames_of(journal, resource) for line in frame.lines()]


class Exports(RuleBasedStateMachine):
    """Reads listings that never change into a journal, and is killed and left without power on the way."""

    folder_class: type[MemoryFolder] = MemoryFolder

    @initialize(compress=st.sampled_from(COMPRESSIONS), part_rows=st.sampled_from([3, 8, 1000]))
    def begin(self, compress: Compress, part_rows: int) -> None:
        self.partition = Partition(
            "proxy", "KS" + "0" * 32, RESOURCES, None, compress=compress, part_rows=part_rows
        )
        self.folder = self.folder_class()
        self.journal = open_journal(self.folder, self.partition)
        self.added: dict[str, list[bytes]] = {name: [] for name in RESOURCES}
        # What must be there after a crash, and what may be there instead.
        self.durable = self.attempted = self.state()
        self.manifest: PartitionManifest | None = None

    def state(self) -> State:
        journal = self.journal
        return State(
            {name: list(rows) for name, rows in self.added.items()},
            dict(journal.tallies),
            {name: stage.copy() for name, stage in journal.stages.items()},
            tuple(journal.skipped),
        )

    unfinished = precondition(lambda self: self.manifest is None)
    long_enough = precondition(lambda self: self.manifest is None and len(self.added["sessions"]) >= ENOUGH)

    @unfinished
    @rule(count=st.integers(0, 5), which=st.lists(st.integers(0, 50), max_size=3))
    def read(self, count: int, which: list[int]) -> None:
        """Read a page of sessions, and the participants of some sessions that are durable."""
        journal = self.journal
        first, walk = len(self.added["sessions"]), journal.stages["sessions"].walk(0)
        rows = [session(number) for number in range(first, first + count)]
        self.add("sessions", rows, Walk(0, f"token-{first}", walk.pages + 1))
        for number in which:
            stage, durable = journal.stages["participants"], journal.durable.rows("sessions")
            if left := [number for number in range(durable) if not stage.walk(number).is_done]:
                parent = left[number % len(left)]
                self.add("participants", participants_of(parent), Walk(parent, None, 1, is_done=True))

    def add(self, resource: str, rows: list[bytes], walk: Walk) -> None:
        tally = self.journal.tallies[resource]
        tally = attrs.evolve(tally, rows=tally.rows + len(rows), pages=tally.pages + 1)
        self.added[resource] += rows
        self.journal.add(resource, rows, tally, walk)

    @unfinished
    @rule()
    def skip(self) -> None:
        self.journal.skip(Skipped(f"the {len(self.journal.skipped)}th", "gone"))

    @unfinished
    @rule()
    def commit(self) -> None:
        self.attempted = self.state()
        if (batch := self.journal.take()) is not None:
            self.journal.commit(batch)
        self.durable = self.attempted

    @rule(dice=st.data(), power=st.booleans())
    def crash(self, dice: st.DataObject, power: bool) -> None:
        self.end(dice, power=power)
        self.reopen()

    @unfinished
    @rule(
        dice=st.data(),
        count=st.integers(1, 5),
        which=st.lists(st.integers(0, 50), max_size=3),
        steps=st.integers(1, 14),
        moment=MOMENTS,
        power=st.booleans(),
    )
    def crash_in_a_commit(
        self, dice: st.DataObject, count: int, which: list[int], steps: int, moment: Moment, power: bool
    ) -> None:
        self.read(count, which)
        self.crash_in(self.commit, steps, moment)
        self.end(dice, power=power)
        # The next run is not let alone either.
        self.crash_in(self.reopen, dice.draw(st.integers(1, 6)), dice.draw(MOMENTS))
        self.end(dice, power=dice.draw(st.booleans()))
        self.reopen()

    @long_enough
    @rule()
    def finish(self) -> None:
        self.commit()
        self.manifest = self.journal.finish()
        self.check_manifest()

    @long_enough
    @rule(dice=st.data(), steps=st.integers(1, 25), moment=MOMENTS, power=st.booleans())
    def crash_in_the_end(self, dice: st.DataObject, steps: int, moment: Moment, power: bool) -> None:
        self.crash_in(self.finish, steps, moment)
        self.end(dice, power=power)
        self.reopen()

    @precondition(lambda self: self.manifest is not None)
    @rule()
    def begin_another(self) -> None:
        self.begin(self.partition.compress, self.partition.part_rows)

    def crash_in(self, call: Callable[[], None], steps: int, moment: Moment) -> None:
        self.folder.fuse, self.folder.moment = steps, moment
        with contextlib.suppress(Crash):
            call()

    def end(self, dice: st.DataObject, *, power: bool) -> None:
        if power:
            self.folder.lose_power(lambda most: dice.draw(st.integers(0, most)) if most else 0)
        self.folder.restart()

    def reopen(self) -> None:
        """Go on as the next run would, and compare what it finds with what there must be."""
        finished = read_finished(self.folder, self.partition)
        if self.manifest is not None:
            assert finished is not None, "a partition that was finished is not any more"
        if finished is not None:
            self.manifest = finished
            self.check_manifest()
            return
        self.journal = open_journal(self.folder, self.partition)
        found = {name: rows_of(self.journal, name) for name in RESOURCES}
        self.added = {name: list(rows) for name, rows in found.items()}
        self.check_rows(found)
        state = self.state()
        assert state in (self.durable, self.attempted), "it went back behind what was durable"
        self.durable = self.attempted = state

    def check_rows(self, found: dict[str, list[bytes]]) -> None:
        """Rows are those of the listings, from their beginning, and those that the record says."""
        stage = self.journal.stages["participants"]
        sessions = len(found["sessions"])
        assert found["sessions"] == [session(number) for number in range(sessions)]
        read = [number for number in range(sessions) if stage.walk(number).is_done]
        assert sorted(found["participants"]) == sorted(
            row for number in read for row in participants_of(number)
        )
        for name in RESOURCES:
            assert self.journal.tallies[name].rows == len(found[name])

    def check_manifest(self) -> None:
        """A finished partition has the rows of a run that nothing interrupted."""
        manifest = self.manifest
        assert manifest is not None
        assert manifest.tallies == self.attempted.tallies
        assert manifest.skipped == self.attempted.skipped
        stored = Stored(self.folder, self.partition, manifest)
        assert {name: stored.rows(name) for name in RESOURCES} == self.attempted.rows


@attrs.frozen
class Stored:
    """Reads the parts of a finished partition back."""

    folder: MemoryFolder
    partition: Partition
    manifest: PartitionManifest

    def rows(self, resource: str) -> list[bytes]:
        rows: list[bytes] = []
        for part in self.manifest.parts:
            for file in part.files:
                if file.resource == resource:
                    stored = self.folder.read(file.name)
                    assert sha256(stored).hexdigest() == file.sha256
                    lines = to_lines(stored, self.partition.compress)
                    assert len(lines) == file.rows
                    rows += lines
        return rows


THOROUGH = settings(
    max_examples=SOAK or 250,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(180 if not SOAK else 7200)
def test_no_row_is_lost_and_none_is_there_twice():
    run_state_machine_as_test(Exports, settings=THOROUGH)


class NoDataSync(MemoryFolder):
    """What the folder would be without the sync of rows."""

    def sync(self, name: str) -> None:
        if name.endswith(".tmp"):
            super().sync(name)


class NoCheckpointSync(MemoryFolder):
    """What the folder would be without the sync of the checkpoint before it takes its name."""

    def sync(self, name: str) -> None:
        if name != "checkpoint.json.tmp":
            super().sync(name)


class NoFolderSync(MemoryFolder):
    """What the folder would be without the sync of names."""

    def sync_folder(self) -> None:
        pass


class NoSyncOfNewNames(MemoryFolder):
    """What the folder would be without the sync of a new file's name before the checkpoint counts it."""

    is_new = False

    def sync(self, name: str) -> None:
        super().sync(name)
        self.is_new = not name.endswith(".tmp")

    def sync_folder(self) -> None:
        if not self.is_new:
            super().sync_folder()

    def rename(self, old: str, new: str) -> None:
        self.is_new = False
        super().rename(old, new)

    def restart(self) -> None:
        self.is_new = False
        super().restart()


class NoSyncAtOpening(MemoryFolder):
    """What the folder would be without the sync of the name under which a checkpoint was found."""

    is_opened = False

    def sync_folder(self) -> None:
        if self.is_opened:
            super().sync_folder()
        self.is_opened = True

    def write(self, name: str, offset: int, data: bytes) -> None:
        self.is_opened = True
        super().write(name, offset, data)

    def restart(self) -> None:
        self.is_opened = False
        super().restart()


# What the next run says of what it finds, or this machine of what it does not find.
FINDING = (
    "were written|is missing|its hash is another one|cannot be read|but no checkpoint.json|"
    "is finished|is not any more|went back"
)


@pytest.mark.parametrize(
    "mutant", [NoDataSync, NoCheckpointSync, NoFolderSync, NoSyncOfNewNames, NoSyncAtOpening]
)
def test_the_machine_finds_what_a_missing_sync_costs(mutant: type[MemoryFolder]):
    machine = type("Mutant", (Exports,), {"folder_class": mutant})
    # It is to be found, not to be made small.
    quick = settings(THOROUGH, max_examples=5000, phases=[Phase.generate], print_blob=False)
    with pytest.raises((ArchiveError, AssertionError), match=FINDING):
        run_state_machine_as_test(machine, settings=quick)
