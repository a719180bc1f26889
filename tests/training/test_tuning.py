"""Tests of the search for better options."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.cases import Cases
from forecast.problems import Problem
from forecast.training import tuning
from forecast.training.experiment import load_experiment
from forecast.training.material import Material
from forecast.training.tuned import SEEN, tuning_folds, write_tuned
from forecast.training.tuning import SPACES, Search, Span, space_of, tune
from tests.helpers import small_experiment

SPACE = {"logistic_penalty": Span(0.1, 1_000), "boosting_monotone": None}


@pytest.fixture
def search(material: Material) -> Search:
    experiment = dataclasses.replace(material.experiment, model="two-feature", logistic_penalty=2_000.0)
    folds = tuning_folds(material.cases, material.description, experiment, material.path)
    return Search(experiment, material.description, material.cases, folds, SPACE, threads=1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Judge options by a formula with its best at a penalty of 7, and note which were judged."""
    tried: list[dict[str, Any]] = []

    def loss(search: Search, options: dict[str, Any]) -> float:
        tried.append(dict(options))
        return (np.log(options["logistic_penalty"] / 7)) ** 2 + 0.1 * options["boosting_monotone"]

    monkeypatch.setattr(Search, "loss", loss)
    return tried


def test_the_first_trial_is_the_experiment_as_it_is_even_outside_the_span(
    search: Search, quick: list[dict[str, Any]], tmp_path: Path
):
    tuned = tune(search, tmp_path / "s.sqlite", trials=12)
    assert tuned.present.options == {"logistic_penalty": 2_000.0, "boosting_monotone": False}
    assert len(tuned.trials) == 12
    assert tuned.best.loss < 0.2 < tuned.present.loss
    assert tuned.best.loss == min(t.loss for t in tuned.trials)


def test_a_search_that_goes_on_tries_nothing_again_and_ends_where_one_without_a_stop_ends(
    search: Search, quick: list[dict[str, Any]], tmp_path: Path
):
    whole = tune(search, tmp_path / "whole.sqlite", trials=12)
    quick.clear()
    tune(search, tmp_path / "parts.sqlite", trials=5)
    parts = tune(search, tmp_path / "parts.sqlite", trials=12)
    assert len(quick) <= 12
    assert [(t.options, t.loss) for t in parts.trials] == [(t.options, t.loss) for t in whole.trials]
    assert tune(search, tmp_path / "parts.sqlite", trials=12).trials == parts.trials
    assert len(quick) <= 12


def test_the_same_options_are_not_judged_twice(search: Search, quick: list[dict[str, Any]], tmp_path: Path):
    only = dataclasses.replace(search, space={"boosting_monotone": None, "logistic_penalty": Span(2_000, 2_000)})
    assert len(tune(only, tmp_path / "s.sqlite", trials=8).trials) == 8
    assert len(quick) == 2


