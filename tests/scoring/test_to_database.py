"""Scores go into a database whole or not at all, and the same scores written twice are there once."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem
from forecast.records.databases import fetch_table
from forecast.records.places import Place, parse_place
from forecast.scoring import to_database
from forecast.scoring.to_database import check_place, write_scores
from tests.postgres import Database
from tests.scoring.conftest import Run

AT = datetime.datetime(2017, 5, 1, 10, 30, tzinfo=datetime.UTC)
REASON = pa.struct([("fact", pa.string()), ("points", pa.float64()), ("records", pa.list_(pa.string()))])
SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("as_of", pa.timestamp("us", "UTC")),
        ("p_any", pa.float64()),
        ("outside", pa.bool_()),
        ("votes_HIGH", pa.int32()),
        ("Reasons 'any\"", pa.list_(REASON)),
    ]
)


def scores(path: Path, rows: int = 3, shift: float = 0.0) -> Path:
    reasons = [{"fact": 'Said "né" {x}', "points": 1.5, "records": ["O1", "O2"]}]
    columns: list[list[Any]] = [
        [f"C{i}" for i in range(rows)],
        [AT] * rows,
        [i / rows + shift for i in range(rows)],
        [None if i == 1 else i % 2 == 0 for i in range(rows)],
        list(range(rows)),
        [None if i == 1 else reasons * (i % 3) for i in range(rows)],
    ]
    pq.write_table(
        pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA), path
    )
    return path


Where = Callable[[str], Place]


@pytest.fixture(params=["adbc", "psycopg", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    """Return a function that names a table in a database: PostgreSQL through two drivers, and SQLite."""
    if request.param == "sqlite":
        return lambda table: parse_place(f"sqlite:///{tmp_path}/scores.db#{table}")
    database: Database = request.getfixturevalue("database")
    url = database.url if request.param == "adbc" else database.sqlalchemy
    return lambda table: parse_place(f"{url}#{table}")


def rows(place: Place, tmp_path: Path) -> list[dict[str, Any]]:
    """Return what a table holds, JSON read and times as texts, since SQLite knows neither."""
    fetch_table(place.url, place.table, tmp_path / "back.parquet", order_by=("case_id",))
    found = pq.read_table(tmp_path / "back.parquet").to_pylist()
    for row in found:
        row["as_of"] = str(row["as_of"])[:19]
        reasons = row.pop("Reasons 'any\"")
        row["reasons"] = None if reasons is None else json.loads(reasons)
    return found


def test_scores_come_back_as_they_were_written(where: Where, tmp_path: Path) -> None:
    place = where("scores")
    assert write_scores(scores(tmp_path / "s.parquet"), place) == 3
    reason = {"fact": 'Said "né" {x}', "points": 1.5, "records": ["O1", "O2"]}
    names = ("case_id", "as_of", "p_any", "outside", "votes_HIGH", "reasons")
    assert [tuple(row[name] for name in names) for row in rows(place, tmp_path)] == [
        ("C0", "2017-05-01 10:30:00", 0.0, True, 0, []),
        ("C1", "2017-05-01 10:30:00", 1 / 3, None, 1, None),
        ("C2", "2017-05-01 10:30:00", 2 / 3, True, 2, [reason, reason]),
    ]


def test_a_table_that_exists_is_replaced_only_if_allowed_and_written_twice_is_there_once(
    where: Where, tmp_path: Path
) -> None:
    place = where("scores")
    write_scores(scores(tmp_path / "old.parquet", 5), place)
    with pytest.raises(Problem) as problem:
        write_scores(scores(tmp_path / "new.parquet", 4, 0.5), place)
    assert problem.value.code == "database-table-exists"
    assert len(rows(place, tmp_path)) == 5
    for _ in range(2):
        assert write_scores(tmp_path / "new.parquet", place, overwrite=True) == 4
        assert [row["p_any"] for row in rows(place, tmp_path)] == [0.5, 0.75, 1.0, 1.25]


def test_a_table_of_something_else_is_never_emptied(where: Where, tmp_path: Path) -> None:
    place = where("people")
    other = pa.table({"case_id": ["C1"], "name": ["A"]})
    pq.write_table(other, tmp_path / "people.parquet")
    write_scores(tmp_path / "people.parquet", place)
    with pytest.raises(Problem) as problem:
        write_scores(scores(tmp_path / "s.parquet"), place, overwrite=True)
    assert problem.value.code == "database-table-other"
    assert "name" in problem.value.sentence
    fetch_table(place.url, "people", tmp_path / "back.parquet")
    assert pq.read_table(tmp_path / "back.parquet").to_pylist() == other.to_pylist()


class Cut:
    """A listener that acts once, when some rows are on their way."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act, self.acted = act, False

    def begin(self, label: str, total: int | None = None) -> None:
        self.label = label

    def advance(self, units: int = 1) -> None:
        if not self.acted:
            self.acted = True
            self.act()


