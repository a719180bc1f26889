"""Tests of `forecast score`."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle
from tests.scoring.conftest import checked, force, record_bundle
from tests.scoring.force import DAY, Force, as_of

from .conftest import Ended

__all__ = ["checked", "force", "record_bundle"]

Run = Callable[..., Ended]


@pytest.fixture
def dirty(here: Path, table_file: Path) -> Path:
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False).iloc[:50]
    table.loc[0, "priors"] = "many"
    table.loc[1, "age"] = "16"
    table.to_csv(here / "dirty.csv", index=False)
    return here / "dirty.csv"


def test_a_clean_file_ends_with_0(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    ended = run("score", bundle.folder, table_file, "--out", "scores.parquet", "--quiet")
    rows = pq.read_metadata(here / "scores.parquet").num_rows
    assert ended.status == 0
    assert f"{rows:,} rows in: {rows:,} scored, 0 refused." in ended.out
    assert "Manifest: scores.manifest.json" in ended.out
    assert ended.err == ""


def test_refused_rows_end_with_2_and_all_is_written_all_the_same(
    run: Run, here: Path, bundle: ModelBundle, dirty: Path
):
    ended = run("score", bundle.folder, dirty, "--out", "scores.parquet", "--quiet")
    assert ended.status == 2
    assert "[scored-with-refusals] 2 of 50 rows" in ended.err
    assert "row-not-a-number: 1" in ended.out
    assert pq.read_metadata(here / "scores.parquet").num_rows == 48
    assert pq.read_metadata(here / "refused.parquet").num_rows == 2
    assert json.loads((here / "scores.manifest.json").read_text("utf-8"))["rows"]["in"] == 50


def test_refused_rows_may_be_allowed(run: Run, bundle: ModelBundle, dirty: Path):
    ended = run("score", bundle.folder, dirty, "--out", "scores.parquet", "--allow-refused", "--quiet")
    assert ended.status == 0
    assert "2 refused" in ended.out
    assert ended.err == ""


def test_reasons_can_be_left_out(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    assert run("score", bundle.folder, table_file, "--out", "short.parquet", "--no-reasons", "--quiet").status == 0
    assert "reasons_any" not in pq.read_schema(here / "short.parquet").names


@pytest.mark.parametrize(
    ("out", "code"), [("x.csv", "output-format"), ("/proc/nowhere/x.parquet", "file-unwritable")], ids=str
)
def test_an_output_that_cannot_be_is_a_problem(run: Run, bundle: ModelBundle, table_file: Path, out: str, code: str):
    ended = run("score", bundle.folder, table_file, "--out", out, "--quiet")
    assert ended.status == 2
    assert f"[{code}]" in ended.err


def test_nothing_is_replaced_without_leave(run: Run, bundle: ModelBundle, table_file: Path):
    words = ("score", bundle.folder, table_file, "--out", "scores.parquet", "--quiet")
    assert run(*words).status == 0
    assert "[output-exists]" in run(*words).err
    assert run(*words, "--overwrite").status == 0


def test_scores_are_also_written_into_a_database(run: Run, here: Path, bundle: ModelBundle, table_file: Path):
    place = f"sqlite:///{here}/scores.sqlite#scores"
    words = ("score", bundle.folder, table_file, "--out", "scores.parquet", "--quiet", "--to-database", place)
    ended = run(*words)
    assert ended.status == 0
    assert "Scores in the database: sqlite:///" in ended.out
    with closing(sqlite3.connect(here / "scores.sqlite")) as con:
        [(rows,)] = con.execute("SELECT count(*) FROM scores").fetchall()
    assert rows == pq.read_metadata(here / "scores.parquet").num_rows


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("sqlite:///{here}/there.sqlite#there", "database-table-exists"),
        ("sqlite:///{here}/there.sqlite", "database-no-table"),
        ("sqlite:///{here}/there.sqlite#SELECT 1", "database-not-table"),
        ("postgresql://nobody@127.0.0.1:1/force#scores", "database-unreachable"),
    ],
)
def test_a_place_in_a_database_that_cannot_be_is_a_problem_before_anything_is_scored(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, place: str, code: str
):
    with closing(sqlite3.connect(here / "there.sqlite")) as con:
        con.execute("CREATE TABLE there (x)")
    ended = run("score", bundle.folder, table_file, "--out", "s.parquet", "--to-database", place.format(here=here))
    assert ended.status == 2
    assert f"[{code}]" in ended.err
    assert not (here / "s.parquet").exists()


def test_scores_that_did_not_reach_the_database_are_written_there_by_a_resume(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path
):
    place = f"sqlite:///{here}/there.sqlite#scores"
    with closing(sqlite3.connect(here / "there.sqlite")) as con:
        con.execute("CREATE TABLE scores (x)")
    words = ("score", bundle.folder, table_file, "--out", "s.parquet", "--quiet", "--to-database", place, "--overwrite")
    ended = run(*words)
    assert ended.status == 2
    assert "[score-not-in-database] The scores stand whole in s.parquet" in ended.err
    assert "[database-table-other]" in ended.err
    assert "--resume" in ended.err
    with closing(sqlite3.connect(here / "there.sqlite")) as con:
        con.execute("DROP TABLE scores")
    ended = run(*words, "--resume")
    assert ended.status == 0
    assert "Note: All of it was done already: nothing was scored again." in ended.out


def test_a_delta_run_scores_only_what_is_new(run: Run, force: Force, here: Path):
    before = as_of(force.records, here / "before", DAY)
    words = ("score", force.bundle.folder, "--quiet", "--no-reasons", "--quarantine", force.quarantine)
    assert run(*words, before, "--out", "monday.parquet").status == 0
    ended = run(*words, force.records, "--out", "tuesday.parquet", "--since-run", "monday.parquet")
    assert ended.status == 0
    assert "have no new record since the run before: not scored again." in ended.out
    assert "change_any" in pq.read_schema(here / "tuesday.parquet").names


def test_raw_records_are_read_by_the_mapping_that_is_named(run: Run, force: Force, force_folder: Path, here: Path):
    raw = Path(shutil.copytree(force_folder, here / "raw", ignore=shutil.ignore_patterns("truth")))
    mapping = (raw / "records.toml").rename(here / "ours.toml")
    ended = run(
        "score", force.bundle.folder, raw, "--out", "s.parquet", "--quiet", "--no-reasons", "--mapping", mapping
    )
    assert ended.status == 0
    assert "Quarantine: s.quarantine" in ended.out
    assert run("score", force.bundle.folder, force.records, "--out", "t.parquet", "--quiet", "--no-reasons").status == 0
    assert (here / "s.parquet").read_bytes() == (here / "t.parquet").read_bytes()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--allow-refused"], "score-table-option"),
        (["--master", "local[2]"], "score-choose"),
        (["--engine", "spark", "--since-run", "a.parquet"], "score-spark-delta"),
        (["--engine", "spark", "--master", "somewhere"], "spark-master"),
    ],
)
def test_options_that_do_not_go_with_records_are_problems(
    run: Run, force: Force, here: Path, words: list[str], code: str
):
    ended = run("score", force.bundle.folder, force.records, "--out", "s.parquet", "--quiet", *words)
    assert ended.status == 2
    assert f"[{code}]" in ended.err
    assert [path.name for path in here.iterdir()] == ["forecast.toml"]


def test_a_table_is_not_scored_on_a_cluster(run: Run, bundle: ModelBundle, table_file: Path):
    ended = run("score", bundle.folder, table_file, "--out", "s.parquet", "--engine", "spark", "--quiet")
    assert ended.status == 2
    assert "[score-records-option]" in ended.err
