"""Stream a CSV file as texts, with the rows that have too few or too many fields set aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecast.csvtext import BLOCK_BYTES, Ended, csv_problem, is_zipped, last_line
from forecast.problems import Problem


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
        last, ended = last_line(self.delimiter, len(names)), False

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
            raise csv_problem(self.path, str(error)) from error
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
            stream = pa.input_stream(self.path, compression="gzip" if is_zipped(self.path) else None)
            return pacsv.open_csv(Ended(stream, ending), read, parse, convert)
        except pa.ArrowInvalid as error:
            raise csv_problem(self.path, str(error)) from error