@pytest.mark.parametrize("driver", ["adbc", "psycopg"])
def test_a_connection_lost_in_the_middle_leaves_the_table_as_it_was(
    driver: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_database, "BATCH_ROWS", 500)
    url = database.url if driver == "adbc" else database.sqlalchemy
    write_scores(scores(tmp_path / "old.parquet", 5), Place(url, "scores"))
    before = rows(Place(url, "scores"), tmp_path)
    for table in ("scores", "fresh"):
        with pytest.raises(Problem) as problem:
            write_scores(
                scores(tmp_path / "new.parquet", 6_000), Place(url, table), overwrite=True, progress=Cut(database.cut)
            )
        assert problem.value.code == "database-write-lost"
    assert rows(Place(url, "scores"), tmp_path) == before
    assert database.run("SELECT relname FROM pg_class WHERE relname = 'fresh'") == []
    assert write_scores(tmp_path / "new.parquet", Place(url, "scores"), overwrite=True) == 6_000


@pytest.mark.parametrize("driver", ["adbc", "psycopg"])
def test_a_connection_lost_in_the_moment_of_the_commit_leaves_it_open_and_says_so(
    driver: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(database.url if driver == "adbc" else database.sqlalchemy, "scores")
    write_scores(scores(tmp_path / "old.parquet", 5), place)
    counted = to_database._reconcile

    def cut_behind(*asked: Any) -> None:
        counted(*asked)
        assert database.cut() == 1

    with monkeypatch.context() as patch:
        patch.setattr(to_database, "_reconcile", cut_behind)
        with pytest.raises(Problem) as problem:
            write_scores(scores(tmp_path / "new.parquet", 7), place, overwrite=True)
    assert problem.value.code == "database-commit-unknown"
    assert "--overwrite" in problem.value.next_step
    assert len(rows(place, tmp_path)) == 5  # this time it had not happened
    for _ in range(2):
        assert write_scores(tmp_path / "new.parquet", place, overwrite=True) == 7
        assert len(rows(place, tmp_path)) == 7


def test_readers_see_the_old_scores_until_the_new_ones_are_all_there(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_database, "BATCH_ROWS", 10)
    place = Place(database.url, "scores")
    write_scores(scores(tmp_path / "old.parquet", 5), place)
    seen: list[Any] = []
    look = Cut(lambda: seen.append(database.run("SELECT count(*) FROM scores")))
    write_scores(scores(tmp_path / "new.parquet", 100), place, overwrite=True, progress=look)
    assert seen == [[(5,)]]
    assert database.run("SELECT count(*) FROM scores") == [(100,)]


def test_rows_that_a_trigger_of_theirs_drops_are_missed_and_nothing_is_kept(database: Database, tmp_path: Path) -> None:
    place = Place(database.url, "scores")
    write_scores(scores(tmp_path / "s.parquet"), place)
    database.run(
        "CREATE FUNCTION drop_one() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN IF NEW.case_id = 'C1' THEN RETURN NULL; END IF; RETURN NEW; END$$",
        "CREATE TRIGGER less BEFORE INSERT ON scores FOR EACH ROW EXECUTE FUNCTION drop_one()",
    )
    with pytest.raises(Problem, match="4 rows were written and 3 are there"):
        write_scores(scores(tmp_path / "t.parquet", 4), place, overwrite=True)
    assert database.run("SELECT count(*) FROM scores") == [(3,)]


def test_a_role_needs_no_more_than_its_own_schema_and_keeps_the_rights_of_others(
    database: Database, tmp_path: Path
) -> None:
    place = Place(database.url_of("reader"), "forecast.scores")
    with pytest.raises(Problem) as problem:
        write_scores(scores(tmp_path / "s.parquet"), Place(database.url_of("reader"), "scores"))
    assert problem.value.code == "database-permission"
    database.run("CREATE SCHEMA forecast", "GRANT USAGE, CREATE ON SCHEMA forecast TO reader")
    assert write_scores(tmp_path / "s.parquet", place) == 3
    database.run("GRANT USAGE ON SCHEMA forecast TO locked", "GRANT SELECT ON forecast.scores TO locked")
    write_scores(tmp_path / "s.parquet", place, overwrite=True)
    assert len(rows(Place(database.url_of("locked:right"), "forecast.scores"), tmp_path)) == 3
    assert database.run("SELECT \"Reasons 'any\"\"\" -> 0 ->> 'fact' FROM forecast.scores WHERE case_id = 'C2'") == [
        ('Said "né" {x}',)
    ]


def test_scores_are_not_written_into_a_query_or_nowhere(tmp_path: Path) -> None:
    for table, code in (("SELECT 1", "database-not-table"), ("", "database-no-table")):
        with pytest.raises(Problem) as problem:
            write_scores(scores(tmp_path / "s.parquet"), Place("postgresql://me:sekrit@127.0.0.1:1/x", table))
        assert problem.value.code == code
        assert "sekrit" not in str(problem.value)


def test_an_sqlite_file_that_another_program_writes_to_is_a_problem_and_stays_as_it_is(tmp_path: Path) -> None:
    place = parse_place(f"sqlite:///{tmp_path}/scores.db?timeout=0.1#scores")
    write_scores(scores(tmp_path / "s.parquet"), place)
    with sqlite3.connect(tmp_path / "scores.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Problem, match="database is locked"):
            write_scores(tmp_path / "s.parquet", place, overwrite=True)
    other.close()
    assert len(rows(place, tmp_path)) == 3


def test_cases_from_a_database_are_scored_as_those_from_a_file_and_the_scores_go_back(
    database: Database, table: Any, scored: Callable[..., Run], tmp_path: Path
) -> None:
    database.fill("public", cases=pa.Table.from_pandas(table.assign(place=range(len(table))), preserve_index=False))
    fetch_table(database.url, "cases", tmp_path / "cases.parquet", order_by=("place",))
    from_file, from_database = scored(table), scored(tmp_path / "cases.parquet", "other.parquet")
    one, two = (from_file.scores.set_index("case_id"), from_database.scores.set_index("case_id"))
    assert one["p_any"].to_dict() == two["p_any"].to_dict()
    place = Place(database.url, "scores")
    assert write_scores(from_database.done.out, place) == from_database.done.scored
    assert dict(database.run("SELECT case_id, p_any FROM scores")) == one["p_any"].to_dict()


def test_a_place_is_looked_at_before_there_is_anything_to_write(where: Where, tmp_path: Path):
    place = where("looked")
    check_place(place)
    assert not (tmp_path / "scores.db").exists(), "looking makes no file"
    write_scores(scores(tmp_path / "a.parquet"), place)
    with pytest.raises(Problem) as found:
        check_place(place)
    assert found.value.code == "database-table-exists"
    check_place(place, overwrite=True)
