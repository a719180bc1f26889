"""Tests that tables and records in a database are scored like those in files, and scores written back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.scoring.batch import score_file
from forecast.settings import Settings
from tests.scoring.force import Force, hidden, manifest_of, read


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
