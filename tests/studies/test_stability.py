from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from forecast.cases import PERSON_ID
from forecast.cli.stability import stability as command
from forecast.settings import Settings
from forecast.studies.nudges import LATER, MISCOUNTED, is_count, nudged
from forecast.studies.stability import MEASURES, REFITTED, Explained, Stability, _compared, _one_a_person, stability
from forecast.studies.stability_page import write_stability
from forecast.training.material import Material


@pytest.fixture(scope="module")
def found(material: Material, settings: Settings) -> Stability:
    return stability(material, settings, refits=3, cases=100)


def test_every_level_is_measured_under_every_change(found: Stability, material: Material) -> None:
    assert [level.level for level in found.levels] == list(material.description.scale.reached)
    for level in found.levels:
        assert set(level.figures) == {REFITTED, LATER, MISCOUNTED}
        for figures in level.figures.values():
            assert set(figures) == set(MEASURES)
            for name in ("top", "theme", "kept", "direction"):
                assert 0 <= (figures[name].value or 0) <= 1


def test_fitting_again_moves_reasons_more_than_a_month_does(found: Stability) -> None:
    for level in found.levels:
        assert (level.figures[REFITTED]["moved"].value or 0) > (level.figures[LATER]["moved"].value or 0) >= 0
        assert (level.figures[REFITTED]["kept"].value or 0) < 1


def test_the_same_seed_gives_the_same_figures(found: Stability, material: Material, settings: Settings) -> None:
    assert stability(material, settings, refits=3, cases=100) == found


def test_no_person_is_explained_twice(material: Material) -> None:
    drawn = _one_a_person(material.cases, 50, 1)
    assert len(drawn) == 50
    assert drawn.keys[PERSON_ID].is_unique


def test_measures_of_reasons_worked_out_by_hand() -> None:
    base = Explained(np.array([[10.0, -4.0, 1.0]]), np.array([[6.0, 1.0]]), np.array([40.0]))
    other = Explained(np.array([[3.0, 5.0, 0.0]]), np.array([[8.0, 0.0]]), np.array([43.0]))
    made = {name: float(values[0]) for name, values in _compared(base, other, most=2).items()}
    assert made == {"top": 0.0, "theme": 1.0, "kept": 1.0, "direction": 0.5, "moved": 8.0, "forecast": 3.0}


def test_a_reason_of_nothing_is_not_compared() -> None:
    base = Explained(np.zeros((1, 3)), np.zeros((1, 2)), np.array([40.0]))
    made = _compared(base, base, most=2)
    assert np.isnan(made["direction"][0])
    assert np.isnan(made["kept"][0])


def test_a_month_later_moves_times_alone(material: Material) -> None:
    frame, features = material.cases.features, material.description.features
    changed = nudged(LATER, frame, features, 1)
    moved = {f.name for f in features if not changed[f.name].equals(frame[f.name])}
    assert moved
    assert moved == {f.name for f in features if f.unit == "years" and f.numeric}


def test_one_count_of_each_case_is_off_by_one_and_none_below_its_least(material: Material) -> None:
    frame, features = material.cases.features, material.description.features
    counts = [f.name for f in features if is_count(f, frame)]
    changed = nudged(MISCOUNTED, frame, features, 1)
    steps = (changed[counts] - frame[counts]).fillna(0).abs()
    assert set(np.unique(steps.to_numpy())) == {0.0, 1.0}
    assert steps.sum(axis=1).max() == 1
    assert (changed[counts].min() >= 0).all()
    others = [name for name in frame if name not in counts]
    assert changed[others].equals(frame[others])


def test_the_page_stands_alone(found: Stability, material: Material, settings: Settings, tmp_path: Path) -> None:
    write_stability(found, material, settings, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<svg") == len(found.levels)
    assert "Stability of reasons" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_command_prints_and_writes_and_refuses_what_exists(table_file: Path, tmp_path: Path) -> None:
    lines = ['name = "small"', 'table = "synthetic"', f'file = "{table_file}"', "folds = 2"]
    lines += ["boosting_rounds = 20", "boosting_boosters = 1", "calibration_folds = 2", "cutoffs = [0.4, 0.2]"]
    (tmp_path / "small.toml").write_text("\n".join(lines), encoding="utf-8")
    typed = [str(tmp_path / "small.toml"), "--out", str(tmp_path / "page.html"), "--refits", "2", "--cases", "40"]
    ended = CliRunner().invoke(command, [*typed, "--quiet"])
    assert ended.exit_code == 0, ended.output
    assert "the first reason is the same fact" in ended.output
    assert (tmp_path / "page.html").is_file()
    again = CliRunner().invoke(command, [*typed, "--quiet"])
    assert again.exception is not None
