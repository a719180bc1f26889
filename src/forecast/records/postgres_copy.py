"""Copy tables of PostgreSQL as they stood at one moment, and go on in that same moment when a connection is lost.

One connection, the keeper, holds a snapshot (REPEATABLE READ, READ ONLY) and exports it; another reads in it. If only
the reader is lost, the next one joins the same snapshot and goes on behind the last whole part. If the keeper is lost
too, the moment is lost with it, and everything starts again: parts of two moments are never put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from forecast.problems import Problem, nearest
from forecast.records.copying import UNREACHABLE, LostError, PartFiles, Wanted
from forecast.records.places import is_query, table_name
from forecast.records.postgres import Session, quoted_name

if TYPE_CHECKING:
    from forecast.progress import Progress

REJOINS = 5
"""So often may the reader of one table be lost before the copy starts again."""
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_AS_THEY_ARE = {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "name", "bpchar"}
_TIMES = {"timestamptz", "timestamp", "date"}
_AFTER = "forecast.after"
_KEY = "the key of the row, as a text"
_TABLES = """SELECT nspname AS schema, relname AS name, pg_table_is_visible(c.oid) AS near
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'v', 'm', 'p', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema')
  AND nspname !~ '^pg_(toast|temp)' ORDER BY 1, 2"""
_PRIMARY = """SELECT attname::text AS name FROM pg_index i JOIN pg_attribute a ON attrelid = indrelid
WHERE indisprimary AND attnum = ANY(indkey) AND indrelid = (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relname = $2)
ORDER BY array_position(indkey::int2[], attnum)"""


@dataclass(frozen=True)
class _Query:
    """Reads rows in order; ``key`` is the expression by which it can go on, empty if there is none.

    All is ordered as texts of one collation, so that the same rows come in the same order from every server.
    """

    columns: list[str]
    rows: str
    order: list[str]
    key: str

    def statement(self, go_on: bool) -> str:
        """Return the statement that reads all rows, or those from the key in the setting on; no key comes last."""
        columns = [*self.columns, *([f"{self.key} AS {quoted_name(_KEY)}"] if self.key else [])]
        where = f"WHERE {self.key} >= current_setting('{_AFTER}') OR {self.key} IS NULL" if go_on else ""
        order = ", ".join(f"{_as_text(term)} NULLS LAST" for term in self.order)
        return f"SELECT {', '.join(columns)} FROM {self.rows} {where} ORDER BY {order}"


class PostgresSnapshot:
    """The tables of a database as they stood when this was opened."""

    def __init__(self, keeper: Session, url: str) -> None:
        self.keeper, self.url, self.place = keeper, url, keeper.place
        keeper.run(_BEGIN)
        keeper.run("SET LOCAL idle_in_transaction_session_timeout = 0")
        self.id: str = keeper.rows("SELECT pg_export_snapshot() AS id")[0]["id"]
        if not re.fullmatch("[0-9A-Fa-f-]+", self.id):  # it goes into a statement that takes no parameters
            raise RuntimeError(f"PostgreSQL calls its snapshot {self.id!r}")
        self.tables = {(row["schema"], row["name"]): row["near"] for row in keeper.rows(_TABLES)}

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator[PostgresSnapshot]:
        """Yield a new snapshot."""
        with ExitStack() as stack:
            keeper = Session.open(url)
            stack.callback(keeper.close)
            yield cls(keeper, url)

    @property
    def note(self) -> str:
        """What people should know about the moment; nothing."""
        return ""

    def holds(self, source: str) -> bool:
        """Say whether there is such a table; a query is taken at its word."""
        return is_query(source) or self._found(source) is not None

    def columns(self, source: str) -> list[str]:
        """Return the names of the columns of a table or query; raise if there is no such table."""
        return list(self._schema(self._rows_of(source)).names)

    def copy(self, wanted: Wanted, folder: Path, progress: Progress) -> list[Path]:
        """Copy a table into part files, going on in the same snapshot while the keeper holds it."""
        query, parts, losses = self._query(wanted), PartFiles(folder), 0
        while True:
            try:
                return self._read(query, parts, progress)
            except (LostError, Problem) as error:
                # While it joins again, a server that does not answer is a connection lost.
                if isinstance(error, Problem) and not (losses and error.code == UNREACHABLE):
                    raise
                losses += 1
                parts.forget()
                if losses > REJOINS or not self.keeper.answers():
                    raise LostError(str(error)) from error
                progress.begin(f"connection lost; going on behind part {len(parts.files)} in the same snapshot")

    def _read(self, query: _Query, parts: PartFiles, progress: Progress) -> list[Path]:
        reader = self._joined()
        try:
            if parts.after is not None:
                # A setting of this transaction stands in for a parameter: with one, rows would come one by one.
                reader.rows(f"SELECT set_config('{_AFTER}', $1, true)", (parts.after,))
            statement = query.statement(parts.after is not None)
            schema = _without_key(reader.schema(statement))
            for batch in reader.stream(statement):
                keys = batch.column(len(schema)) if query.key else None
                parts.add(pa.RecordBatch.from_arrays(batch.columns[: len(schema)], schema=schema), keys)
                progress.advance(len(batch))
            parts.close(schema)
            return parts.files
        finally:
            reader.close()

    def _joined(self) -> Session:
        """Return a new connection that sees the snapshot."""
        with ExitStack() as stack:
            reader = Session.open(self.url)
            stack.callback(reader.close)
            reader.run(_BEGIN)
            reader.run(f"SET TRANSACTION SNAPSHOT '{self.id}'")
            stack.pop_all()
            return reader

    def _query(self, wanted: Wanted) -> _Query:
        rows = self._rows_of(wanted.source)
        schema = self._schema(rows)
        columns = [self._column(schema.field(name)) for name in wanted.chosen(self.place, schema.names)]
        order = [f"q.{quoted_name(n)}" for n in wanted.order_by or self._primary(wanted.source)]
        # Without a key whole rows are put in order.
        return _Query(columns, rows, order or ["q"], _as_text(order[0]) if order else "")

    def _rows_of(self, source: str) -> str:
        """Return what stands behind FROM, under the name q."""
        if is_query(source):
            return f"({source.rstrip().rstrip(';')}) AS q"
        found = self._found(source)
        if found is None:
            known = [name if near else f"{schema}.{name}" for (schema, name), near in self.tables.items()]
            raise Problem("database-table-missing", place=self.place, table=source, hint=nearest(source, known))
        return f"{quoted_name(found[0])}.{quoted_name(found[1])} AS q"

    def _found(self, source: str) -> tuple[str, str] | None:
        schema, name = table_name(self.place, source)
        here = [t for t, near in self.tables.items() if t[1] == name and (near if schema is None else t[0] == schema)]
        return here[0] if here else None

    def _schema(self, rows: str) -> pa.Schema:
        schema = self.keeper.schema(f"SELECT * FROM {rows}")
        for i, name in enumerate(schema.names):
            if name in schema.names[:i]:
                raise Problem("database-column-twice", place=self.place, column=name)
        return schema

    def _primary(self, source: str) -> list[str]:
        found = None if is_query(source) else self._found(source)
        return [row["name"] for row in self.keeper.rows(_PRIMARY, found)] if found else []

    def _column(self, field: pa.Field) -> str:
        """Return a column as it is asked for: times without end as empty, lists as JSON, else as text."""
        kind, name = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode(), quoted_name(field.name)
        if kind in _TIMES:
            return f"NULLIF(q.{name}, 'infinity') AS {name}"
        if kind in _AS_THEY_ARE:
            return f"q.{name}"
        if pa.types.is_nested(field.type):
            return f"to_jsonb(q.{name})::text AS {name}"
        if kind == "bytea":
            raise Problem("database-column-type", place=self.place, column=field.name, found=kind)
        return f"q.{name}::text AS {name}"


def _as_text(what: str) -> str:
    return f'({what})::text COLLATE "C"'


def _without_key(schema: pa.Schema) -> pa.Schema:
    """Return the schema without the key and without what only the driver knows, so that the same rows look the same."""
    return pa.schema([pa.field(f.name, f.type) for f in schema if f.name != _KEY])
