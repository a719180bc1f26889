"""Read tables from databases: all that belongs together in one copy of one moment, before anything is done with it.

The check of records reads a table several times, and scoring takes long; a database changes meanwhile and may go away.
So tables are copied into Parquet files first, in a fixed order, and read from there.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from forecast.files import whole_files
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.records.copying import Wanted, again
from forecast.records.mapping import TableMapping, load_mapping
from forecast.records.places import Place, address, is_query, is_url, parse_place, shown
from forecast.records.postgres import is_postgres
from forecast.records.source import RawTable, Source, found_tables, table_in_files

__all__ = ["Place", "fetch_table", "is_url", "open_database", "parse_place"]


GROUP_ROWS = 1 << 17


class Snapshot(Protocol):
    """An open database: what is read stands, where it can, as at one moment."""

    place: str

    @property
    def note(self) -> str:
        """What people should know about the moment; empty for nothing."""

    def holds(self, source: str) -> bool:
        """Say whether there is such a table; a query is taken at its word."""

    def columns(self, source: str) -> list[str]:
        """Return the names of the columns of a table or query; raise if there is no such table."""

    def copy(self, wanted: Wanted, folder: Path, progress: Progress) -> list[Path]:
        """Copy a table or query into part files; raise LostError if the connection is lost for good."""


def snapshot(url: str) -> AbstractContextManager[Snapshot]:
    """Open a database: PostgreSQL through ADBC, any other through SQLAlchemy."""
    from forecast.records.postgres_copy import PostgresSnapshot
    from forecast.records.sqlalchemy_copy import SqlSnapshot

    return PostgresSnapshot.opened(url) if is_postgres(address(url)) else SqlSnapshot.opened(url)


def fetch_table(
    url: str, source: str, out: Path, *, order_by: tuple[str, ...] = (), progress: Progress = SILENT
) -> int:
    """Copy a table (`TABLE`, `SCHEMA.TABLE`) or query into the Parquet file ``out``; return the number of rows.

    ``order_by`` names the columns by which rows are put in order: by default the primary key, else all columns. Nothing
    appears as ``out`` before all of it is there; an older file is replaced.
    """
    import pyarrow.parquet as pq

    place = shown(url, source)
    with whole_files(out) as [part], _temporary(out) as folder:
        files: list[Path] = []

        def copy() -> None:
            shutil.rmtree(folder, ignore_errors=True)
            progress.begin(f"copying {place}")
            with snapshot(url) as database:
                files[:] = database.copy(Wanted(source, None, order_by), folder, progress)

        again(copy, place, progress)
        with pq.ParquetWriter(part, pq.read_schema(files[0]), compression="zstd") as writer:
            return sum(_written(writer, rows) for rows in _groups(files))


def _written(writer: Any, rows: pa.Table) -> int:
    writer.write_table(rows.combine_chunks())  # pages end with chunks
    return len(rows)


def _groups(files: list[Path]) -> Iterator[pa.Table]:
    """Yield the rows of all parts in groups of one size, so that it cannot be seen where a part ended."""
    import pyarrow.parquet as pq

    held = pq.read_table(files[0]).slice(0, 0)
    for file in files:
        held = pa.concat_tables([held, pq.read_table(file)])
        while len(held) >= GROUP_ROWS:
            yield held.slice(0, GROUP_ROWS)
            held = held.slice(GROUP_ROWS)
    if len(held):
        yield held


def open_database(url: str, mapping: Path | None, work: Path, progress: Progress = SILENT) -> Source:
    """Copy the records in a database into the folder ``work`` and open them; raise all the problems found.

    ``mapping`` says in each table's section which table (`file`) or `query` holds it; by default one of its own name.
    Only columns that the mapping reads are copied; of the others only the names are known.
    """
    rules = load_mapping(mapping)
    tables: dict[str, RawTable] = {}
    notes: list[str] = []

    def copy() -> None:
        shutil.rmtree(work, ignore_errors=True)
        with snapshot(url) as database:
            notes[:] = [database.note] if database.note else []
            # What is missing is told before anything is copied.
            for raw in found_tables(database.place, rules, lambda table: _promised(database, table)).values():
                progress.begin(f"copying {raw.label}")
                database.copy(_wanted(raw), work / raw.name, progress)
                tables[raw.name] = _copied(raw, work / raw.name)

    again(copy, shown(url), progress)
    return Source(shown(url), rules, tables, tuple(notes))


def _promised(database: Snapshot, mapping: TableMapping) -> RawTable | None:
    """Return a table as the names of its columns, before it is copied; None if it may be absent and is."""
    source = mapping.query or mapping.file or mapping.table.name
    if mapping.query and not is_query(mapping.query):
        raise Problem("database-not-query", place=database.place, table=mapping.table.name)
    if mapping.table.optional and not mapping.file and not database.holds(source):
        return None
    schema = pa.schema([(name, pa.null()) for name in database.columns(source)])
    return RawTable(mapping, f"{database.place}#{mapping.table.name if mapping.query else source}", schema, _nothing)


def _nothing() -> Iterator[pa.RecordBatch]:
    yield from ()


def _wanted(raw: RawTable) -> Wanted:
    """Return what of a table to copy, in the order of its key and of the times of recording."""
    mapping, unread = raw.mapping, raw.unread()
    order = (mapping.source(mapping.table.key), mapping.source("recorded_at"))
    return Wanted(
        mapping.query or mapping.file or raw.name,
        tuple(name for name in raw.schema.names if name not in unread),
        tuple(dict.fromkeys(name for name in order if name in raw.schema.names)),
    )


def _copied(raw: RawTable, folder: Path) -> RawTable:
    return dataclasses.replace(table_in_files(folder, raw.mapping), label=raw.label, others=tuple(raw.unread()))


def _temporary(out: Path) -> AbstractContextManager[Path]:
    return _folder(out.absolute().parent, f".{out.name}.")


@contextmanager
def _folder(parent: Path, prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
