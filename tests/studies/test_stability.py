from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from forecast.cases import PERSON_ID
from forecast.cli.stability import stability as command
from forecast.explanations.reasons import Reasoner
from forecast.problems import Problem
from forecast.settings import Settings
from forecast.studies.nudges import LATER, MISCOUNTED, counted, nudged
from forecast.studies.stability import (
    MEASURES,
    REFITTED,
    Explained,
    Stability,
    _one_a_person,
    compared,
    explained_of,
    mean_of,
    stability,
)
from forecast.studies.stability_page import write_stability
from forecast.tables.description import Feature
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
                value = figures[name].value
                assert value is not None
                assert 0 <= value <= 1


def test_fitting_again_moves_reasons_more_than_a_month_does(found: Stability) -> None:
    for level in found.levels:
        again, later = level.figures[REFITTED], level.figures[LATER]
        assert again["moved"].value is not None
        assert later["moved"].value is not None
        assert again["moved"].value > later["moved"].value >= 0
        assert again["kept"].value is not None
        assert again["kept"].value < 1


def test_the_same_seed_gives_the_same_figures(found: Stability, material: Material, settings: Settings) -> None:
    assert stability(material, settings, refits=3, cases=100) == found


def test_no_person_is_explained_twice(material: Material) -> None:
    drawn = _one_a_person(material.cases, 50, 1)
    assert len(drawn) == 50
    assert drawn.keys[PERSON_ID].is_unique


PLAIN = tuple(Feature(f"f{i}", "number", f"fact {i}") for i in range(3))


def made(points: list[float], themes: list[float], figure: float, *, shown: int = 2) -> Explained:
    reasoner = Reasoner(PLAIN, Settings(reasons_shown=shown))
    return explained_of(np.array([points]), np.array([themes]), np.array([figure]), reasoner)


def measured(base: Explained, other: Explained) -> dict[str, float]:
    return {name: float(values[0]) for name, values in compared(base, other).items()}


def test_measures_of_reasons_worked_out_by_hand() -> None:
    base, other = made([10.0, -4.0, 1.0], [6.0, 1.0], 40.0), made([3.0, 5.0, 0.0], [8.0, 0.0], 43.0)
    found = measured(base, other)
    assert found == {"top": 0.0, "theme": 1.0, "kept": 1.0, "direction": 0.5, "moved": 8.0, "forecast": 3.0}


def test_what_is_compared_is_what_an_explanation_shows_in_both_directions() -> None:
    base, other = made([10.0, 4.0, -1.0], [6.0, 1.0], 40.0), made([10.0, 4.0, 1.0], [6.0, 1.0], 42.0)
    assert base.shown.tolist() == [[True, False, True]]  # not the two largest: one of the other direction is shown
    assert measured(base, other)["kept"] == 0.5
    assert measured(base, other)["moved"] == 1.0


def test_a_reason_of_nothing_is_not_compared() -> None:
    base = made([0.0, 0.04, 0.0], [0.04, 0.0], 40.0)
    found = measured(base, base)
    assert found.pop("forecast") == 0.0
    assert all(np.isnan(value) for value in found.values())


def test_age_is_among_what_is_compared_whatever_its_size() -> None:
    age = Feature("age", "number", "age", unit="years")
    reasoner = Reasoner((*PLAIN, age), Settings(reasons_shown=2))
    points = np.array([[5.0, 4.0, 3.0, 0.2]])
    assert explained_of(points, points, np.array([50.0]), reasoner).shown.tolist() == [[True, False, False, True]]


def test_an_interval_holds_the_spread_between_refits() -> None:
    values = np.array([[0.0] * 40, [1.0] * 40, [0.0] * 40, [1.0] * 40])  # cases agree, refits do not
    found = mean_of(values, 400, 1)
    assert found.value == 0.5
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0.25
    assert found.high >= 0.75
    alone = mean_of(values[:1], 400, 1)
    assert (alone.value, alone.low, alone.high) == (0.0, 0.0, 0.0)


def test_an_interval_of_one_fit_is_that_of_the_cases() -> None:
    values = np.random.default_rng(1).random(200)
    found = mean_of(values[None], 2000, 1)
    assert found.low is not None
    assert found.high is not None
    half = 1.96 * values.std() / np.sqrt(200)
    assert found.low == pytest.approx(values.mean() - half, abs=0.005)
    assert found.high == pytest.approx(values.mean() + half, abs=0.005)


def test_a_month_later_moves_times_alone(material: Material) -> None:
    frame, features = material.cases.features, material.description.features
    changed = nudged(LATER, frame, features, 1)
    moved = {f.name for f in features if not changed[f.name].equals(frame[f.name])}
    assert moved
    assert moved == {f.name for f in features if f.unit == "years" and f.numeric}


def test_one_count_of_each_case_is_off_by_one_and_none_below_its_least(material: Material) -> None:
    frame, features = material.cases.features, material.description.features
    counts = [f.name for f in features if counted(f, frame)]
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
    assert isinstance(again.exception, Problem)
    assert again.exception.code == "output-exists"
