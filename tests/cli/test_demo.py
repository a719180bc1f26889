"""Tests of `forecast demo`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forecast.cli import demo
from forecast.settings import Settings
from forecast.tables.library import load
from forecast.training.experiment import Experiment

from .conftest import Ended
from .test_explain import check_sums

Run = Callable[..., Ended]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, table_file: Path, quick_report: None) -> None:
    """Let the demo train a small model, and track nothing."""

    def small(settings: Settings, synthetic: bool) -> Experiment:
        return Experiment(
            name="demo", table="synthetic", file=str(table_file), cutoffs=(0.4, 0.2), model="logistic",
            beside=("base-rate",), folds=2, calibration_folds=2,
        )  # fmt: skip

    monkeypatch.setattr(demo, "_experiment", small)
    monkeypatch.setattr("forecast.training.train.track", lambda *_, **__: None)


def test_the_demo_goes_all_the_way_and_can_be_run_again(run: Run, here: Path, quick: None):
    for _ in range(2):
        ended = run("demo", "--quiet")
        assert ended.status == 0
        assert (here / "models" / "demo" / "manifest.json").is_file()
        assert (here / "models" / "demo-scores.parquet").is_file()
        assert check_sums(ended.out) == 2
        assert "Look at the report: " in ended.out


def test_the_demo_never_replaces_a_folder_of_other_things(run: Run, here: Path, quick: None):
    ended = run("demo", "--out", ".", "--quiet")
    assert ended.status == 2
    assert "[output-not-bundle]" in ended.err
    assert (here / "forecast.toml").exists()


def test_the_synthetic_table_is_made_where_it_is_missing(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "forecast.synthetic.table.write_table", lambda path: path.parent.mkdir(parents=True) or path.touch()
    )
    experiment = demo._experiment(Settings(), synthetic=True)
    assert experiment.table == "synthetic"
    assert Path(experiment.file).exists()
    assert len(experiment.cutoffs) == 2


def test_compas_is_used_where_it_is_at_hand(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORECAST_DATA", str(here / "sets"))
    file = here / "sets" / load("compas").head.file
    file.parent.mkdir(parents=True)
    file.touch()
    assert demo._experiment(Settings(), synthetic=False).table.startswith("compas:")


@pytest.mark.slow
def test_the_whole_demo_runs_as_shipped(run: Run, here: Path):
    ended = run("demo", "--synthetic", "--quiet")
    assert ended.status == 0
    assert "Tracked as run" in ended.out
    assert (here / "models" / "demo" / "report.html").stat().st_size > 50_000
