"""Find the tables of a force's records, files in a folder or tables of a DuckDB file, and stream their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from forecast.problems import Problem, nearest, raise_all
from forecast.records.csvfile import CsvFile
from forecast.records.mapping import FILE_NAME, Mapping, TableMapping, load_mapping
from forecast.records.schema import TABLES

if TYPE_CHECKING:
    import duckdb

BATCH_ROWS = 1 << 17
ENDINGS = (".parquet", ".csv", ".csv.gz")


@dataclass(frozen=True)
class RawTable:
    """A table as the force keeps it: its columns with their types, and its rows in a fixed order.

    ``malformed`` fills while ``batches()`` runs: number and text of the rows of a CSV file that have too few or too
    many fields. ``plain`` says that the columns are texts because the file knows no other kind.
    """

    mapping: TableMapping
    label: str
    schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]
    malformed: list[tuple[int, str]] = field(default_factory=list)
    plain: bool = False
    others: tuple[str, ...] = ()
    """Columns that are there and were left where they are, since nothing reads them."""

    @property
    def name(self) -> str:
        """The canonical name of the table."""
        return self.mapping.table.name

    def unread(self) -> list[str]:
        """Return the columns of the file that nothing reads."""
        read = {self.mapping.source(c.name) for c in self.mapping.table.columns}
        return [name for name in (*self.schema.names, *self.others) if name not in read]


@dataclass(frozen=True)
class Source:
    """The records of a force as they were found: ``tables`` by name; an optional table may be absent."""

    path: Path | str
    mapping: Mapping
    tables: dict[str, RawTable]
    notes: tuple[str, ...] = ()
    """What people should know about the way in which they were read."""


def open_records(path: Path, mapping: Path | None = None) -> Source:
    """Find the tables under ``path`` and check that each has its columns; raise all the problems found.

    ``path`` is a folder with one file a table (.parquet, .csv, .csv.gz, or a subfolder of such parts), or a DuckDB
    file. Without ``mapping`` the file `records.toml` in the folder is used if it is there.
    """
    if not path.exists():
        raise Problem("file-missing", path=path)
    beside = path / FILE_NAME if path.is_dir() else path.with_name(FILE_NAME)
    rules = load_mapping(mapping or (beside if beside.is_file() else None))
    find = _in_folder if path.is_dir() else _in_database(path)
    raise_all([Problem("records-query", path=path, table=t.table.name) for t in rules.tables.values() if t.query])
    return Source(path, rules, found_tables(path, rules, lambda table: find(path, table)))


def found_tables(
    path: Path | str, rules: Mapping, find: Callable[[TableMapping], RawTable | None]
) -> dict[str, RawTable]:
    """Find each table and check that it has its columns; raise all the problems found."""
    found: list[Problem] = []
    tables: dict[str, RawTable] = {}
    for table in TABLES:
        try:
            raw = find(rules.tables[table.name])
        except Problem as problem:
            found.append(problem)
            continue
        if raw is not None:
            tables[table.name] = raw
            found += _lacking(raw)
        elif not table.optional:
            found.append(Problem("records-table-missing", path=path, table=table.name))
    raise_all(found)
    return tables


def open_table(path: Path, mapping: TableMapping) -> RawTable | None:
    """Find one table under ``path``, a folder or a DuckDB file; none: it is not there. Its columns are not checked."""
    return (_in_folder if path.is_dir() else _in_database(path))(path, mapping)


def _lacking(raw: RawTable) -> Iterator[Problem]:
    """Yield a problem for each column that is needed, or that the mapping names, and that is not there."""
    m, here = raw.mapping, raw.schema.names
    for column in m.table.columns:
        named = column.required or column.name in m.columns or column.name in m.same_as
        if named and column.name not in m.constants and m.source(column.name) not in here:
            yield Problem(
                "records-column-missing",
                path=raw.label,
                column=m.source(column.name),
                description=f"the table {m.table.name}",
                table=m.table.name,
                hint=nearest(m.source(column.name), here),
            )


def _in_folder(folder: Path, mapping: TableMapping) -> RawTable | None:
    """Return the table whose file lies in the folder, if there is one."""
    name = mapping.table.name
    if mapping.file:
        place = folder / mapping.file
        if not place.exists():
            raise Problem("file-missing", path=place)
        return table_in_files(place, mapping)
    places = [p for p in (folder / name, *(folder / f"{name}{ending}" for ending in ENDINGS)) if p.exists()]
    if len(places) > 1:
        raise Problem("records-table-twice", table=name, first=places[0], second=places[1])
    return table_in_files(places[0], mapping) if places else None


def table_in_files(place: Path, mapping: TableMapping) -> RawTable:
    """Return the table in a file, or in a folder of such parts."""
    parts = _parts(place) if place.is_dir() else [place]
    if parts[0].suffix == ".parquet":
        return _parquet(place, parts, mapping)
    return _csv(place, parts, mapping)


def _parts(folder: Path) -> list[Path]:
    """Return the files of a table in parts, all of one kind, in the order of their names."""
    for ending in ENDINGS:
        if parts := sorted(p for p in folder.rglob(f"*{ending}") if p.is_file()):
            return parts
    raise Problem("file-empty", path=folder)


def _parquet(place: Path, parts: list[Path], mapping: TableMapping) -> RawTable:
    import pyarrow.parquet as pq

    def opened(part: Path) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(part, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            detail = str(error).partition("\n")[0]
            raise Problem("file-format", path=part, expected="Parquet", detail=detail) from error

    def schema(part: Path) -> pa.Schema:
        with opened(part) as file:
            return file.schema_arrow

    def batches() -> Iterator[pa.RecordBatch]:
        for part in parts:
            with opened(part) as file:
                try:
                    yield from file.iter_batches(batch_size=BATCH_ROWS)
                except (pa.ArrowException, OSError) as error:
                    detail = str(error).partition("\n")[0]
                    raise Problem("file-format", path=part, expected="Parquet", detail=detail) from error

    first = schema(parts[0])
    _same_columns(mapping.table.name, first.names, ((part, schema(part).names) for part in parts[1:]))
    return RawTable(mapping, str(place), first, batches)


def _csv(place: Path, parts: list[Path], mapping: TableMapping) -> RawTable:
    files = [CsvFile(part, mapping.delimiter) for part in parts]
    names = files[0].names()
    _same_columns(mapping.table.name, names, ((file.path, file.names()) for file in files[1:]))
    malformed: list[tuple[int, str]] = []

    def batches() -> Iterator[pa.RecordBatch]:
        malformed.clear()
        before = rows = 0
        for file in files:
            for batch in file.batches():
                rows += len(batch)
                yield batch
            malformed.extend((before + number, text) for number, text in file.malformed)
            before = rows + len(malformed)

    return RawTable(mapping, str(place), pa.schema([(n, pa.string()) for n in names]), batches, malformed, True)


def _same_columns(table: str, names: list[str], others: Iterator[tuple[Path, list[str]]]) -> None:
    """Raise a problem for each part that lacks a column of the first one."""
    found = [
        Problem(
            "records-column-missing",
            path=part,
            column=name,
            description=f"each part of the table {table}",
            table=table,
            hint=nearest(name, own),
        )
        for part, own in others
        for name in names
        if name not in own
    ]
    raise_all(found)


def _in_database(path: Path) -> Callable[[Path, TableMapping], RawTable | None]:
    """Return what finds a table in a DuckDB file."""
    import duckdb

    if not _is_database(path):
        raise Problem("records-not-folder", path=path)
    try:
        with _connected(path) as con:
            names = [row[0] for row in con.execute("SELECT table_name FROM information_schema.tables").fetchall()]
    except duckdb.Error as error:
        raise Problem("records-database", path=path, detail=str(error).partition("\n")[0]) from error

    def find(_: Path, mapping: TableMapping) -> RawTable | None:
        name = mapping.file or mapping.table.name
        if name not in names:
            if mapping.file:
                raise Problem("records-table-missing", path=path, table=mapping.file)
            return None
        return _from_database(path, name, mapping)

    return find


def _is_database(path: Path) -> bool:
    """Say whether a file begins as every DuckDB file does: a checksum of 8 bytes, then its mark."""
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == b"DUCK"
    except OSError as error:
        raise Problem("records-database", path=path, detail=error.strerror or str(error)) from error


def _connected(path: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    # A view of the file may not reach into other files.
    return duckdb.connect(path, read_only=True, config={"enable_external_access": "false"})


def _from_database(path: Path, name: str, mapping: TableMapping) -> RawTable:
    query = f'SELECT * FROM "{name.replace(chr(34), chr(34) * 2)}"'

    def batches() -> Iterator[pa.RecordBatch]:
        with _connected(path) as con:
            yield from con.sql(query).to_arrow_reader(BATCH_ROWS)

    with _connected(path) as con:
        schema = con.sql(f"{query} LIMIT 0").to_arrow_table().schema
    return RawTable(mapping, f"{path}:{name}", schema, batches)
