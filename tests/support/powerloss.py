"""A folder in memory whose power can be cut: what was not synced is then there, or not, or torn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Crash", "Dice", "MemoryFolder", "Moment"]

Moment = Literal["before", "torn", "after"]


class Crash(BaseException):
    """The process has ended here. No `except Exception` sees it, as none would see a SIGKILL."""


class Dice(Protocol):
    """What decides how much of what was not synced is left."""

    def __call__(self, most: int) -> int:
        """Return a number from 0 to `most`."""
        ...


@attrs.define(eq=False)
class _File:
    """The bytes of a file as programs see them, those on the disk, and what is on its way there."""

    seen: bytes = b""
    durable: bytes = b""
    pending: list[Callable[[bytes, int], bytes]] = attrs.field(factory=list)
    sizes: list[int] = attrs.field(factory=list[int])

    def change(self, change: Callable[[bytes, int], bytes], size: int) -> None:
        """Make a change of which a part can be made as well, up to its size."""
        self.seen = change(self.seen, size)
        self.pending.append(change)
        self.sizes.append(size)

    def settle(self, content: bytes) -> None:
        """Take some bytes for what there is."""
        self.seen = self.durable = content
        self.pending.clear()
        self.sizes.clear()

    def lose(self, dice: Dice) -> None:
        """Keep all, nothing or the beginning of each change that was not synced."""
        content = self.durable
        for change, size in zip(self.pending, self.sizes, strict=True):
            content = change(content, dice(size))
        self.settle(content)


@attrs.define
class MemoryFolder:
    """A folder as the most careless file system that POSIX allows.

    Bytes of a file are safe after `sync` of it, names after `sync_folder`; the order of other steps says
    nothing. A rename is never torn, but may be lost, and so may any other change of a name, each by itself.

    Attributes:
        fuse: After how many steps the process ends; None when it does not.
        moment: Whether the last step is then not made, made in part (a write), or made.
        steps: How many steps that change something were made.
    """

    fuse: int | None = None
    moment: Moment = "before"
    steps: int = 0
    _names: dict[str, _File] = attrs.field(factory=dict[str, _File])
    # What each name may stand for when the power is cut.
    _maybe: dict[str, list[_File | None]] = attrs.field(factory=dict[str, list["_File | None"]])

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        content = self._file(name).seen
        return content[offset:] if length is None else content[offset : offset + length]

    def size(self, name: str) -> int:
        return len(self._file(name).seen)

    def names(self) -> list[str]:
        return sorted(self._names)

    def write(self, name: str, offset: int, data: bytes) -> None:
        def change(content: bytes, size: int) -> bytes:
            if size == 0:
                return content
            content = content.ljust(offset, b"\0")
            return content[:offset] + data[:size] + content[offset + size :]

        def write(size: int) -> None:
            if name not in self._names:
                self._call(name, _File())
            self._names[name].change(change, size)

        self._step(lambda: write(len(data)), lambda: write(len(data) // 2))

    def truncate(self, name: str, size: int) -> None:
        file = self._file(name)
        self._step(lambda: file.change(lambda content, done: content[:size] if done else content, 1))

    def sync(self, name: str) -> None:
        file = self._file(name)
        self._step(lambda: file.settle(file.seen))

    def rename(self, old: str, new: str) -> None:
        file = self._file(old)

        def rename() -> None:
            self._call(new, file)
            self._call(old, None)

        self._step(rename)

    def remove(self, name: str) -> None:
        if name in self._names:
            self._step(lambda: self._call(name, None))

    def sync_folder(self) -> None:
        self._step(self._maybe.clear)

    def restart(self) -> None:
        """Begin a new process on what the old one left."""
        self.fuse = None

    def lose_power(self, dice: Dice) -> None:
        """Keep what was synced, and of the rest what the dice say."""
        for name, files in self._maybe.items():
            file = files[dice(len(files) - 1)]
            self._names.pop(name, None)
            if file is not None:
                self._names[name] = file
        self._maybe.clear()
        for file in {id(file): file for file in self._names.values()}.values():
            file.lose(dice)
        self.restart()

    def _file(self, name: str) -> _File:
        if name not in self._names:
            raise FileNotFoundError(name)
        return self._names[name]

    def _call(self, name: str, file: _File | None) -> None:
        self._maybe.setdefault(name, [self._names.get(name)]).append(file)
        self._names.pop(name, None)
        if file is not None:
            self._names[name] = file

    def _step(self, whole: Callable[[], None], torn: Callable[[], None] | None = None) -> None:
        self.steps += 1
        if self.fuse is None or self.fuse > 1:
            self.fuse = None if self.fuse is None else self.fuse - 1
            whole()
            return
        # Nothing that follows happens either, such as in a `finally`.
        if self.fuse == 1 and self.moment != "before":
            (whole if self.moment == "after" or torn is None else torn)()
        self.fuse = 0
        raise Crash
