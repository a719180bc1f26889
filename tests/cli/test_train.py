"""Tests of `forecast train`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ended

Run = Callable[..., Ended]


def test_training_writes_a_bundle_and_prints_figures_with_intervals(run: Run, here: Path, experiment_file: Path):
    ended = run("train", experiment_file, "--out", "bundle", "--no-track", "--quiet")
    assert ended.status == 0
    assert ended.err == ""
    model_id = json.loads((here / "bundle" / "manifest.json").read_text("utf-8"))["model_id"]
    assert f"Bundle {model_id} in bundle" in ended.out
    assert "boosting (chosen)" in ended.out
    assert "arrested again within 2 years" in ended.out
    assert " to " in ended.out
    assert not (here / "models").exists()


def test_a_plan_shows_the_folds_and_writes_nothing(run: Run, here: Path, experiment_file: Path):
    before = sorted(here.iterdir())
    ended = run("train", experiment_file, "--plan")
    assert ended.status == 0
    assert "fold 1" in ended.out
    assert "2 folds by person" in ended.out
    assert sorted(here.iterdir()) == before


def test_a_plan_is_drawn_where_a_picture_is_asked_for(run: Run, here: Path, experiment_file: Path):
    before = {path.name for path in here.iterdir()}
    ended = run("train", experiment_file, "--plan", "--out", "plan.svg")
    assert ended.status == 0
    assert "plan.svg: the folds as a picture" in ended.out
    assert {path.name for path in here.iterdir()} == before | {"plan.svg"}
    assert "<svg" in (here / "plan.svg").read_text("utf-8")
    again = run("train", experiment_file, "--plan", "--out", "plan.svg")
    assert again.status == 2
    assert "[output-exists]" in again.err


def test_a_plan_beside_the_folder_of_a_bundle_writes_nothing_and_says_how_to_get_a_picture(
    run: Run, here: Path, experiment_file: Path
):
    (here / "bundle").mkdir()
    ended = run("train", experiment_file, "--plan", "--out", "bundle")
    assert ended.status == 0
    assert "--plan --out FILE.svg" in ended.out
    assert not list((here / "bundle").iterdir())


def test_without_out_or_plan_it_is_a_wrong_use(run: Run, experiment_file: Path):
    ended = run("train", experiment_file)
    assert ended.status == 2
    assert "--plan" in ended.err


def test_an_existing_output_is_refused_before_any_work(run: Run, here: Path, experiment_file: Path):
    (here / "bundle").mkdir()
    ended = run("train", experiment_file, "--out", "bundle", "--no-track")
    assert ended.status == 2
    assert "[output-exists]" in ended.err
    assert "reading" not in ended.err


def test_overwrite_never_replaces_a_folder_of_other_things(
    run: Run, here: Path, experiment_file: Path, quick_report: None
):
    ended = run("train", experiment_file, "--out", ".", "--overwrite", "--no-track", "--quiet")
    assert ended.status == 2
    assert "[output-not-bundle]" in ended.err
    assert experiment_file.exists()


def test_progress_goes_to_standard_error(run: Run, experiment_file: Path, quick_report: None):
    ended = run("train", experiment_file, "--out", "bundle", "--no-track")
    assert "  testing ...\n" in ended.err
    assert "testing ..." not in ended.out


def test_a_tracked_run_is_named(
    run: Run, here: Path, experiment_file: Path, quick_report: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("forecast.training.train.track", lambda *_, **__: "run-17")
    ended = run("train", experiment_file, "--out", "bundle", "--quiet")
    assert "Tracked as run run-17" in ended.out
    assert json.loads((here / "bundle" / "run.json").read_text("utf-8"))["mlflow_run"] == "run-17"
