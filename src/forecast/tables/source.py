"""Stream the columns of a CSV or Parquet file as texts, a bounded number of rows at a time.

Everything is handed on as text (a Parquet file's integers, booleans, dates and dictionaries too), so that one
conversion serves both formats. Rows keep their order and their number: 1 is the first row after the header.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.csvtext import BLOCK_BYTES, Ended, csv_problem, first_fault, first_line, last_line
from forecast.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(slots=True)
class Piece:
    """Some rows: their numbers in the file and their columns as texts, or plain numbers where asked (null = empty)."""

    rows: npt.NDArray[np.int64]
    table: pa.Table


@dataclass
class Source:
    """An open table file. ``malformed`` fills while :meth:`pieces` runs: (row number, fields found)."""

    path: Path
    columns: tuple[str, ...]
    delimiter: str = ","
    missing: tuple[str, ...] = ("",)
    header_lines: int = 1
    """Lines before the first row of a CSV file: more than one if a name holds a newline or blank lines stand first."""
    malformed: list[tuple[int, int]] = field(default_factory=list)
    as_numbers: frozenset[str] = frozenset()
    """Columns of a Parquet file that stay numbers where they are such: quicker than by way of texts."""

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet (else CSV)."""
        return _is_parquet(self.path)

    def type_of(self, column: str) -> pa.DataType:
        """Return the type in which a column goes back into an output: whole numbers of Parquet stay such, else text."""
        kind = pq.read_schema(self.path).field(column).type if self.is_parquet else pa.string()
        return kind if pa.types.is_integer(kind) else pa.string()

    def has_clock(self, column: str) -> bool:
        """Say whether a column of Parquet holds times of day, of which :meth:`pieces` gives the day."""
        return self.is_parquet and pa.types.is_timestamp(pq.read_schema(self.path).field(column).type)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[Piece]:
        """Yield pieces of about ``rows`` rows that hold ``columns``; malformed rows are set aside."""
        wanted = list(dict.fromkeys(columns))
        self.malformed.clear()
        reader = self._parquet(wanted, rows) if self.is_parquet else self._csv(wanted)
        yield from self._numbered(regrouped(reader, rows))

    def as_read(self, table: pa.Table) -> pa.Table:
        """Return the columns of a table in memory as :meth:`pieces` would give them, had it been written and read."""
        columns = [self._column(table[name], name) for name in table.column_names]
        return self._nulled(pa.table(columns, names=table.column_names))

    def _numbered(self, tables: Iterator[pa.Table]) -> Iterator[Piece]:
        """Give rows their number in the file, stepping over the malformed ones."""
        import numpy as np

        good = 0
        bad = array("q")  # for the i-th malformed row, its number less i: one more than the good rows before it
        for table in tables:
            numbers = np.arange(good + 1, good + 1 + len(table), dtype=np.int64)
            good += len(table)
            bad.extend(number - i for i, (number, _) in enumerate(self.malformed[len(bad) :], len(bad)))
            numbers += np.searchsorted(np.array(bad, dtype=np.int64), numbers, side="right")
            yield Piece(numbers, self._nulled(table))

    def _nulled(self, table: pa.Table) -> pa.Table:
        """Trim the texts and make the tokens that mean 'no value' null."""
        tokens = pa.array(self.missing, pa.string())
        columns = []
        for column in table.columns:
            if not pa.types.is_string(column.type):
                columns.append(column)
                continue
            text = pc.utf8_trim_whitespace(column)
            columns.append(pc.if_else(pc.is_in(text, tokens), pa.scalar(None, pa.string()), text))
        return pa.table(columns, names=table.column_names)

    def _parquet(self, columns: list[str], rows: int) -> Iterator[pa.Table]:
        try:
            with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
                for batch in file.iter_batches(batch_size=rows, columns=columns):
                    table = pa.Table.from_batches([batch])
                    yield pa.table([self._column(table[name], name) for name in columns], names=columns)
        except (pa.ArrowException, OSError) as error:
            raise Problem("file-format", path=self.path, expected="Parquet", detail=first_line(error)) from error

    def _column(self, column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
        """Return a column of Parquet as texts, or as float64 with null for NaN where that says the same."""
        kind = column.type
        plain = pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)
        if name not in self.as_numbers or not plain or not self._nan_is_missing:
            return _as_text(column)
        numbers = pc.cast(column, pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)

    @property
    def _nan_is_missing(self) -> bool:
        """Whether the tokens for 'no value' hold NaN and no number such as -1 or 999, which texts must tell."""
        return "nan" in self.missing and not any(_is_number(token) for token in self.missing)

    def _csv(self, columns: list[str]) -> Iterator[pa.Table]:
        import pyarrow.csv as pacsv

        last = last_line(self.delimiter, len(self.columns))
        ended = False

        def set_aside(row: Any) -> str:
            nonlocal ended
            ended = row.text == last
            if not ended:
                self.malformed.append((row.number - self.header_lines, row.actual_columns))
            return "skip"

        read = pacsv.ReadOptions(
            # One thread: only then does the parser know the numbers of the rows it sets aside.
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=list(self.columns),
            skip_rows=self.header_lines,
        )
        parse = pacsv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=set_aside)
        texts = dict.fromkeys(self.columns, pa.string())
        convert = pacsv.ConvertOptions(column_types=texts, include_columns=columns)
        try:
            with pa.input_stream(self.path, compression="gzip" if _is_gzip(self.path) else None) as stream:
                for batch in pacsv.open_csv(Ended(stream, f"\n{last}\n".encode()), read, parse, convert):
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError) as error:
            raise csv_problem(self.path, str(error)) from error
        if not ended:
            raise Problem("file-open-quote", path=self.path)


