"""Tests of `forecast challenge` and `forecast study`, as a researcher types them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from forecast.cli.challenge import challenge, compas_text
from forecast.cli.study import study
from forecast.studies.compas import COMPAS, MEASURES, PUBLISHED, BesidePublished
from tests.helpers import small_experiment

pytestmark = pytest.mark.usefixtures("small_research")


def test_the_challenge_prints_what_became_of_everybody_and_the_marks(nij_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers"
    ended = CliRunner().invoke(
        challenge, ["nij", "--test", str(nij_file), "--train", str(nij_file), "--out", str(out), "--quiet"]
    )
    assert ended.exit_code == 0, ended.output
    assert "left out: fitted on" in ended.output
    assert "0.1916 / 0.1542 / 0.1733" in ended.output  # the published first places of round 1
    assert "not the challenge" not in ended.output
    assert sorted(path.name for path in out.iterdir()) == ["answers.json", "round1.csv", "round2.csv", "round3.csv"]


def test_published_and_own_figures_stand_in_one_table() -> None:
    figures = tuple((60.0 + i, 58.0, 70.0) for i in range(len(MEASURES)))
    text = compas_text(BesidePublished(600, 10, {COMPAS: figures}))
    assert "published: COMPAS" in text
    assert f"ours: {COMPAS}" in text
    assert "65.4 (64.3 to 66.5)" in text
    assert all(name in text for name in PUBLISHED)


def test_a_learning_curve_is_printed_and_written(table_file: Path, tmp_path: Path) -> None:
    small = small_experiment(table_file)
    lines = [f'name = "{small.name}"', f'table = "{small.table}"', f'file = "{small.file}"', "folds = 2"]
    lines += ["boosting_rounds = 20", "boosting_boosters = 1", "calibration_folds = 2", "cutoffs = [0.4, 0.2]"]
    (tmp_path / "small.toml").write_text("\n".join(lines), encoding="utf-8")
    out = tmp_path / "curve.html"
    ended = CliRunner().invoke(study, ["learning", str(tmp_path / "small.toml"), "--out", str(out), "--quiet"])
    assert ended.exit_code == 0, ended.output
    assert "Brier" in ended.output
    assert out.is_file()
    again = CliRunner().invoke(study, ["learning", str(tmp_path / "small.toml"), "--out", str(out), "--quiet"])
    assert again.exception is not None
    assert getattr(again.exception, "code", "") == "output-exists"