def test_ctrl_c_keeps_what_was_finished(
    search: Search, quick: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    judged = Search.loss

    def interrupted(search: Search, options: dict[str, Any]) -> float:
        if len(quick) == 4:
            raise KeyboardInterrupt
        return judged(search, options)

    monkeypatch.setattr(Search, "loss", interrupted)
    stopped = tune(search, tmp_path / "s.sqlite", trials=9)
    assert stopped.stopped
    assert len(stopped.trials) == 4
    monkeypatch.setattr(Search, "loss", judged)
    gone_on = tune(search, tmp_path / "s.sqlite", trials=9)
    whole = tune(search, tmp_path / "whole.sqlite", trials=9)
    assert [(t.options, t.loss) for t in gone_on.trials] == [(t.options, t.loss) for t in whole.trials]


def test_ctrl_c_before_anything_was_finished_stops_the_command(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(search: Search, options: dict[str, Any]) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(Search, "loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tune(search, tmp_path / "s.sqlite", trials=3)


def test_a_budget_of_minutes_ends_the_search(
    search: Search, quick: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clock = iter(range(0, 100_000, 10))
    monkeypatch.setattr(tuning.time, "monotonic", lambda: next(clock))
    assert 1 <= len(tune(search, tmp_path / "s.sqlite", minutes=1).trials) <= 4


@pytest.mark.parametrize("change", ["seed", "folds", "space"])
def test_trials_of_another_search_are_refused(search: Search, quick: list[dict[str, Any]], tmp_path: Path, change: str):
    tune(search, tmp_path / "s.sqlite", trials=1)
    other = {
        "seed": dataclasses.replace(search, experiment=dataclasses.replace(search.experiment, seed=9)),
        "folds": dataclasses.replace(search, folds=search.folds[:1]),
        "space": dataclasses.replace(search, space={**SPACE, "blend_logistic": Span(0, 1, log=False)}),
    }[change]
    with pytest.raises(Problem) as caught:
        tune(other, tmp_path / "s.sqlite", trials=1)
    assert caught.value.code == "tune-other"


def test_another_name_is_no_other_search(search: Search):
    renamed = dataclasses.replace(search, experiment=dataclasses.replace(search.experiment, name="another"))
    assert renamed.fingerprint == search.fingerprint


def damaged(path: Path, how: str) -> None:
    if how == "a text":
        path.write_text("not a database at all, but long enough to be one" * 50)
    elif how == "another database":
        with sqlite3.connect(path) as file:
            file.execute("CREATE TABLE runs (id INTEGER)")
        file.close()
    else:
        content = bytearray(path.read_bytes())
        content[4096 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4096)
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["a text", "another database", "overwritten"])
def test_a_file_that_is_no_study_is_refused(search: Search, quick: list[dict[str, Any]], tmp_path: Path, how: str):
    path = tmp_path / "s.sqlite"
    if how == "overwritten":
        tune(search, path, trials=1)
    damaged(path, how)
    with pytest.raises(Problem) as caught:
        tune(search, path, trials=1)
    assert caught.value.code == "tune-storage"
    assert str(path) in caught.value.sentence


def test_optuna_says_nothing(
    search: Search, quick: list[dict[str, Any]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    tune(search, tmp_path / "s.sqlite", trials=2)
    assert capfd.readouterr() == ("", "")


def test_a_trial_is_judged_by_the_brier_score_of_a_fit_on_each_fold(search: Search):
    one = dataclasses.replace(search, folds=search.folds[:1])
    light, heavy = (one.loss({"logistic_penalty": p}) for p in (3.0, 1e6))
    rate = search.cases.outcomes.to_numpy(dtype=float).mean(axis=0)
    assert light < float(np.mean(rate * (1 - rate)))
    assert light < heavy


def test_each_model_that_can_be_tuned_is_tuned_by_keys_of_an_experiment():
    names = {f.name for f in dataclasses.fields(small_experiment(Path("x")))}
    for space in SPACES.values():
        assert set(space) <= names
    with pytest.raises(Problem) as caught:
        space_of("base-rate", "a.toml")
    assert caught.value.code == "tune-model"


@pytest.mark.parametrize("model", ["logistic", "splines"])
def test_the_penalty_that_is_searched_is_the_one_that_the_model_is_fitted_with(model: str, search: Search):
    experiment = dataclasses.replace(search.experiment, model=model)
    one = dataclasses.replace(search, experiment=experiment, space=space_of(model, "x"), folds=search.folds[:1])
    (name,) = one.space
    span = one.space[name]
    assert span is not None
    assert span.low < getattr(small_experiment(Path("x")), name) < span.high
    assert one.loss({name: span.low}) != one.loss({name: span.high})


def of_ten_years(material: Material) -> Cases:
    """The cases of the table, spread evenly over the years 2005 to 2014."""
    cases = material.cases
    days = pd.to_timedelta(np.linspace(0, 3_651, len(cases)).astype(int), unit="D")
    keys = cases.keys.assign(as_of=pd.Series(pd.Timestamp("2005-01-01") + days).astype(cases.keys["as_of"].dtype))
    return dataclasses.replace(cases, keys=keys, times=None, followed=None)


def test_folds_in_time_end_outcomes_and_all_before_the_test(material: Material):
    cases, start = of_ten_years(material), datetime.date(2013, 1, 1)
    experiment = dataclasses.replace(material.experiment, split="time", test_from=start)
    folds = tuning_folds(cases, material.description, experiment, "an experiment", folds=3)
    as_of = cases.keys["as_of"]
    closes = as_of + pd.DateOffset(months=material.description.closing_months)
    assert len(folds) == 3
    for fold in folds:
        assert (closes.iloc[fold.test] < pd.Timestamp(start)).all()
        assert closes.iloc[fold.train].max() < as_of.iloc[fold.test].min()
    assert len(set(np.concatenate([fold.test for fold in folds]))) == sum(len(fold.test) for fold in folds)


def test_too_short_a_time_is_a_problem_and_the_day_that_it_names_is_enough(material: Material):
    cases = of_ten_years(material)
    short = dataclasses.replace(material.experiment, split="time", test_from=datetime.date(2009, 2, 1))
    with pytest.raises(Problem) as caught:
        tuning_folds(cases, material.description, short, "an experiment")
    assert caught.value.code == "tune-short"
    later = dataclasses.replace(short, test_from=caught.value.facts["needed"], train_from=datetime.date(2005, 1, 1))
    with contextlib.suppress(Problem):  # a fold of one month may be too small, but there is room for it
        assert len(tuning_folds(cases, material.description, later, "an experiment")) == 2


def test_folds_by_person_leave_the_part_with_the_flag_of_a_test_alone(material: Material):
    part = pd.Series(np.where(np.arange(len(material.cases)) % 3 == 0, "test", "train"))
    flagged = dataclasses.replace(material.cases, part=part)
    experiment = dataclasses.replace(material.experiment, split="flag")
    folds = tuning_folds(flagged, material.description, experiment, "an experiment")
    for fold in folds:
        assert set(part[fold.train]) | set(part[fold.test]) == {"train"}


def test_what_is_written_is_an_experiment_with_the_best_options(
    search: Search, quick: list[dict[str, Any]], tmp_path: Path
):
    (tmp_path / "plans").mkdir()
    (tmp_path / "out").mkdir()
    source, out = tmp_path / "plans" / "mine.toml", tmp_path / "out" / "best.toml"
    (tmp_path / "table.toml").write_text("format = 1\n")
    source.write_text('name = "mine"\ntable = "../table.toml"\nmodel = "logistic"\nseed = 5\n')
    experiment = load_experiment(source)
    tuned = tune(search, tmp_path / "s.sqlite", trials=6)
    write_tuned(out, source, experiment, tuned, folds=2)
    back = load_experiment(out)
    assert (back.name, back.seed, back.base) == ("mine-tuned", 5, "../plans/mine.toml")
    assert (out.parent / back.table).resolve() == (tmp_path / "table.toml").resolve()
    assert {name: getattr(back, name) for name in SPACE} == tuned.best.options
    assert "the test says how good it is" not in out.read_text()
    assert f"# The best of many is in part the luckiest, and this was {SEEN}.\n" in out.read_text()


@pytest.mark.parametrize(
    ("split", "said"), [("time", "that end before the test begins"), ("flag", "of the table's training part")]
)
def test_what_is_written_says_which_cases_the_search_saw(
    split: str, said: str, search: Search, quick: list[dict[str, Any]], tmp_path: Path
):
    source, out = tmp_path / "mine.toml", tmp_path / "best.toml"
    source.write_text('name = "mine"\ntable = "synthetic"\nmodel = "logistic"\n')
    tuned = tune(search, tmp_path / "s.sqlite", trials=1)
    write_tuned(out, source, dataclasses.replace(load_experiment(source), split=split), tuned, folds=2)
    assert f"over 2 folds {'by person ' if split == 'flag' else ''}{said}:" in out.read_text()
    assert "the test says how good it is" in out.read_text()
    assert SEEN not in out.read_text()
