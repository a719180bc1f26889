"""Stream the columns of a CSV or Parquet file as texts, a bounded number of rows at a time.

Everything is handed on as text (a Parquet file's integers, booleans, dates and dictionaries too), so that one
conversion serves both formats. Rows keep their order and their number: 1 is the first row after the header.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BLOCK_BYTES = 4 << 20


@dataclass(slots=True)
class Piece:
    """Some rows: their numbers in the file and their columns as texts (null = empty)."""

    rows: npt.NDArray[np.int64]
    table: pa.Table


@dataclass
class Source:
    """An open table file. ``malformed`` fills while :meth:`pieces` runs: (row number, fields found)."""

    path: Path
    columns: tuple[str, ...]
    delimiter: str = ","
    missing: tuple[str, ...] = ("",)
    malformed: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet (else CSV)."""
        return _is_parquet(self.path)

    def pieces(self, columns: Sequence[str], rows: int) -> Iterator[Piece]:
        """Yield pieces of about ``rows`` rows that hold ``columns``; malformed rows are set aside."""
        wanted = list(dict.fromkeys(columns))
        self.malformed.clear()
        reader = self._parquet(wanted, rows) if self.is_parquet else self._csv(wanted)
        yield from self._numbered(_regrouped(reader, rows))

    def _numbered(self, tables: Iterator[pa.Table]) -> Iterator[Piece]:
        """Give rows their number in the file, stepping over the malformed ones."""
        import numpy as np

        good = 0
        for table in tables:
            numbers = np.arange(good + 1, good + 1 + len(table), dtype=np.int64)
            good += len(table)
            bad = np.array([number for number, _ in self.malformed], dtype=np.int64)
            # The i-th malformed row has bad[i] - i - 1 good rows before it.
            numbers += np.searchsorted(bad - np.arange(len(bad)), numbers, side="right")
            yield Piece(numbers, self._nulled(table))

    def _nulled(self, table: pa.Table) -> pa.Table:
        """Trim the texts and make the tokens that mean 'no value' null."""
        tokens = pa.array(self.missing, pa.string())
        columns = []
        for column in table.columns:
            text = pc.utf8_trim_whitespace(column)
            columns.append(pc.if_else(pc.is_in(text, tokens), pa.scalar(None, pa.string()), text))
        return pa.table(columns, names=table.column_names)

    def _parquet(self, columns: list[str], rows: int) -> Iterator[pa.Table]:
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=rows, columns=columns):
                table = pa.Table.from_batches([batch])
                yield pa.table([_as_text(table[name]) for name in columns], names=columns)

    def _csv(self, columns: list[str]) -> Iterator[pa.Table]:
        import pyarrow.csv as pacsv

        def set_aside(row: Any) -> str:
            self.malformed.append((row.number - 1, row.actual_columns))
            return "skip"

        try:
            reader = pacsv.open_csv(
                self.path,
                read_options=pacsv.ReadOptions(
                    # One thread: only then does the parser know the numbers of the rows it sets aside.
                    use_threads=False,
                    block_size=BLOCK_BYTES,
                    column_names=list(self.columns),
                    skip_rows=1,
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=set_aside
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(self.columns, pa.string()), include_columns=columns
                ),
            )
            for batch in reader:
                yield pa.Table.from_batches([batch])
        except pa.ArrowInvalid as error:
            if "UTF8" in str(error):
                raise Problem("file-encoding", path=self.path, offset=_first_fault(self.path)) from error
            if "Empty" not in str(error):
                raise Problem("file-format", path=self.path, expected="CSV", detail=error) from error


def open_source(path: Path, *, delimiter: str = ",", missing: Sequence[str] = ("",)) -> Source:
    """Open ``path`` and read the names of its columns; a name that stands twice gets `.1`, `.2` like in pandas."""
    if not path.is_file():
        raise Problem("file-missing", path=path)
    if path.stat().st_size == 0:
        raise Problem("file-empty", path=path)
    names = _parquet_names(path) if _is_parquet(path) else _csv_names(path, delimiter)
    return Source(path, tuple(names), delimiter, tuple(missing))


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _parquet_names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise Problem("file-format", path=path, expected="Parquet", detail=str(error).splitlines()[0]) from error


def _csv_names(path: Path, delimiter: str) -> list[str]:
    try:
        with _bytes(path) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            header = next(csv.reader(text, delimiter=delimiter), [])
    except UnicodeDecodeError as error:
        raise Problem("file-encoding", path=path, offset=_first_fault(path)) from error
    except (csv.Error, OSError, EOFError) as error:
        raise Problem("file-format", path=path, expected="CSV", detail=error) from error
    if not header:
        raise Problem("file-empty", path=path)
    return _unique([name.strip() for name in header])


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        again = seen.get(name, 0)
        seen[name] = again + 1
        unique.append(f"{name}.{again}" if again else name)
    return unique


def _bytes(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _first_fault(path: Path) -> int | str:
    """Return the offset of the first byte that is not UTF-8."""
    import codecs

    decoder, offset = codecs.getincrementaldecoder("utf-8")(), 0
    with _bytes(path) as raw:
        while block := raw.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return offset + error.start
            offset += len(block)
    return offset


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cast any Parquet column to text; dates and times become their day."""
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.date32(), safe=False)
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    return pc.cast(column, pa.string())


def _regrouped(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
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
