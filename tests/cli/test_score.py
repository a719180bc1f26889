"""Tests of `forecast score`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle

from .conftest import Ended

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
