"""Share what readers of CSV files need: the end of a file told from an open quote, faults of encoding, other faults."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path
from typing import Any

from forecast.problems import Problem

BLOCK_BYTES = 4 << 20
LAST_FIELD = "\x1e"


class Ended:
    """A stream of bytes with a line of our own behind it: the parser meets it unless a quote was left open before."""

    closed = False

    def __init__(self, stream: Any, line: bytes) -> None:
        self._stream, self._line = stream, line

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes: those of the stream, then those of the line."""
        block = b""
        while len(block) < size and (more := self._stream.read(size - len(block))):
            block += more
        room = size - len(block)
        ending, self._line = self._line[:room], self._line[room:]
        return block + ending

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


def last_line(delimiter: str, columns: int) -> str:
    """Return a line that no file has, with a field too many, so that it comes out as a malformed row."""
    return delimiter.join([LAST_FIELD] * (columns + 1))


def is_zipped(path: Path) -> bool:
    """Say whether a file is gzip, whatever its name is."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def csv_problem(path: Path, error: str) -> Problem:
    """Return what an error of Arrow's parser means."""
    if "Empty CSV" in error:
        return Problem("file-empty", path=path)
    if "UTF8" in error:
        return Problem("file-encoding", path=path, offset=first_fault(path))
    if "straddling object" in error or "header is larger than block size" in error:
        return Problem("file-long-row", path=path, size=f"{BLOCK_BYTES:,}")
    return Problem("file-format", path=path, expected="CSV", detail=first_line(error))


def first_line(error: object) -> str:
    """Return the first line of an error of another library, without its full stop."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def first_fault(path: Path) -> int:
    """Return the place of the first byte that is not UTF-8, counted in the unpacked text."""
    decoder, offset = codecs.getincrementaldecoder("utf-8")(), 0
    with gzip.open(path, "rb") if is_zipped(path) else path.open("rb") as file:
        while block := file.read(1 << 20):
            held = len(decoder.getstate()[0])  # the beginning of a letter that the block before broke off
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return offset - held + error.start
            offset += len(block)
    return offset
