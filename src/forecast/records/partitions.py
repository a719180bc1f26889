"""Load accepted records: all at once, or some people at a time so that memory stays flat.

Only the canonical form is read, as `forecast data check` writes it: one Parquet file a table, in the canonical schema,
sorted by person.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from forecast.problems import Problem
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, TABLES, Table

if TYPE_CHECKING:
    import pyarrow.parquet

BATCH_ROWS = 1 << 16
EVENTS_EACH = 1_000_000


def load_records(folder: Path) -> Records:
    """Return the accepted records of a folder, all in memory; raise ``records-not-canonical`` for any other form."""
    return Records(**{table.name: _Cursor(folder, table).rest() for table in TABLES})


def iter_people(folder: Path, *, events_each: int = EVENTS_EACH) -> Iterator[Records]:
    """Yield the accepted records in pieces of whole people, in the order of their ids.

    A piece holds about ``events_each`` custody events (at least one person, so more where one person has more) and all
    rows of its people in every table; people without an event fall to the piece in whose range their ids lie. Each file
    is read once from its beginning to its end, after one look at the person ids of the events.
    """
    cursors = {table.name: _Cursor(folder, table) for table in TABLES}
    for bound in _bounds(folder, events_each):
        yield Records(**{name: cursor.before(bound) for name, cursor in cursors.items()})
    yield Records(**{name: cursor.rest() for name, cursor in cursors.items()})


def _bounds(folder: Path, events_each: int) -> Iterator[str]:
    """Yield the person ids at which a new piece begins."""
    path, rows, person = folder / f"{CUSTODY_EVENTS.name}.parquet", 0, None
    with _opened(path, CUSTODY_EVENTS) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=["person_id"]):
            runs = pc.run_end_encode(batch.column(0))
            start = 0
            for value, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
                if value != person and rows >= events_each:
                    yield value
                    rows = 0
                rows, start, person = rows + end - start, end, value


class _Cursor:
    """Reads a table from its beginning; hands out the rows up to a person, and keeps what it read too much."""

    def __init__(self, folder: Path, table: Table) -> None:
        self.table, self.schema = table, table.arrow
        self.path = folder / f"{table.name}.parquet"
        self.held = self.schema.empty_table()
        self.last: str | None = None
        there = self.path.is_file() or not table.optional
        self.file = _opened(self.path, table) if there else None
        self.batches = self.file.iter_batches(BATCH_ROWS) if self.file else iter(())

    def before(self, bound: str) -> pa.Table:
        """Return the rows not yet handed out whose person comes before ``bound``."""
        parts = []
        while True:
            people = self.held["person_id"]
            count = pc.sum(pc.less(people, bound)).as_py() or 0
            parts.append(self.held.slice(0, count))
            self.held = self.held.slice(count)
            if self.held.num_rows or not self._more():
                return pa.concat_tables(parts)

    def rest(self) -> pa.Table:
        """Return all the rows not yet handed out."""
        parts = [self.held]
        while self._more():
            parts.append(self.held)
        self.held = self.schema.empty_table()
        return pa.concat_tables(parts)

    def _more(self) -> bool:
        """Read the next batch in place of the rows held; say whether there was one."""
        batch = next(self.batches, None)
        if batch is None:
            if self.file is not None:
                self.file.close()
            return False
        self.held = pa.Table.from_batches([batch]).select(self.schema.names).cast(self.schema)
        self._check_order()
        return True

    def _check_order(self) -> None:
        people = self.held["person_id"].combine_chunks()
        ordered = len(people) < 2 or pc.all(pc.less_equal(people[:-1], people[1:])).as_py()
        if not len(people):
            return
        if not ordered or (self.last is not None and people[0].as_py() < self.last):
            raise Problem("records-not-canonical", path=self.path, detail="its rows are not in the order of people")
        self.last = people[-1].as_py()


def _opened(path: Path, table: Table) -> pyarrow.parquet.ParquetFile:
    """Open a file and check that it has the canonical columns, of the canonical types."""
    import pyarrow.parquet as pq

    if not path.is_file():
        raise Problem("records-not-canonical", path=path.parent, detail=f"there is no {path.name}")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        detail = str(error).partition("\n")[0]
        raise Problem("file-format", path=path, expected="Parquet", detail=detail) from error
    for field in table.arrow:
        if field.name not in file.schema_arrow.names or file.schema_arrow.field(field.name).type != field.type:
            file.close()
            raise Problem("records-not-canonical", path=path, detail=f"{field.name} is not a column of {field.type}")
    return file
