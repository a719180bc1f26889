"""Tests of experiment files."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecast.models.boosting import BoostingOptions
from forecast.problems import Problem, Problems
from forecast.settings import Settings
from forecast.tables.library import load
from forecast.training.experiment import MODELS, Experiment, load_experiment
from forecast.training.material import prepare
from tests.helpers import small_experiment

EXAMPLES = sorted(p for p in (Path(__file__).parents[2] / "examples").glob("*.toml") if p.stem[:6] != "costs-")
LEAST = 'name = "x"\ntable = "synthetic"\n'


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Experiment]:
    """Write lines over the least experiment, and load it."""

    def write(text: str, name: str = "x.toml") -> Experiment:
        (tmp_path / name).write_text(text, "utf-8")
        return load_experiment(tmp_path / name)

    return write


def problem_of(act: Callable[[], Any]) -> Problem:
    with pytest.raises(Problem) as found:
        act()
    return found.value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_shipped_example_loads_and_fits_its_table(path: Path):
    experiment = load_experiment(path)
    assert experiment.model in MODELS
    made = experiment.table.startswith("../data/demo/")  # by `forecast demo`; tests/cli/test_demo.py holds them to it
    assert len(experiment.cutoffs) == (2 if made else len(load(experiment.table).scale.reached))


@pytest.mark.parametrize("field", dataclasses.fields(Experiment), ids=lambda f: f.name)
def test_every_key_says_what_it_means(field: dataclasses.Field[Any]):
    assert len(field.metadata["meaning"]) > 5


def test_the_boosting_keys_are_the_options_with_the_same_defaults(written: Callable[..., Experiment]):
    assert written(LEAST).boosting == BoostingOptions()
    assert written(LEAST + "boosting_leaves = 5\n").boosting == BoostingOptions(leaves=5)


def test_the_chosen_model_comes_first_and_each_model_once(written: Callable[..., Experiment]):
    experiment = written(LEAST + 'model = "blend"\nbeside = ["boosting", "blend"]\n')
    assert experiment.models == ("blend", "boosting")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("modle = 1", "Did you mean 'model'?"),
        ("boosting_round = 3", "boosting_rounds"),
        ("zzzzz = 1", "is like it"),
    ],
)
def test_an_unknown_key_names_the_nearest_one(written: Callable[..., Experiment], line: str, hint: str):
    problem = problem_of(lambda: written(LEAST + line))
    assert problem.code == "toml-unknown-key"
    assert hint in problem.next_step


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('model = "boostin"', "toml-bad-value"),
        ('beside = ["logistics"]', "toml-bad-value"),
        ('split = "fold"', "toml-bad-value"),
        ("seed = 1.5", "toml-wrong-type"),
        ("folds = true", "toml-wrong-type"),
        ('test_from = "2014-01-01"', "toml-wrong-type"),
        ("cutoffs = 0.5", "toml-wrong-type"),
        ("folds = 1", "setting-range"),
        ("blend_logistic = 1.5", "setting-range"),
        ("logistic_penalty = nan", "setting-range"),
        ("boosting_learning_rate = inf", "setting-range"),
        ("seed = ", "toml-syntax"),
    ],
)
def test_a_wrong_value_is_named(written: Callable[..., Experiment], line: str, code: str):
    assert problem_of(lambda: written(LEAST + line)).code == code


def test_all_that_is_wrong_is_said_at_once(written: Callable[..., Experiment]):
    with pytest.raises(Problems) as found:
        written('nam = "x"\nfolds = 1\n')
    assert [p.code for p in found.value.items] == [
        "toml-unknown-key",
        "setting-range",
        "toml-missing-key",
        "toml-missing-key",
    ]


def test_dates_and_whole_numbers_are_taken(written: Callable[..., Experiment]):
    experiment = written(LEAST + "test_from = 2014-01-01\nboosting_l2 = 5\ncutoffs = [0.5, 1]\n")
    assert experiment.test_from == datetime.date(2014, 1, 1)
    assert experiment.boosting_l2 == 5.0
    assert experiment.cutoffs == (0.5, 1.0)


def test_a_file_is_laid_over_its_base_and_that_over_its_own(written: Callable[..., Experiment], tmp_path: Path):
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases" / "far.toml").write_text(LEAST + "seed = 7\nfolds = 3\nrepeats = 2\n", "utf-8")
    (tmp_path / "bases" / "near.toml").write_text('base = "far.toml"\nfolds = 4\n', "utf-8")
    experiment = written('base = "bases/near.toml"\nname = "mine"\nrepeats = 5\n')
    assert (experiment.name, experiment.seed, experiment.folds, experiment.repeats) == ("mine", 7, 4, 5)


@pytest.mark.parametrize("chain", [["x.toml"], ["y.toml", "x.toml"], ["y.toml", "y.toml"]], ids=" > ".join)
def test_a_circle_of_bases_is_a_problem(written: Callable[..., Experiment], tmp_path: Path, chain: list[str]):
    if len(chain) > 1:
        (tmp_path / "y.toml").write_text(f'base = "{chain[1]}"\n', "utf-8")
    problem = problem_of(lambda: written(LEAST + f'base = "{chain[0]}"\n'))
    assert problem.facts["key"] == "base"
    assert "circle" in problem.next_step


def test_a_base_that_is_not_there_is_named(written: Callable[..., Experiment]):
    problem = problem_of(lambda: written(LEAST + 'base = "nowhere.toml"\n'))
    assert problem.code == "file-missing"
    assert "nowhere.toml" in problem.sentence


@pytest.mark.parametrize(
    ("cutoffs", "code"),
    [
        ((0.5,), "toml-wrong-type"),
        ((0.5, 0.5, 0.5), "toml-wrong-type"),
        ((0.0, 0.5), "setting-range"),
        ((0.5, 1.0), "setting-range"),
        ((float("nan"), 0.5), "setting-range"),
    ],
    ids=str,
)
def test_cut_offs_must_be_one_a_level_and_between_0_and_1(
    table_file: Path, settings: Settings, cutoffs: tuple[float, ...], code: str
):
    problem = problem_of(lambda: prepare(small_experiment(table_file, cutoffs=cutoffs), settings))
    assert (problem.code, problem.facts["key"]) == (code, "cutoffs")


def test_an_unknown_table_names_those_that_are_known(settings: Settings, table_file: Path):
    problem = problem_of(lambda: prepare(small_experiment(table_file, table="compass"), settings))
    assert problem.code == "table-unknown"
    assert "compas" in problem.next_step


def test_a_table_description_is_found_beside_the_experiment_file(settings: Settings, table_file: Path, tmp_path: Path):
    shipped = Path(load.__code__.co_filename).parent / "library" / "synthetic.toml"
    (tmp_path / "mine.toml").write_text(shipped.read_text("utf-8"), "utf-8")
    material = prepare(small_experiment(table_file, table="mine.toml"), settings, near=tmp_path)
    assert material.description.features == load("synthetic").features
