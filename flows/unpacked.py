"""Compressed files: whole, and not so much larger unpacked that a small file could fill a disk."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.engine import NOT_WHOLE
from monitors.errors import SourceInvalid

ALWAYS = 1 << 28  # bytes that no disk or memory minds
TIMES = 200  # rows of numbers and words shrink 3 to 40 times, an archive made to burst 1,000 and more
_PIECE = 1 << 20


def refuse_unsound(name: str, size: int, opened: Callable[[], Any]) -> None:
    """Raise SourceInvalid where a .gz or .zst breaks off, or grows beyond what rows of data do.

    Engines read the part that is there and say nothing. The file may lie anywhere: `opened` opens it.
    """
    packed = Path(name).suffix.lower()
    if packed not in (".gz", ".zst"):
        return
    most, grown = max(ALWAYS, TIMES * size), 0
    try:
        with (
            opened() as file,
            gzip.open(file) if packed == ".gz" else pa.input_stream(file, "zstd") as stream,
        ):
            while piece := stream.read(_PIECE):
                grown += len(piece)
                if grown > most:
                    raise _bursts(name)
    except (EOFError, OSError, zlib.error):
        raise SourceInvalid(f"{name}: {NOT_WHOLE}") from None


def refuse_bursting(archive: Path, name: str) -> None:
    """Raise SourceInvalid where a ZIP archive says it grows beyond what a model does."""
    try:
        with zipfile.ZipFile(archive) as held:
            grown = sum(part.file_size for part in held.infolist())
    except (zipfile.BadZipFile, OSError):
        raise SourceInvalid(f"{name}: {archive.name}: {NOT_WHOLE}") from None
    if grown > _most(archive):
        raise _bursts(f"{name}: {archive.name}")


def inflated(packed: bytes, name: str) -> bytes:
    """What was deflated, within the same bounds. Raises SourceInvalid."""
    most = max(ALWAYS, TIMES * len(packed))
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(packed, most)
    except zlib.error:
        raise SourceInvalid(f"{name}: {NOT_WHOLE}") from None
    if stream.unconsumed_tail:
        raise _bursts(name)
    return found


def _most(path: Path) -> int:
    return max(ALWAYS, TIMES * path.stat().st_size)


def _bursts(name: str) -> SourceInvalid:
    return SourceInvalid(
        f"{name}: grows to more than {TIMES} times its size, as rows of data never do; if it is meant, "
        f"unpack it beforehand"
    )
