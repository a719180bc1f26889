"""Write scores into a table of a database, whole or not at all: everything happens in one transaction.

A table that is there keeps its rights, indexes and views: its rows are replaced, and readers see the old ones until the
new ones are all there. Only a table with the columns of the scores is ever emptied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecast.problems import Problem, first_of
from forecast.progress import SILENT, Progress
from forecast.records.copying import LostError
from forecast.records.places import Place, address, is_query, shown, table_name
from forecast.records.postgres import Session, is_postgres, quoted_name

BATCH_ROWS = 1 << 14
_POSTGRES = {
    pa.string(): "text",
    pa.large_string(): "text",
    pa.bool_(): "boolean",
    pa.int8(): "smallint",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float32(): "real",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
    pa.timestamp("us", "UTC"): "timestamptz",
}
_FIND = """SELECT nspname AS schema, attname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
WHERE relname = $1 AND CASE WHEN $2 = '' THEN pg_table_is_visible(c.oid) ELSE nspname = $2 END ORDER BY attnum"""


def write_scores(parquet: Path, place: Place, *, overwrite: bool = False, progress: Progress = SILENT) -> int:
    """Write the rows of a Parquet file into the table ``place``; return how many there are.

    A table that exists is refused unless ``overwrite``; then its rows are replaced. Lists (of reasons) become JSON.
    After any failure the table is as it was; the one exception, a connection lost in the very moment of the commit,
    says so. The same scores written twice are there once.
    """
    import pyarrow.parquet as pq

    name = _named(place)
    write = _to_postgres if is_postgres(address(place.url)) else _to_any
    with pq.ParquetFile(parquet) as file, _whole(place):
        progress.begin(f"writing scores to {place}", file.metadata.num_rows)
        rows = write(file, place, name, overwrite, progress)
    return rows


def check_place(place: Place, *, overwrite: bool = False) -> None:
    """Raise what can be said before there is anything to write: of the name, the database, and a table that is there.

    Whether a table that may be replaced holds such scores is seen when they are written.
    """
    name = _named(place)
    there = _in_postgres if is_postgres(address(place.url)) else _in_any
    with _whole(place):
        if there(place, name) and not overwrite:
            raise Problem("database-table-exists", place=place)


def _named(place: Place) -> tuple[str | None, str]:
    if is_query(place.table):
        raise Problem("database-not-table", place=shown(place.url), table=place.table)
    return table_name(shown(place.url), place.table)


def _in_postgres(place: Place, name: tuple[str | None, str]) -> bool:
    session = Session.open(place.url)
    try:
        return bool(session.rows(_FIND, (name[1], name[0] or "")))
    finally:
        session.close()


def _in_any(place: Place, name: tuple[str | None, str]) -> bool:
    from forecast.records.sqlalchemy_copy import connect, engine_of, told

    engine = engine_of(place.url)
    file = Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None
    if file is not None and file.parent.is_dir() and not file.exists():
        return False  # to connect would make an empty one
    with connect(engine, place.url) as con, told(str(place), place.url):
        import sqlalchemy as sa

        return bool(sa.inspect(con).has_table(name[1], name[0]))


@contextmanager
def _whole(place: Place) -> Iterator[None]:
    try:
        yield
    except LostError as lost:
        raise Problem("database-write-lost", place=place, detail=str(lost)) from lost


def _to_postgres(file: Any, place: Place, name: tuple[str | None, str], overwrite: bool, progress: Progress) -> int:
    schema = file.schema_arrow
    session = Session.open(place.url)
    try:
        session.run("BEGIN")
        found = session.rows(_FIND, (name[1], name[0] or ""))
        full = ".".join(quoted_name(part) for part in name if part)
        if found:
            _refuse(place, [row["name"] for row in found], schema.names, overwrite)
            session.run(f"LOCK TABLE {full} IN SHARE ROW EXCLUSIVE MODE")  # others may read, and not write
            session.run(f"DELETE FROM {full}")
        else:
            columns = ", ".join(f"{quoted_name(f.name)} {_type(f, place)}" for f in schema)
            session.run(f"CREATE TABLE {full} ({columns})")
        with session.asked() as cursor:
            options = {"db_schema_name": name[0]} if name[0] else {}
            cursor.adbc_ingest(name[1], _reader(file, progress), mode="append", **options)
        count = session.rows(f"SELECT count(*) AS rows FROM {full}")[0]["rows"]
        _reconcile(place, count, file.metadata.num_rows)
        try:
            session.run("COMMIT")
        except LostError as lost:
            raise Problem("database-commit-unknown", place=place, detail=str(lost)) from lost
        return int(count)
    finally:
        session.close()


def _type(field: pa.Field, place: Place) -> str:
    if pa.types.is_nested(field.type):
        return "jsonb"
    if field.type not in _POSTGRES:
        raise Problem("database-column-type", place=place, column=field.name, found=field.type)
    return _POSTGRES[field.type]


def _refuse(place: Place, there: Sequence[str], wanted: Sequence[str], overwrite: bool) -> None:
    """Raise unless the table may be emptied: it was allowed, and it is a table of such scores."""
    if not overwrite:
        raise Problem("database-table-exists", place=place)
    if set(there) != set(wanted):
        raise Problem("database-table-other", place=place, columns=first_of(sorted(set(there) ^ set(wanted))))


def _reconcile(place: Place, count: int, wanted: int) -> None:
    if count != wanted:  # a trigger or rule of theirs may drop rows
        raise Problem("database-failed", place=place, detail=f"{wanted} rows were written and {count} are there")


def _reader(file: Any, progress: Progress) -> pa.RecordBatchReader:
    """Return the rows as a stream, nested columns as texts that the driver knows to be JSON."""
    fields = [_as_json(f) if pa.types.is_nested(f.type) else pa.field(f.name, f.type) for f in file.schema_arrow]
    schema = pa.schema(fields)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in file.iter_batches(BATCH_ROWS):
            arrays = [_json(c) if pa.types.is_nested(c.type) else c for c in batch.columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            progress.advance(len(batch))

    return pa.RecordBatchReader.from_batches(schema, batches())


def _as_json(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string(), metadata={"ARROW:extension:name": "arrow.json"})


def _json(column: pa.Array) -> pa.Array:
    import duckdb

    with duckdb.connect() as con:
        con.register("given", pa.table({"x": column}))
        found = con.sql("SELECT to_json(x)::VARCHAR AS x FROM given").to_arrow_table()["x"]
    return found.combine_chunks().cast(pa.string())


def _to_any(file: Any, place: Place, name: tuple[str | None, str], overwrite: bool, progress: Progress) -> int:
    from forecast.records.sqlalchemy_copy import connect, engine_of, told

    engine = engine_of(place.url)
    with connect(engine, place.url) as con, told(str(place), place.url):
        import sqlalchemy as sa

        if engine.dialect.name == "sqlite":
            con.exec_driver_sql("BEGIN IMMEDIATE")  # Python's driver would leave CREATE TABLE out of the transaction
        table = _table(file.schema_arrow, place, name)
        inspector = sa.inspect(con)
        if inspector.has_table(name[1], name[0]):
            _refuse(
                place, [c["name"] for c in inspector.get_columns(name[1], name[0])], list(table.c.keys()), overwrite
            )
            con.execute(sa.delete(table))
        else:
            table.create(con)
        for batch in file.iter_batches(BATCH_ROWS):
            con.execute(sa.insert(table), batch.to_pylist())
            progress.advance(len(batch))
        count = con.scalar(sa.select(sa.func.count()).select_from(table))
        _reconcile(place, count, file.metadata.num_rows)
        try:
            con.commit()
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise Problem("database-commit-unknown", place=place, detail="it went away") from error
            raise
        return int(count)


def _table(schema: pa.Schema, place: Place, name: tuple[str | None, str]) -> Any:
    """Return the table of SQLAlchemy that holds such rows."""
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import JSONB

    json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    kinds: dict[str, Any] = {
        "text": sa.Text(),
        "boolean": sa.Boolean(),
        "smallint": sa.SmallInteger(),
        "integer": sa.Integer(),
        "bigint": sa.BigInteger(),
        "real": sa.Float(),
        "double precision": sa.Double(),
        "date": sa.Date(),
        "timestamp": sa.DateTime(),
        "timestamptz": sa.DateTime(timezone=True),
        "jsonb": json,
    }
    columns = [sa.Column(f.name, kinds[_type(f, place)]) for f in schema]
    return sa.Table(name[1], sa.MetaData(schema=name[0]), *columns)
