"""Rows to frames and back: a frame holds the rows of one commit, compressed by itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, cast

import attrs

from twilio_sessions.errors import ArchiveError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMPRESSIONS", "Compress", "Lines", "suffix", "to_frame", "to_lines"]

Compress: TypeAlias = Literal["zstd", "none"]
"""How rows are stored."""

COMPRESSIONS: Final[tuple[Compress, ...]] = ("zstd", "none")
_SUFFIXES: Final[dict[Compress, str]] = {"zstd": ".ndjson.zst", "none": ".ndjson"}
# On rows like Twilio's, level 1 is not only faster than the default 3, its frames are smaller, too.
_LEVEL: Final = 1


@attrs.define
class Lines:
    """Rows that wait to be written, as lines: one piece of memory for the rows of each page.

    To join the rows of a page as soon as it was read, while the processor has them at hand, takes a third
    of the time that it takes later to collect them from all over the memory, and frees what they were in.

    Attributes:
        rows: How many rows.
        pieces: Whole lines.
    """

    rows: int = 0
    pieces: list[bytes] = attrs.field(factory=list[bytes])

    def add(self, rows: Sequence[bytes]) -> int:
        """Add rows, which have no line breaks; return how many bytes they are."""
        if not rows:
            return 0
        piece = b"\n".join((*rows, b""))
        self.pieces.append(piece)
        self.rows += len(rows)
        return len(piece) - len(rows)


class _Compressor(Protocol):
    def set_pledged_input_size(self, size: int | None, /) -> None: ...
    def compress(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...


class _Zstd(Protocol):
    """What is used of the module that the standard library has from Python 3.14 on."""

    ZstdError: type[Exception]

    def ZstdCompressor(self, level: int | None = None) -> _Compressor: ...  # noqa: N802 - its name
    def decompress(self, data: bytes) -> bytes: ...


def _zstd() -> _Zstd:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 - not before 3.14
        else:
            from backports import zstd  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(
            "zstd compression needs the package backports.zstd: pip install 'twilio-sessions[export]', "
            "or export with compress='none' (--compress none)"
        ) from None
    return cast("_Zstd", zstd)


def check_compress(compress: Compress) -> None:
    """Refuse a compression that is not known, or that needs a package which is not installed.

    Raises:
        ConfigurationError: The package is not there.
    """
    if compress == "zstd":
        _zstd()


def suffix(compress: Compress) -> str:
    """Return how names of data files end."""
    return _SUFFIXES[compress]


def to_frame(lines: Lines, compress: Compress) -> bytes:
    """Return rows in the form in which they are stored."""
    if compress == "none":
        return b"".join(lines.pieces)
    compressor = _zstd().ZstdCompressor(_LEVEL)
    # Readers may want to know, before they decompress it, how large it becomes.
    compressor.set_pledged_input_size(sum(map(len, lines.pieces)))
    return b"".join([*map(compressor.compress, lines.pieces), compressor.flush()])


def to_lines(frame: bytes, compress: Compress) -> list[bytes]:
    """Return the rows of one or more whole frames.

    Raises:
        ArchiveError: The bytes are no such frames.
    """
    if compress == "zstd":
        zstd = _zstd()
        try:
            frame = zstd.decompress(frame)
        except zstd.ZstdError as error:
            raise ArchiveError(f"not a zstd frame: {error}") from None
    if frame and not frame.endswith(b"\n"):
        raise ArchiveError("the last line is not whole")
    return frame.split(b"\n")[:-1]
