"""Stream a CSV file as texts, with the rows that have too few or too many fields set aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecast.problems import Problem

BLOCK_BYTES = 4 << 20
_LAST_FIELD = "\x1e"


@dataclass
class CsvFile:
    """A CSV file, plain or gzip; ``malformed`` fills while :meth:`batches` runs: (number of the row, its text)."""

    path: Path
    delimiter: str = ","
    malformed: list[tuple[int, str]] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return the names of the columns; raise for an empty file, or one with a name that stands twice."""
        with self._opened(b"") as reader:
            names = list(reader.schema.names)
        twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if twice is not None:
            raise Problem("records-header-twice", path=self.path, column=twice)
        return names

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows with all their columns as texts, in the order of the file.

        A line of our own is put behind the file: if it does not come out as a row, a quote was left open before.
        """
        names, self.malformed[:] = self.names(), []
        last, ended = self.delimiter.join([_LAST_FIELD] * (len(names) + 1)), False

        def set_aside(row: Any) -> str:
            nonlocal ended
            ended = row.text == last
            if not ended:
                self.malformed.append((row.number - 1, row.text))
            return "skip"

        try:
            with self._opened(f"\n{last}\n".encode(), names, set_aside) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            raise self._problem(str(error)) from error
        if not ended:
            raise Problem("file-open-quote", path=self.path)

    def _opened(self, ending: bytes, names: list[str] | None = None, set_aside: Any = None) -> Any:
        import pyarrow.csv as pacsv

        # One thread: only then does the parser know the numbers of the rows it sets aside.
        read = pacsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)
        parse = pacsv.ParseOptions(
            delimiter=self.delimiter,
            newlines_in_values=True,
            invalid_row_handler=set_aside or (lambda _: "skip"),
        )
        convert = pacsv.ConvertOptions(column_types=dict.fromkeys(names or [], pa.string()))
        try:
            stream = pa.input_stream(self.path, compression="gzip" if self._zipped() else None)
            return pacsv.open_csv(_Ended(stream, ending), read, parse, convert)
        except pa.ArrowInvalid as error:
            raise self._problem(str(error)) from error

    def _zipped(self) -> bool:
        with self.path.open("rb") as file:
            return file.read(2) == b"\x1f\x8b"

    def _problem(self, error: str) -> Problem:
        """Return what an error of the parser means."""
        if "Empty CSV" in error:
            return Problem("file-empty", path=self.path)
        if "UTF8" in error:
            return Problem("file-encoding", path=self.path, offset=self._first_fault())
        if "straddling object" in error or "header is larger than block size" in error:
            return Problem("file-long-row", path=self.path, size=f"{BLOCK_BYTES:,}")
        return Problem("file-format", path=self.path, expected="CSV", detail=error.partition("\n")[0])

    def _first_fault(self) -> int:
        """Return the place of the first byte that is not UTF-8, counted in the unpacked text."""
        import codecs

        decoder, read = codecs.getincrementaldecoder("utf-8")(), 0
        with pa.input_stream(self.path, compression="gzip" if self._zipped() else None) as stream:
            while block := stream.read(BLOCK_BYTES):
                held = len(decoder.getstate()[0])  # the beginning of a letter that the block before broke off
                try:
                    decoder.decode(block)
                except UnicodeDecodeError as error:
                    return read - held + error.start
                read += len(block)
        return read


class _Ended:
    """A stream of bytes with a line of our own behind it."""

    closed = False

    def __init__(self, stream: Any, line: bytes) -> None:
        self._stream, self._line = stream, line

    def read(self, size: int) -> bytes:
        block = b""
        while len(block) < size and (more := self._stream.read(size - len(block))):
            block += more
        room = size - len(block)
        ending, self._line = self._line[:room], self._line[room:]
        return block + ending

    def close(self) -> None:
        self._stream.close()
