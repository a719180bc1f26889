"""Tests of retraining: the test period moves to the newest cases, and nothing is promoted by itself."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from forecast.problems import Problem
from forecast.registry.retrain import moved, retrain
from forecast.training.experiment import Experiment
from tests.registry.conftest import NAME, Failing, House, aliases

EXPERIMENT = """name = "small"
table = "synthetic"
file = "{file}"
split = "{split}"
test_from = 2014-03-01
test_before = 2014-09-01
model = "logistic"
beside = ["base-rate"]
calibration_folds = 2
cutoffs = [0.4, 0.2]
cutoffs_signed_by = "B. Chief"
"""


def day(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("days", "last", "expected"),
    [
        (("2014-01-01", "2015-01-01", None, None), "2015-12-31", ("2015-01-01", "2016-01-01", None, None)),
        (("2014-01-01", "2015-01-01", None, None), "2015-03-30", ("2014-03-31", "2015-03-31", None, None)),
        (("2014-01-01", "2014-01-15", None, None), "2014-02-14", ("2014-02-01", "2014-02-15", None, None)),
        (
            ("2014-01-01", "2015-01-01", "2010-01-01", "2013-01-01"),
            "2015-12-31",
            ("2015-01-01", "2016-01-01", "2011-01-01", "2014-01-01"),
        ),
        (("2014-01-01", None, None, None), "2015-12-31", ("2015-01-01", "2016-01-01", None, None)),
        (("2014-01-01", "2015-01-01", None, None), "2014-12-31", ("2014-01-01", "2015-01-01", None, None)),
        (("2014-01-01", "2015-01-01", None, None), "2013-06-01", ("2014-01-01", "2015-01-01", None, None)),
    ],
    ids=["a year on", "part of a year", "a fortnight", "training too", "without an end", "nothing newer", "never back"],
)
def test_the_test_period_keeps_its_length_and_ends_with_the_newest_complete_case(
    days: tuple[str | None, ...], last: str, expected: tuple[str | None, ...]
):
    names = ("test_from", "test_before", "train_from", "train_before")
    dates = dict(zip(names, map(day, days), strict=True))
    experiment = Experiment(name="x", table="synthetic", split="time", **dates)
    after = moved(experiment, datetime.date.fromisoformat(last))
    assert tuple(getattr(after, name) for name in names) == tuple(map(day, expected))


def test_an_experiment_without_a_period_is_not_moved():
    experiment = Experiment(name="x", table="synthetic", split="flag")
    assert moved(experiment, datetime.date(2020, 1, 1)) == experiment


def experiment_file(folder: Path, *, people: int = 1_500, split: str = "time") -> Path:
    from forecast.synthetic.table import write_table

    cases = folder / "cases.csv"
    write_table(cases, people=people, seed=3)
    path = folder / "experiment.toml"
    path.write_text(EXPERIMENT.format(file=cases, split=split), "utf-8")
    return path


def test_folds_leave_nothing_to_compare_on_and_are_refused(no_store: House, tmp_path: Path):
    path = experiment_file(tmp_path, people=20, split="folds")
    with pytest.raises(Problem) as caught:
        retrain(no_store.registry, path, NAME, who="A. Analyst", why="newest data")
    assert caught.value.code == "retrain-split"


def test_a_store_that_is_down_is_found_before_anything_is_trained(house: House, tmp_path: Path, dies_at: Failing):
    path = experiment_file(tmp_path, people=20)
    dies_at("search_registered_models")
    with pytest.raises(Problem) as caught:
        retrain(house.registry, path, NAME, who="A. Analyst", why="newest data")
    assert caught.value.code == "registry-store-down"
    assert not (house.registry.settings.models_folder / "retrained").exists()


def test_one_command_trains_registers_and_compares_and_never_promotes(house: House, tmp_path: Path, quick_report: None):
    path = experiment_file(tmp_path)
    done = retrain(house.registry, path, NAME, who="A. Analyst", why="newest data")
    period = (str(done.experiment.test_from), str(done.experiment.test_before))
    assert period == ("2014-06-30", "2014-12-31")
    model = done.registered.model
    assert house.kinds == ["registered", "compared"]
    assert house.registry.line(NAME).champion is None
    assert aliases(house.registry) == {"challenger": model.model_id}
    assert model.run_id == done.trained.run_id
    assert {c.name for c in done.compared.result.failed} >= {"stage signed"}
    assert "costs signed" not in {c.name for c in done.compared.result.failed}
    again = retrain(house.registry, path, NAME, who="A. Analyst", why="nothing new")
    assert again.registered.before
    assert again.registered.model.model_id == model.model_id


@pytest.mark.slow
def test_a_store_that_dies_after_the_training_keeps_the_bundle_and_says_how_to_go_on(
    house: House, tmp_path: Path, quick_report: None, dies_at: Failing
):
    from forecast.registry.register import register

    path = experiment_file(tmp_path)
    dies_at("create_model_version")
    with pytest.raises(Problem) as caught:
        retrain(house.registry, path, NAME, who="A. Analyst", why="newest data")
    assert caught.value.code == "registry-store-down"
    [kept] = (house.registry.settings.models_folder / "retrained").iterdir()
    assert f"forecast models register {NAME} {kept}" in caught.value.next_step
    assert house.kinds == []
    dies_at("")
    done = register(house.registry, NAME, kept, who="A. Analyst", why="again")
    assert aliases(house.registry) == {"challenger": done.model.model_id}
