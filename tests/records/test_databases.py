"""Records in a database give the same accepted records as files; a connection that is lost costs nothing but time."""

from __future__ import annotations

import datetime
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem, Problems
from forecast.records import copying
from forecast.records.databases import fetch_table
from tests.postgres import Database
from tests.records.making import LONDON, Rows, check, event, found, offence, person, write

MADE = ("persons", "custody_events", "offences")


def records(people: int = 30) -> dict[str, Rows]:
    """Return records with faults: a repeated offence, an orphan, an offence code that nobody knows."""
    ids = range(people)
    offences = [offence(f"O{i}", f"C{i}", f"P{i}") for i in ids]
    return {
        "persons": [person(f"P{i}") for i in ids],
        "custody_events": [event(f"C{i}", f"P{i}", station=None if i % 2 else "Nørth") for i in ids],
        "offences": [*offences, offences[3], offence("X1", "C99", "P1"), offence("X2", "C2", "P2", code="99999")],
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The records as files, and what a check of them accepted and refused."""
    folder = write(tmp_path / "files", records())
    check(folder, out=tmp_path / "files-out", quarantine=tmp_path / "files-bad")
    return folder


def loaded(database: Database, folder: Path, schema: str = "public") -> None:
    database.fill(schema, **{name: pq.read_table(folder / f"{name}.parquet") for name in MADE})


def in_sqlite(file: Path, folder: Path) -> str:
    """Put the tables into an SQLite file as its users do: without types, times as texts."""
    with sqlite3.connect(file) as con:
        for name in MADE:
            rows = pq.read_table(folder / f"{name}.parquet")
            con.execute(f"CREATE TABLE {name} ({', '.join(rows.column_names)})")
            marks = ", ".join("?" * rows.num_columns)
            texts = [[None if v is None else str(v) for v in row.values()] for row in rows.to_pylist()]
            con.executemany(f"INSERT INTO {name} VALUES ({marks})", texts)
    con.close()
    return f"sqlite:///{file}"


def same_accepted(one: Path, two: Path) -> None:
    for name in MADE:
        assert (one / f"{name}.parquet").read_bytes() == (two / f"{name}.parquet").read_bytes()


class Events:
    """A listener that keeps what it is told and lets a test act at a certain moment."""

    def __init__(self, act: Callable[[str, int], None] = lambda label, rows: None) -> None:
        self.labels: list[str] = []
        self.act, self.rows = act, 0

    def begin(self, label: str, total: int | None = None) -> None:
        self.labels.append(label)
        self.rows = 0
        self.act(label, 0)

    def advance(self, units: int = 1) -> None:
        self.rows += units
        self.act(self.labels[-1], self.rows)


def once(act: Callable[[], object], label: str, rows: int = 0) -> Callable[[str, int], None]:
    """Return what acts a single time, when a stretch of that label has come to so many rows."""
    done: list[object] = []

    def when(current: str, count: int) -> None:
        if not done and label in current and count >= rows:
            done.append(act())

    return when


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, small batches, and no waiting between tries."""
    monkeypatch.setattr(copying, "PART_ROWS", 1_000)
    monkeypatch.setattr(copying, "WAITS", (0.0, 0.0))
    monkeypatch.setattr("forecast.records.postgres._BATCH_BYTES", "100000")


def wide(database: Database, rows: int = 12_000) -> None:
    """Make a table that fills the buffers between server and reader many times; some keys stand several times."""
    database.run(
        "CREATE TABLE wide AS SELECT 'k' || i / 3 AS id, i AS n, repeat(md5(i::text), 20) AS filler "
        f"FROM generate_series(1, {rows}) i"
    )


def without_keys(database: Database) -> int:
    """Take the key from a twelfth of the rows; return how many have none."""
    database.run("UPDATE wide SET id = NULL WHERE n % 12 = 0")
    [(count,)] = database.run("SELECT count(*) FROM wide WHERE id IS NULL")
    return int(count)


# What comes out


@pytest.mark.parametrize("driver", ["adbc", "psycopg", "sqlite"])
def test_records_in_a_database_give_the_same_bytes_as_in_files(
    driver: str, database: Database, files: Path, tmp_path: Path
) -> None:
    loaded(database, files)
    urls = {"adbc": database.url, "psycopg": database.sqlalchemy}
    url = urls.get(driver) or in_sqlite(tmp_path / "force.db", files)
    result = check(url, out=tmp_path / "out", quarantine=tmp_path / "bad")
    assert found(result) == found(check(files))
    same_accepted(tmp_path / "out", tmp_path / "files-out")
    assert pq.read_metadata(tmp_path / "bad" / "offences.parquet").num_rows == 3
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_mapping_names_tables_in_schemas_queries_and_odd_columns_and_only_what_it_reads_is_copied(
    database: Database, files: Path, tmp_path: Path
) -> None:
    loaded(database, files, "custody")
    database.run(
        'CREATE TABLE custody."Nominals" AS SELECT person_id AS "Nom "" Id", born_on, recorded_at, sex, '
        "'\\xff'::bytea AS photograph FROM custody.persons"
    )
    mapping = tmp_path / "records.toml"
    mapping.write_text(
        """[persons]
file = 'custody."Nominals"'
[persons.columns]
person_id = 'Nom " Id'
[custody_events]
file = "custody.custody_events"
[offences]
query = "SELECT * FROM custody.offences WHERE code <> ':none';"
""",
        "utf-8",
    )
    for url in (database.url, database.sqlalchemy):
        result = check(url, mapping=mapping, out=tmp_path / "out", overwrite=True)
        same_accepted(tmp_path / "out", tmp_path / "files-out")
        assert "persons: columns that nothing reads: photograph." in result.assumptions


def test_every_type_is_read_and_time_without_end_is_empty(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TYPE kind AS ENUM ('a', 'b')",
        "SET TIME ZONE 'Asia/Tokyo'",
        "CREATE TABLE t AS SELECT 1 AS id, 7::bigint AS big, 12345678901234567890.50::numeric AS num, true AS yes, "
        "'2010-06-01 10:00+01'::timestamptz AS zoned, '2010-06-01 10:00'::timestamp AS plain, '2010-06-01'::date AS d, "
        "'infinity'::timestamptz AS open, '6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid AS u, 'b'::kind AS k, "
        "'{\"a\": 1}'::jsonb AS j, NULL::text AS none, 0.5::float8 AS f, '10:30'::time AS t",
    )
    assert fetch_table(database.url, "t", tmp_path / "t.parquet") == 1
    [row] = pq.read_table(tmp_path / "t.parquet").to_pylist()
    assert row == {
        "id": 1, "big": 7, "num": "12345678901234567890.50", "yes": True,
        "zoned": datetime.datetime(2010, 6, 1, 9, tzinfo=datetime.UTC), "plain": datetime.datetime(2010, 6, 1, 10),
        "d": datetime.date(2010, 6, 1), "open": None, "u": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "k": "b",
        "j": '{"a": 1}', "none": None, "f": 0.5, "t": "10:30:00",
    }  # fmt: skip
    database.run("ALTER TABLE t DROP COLUMN open")
    fetch_table(database.sqlalchemy, "t", tmp_path / "s.parquet")
    [other] = pq.read_table(tmp_path / "s.parquet").to_pylist()
    assert other == {name: value for name, value in row.items() if name != "open"}


def test_columns_of_several_types_in_sqlite_become_texts_and_no_value_changes(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "odd.db") as con:
        con.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, mixed, late, huge)")
        rows = [(i, i if i < 60_000 else f"x{i}", None if i < 60_000 else 1.5, 2**62) for i in range(60_010)]
        con.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    con.close()
    assert fetch_table(f"sqlite:///{tmp_path}/odd.db", "t", tmp_path / "t.parquet") == 60_010
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.schema.types == [pa.int64(), pa.string(), pa.float64(), pa.int64()]
    assert table["mixed"].to_pylist() == [str(row[1]) for row in rows]
    assert table["late"].to_pylist() == [row[2] for row in rows]


