"""Tests of `forecast evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from forecast.models.bundle import ModelBundle

from .conftest import Ended

Run = Callable[..., Ended]


def test_a_report_and_its_figures_are_written_here_and_shown(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, quick_report: None
):
    ended = run("evaluate", bundle.folder, table_file, "--quiet")
    assert ended.status == 0
    assert "Report: cases.report.html" in ended.out
    assert (here / "cases.report.html").is_file()
    [lower, _] = json.loads((here / "cases.report.json").read_text("utf-8"))
    assert f"{lower['models']['boosting']['auc']['value']:.3f}" in ended.out


def test_the_name_of_the_report_can_be_chosen_and_is_not_replaced(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, quick_report: None
):
    assert run("evaluate", bundle.folder, table_file, "--out", "r.html", "--quiet").status == 0
    again = run("evaluate", bundle.folder, table_file, "--out", "r.html", "--quiet")
    assert again.status == 2
    assert "[output-exists]" in again.err
    assert run("evaluate", bundle.folder, table_file, "--out", "r.html", "--quiet", "--overwrite").status == 0


def test_rows_that_cannot_be_read_are_a_problem_unless_allowed(
    run: Run, here: Path, bundle: ModelBundle, table_file: Path, quick_report: None
):
    table = pd.read_csv(table_file, dtype=str, keep_default_na=False)
    table.loc[0, "priors"] = "many"
    table.to_csv(here / "dirty.csv", index=False)
    ended = run("evaluate", bundle.folder, "dirty.csv", "--quiet")
    assert ended.status == 2
    assert "[rows-refused]" in ended.err
    assert run("evaluate", bundle.folder, "dirty.csv", "--quiet", "--allow-refused").status == 0


def test_a_part_needs_a_flag(run: Run, bundle: ModelBundle, table_file: Path):
    ended = run("evaluate", bundle.folder, table_file, "--part", "test", "--quiet")
    assert ended.status == 2
    assert "[no-split-column]" in ended.err
