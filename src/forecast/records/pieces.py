"""Read accepted records a piece at a time, with all their columns or with those alone that are wanted.

A piece holds whole people, so memory does not grow with the records; columns that are not wanted stay on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from forecast.problems import Problem
from forecast.records.records import Records
from forecast.records.schema import CUSTODY_EVENTS, PERSONS, TABLES, Table

if TYPE_CHECKING:
    import pyarrow.parquet

EVENTS_EACH = 250_000
Reads = frozenset[str] | None
CODED = ("code", "reason", "kind")
"""Columns of few values, read as dictionaries."""


class UnsortedError(Exception):
    """The rows of a file are not in the order of people."""


def iter_pieces(folder: Path, reads: Reads = None, events_each: int = EVENTS_EACH) -> Iterator[Records]:
    """Yield the records in pieces of whole people, about ``events_each`` custody events each.

    ``reads`` names the columns wanted, as table.column; keys and times of recording come along, and columns of few
    values come as dictionaries. An optional table of which nothing is wanted is left empty. None means everything, in
    the canonical schema. Raise ``records-not-canonical`` for files of another form, and
    :class:`UnsortedError` as soon as rows are found that are not in the order of people.
    """
    cursors = {t.name: _Cursor(folder, t, reads, events_each) for t in TABLES if _wanted(folder, t, reads)}
    lead = cursors[CUSTODY_EVENTS.name]
    while (bound := lead.next_bound()) is not None:
        yield Records(**{name: cursor.before(bound) for name, cursor in cursors.items()})
    yield Records(**{name: cursor.before(None) for name, cursor in cursors.items()})


def _wanted(folder: Path, table: Table, reads: Reads) -> bool:
    there = (folder / f"{table.name}.parquet").is_file() or not table.optional
    return there and (reads is None or not table.optional or any(r.startswith(f"{table.name}.") for r in reads))


def _columns(table: Table, reads: Reads) -> list[str]:
    if reads is None:
        return [c.name for c in table.columns]
    # The ids of offences, reports and orders are not read: no feature hangs on the order of facts that tie.
    always = {"person_id", *_ALWAYS[table.name]} | ({"recorded_at", "superseded_at"} if table is not PERSONS else set())
    return [c.name for c in table.columns if c.name in always or f"{table.name}.{c.name}" in reads]


_ALWAYS: dict[str, tuple[str, ...]] = {
    "persons": ("born_on",),
    "custody_events": ("custody_id", "arrested_at", "reason"),
    "offences": ("custody_id", "code", "committed_at"),
    "intelligence": ("observed_at",),
    "orders": ("kind", "starts_at", "ends_at"),
}


@dataclass
class _Cursor:
    """Reads a table from its beginning; holds what it read and did not hand out yet."""

    folder: Path
    table: Table
    reads: Reads
    batch_rows: int
    held: list[pa.RecordBatch] = field(default_factory=list)
    last: str | None = None

    def __post_init__(self) -> None:
        self.path = self.folder / f"{self.table.name}.parquet"
        self.columns = _columns(self.table, self.reads)
        self.file = open_canonical(self.path, self.table, self.columns, coded=self.reads is not None)
        self.batches = self.file.iter_batches(self.batch_rows, columns=self.columns)

    def next_bound(self) -> str | None:
        """Read on, and return the last person read so far, who may not be complete; None at the end."""
        while self._more():
            people = self.held[-1].column("person_id")
            first = self.held[0].column("person_id")[0].as_py()
            if people[-1].as_py() != first:
                found: str = people[-1].as_py()
                return found
        return None

    def before(self, bound: str | None) -> pa.Table:
        """Return the rows not yet handed out whose person comes before ``bound``, all of them for None."""
        while bound is None or not self.held or self.held[-1].column("person_id")[-1].as_py() < bound:
            if not self._more():
                break
        whole, self.held = self.held, []
        for i, batch in enumerate(whole):
            if bound is not None and batch.column("person_id")[-1].as_py() >= bound:
                cut = _first_at_least(batch.column("person_id"), bound)
                self.held = [batch.slice(cut), *whole[i + 1 :]]
                whole = [*whole[:i], batch.slice(0, cut)]
                break
        schema = self.file.schema_arrow
        fields = [schema.field(name) for name in self.columns]
        table = pa.Table.from_batches([b for b in whole if len(b)], pa.schema(fields))
        return table.cast(self.table.arrow) if self.reads is None else table

    def _more(self) -> bool:
        """Read the next batch; say whether there was one."""
        batch = next(self.batches, None)
        if batch is None:
            self.file.close()
            return False
        people = batch.column("person_id")
        if len(people):
            if not pc.all(pc.less_equal(people[:-1], people[1:])).as_py() and len(people) > 1:
                raise UnsortedError(self.path)
            if self.last is not None and people[0].as_py() < self.last:
                raise UnsortedError(self.path)
            self.last = people[-1].as_py()
            self.held.append(batch)
        return True


def _first_at_least(people: pa.Array, bound: str | None) -> int:
    """Return the first row whose person is not before ``bound``, in sorted rows."""
    low, high = 0, len(people)
    while low < high:
        middle = (low + high) // 2
        if people[middle].as_py() < bound:
            low = middle + 1
        else:
            high = middle
    return low


def open_canonical(path: Path, table: Table, columns: list[str], *, coded: bool) -> pyarrow.parquet.ParquetFile:
    """Open a file and check that the columns are there and of the canonical types; ``coded``: with dictionaries."""
    import pyarrow.parquet as pq

    if not path.is_file():
        raise Problem("records-not-canonical", path=path.parent, detail=f"there is no {path.name}")
    try:
        file = pq.ParquetFile(path, read_dictionary=[c for c in CODED if coded and c in columns])
    except (pa.ArrowException, OSError) as error:
        detail = str(error).partition("\n")[0]
        raise Problem("file-format", path=path, expected="Parquet", detail=detail) from error
    for name in columns:
        wanted = table.column(name).type
        if name not in file.schema_arrow.names or _plain(file.schema_arrow.field(name).type) != wanted:
            file.close()
            raise Problem("records-not-canonical", path=path, detail=f"{name} is not a column of {wanted}")
    return file


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