def test_rows_come_in_the_same_order_however_they_lie_in_the_database(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE one AS SELECT i % 7 AS a, i AS b FROM generate_series(1, 500) i")
    database.run("CREATE TABLE two AS SELECT * FROM one ORDER BY random()")
    fetch_table(database.url, "one", tmp_path / "one.parquet")
    fetch_table(database.url, "SELECT * FROM two", tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize("driver", ["adbc", "psycopg"])
def test_all_tables_are_read_as_they_stood_at_one_moment(
    driver: str, database: Database, files: Path, tmp_path: Path
) -> None:
    loaded(database, files)
    late = "INSERT INTO offences (offence_id, custody_id, person_id, code, committed_at, recorded_at) SELECT 'LATE', "
    late += "custody_id, person_id, code, committed_at, recorded_at FROM offences LIMIT 1"
    progress = Events(once(lambda: database.run(late), "custody_events"))
    url = database.url if driver == "adbc" else database.sqlalchemy
    check(url, out=tmp_path / "out", progress=progress)
    same_accepted(tmp_path / "out", tmp_path / "files-out")
    assert database.run("SELECT count(*) FROM offences WHERE offence_id = 'LATE'") == [(1,)]


def test_sqlite_is_read_as_it_stood_at_one_moment(files: Path, tmp_path: Path) -> None:
    url = in_sqlite(tmp_path / "force.db", files)

    def change() -> None:
        with sqlite3.connect(tmp_path / "force.db") as con:
            con.execute("DELETE FROM offences")
        con.close()

    with sqlite3.connect(tmp_path / "force.db") as con:
        con.execute("PRAGMA journal_mode = WAL")  # only then may others write meanwhile
    con.close()
    check(url, out=tmp_path / "out", progress=Events(once(change, "custody_events")))
    same_accepted(tmp_path / "out", tmp_path / "files-out")


def test_a_query_cannot_change_the_database(database: Database, tmp_path: Path) -> None:
    database.run(
        "CREATE TABLE t AS SELECT 1 AS id",
        "CREATE FUNCTION wipe() RETURNS int LANGUAGE sql AS 'DELETE FROM t RETURNING id'",
    )
    with pytest.raises(Problem, match="read-only transaction"):
        fetch_table(database.url, "SELECT wipe()", tmp_path / "t.parquet")
    assert database.run("SELECT count(*) FROM t") == [(1,)]


# A connection that is lost


def test_a_reader_that_is_cut_off_goes_on_in_the_same_snapshot_behind_the_last_part(
    database: Database, tmp_path: Path, impatient: None
) -> None:
    wide(database)
    assert without_keys(database) == 1_000
    assert fetch_table(database.url, "wide", tmp_path / "whole.parquet", order_by=("id", "n")) == 12_000
    assert pq.read_table(tmp_path / "whole.parquet")["id"].to_pylist()[-1_001:].count(None) == 1_000

    def disturb() -> None:
        database.run("DELETE FROM wide WHERE n % 2 = 0", "INSERT INTO wide VALUES ('k0', -1, 'new')")
        assert database.cut("COPY%") == 1

    progress = Events(once(disturb, "copying", 4_000))
    assert fetch_table(database.url, "wide", tmp_path / "cut.parquet", order_by=("id", "n"), progress=progress)
    assert (tmp_path / "cut.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    [_, said] = progress.labels
    assert "connection lost; going on behind part" in said
    assert progress.rows < 12_000  # what was in parts already did not come again


@pytest.mark.parametrize("rows", [11_300, 11_900])
def test_a_reader_that_is_cut_off_among_rows_without_a_key_loses_and_repeats_none(
    rows: int, database: Database, tmp_path: Path, impatient: None
) -> None:
    wide(database)
    without_keys(database)
    progress = Events(once(lambda: database.cut("COPY%"), "copying", rows))
    assert fetch_table(database.url, "wide", tmp_path / "cut.parquet", order_by=("id",), progress=progress) == 12_000
    assert sorted(pq.read_table(tmp_path / "cut.parquet")["n"].to_pylist()) == list(range(1, 12_001))


def test_when_the_snapshot_is_lost_too_everything_starts_again_from_one_new_moment(
    database: Database, tmp_path: Path, impatient: None
) -> None:
    wide(database)

    def disturb() -> None:
        database.run("DELETE FROM wide WHERE n % 2 = 0")
        assert database.cut() == 2

    progress = Events(once(disturb, "copying", 4_000))
    assert fetch_table(database.url, "wide", tmp_path / "cut.parquet", order_by=("id",), progress=progress) == 6_000
    assert all(n % 2 for n in pq.read_table(tmp_path / "cut.parquet")["n"].to_pylist())
    assert any("starting again" in label for label in progress.labels)


@pytest.mark.parametrize("driver", ["adbc without a key", "psycopg"])
def test_without_a_key_to_go_on_from_the_copy_starts_again(
    driver: str, database: Database, tmp_path: Path, impatient: None
) -> None:
    wide(database)
    progress = Events(once(database.cut, "copying", 4_000))
    url = database.sqlalchemy if driver == "psycopg" else database.url
    assert fetch_table(url, "wide", tmp_path / "cut.parquet", progress=progress) == 12_000
    table = pq.read_table(tmp_path / "cut.parquet")
    assert sorted(table["n"].to_pylist()) == list(range(1, 12_001))
    assert any("connection lost" in label for label in progress.labels)


def test_a_database_that_stays_away_is_a_problem_and_leaves_nothing_behind(
    database: Database, tmp_path: Path, impatient: None
) -> None:
    wide(database)
    folder = tmp_path / "out"
    folder.mkdir()

    def gone() -> None:
        admin = Database(database.server, "postgres")
        admin.run(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        admin.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database.name}'")

    progress = Events(once(gone, "copying", 4_000))
    with pytest.raises(Problem) as problem:
        fetch_table(database.url, "wide", folder / "wide.parquet", order_by=("id",), progress=progress)
    assert problem.value.code == "database-lost"
    assert "was lost 3 times" in problem.value.sentence
    assert list(folder.iterdir()) == []


def test_a_server_that_stops_in_the_middle_of_a_check_is_a_problem_and_leaves_nothing_behind(
    database: Database, files: Path, tmp_path: Path, impatient: None
) -> None:
    loaded(database, files)
    progress = Events(once(database.server.stop, "#custody_events"))
    try:
        with pytest.raises(Problem) as problem:
            check(database.url, out=tmp_path / "out", quarantine=tmp_path / "bad", progress=progress)
    finally:
        database.server.ensure_postgres_running()
    assert problem.value.code == "database-lost"
    assert {p.name for p in tmp_path.iterdir()} == {"files", "files-out", "files-bad"}


# Everything else that goes wrong


def refused(url: str, source: str, tmp_path: Path, **options: Any) -> Problem:
    with pytest.raises(Problem) as problem:
        fetch_table(url, source, tmp_path / "no.parquet", **options)
    assert not list(tmp_path.glob("*no.parquet*"))
    return problem.value


def test_a_wrong_password_is_told_without_it(database: Database, tmp_path: Path) -> None:
    good = database.url_of("locked:right")
    assert fetch_table(good, "SELECT 1 AS id", tmp_path / "t.parquet") == 1
    for url in (
        database.url_of("locked:sekrit"),
        database.url_of("locked:sekrit").replace("postgresql", "postgresql+psycopg"),
    ):
        problem = refused(url, "t", tmp_path)
        assert problem.code == "database-login"
        assert "sekrit" not in f"{problem} {problem.__cause__}"
        assert "password authentication failed" in problem.sentence


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_nobody_at_the_address_is_a_problem(scheme: str, tmp_path: Path) -> None:
    problem = refused(f"{scheme}://me:sekrit@127.0.0.1:1/force", "t", tmp_path)
    assert problem.code == "database-unreachable"
    assert "127.0.0.1:1/force" in problem.sentence
    assert "sekrit" not in str(problem)


def test_a_kind_of_database_without_a_driver_is_a_problem(tmp_path: Path) -> None:
    assert refused("nosuch://me:sekrit@host/force", "t", tmp_path).code == "database-driver"
    assert refused("mysql+nosuchdriver://me:sekrit@host/force", "t", tmp_path).code == "database-driver"


@pytest.mark.parametrize("driver", ["adbc", "psycopg"])
def test_a_table_that_is_not_there_is_told_with_the_nearest_name(
    driver: str, database: Database, tmp_path: Path
) -> None:
    database.run("CREATE TABLE custody_evnts (id text)")
    url = database.url if driver == "adbc" else database.sqlalchemy
    problem = refused(url, "custody_events", tmp_path)
    assert problem.code == "database-table-missing"
    assert "Did you mean 'custody_evnts'?" in problem.next_step
    assert [item.facts["hint"] for item in missing(url).items][1] == "Did you mean 'custody_evnts'?"


def missing(url: str) -> Problems:
    with pytest.raises(Problems) as problems:
        check(url)
    return problems.value


def test_a_user_without_the_right_to_read_is_told_so(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE t AS SELECT 1 AS id")
    for url in (database.url_of("reader"), database.url_of("reader").replace("postgresql", "postgresql+psycopg")):
        problem = refused(url, "t", tmp_path)
        assert problem.code == "database-permission"
        assert "permission denied for table t" in problem.sentence
    database.run("GRANT SELECT ON t TO reader")
    assert fetch_table(database.url_of("reader"), "t", tmp_path / "t.parquet") == 1


def test_bytes_are_refused_by_the_name_of_their_column_and_lists_are_json(database: Database, tmp_path: Path) -> None:
    database.run("CREATE TABLE t AS SELECT 1 AS id, '\\xff'::bytea AS photo, ARRAY[1, NULL] AS list")
    for url in (database.url, database.sqlalchemy):
        assert "'photo' is of type byte" in refused(url, "SELECT id, photo FROM t", tmp_path).sentence
        fetch_table(url, "SELECT list FROM t", tmp_path / "t.parquet")
        assert pq.read_table(tmp_path / "t.parquet")["list"].to_pylist() == ["[1, null]"]


def test_a_query_that_fails_says_what_the_database_said(database: Database, tmp_path: Path) -> None:
    for url in (database.url, database.sqlalchemy):
        late = "SELECT i AS id, 1 / (i - 4000) AS x FROM generate_series(1, 5000) i"
        assert "division by zero" in refused(url, late, tmp_path).sentence
        assert refused(url, "SELECT nope FROM nowhere", tmp_path).code == "database-failed"
        assert refused(url, "SELECT 1 AS a, 2 AS a", tmp_path).code == "database-column-twice"
        assert refused(url, "SELECT 1 AS a", tmp_path, order_by=("b",)).code == "database-column-missing"


def test_all_columns_that_are_missing_are_told_before_anything_is_copied(database: Database, files: Path) -> None:
    loaded(database, files)
    database.run("ALTER TABLE persons RENAME born_on TO dob", "ALTER TABLE offences RENAME code TO kode")
    database.run("ALTER TABLE custody_events DROP COLUMN reason")
    progress = Events()
    with pytest.raises(Problems) as problems:
        check(database.url, progress=progress)
    assert {p.facts["column"] for p in problems.value.items} == {"code", "reason"}
    assert "Did you mean 'kode'?" in str(problems.value)
    assert progress.labels == []


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_is_a_problem_of_the_disk(database: Database, tmp_path: Path) -> None:
    wide(database)
    with small_disk(50_000):
        assert refused(database.url, "wide", tmp_path, order_by=("id",)).code == "file-unwritable"


def test_the_environment_names_the_database(
    database: Database, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(database, files)
    monkeypatch.setenv("FORECAST_DATABASE", database.url_of("locked:right"))
    database.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO locked")
    result = check("env:FORECAST_DATABASE", out=tmp_path / "out")
    same_accepted(tmp_path / "out", tmp_path / "files-out")
    assert "right" not in str(result.as_data())
    monkeypatch.setenv("PGHOST", str(database.server.pgdata))
    monkeypatch.setenv("PGUSER", "locked")
    monkeypatch.setenv("PGPASSWORD", "right")
    monkeypatch.setenv("PGDATABASE", database.name)
    assert fetch_table("postgresql://", "persons", tmp_path / "t.parquet") == 30


def test_a_query_is_refused_where_there_is_nobody_to_ask(files: Path) -> None:
    (files / "records.toml").write_text(f'{LONDON}[offences]\nquery = "SELECT 1"\n', "utf-8")
    with pytest.raises(Problem) as problem:
        check(files)
    assert problem.value.code == "records-query"
    (files / "records.toml").write_text(f'{LONDON}[offences]\nquery = "SELECT 1"\nfile = "x.csv"\n', "utf-8")
    with pytest.raises(Problem) as problem:
        check(files)
    assert problem.value.code == "records-query-and-file"


def test_a_file_of_sqlite_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert refused(f"sqlite:///{tmp_path}/typo.db", "t", tmp_path).code == "file-missing"
    assert list(tmp_path.iterdir()) == []


def test_the_command_checks_a_database_and_prints_no_password(database: Database, files: Path, tmp_path: Path) -> None:
    loaded(database, files)
    database.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO locked")

    def run(url: str) -> subprocess.CompletedProcess[str]:
        options = ["--out", str(tmp_path / "out"), "--max-refused", "1"]
        command = [sys.executable, "-m", "forecast", "data", "check", url, *options]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)

    done = run(database.url_of("locked:right"))
    assert done.returncode == 0
    same_accepted(tmp_path / "out", tmp_path / "files-out")
    assert f"copying postgresql://locked@/{database.name}#persons" in done.stderr
    assert "right" not in done.stdout + done.stderr
    (tmp_path / "out").rename(tmp_path / "kept")
    failed = run(database.url_of("locked:wrong"))
    assert failed.returncode == 2
    assert "database-login" in failed.stderr
    assert "wrong" not in failed.stdout + failed.stderr
    assert not (tmp_path / "out").exists()
