"""Tests that tables and records in a database are scored like those in files, and scores written back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.places import parse_place, place_digest
from forecast.scoring.batch import ALL_DONE, score_file
from forecast.settings import Settings
from tests.scoring.force import Force, code_of, hidden, manifest_of, read


def in_sqlite(path: Path, **tables: pd.DataFrame) -> str:
    """Write tables into a database; return its address."""
    con = sqlite3.connect(path)
    for name, table in tables.items():
        table.to_sql(name, con, index=False)
    con.close()
    return f"sqlite:///{path}"


def test_a_table_in_a_database_is_scored_like_a_file(
    bundle: ModelBundle, settings: Settings, scored: Callable[..., Any], table: pd.DataFrame, tmp_path: Path
):
    url = in_sqlite(tmp_path / "force.sqlite", cases=table)
    done = score_file(bundle, f"{url}#cases", tmp_path / "there.parquet", settings)
    here = scored(table, "here.parquet").scores.sort_values("case_id", ignore_index=True)
    there = read(done.out).to_pandas().sort_values("case_id", ignore_index=True)
    pd.testing.assert_frame_equal(there, here)
    assert manifest_of(done)["input"]["file"].endswith("force.sqlite#cases")
    assert hidden(tmp_path) == []


def test_raw_records_in_a_database_are_scored_like_those_in_files(force: Force, force_folder: Path, tmp_path: Path):
    names = ("persons", "custody_events", "offences", "intelligence", "orders")
    tables = {name: pd.read_parquet(force_folder / f"{name}.parquet").astype("string") for name in names}
    url = in_sqlite(tmp_path / "force.sqlite", **tables)
    mapping = force_folder / "records.toml"
    there = score_file(force.bundle, url, tmp_path / "there.parquet", force.settings, mapping=mapping, reasons=False)
    here = force.score(tmp_path / "here.parquet", reasons=False)
    assert there.out.read_bytes() == here.out.read_bytes()
    assert there.people == here.people
    assert there.quarantine == tmp_path / "there.quarantine"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("sqlite:////nowhere/at/all.sqlite#cases", "file-missing"),
        ("sqlite:////nowhere/at/all.sqlite", "file-missing"),
        ("postgresql://nobody@127.0.0.1:1/force#cases", "database-unreachable"),
    ],
)
def test_a_database_that_is_not_there_is_a_problem_that_leaves_nothing(
    force: Force, tmp_path: Path, place: str, code: str
):
    with pytest.raises(Problem) as found:
        score_file(force.bundle, place, tmp_path / "scores.parquet", force.settings)
    assert found.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_another_query_of_the_same_database_is_another_run(
    bundle: ModelBundle, settings: Settings, table: pd.DataFrame, tmp_path: Path
):
    url = in_sqlite(tmp_path / "force.sqlite", cases=table)
    out = tmp_path / "scores.parquet"
    queries = [f"{url}#SELECT * FROM cases WHERE rowid {which} 60" for which in ("<", ">=")]
    done = score_file(bundle, queries[0], out, settings)
    again = score_file(bundle, queries[0], out, settings, resume=True)
    assert (again.scored, again.notes[-1]) == (done.scored, ALL_DONE)
    assert code_of(lambda: score_file(bundle, queries[1], out, settings, resume=True)) == "output-exists"
    fewer = score_file(bundle, queries[1], out, settings, resume=True, overwrite=True)
    assert done.rows + fewer.rows == len(table)
    assert fewer.rows not in (0, len(table))


def test_a_place_is_named_by_what_is_read_there_and_never_by_its_password(monkeypatch: pytest.MonkeyPatch):
    def digest(text: str) -> str:
        return place_digest(parse_place(text))

    monkeypatch.setenv("FORCE", "postgresql://reader:old@host/force?sslmode=require")
    whole = digest("env:FORCE#cases")
    assert digest("postgresql://reader:new@host/force?sslmode=require#cases") == whole
    others = ("reader@host/force?sslmode=require#others", "reader@host/force?options=-csearch_path%3Dx#cases",
              "reader@other/force?sslmode=require#cases", "writer@host/force?sslmode=require#cases")  # fmt: skip
    found = {digest(f"postgresql://{other}") for other in others}
    assert len(found | {whole}) == 5


def test_what_is_no_quarantine_is_never_replaced_by_one(force: Force, force_folder: Path, tmp_path: Path):
    out, theirs = tmp_path / "scores.parquet", tmp_path / "scores.quarantine"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("mine", "utf-8")
    for leave in ({}, {"overwrite": True}, {"resume": True}):
        assert code_of(lambda: force.score(out, force_folder, reasons=False, **leave)) == "score-quarantine-taken"  # noqa: B023
    assert [path.name for path in tmp_path.iterdir()] == ["scores.quarantine"]
    assert (theirs / "thesis.txt").read_text("utf-8") == "mine"


def test_the_quarantine_of_an_older_run_is_replaced_with_leave(force: Force, force_folder: Path, tmp_path: Path):
    out = tmp_path / "scores.parquet"
    shutil.copytree(force.quarantine, tmp_path / "scores.quarantine")
    assert code_of(lambda: force.score(out, force_folder, reasons=False)) == "output-exists"
    assert force.score(out, force_folder, reasons=False, overwrite=True).quarantine == tmp_path / "scores.quarantine"