def open_source(path: Path, *, delimiter: str = ",", missing: Sequence[str] = ("",)) -> Source:
    """Open ``path`` and read the names of its columns; a name that stands twice gets `.1`, `.2` like in pandas."""
    if path.is_dir():
        raise Problem("file-format", path=path, expected="a table", detail="it is a folder")
    if not path.is_file():
        raise Problem("file-missing", path=path)
    if path.stat().st_size == 0:
        raise Problem("file-empty", path=path)
    names, lines = (_parquet_names(path), 0) if _is_parquet(path) else _csv_names(path, delimiter)
    return Source(path, tuple(names), delimiter, tuple(missing), lines)


def _is_number(token: str) -> bool:
    try:
        return math.isfinite(float(token))
    except ValueError:
        return False


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _parquet_names(path: Path) -> list[str]:
    try:
        names = list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise Problem("file-format", path=path, expected="Parquet", detail=first_line(error)) from error
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        detail = f"the column '{twice[0]}' stands more than once"
        raise Problem("file-format", path=path, expected="Parquet", detail=detail)
    return names


def _csv_names(path: Path, delimiter: str) -> tuple[list[str], int]:
    """Return the names in the header, the first line that is not blank, and how many lines lie before the rows."""
    try:
        with _bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, delimiter=delimiter)
            header = next(filter(None, reader), [])
            lines = reader.line_num
    except UnicodeDecodeError as error:
        raise Problem("file-encoding", path=path, offset=first_fault(path)) from error
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        raise Problem("file-format", path=path, expected="CSV", detail=first_line(error)) from error
    if not header:
        raise Problem("file-empty", path=path)
    if any("\0" in name for name in header):
        raise Problem("file-format", path=path, expected="CSV", detail="it is not text: it holds zero bytes")
    return _unique([name.strip() for name in header]), lines


def _unique(names: list[str]) -> list[str]:
    taken, seen = set(names), dict.fromkeys(names, 0)
    unique = []
    for name in names:
        again = seen[name]
        while again and f"{name}.{again}" in taken:
            again += 1
        seen[name] = again + 1
        unique.append(f"{name}.{again}" if again else name)
        taken.add(unique[-1])
    return unique


def _bytes(path: Path) -> Any:
    return gzip.open(path, "rb") if _is_gzip(path) else path.open("rb")


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cast any Parquet column to text; times become their day (where they have a time zone, the day there)."""
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.date32(), safe=False)
    text = pc.cast(column, pa.string())
    # A decimal 1.00 is as whole as an integer or a float 1, and may be a flag or an id.
    return pc.replace_substring_regex(text, r"^(-?\d+)\.0+$", r"\1") if pa.types.is_decimal(column.type) else text


def regrouped(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Cut a stream of tables anew into tables of exactly ``rows`` rows, the last one shorter."""
    waiting: list[pa.Table] = []
    held = 0
    for table in tables:
        waiting.append(table)
        held += len(table)
        if held >= rows:
            joined = pa.concat_tables(waiting)
            whole = held - held % rows
            yield from (joined.slice(start, rows) for start in range(0, whole, rows))
            waiting, held = [joined.slice(whole)], held - whole
    if held:
        yield pa.concat_tables(waiting)
