"""Copy tables of any database that SQLAlchemy has a driver for: values as the driver gives them, types as found.

Databases differ in types, and SQLite has none that bind. So each part takes the types of its values, and at the end all
parts of a table take one type a column, text where they differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from forecast.problems import Problem, nearest, need
from forecast.records.copying import LostError, PartFiles, Wanted
from forecast.records.dbvalues import array_of, common_schema
from forecast.records.places import address, is_query, shown, table_name, without_secrets

if TYPE_CHECKING:
    import sqlalchemy as sa

    from forecast.progress import Progress

FETCH_ROWS = 50_000
"""Rows of a part: each takes the types of its own values."""
_SNAPSHOTS = {
    "postgresql": "REPEATABLE READ",
    "mysql": "REPEATABLE READ",
    "mariadb": "REPEATABLE READ",
    "oracle": "SERIALIZABLE",
}
"""Isolation levels under which all that one transaction reads stands as at one moment."""
_NOT_ONE_MOMENT = "Tables were copied one after the other: this kind of database was not asked for one moment of all."


def engine_of(url: str) -> sa.Engine:
    """Return an engine; raise where there is no driver."""
    need("sqlalchemy", "postgres")
    import sqlalchemy as sa

    place, url = shown(url), address(url)
    try:
        return sa.create_engine(url, poolclass=sa.pool.NullPool, hide_parameters=True)
    except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:
        detail = without_secrets(str(error), url)
        raise Problem("database-driver", place=place, detail=detail) from None


@contextmanager
def told(place: str, url: str) -> Iterator[None]:
    """Turn what a driver raises into a problem, or :class:`LostError` where it says that the connection is gone."""
    import sqlalchemy as sa

    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        detail = without_secrets(str(getattr(error, "orig", None) or error), address(url))
        if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
            raise LostError(detail) from error
        if getattr(getattr(error, "orig", None), "sqlstate", None) == "42501":
            raise Problem("database-permission", place=place, detail=detail) from error
        raise Problem("database-failed", place=place, detail=detail) from error


def connect(engine: sa.Engine, url: str) -> sa.Connection:
    """Connect; raise a problem where nobody answers or the login is refused."""
    import sqlalchemy as sa

    try:
        return engine.connect()
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        detail = without_secrets(str(getattr(error, "orig", None) or error), address(url))
        if "password" in detail or "denied" in detail:
            raise Problem("database-login", place=shown(url), detail=detail) from None
        raise Problem("database-unreachable", place=shown(url), detail=detail) from None


class SqlSnapshot:
    """The tables of a database, as they stood at one moment where it can be asked for that."""

    def __init__(self, con: sa.Connection, url: str) -> None:
        import sqlalchemy as sa

        self.con, self.url, self.place = con, url, shown(url)
        self.inspector = sa.inspect(con)

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator[SqlSnapshot]:
        """Yield a snapshot; nothing is ever committed."""
        with ExitStack() as stack:
            engine = engine_of(url)
            _refuse_missing(engine)
            con = connect(engine, url)
            stack.callback(_closed, con)
            with told(shown(url), url):
                if level := _SNAPSHOTS.get(engine.dialect.name):
                    con.execution_options(isolation_level=level)
                if engine.dialect.name == "sqlite":
                    con.exec_driver_sql("BEGIN")  # Python's driver begins a transaction only before it writes
                snapshot = cls(con, url)
            yield snapshot

    @property
    def note(self) -> str:
        """What people should know about the moment at which the tables were read."""
        return "" if self.con.dialect.name in ("sqlite", *_SNAPSHOTS) else _NOT_ONE_MOMENT

    def holds(self, source: str) -> bool:
        """Say whether there is such a table; a query is taken at its word."""
        return is_query(source) or self._found(source)

    def columns(self, source: str) -> list[str]:
        """Return the names of the columns of a table or query; raise if there is no such table."""
        if not self.holds(source):
            hint = nearest(source, self._names(None))
            raise Problem("database-table-missing", place=self.place, table=source, hint=hint)
        with told(self.place, self.url):
            if is_query(source):
                return self._unique(list(self.con.execute(self._rows_of(source).where(_never())).keys()))
            schema, name = table_name(self.place, source)
            return [column["name"] for column in self.inspector.get_columns(name, schema)]

    def copy(self, wanted: Wanted, folder: Path, progress: Progress) -> list[Path]:
        """Copy a table into part files. A lost connection loses all of it: another one reads another moment."""
        names = wanted.chosen(self.place, self.columns(wanted.source))
        parts = PartFiles(folder, part_rows=1)
        schema = pa.schema([(name, pa.null()) for name in names])
        for rows in self._stream(wanted, names):
            columns = zip(*rows, strict=True)
            arrays = [array_of(values, self.place, name) for name, values in zip(names, columns, strict=True)]
            parts.add(pa.RecordBatch.from_arrays(arrays, names), None)
            progress.advance(len(rows))
        parts.close(schema)
        return common_schema(parts.files)

    def _stream(self, wanted: Wanted, names: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
        import sqlalchemy as sa

        order = list(wanted.order_by) or self._primary(wanted.source) or names
        query = self._rows_of(wanted.source, names).order_by(*(sa.column(name) for name in order))
        with told(self.place, self.url):
            result = self.con.execution_options(stream_results=True).execute(query)
            pieces = result.partitions(FETCH_ROWS)
        while True:
            with told(self.place, self.url):
                rows = next(pieces, None)
            if rows is None:
                return
            yield rows

    def _rows_of(self, source: str, names: Sequence[str] = ()) -> sa.Select[Any]:
        """Return what selects columns without types: SQLAlchemy then hands on what the driver gives."""
        import sqlalchemy as sa

        columns = [sa.column(name) for name in names] or [sa.text("*")]
        if is_query(source):
            # The text of a query has no parameters; a colon in it is a colon.
            text = source.rstrip().rstrip(";").replace("\\", "\\\\").replace(":", "\\:")
            return sa.select(*columns).select_from(sa.text(f"({text}) q"))
        schema, name = table_name(self.place, source)
        return sa.select(*columns).select_from(sa.table(name, schema=schema))

    def _primary(self, source: str) -> list[str]:
        if is_query(source):
            return []
        schema, name = table_name(self.place, source)
        with told(self.place, self.url):
            return list(self.inspector.get_pk_constraint(name, schema)["constrained_columns"])

    def _found(self, source: str) -> bool:
        schema, name = table_name(self.place, source)
        return name in self._names(schema)

    def _names(self, schema: str | None) -> list[str]:
        with told(self.place, self.url):
            return [*self.inspector.get_table_names(schema), *self.inspector.get_view_names(schema)]

    def _unique(self, names: list[str]) -> list[str]:
        for i, name in enumerate(names):
            if name in names[:i]:
                raise Problem("database-column-twice", place=self.place, column=name)
        return names


def _refuse_missing(engine: sa.Engine) -> None:
    """Raise for a file of SQLite that is not there: its driver would make an empty one."""
    name = engine.url.database or ""
    if engine.dialect.name == "sqlite" and name and not name.startswith((":", "file:")) and not Path(name).exists():
        raise Problem("file-missing", path=name)


def _never() -> Any:
    import sqlalchemy as sa

    return sa.text("1 = 0")


def _closed(con: sa.Connection) -> None:
    """Close a connection, whatever state it is in."""
    import sqlalchemy as sa

    try:
        con.close()
    except sa.exc.SQLAlchemyError:
        con.invalidate()
