"""Rows to frames and back: a frame holds the rows of one commit, compressed by itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, cast

from twilio_sessions.errors import ArchiveError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMPRESSIONS", "Compress", "suffix", "to_frame", "to_lines"]

Compress: TypeAlias = Literal["zstd", "none"]
"""How rows are stored."""

COMPRESSIONS: Final[tuple[Compress, ...]] = ("zstd", "none")
_SUFFIXES: Final[dict[Compress, str]] = {"zstd": ".ndjson.zst", "none": ".ndjson"}
# On rows like Twilio's, level 1 is not only faster than the default 3, its frames are smaller, too.
_LEVEL: Final = 1


class _Zstd(Protocol):
    """What is used of the module that the standard library has from Python 3.14 on."""

    ZstdError: type[Exception]

    def compress(self, data: bytes, level: int | None = None) -> bytes: ...
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


def to_frame(rows: Sequence[bytes], compress: Compress) -> bytes:
    """Return rows as lines, in the form in which they are stored."""
    lines = b"\n".join(rows) + b"\n"
    return lines if compress == "none" else _zstd().compress(lines, _LEVEL)


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
