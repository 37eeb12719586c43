"""Writes rows to NDJSON files that only their owner can read; never over something that is there."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Self

from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

__all__ = ["NdjsonFolder", "prepare_folder"]

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def prepare_folder(out: Path) -> None:
    """Make the output folder, or accept an empty one.

    Raises:
        ArgumentError: There is something in it, or it is not a folder.
    """
    try:
        out.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ArgumentError(f"out must be a folder; {error.filename} is not one", argument="out") from None
    if any(out.iterdir()):
        raise ArgumentError(
            f"out must be a new or an empty folder; {out} holds something already", argument="out"
        )


class NdjsonFolder:
    """The files of one part of an export, one per resource, each row one line as it was sent."""

    def __init__(self, folder: Path, resources: Iterable[str]) -> None:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self._files: dict[str, IO[bytes]] = {}
        for resource in resources:
            self._files[resource] = _create(folder / f"{resource}.ndjson")

    def write(self, resource: str, rows: Iterable[bytes]) -> None:
        """Append rows, each as one line."""
        self._files[resource].writelines(_line(row) for row in rows)

    def close(self) -> None:
        """Write what is still in memory and close the files."""
        for file in self._files.values():
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _create(path: Path) -> IO[bytes]:
    # Exclusive and not following links: nobody else's file is written to, not even by a planted link.
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), _FILE_MODE
    )
    return os.fdopen(descriptor, "wb")


def _line(row: bytes) -> bytes:
    """Return one line; a line break in JSON is always white space between tokens, never in a string."""
    if b"\n" in row or b"\r" in row:
        row = row.replace(b"\r", b" ").replace(b"\n", b" ")
    return row + b"\n"
