"""Talk to PostgreSQL through ADBC: connect, ask, and tell a connection that is gone from a request that was refused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import pyarrow as pa

from forecast.problems import Problem, need
from forecast.records.copying import LostError
from forecast.records.places import address, shown, without_secrets

if TYPE_CHECKING:
    from adbc_driver_manager import dbapi

_OPTIONS = {
    "fallback_application_name": "forecast",
    "connect_timeout": "10",
    # A network that is silently gone is noticed after two minutes rather than two hours.
    "keepalives_idle": "60",
    "keepalives_interval": "10",
    "keepalives_count": "6",
}
_LOGIN = re.compile(r"authentication failed|no password|role \S+ does not exist|pg_hba\.conf|not permitted to log in")
_STARTS = re.compile(r"^(?:[A-Z_]+: )?(?:\[libpq\] )?(?:Failed to [a-z ]+(?:COPY statement)?: )?(?:PGRES_\w+ )?")
_BATCH_BYTES = str(1 << 22)


def is_postgres(url: str) -> bool:
    """Say whether an address is one that ADBC reads; `postgresql+psycopg://` and such go through SQLAlchemy."""
    return url.partition("://")[0] in ("postgresql", "postgres")


@dataclass
class Session:
    """An open connection. Statements run by themselves unless one of them begins a transaction."""

    place: str
    url: str = field(repr=False)
    con: dbapi.Connection = field(repr=False)

    @classmethod
    def open(cls, url: str) -> Self:
        """Connect; raise a problem where that is refused or where nobody answers."""
        need("adbc_driver_postgresql", "postgres")
        from adbc_driver_postgresql import dbapi

        place, url = shown(url), address(url)
        try:
            return cls(place, url, dbapi.connect(_with_options(url), autocommit=True))
        except dbapi.Error as error:
            detail = without_secrets(_plain(str(error)), url)
            # Without a cause: it would hold what was hidden.
            if _LOGIN.search(detail):
                raise Problem("database-login", place=place, detail=detail) from None
            raise Problem("database-unreachable", place=place, detail=detail) from None

    def close(self) -> None:
        """Close the connection, whatever state it is in; what was not committed is undone."""
        from adbc_driver_postgresql import dbapi

        with suppress(dbapi.Error):
            self.con.close()

    def rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """Run a statement and return its rows; ``values`` stand for $1, $2, ... in it."""
        with self.asked() as cursor:
            cursor.execute(statement, values or None)
            rows: list[dict[str, Any]] = cursor.fetch_arrow_table().to_pylist()
            return rows

    def run(self, statement: str) -> None:
        """Run a statement that gives no rows."""
        with self.asked() as cursor:
            cursor.execute(statement)

    def schema(self, query: str) -> pa.Schema:
        """Return the schema of what a query gives."""
        with self.asked() as cursor:
            schema: pa.Schema = cursor.adbc_execute_schema(query)
            return schema

    def stream(self, query: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query as they arrive."""
        with self.con.cursor() as cursor:
            with self._told():
                cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": _BATCH_BYTES})
                cursor.execute(query)
                reader = cursor.fetch_record_batch()
            while (batch := self._next(reader)) is not None:
                yield batch

    def _next(self, reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
        with self._told():
            return next(reader, None)

    @contextmanager
    def asked(self) -> Iterator[dbapi.Cursor]:
        """Yield a cursor; what goes wrong becomes a problem, or :class:`LostError` if the connection is gone."""
        with self._told(), self.con.cursor() as cursor:
            yield cursor

    @contextmanager
    def _told(self) -> Iterator[None]:
        from adbc_driver_postgresql import dbapi

        try:
            yield
        except (dbapi.Error, pa.ArrowException, OSError) as error:
            raise self.problem(error) from error

    def problem(self, error: Exception) -> Problem | LostError:
        """Return what an error of the driver means."""
        detail = without_secrets(_plain(str(error)), self.url)
        if not self.answers():
            return LostError(detail)
        if getattr(error, "sqlstate", None) == "42501":
            return Problem("database-permission", place=self.place, detail=detail)
        return Problem("database-failed", place=self.place, detail=detail)

    def answers(self) -> bool:
        """Say whether the other end is still there; a transaction that failed is an answer too."""
        from adbc_driver_postgresql import dbapi

        try:
            with self.con.cursor() as cursor:
                cursor.execute("SELECT 1")
                cursor.fetchall()
        except dbapi.Error as error:
            return error.sqlstate is not None and not error.sqlstate.startswith(("57P", "08"))
        except OSError:
            return False
        return True


def _with_options(url: str) -> str:
    """Return an address with our options where neither it nor the environment has them; libpq fills in the others."""
    query = urlsplit(url).query
    ours = [f"{name}={value}" for name, value in _OPTIONS.items() if f"{name}=" not in query]
    if "PGCONNECT_TIMEOUT" in os.environ:
        ours = [option for option in ours if not option.startswith("connect_timeout")]
    return f"{url}{'&' if query else '' if url.endswith('?') else '?'}{'&'.join(ours)}"


def quoted_name(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _plain(text: str) -> str:
    """Return what the server said without what the driver puts before it."""
    return _STARTS.sub("", text).removeprefix("ERROR:").removeprefix("FATAL:").strip()
