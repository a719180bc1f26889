"""Tests of `forecast tune`."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.cli import main
from forecast.training.experiment import load_experiment


def run(*arguments: object) -> int:
    try:
        main([str(a) for a in arguments])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture
def plan(tmp_path: Path, table_file: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(
        f'name = "plan"\ntable = "synthetic"\nfile = "{table_file}"\nmodel = "logistic"\nbeside = ["base-rate"]\n'
        "folds = 2\ncutoffs = [0.4, 0.2]\n"
    )
    return path


def test_a_search_writes_an_experiment_and_goes_on_where_it_was(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "best.toml"
    assert run("tune", plan, "--out", out, "--trials", 1, "--quiet") == 0
    said = capsys.readouterr().out
    assert "Trials so far: 1, kept in" in said
    assert "as it was" in said
    assert "its test then flatters the options" in said
    assert load_experiment(out).name == "plan-tuned"
    assert run("tune", plan, "--out", out, "--trials", 2, "--quiet", "--overwrite") == 0
    assert "Trials so far: 2," in capsys.readouterr().out


def test_a_search_needs_a_budget_and_a_model_that_can_be_tuned(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run("tune", plan, "--out", tmp_path / "best.toml") == 2
    assert "--trials" in capsys.readouterr().err
    plan.write_text(plan.read_text().replace('"logistic"', '"base-rate"'))
    assert run("tune", plan, "--out", tmp_path / "best.toml", "--trials", 1) == 2
    assert "[tune-model]" in capsys.readouterr().err
    assert not (tmp_path / "best.toml").exists()
