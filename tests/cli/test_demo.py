"""Tests of `forecast demo`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from forecast.synthetic import whole_way
from forecast.training.experiment import load_experiment

from .conftest import Ended
from .test_explain import check_sums

Run = Callable[..., Ended]
EXAMPLES = Path(__file__).parents[2] / "examples"
EXPERIMENTS = ("HEADLINE", "SECOND", "REPLICATE")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, quick_report: None) -> None:
    """Let the demo train small models, and track nothing."""
    for name in EXPERIMENTS:
        small = dataclasses.replace(
            getattr(whole_way, name), model="two-feature", beside=("base-rate",), calibration_folds=2
        )
        monkeypatch.setattr(whole_way, name, small)
    monkeypatch.setattr("forecast.training.train.track", lambda *_, **__: None)


def test_the_demo_goes_all_the_way_and_can_be_run_again(run: Run, here: Path, quick: None) -> None:
    for _ in range(2):
        ended = run("demo", "--people", 600, "--quiet")
        assert ended.err == ""
        assert ended.status == 0
        assert (here / "models" / "demo" / "manifest.json").is_file()
        assert (here / "models" / "demo-force-hart" / "manifest.json").is_file()
        assert (here / "models" / "demo-scores.parquet").is_file()
        assert (here / "models" / "demo-sheet.html").is_file()
        assert check_sums(ended.out) == 2
    assert "Fitted on 2008-12, tested on 2015" in ended.out
    assert "overlapping, not evidence" in ended.out.lower()
    assert " cases were purged" in ended.out
    assert "Rows of custody events on record" in ended.out
    assert "record-offence-unknown" in ended.out
    assert "Look at the report: " in ended.out


def test_the_demo_never_replaces_a_folder_of_other_things(run: Run, here: Path, quick: None) -> None:
    other = here / "models" / "demo"
    other.mkdir(parents=True)
    (other / "mine.txt").write_text("mine", "utf-8")
    ended = run("demo", "--people", 600, "--quiet")
    assert ended.status == 2
    assert "[output-not-bundle]" in ended.err
    assert (other / "mine.txt").read_text("utf-8") == "mine"


@pytest.mark.parametrize(("name", "file"), [*zip(EXPERIMENTS, ("force-2013", "force-2015", "force-hart"), strict=True)])
def test_the_example_files_say_what_the_demo_does(name: str, file: str) -> None:
    example = load_experiment(EXAMPLES / f"{file}.toml")
    demo = getattr(whole_way, name)
    assert Path(example.table).name == demo.table
    same = {"table": demo.table, "base": ""}
    assert dataclasses.replace(example, **same) == dataclasses.replace(demo, **same)


@pytest.mark.slow
def test_the_whole_demo_runs_as_shipped(run: Run, here: Path) -> None:
    ended = run("demo", "--quiet", "--people", 6_000)
    assert ended.status == 0
    assert (here / "models" / "demo" / "report.html").stat().st_size > 50_000
    assert "The force behind the cases" in (here / "models" / "demo" / "report.html").read_text("utf-8")
