"""Tests of the mark for cases outside the training data: what is planted is found, and fresh people rarely marked."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from forecast.models.support import ABSENT, LESS, MORE, TOGETHER, UNSEEN, Support, fit_support
from forecast.tables.description import Feature

FEATURES = (
    Feature("age", kind="number", phrase="age"),
    Feature("priors", kind="number", phrase="earlier arrests"),
    Feature("since", kind="number", phrase="years since"),
    Feature("kind", kind="category", phrase="offence"),
)


def people(count: int, seed: int) -> pd.DataFrame:
    """Return cases whose earlier arrests grow with age; years since are missing for those without any."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(18, 60, count)
    priors = rng.poisson((age - 17) / 3).astype(float)
    since = np.where(priors > 0, rng.exponential(2, count), np.nan)
    kind = rng.choice(["theft", "violence", "drugs"], count, p=[0.6, 0.3, 0.1]).astype(object)
    return pd.DataFrame({"age": age, "priors": priors, "since": since, "kind": kind})


@pytest.fixture(scope="module")
def support() -> Support:
    return fit_support(FEATURES, people(8_000, 1), np.arange(8_000))


def one(**changes: object) -> pd.DataFrame:
    row = {"age": 30.0, "priors": 4.0, "since": 1.0, "kind": "theft"} | changes
    return pd.DataFrame(
        {name: pd.Series([value], dtype=object if name == "kind" else float) for name, value in row.items()}
    )


def test_an_ordinary_case_is_not_marked(support: Support):
    assert not support.outside(one()).any()
    assert support.why(one()) == ((),)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"age": 90.0}, ("age", MORE)),
        ({"age": 2.0}, ("age", LESS)),
        ({"age": np.nan}, ("age", ABSENT)),
        ({"kind": "piracy"}, ("kind", UNSEEN)),
        ({"kind": None}, ("kind", ABSENT)),
        ({"age": 18.5, "priors": 22.0}, ("", TOGETHER)),
    ],
    ids=["older", "younger", "no age", "new category", "no category", "young with many arrests"],
)
def test_planted_outliers_are_found_and_named(support: Support, changes: dict[str, object], expected: tuple[str, str]):
    assert support.outside(one(**changes)).all()
    assert expected in support.why(one(**changes))[0]


def test_a_value_missing_as_in_training_is_no_reason(support: Support):
    assert not support.outside(one(since=np.nan, priors=1.0)).any()


def test_fresh_people_of_the_same_kind_are_marked_about_as_often_as_promised(support: Support):
    promised = support.alarm_beyond + support.alarm_together
    assert support.alarm_together == pytest.approx(0.005, abs=0.001)
    found = np.mean([support.outside(people(8_000, seed)).mean() for seed in (2, 3, 4)])
    assert found == pytest.approx(promised, abs=0.003)


def test_a_value_that_only_one_person_had_counts_as_alone():
    frame = people(500, 5)
    frame.loc[[0, 1], "priors"] = [80.0, 79.0]
    names = np.arange(500)
    names[1] = 0
    assert fit_support(FEATURES, frame, names).alarm_beyond >= 2 / 500
    names[1] = 1  # now 79 is somebody else's, and 80 is not far above it
    assert fit_support(FEATURES, frame, names).alarm_beyond < fit_support(FEATURES, frame, names * 0).alarm_beyond + 1


def test_many_cases_are_marked_as_each_would_be_alone(support: Support):
    frame = pd.concat([people(6_000, 6), one(age=95.0), one(kind="piracy")], ignore_index=True)
    marked = support.outside(frame)
    assert marked[-2:].all()
    picked = [0, 4_999, 5_000, 6_000, 6_001]
    assert [bool(support.outside(frame.iloc[[i]])[0]) for i in picked] == marked[picked].tolist()
    assert [bool(reasons) for reasons in support.why(frame)] == marked.tolist()


def test_no_case_gives_no_mark(support: Support):
    assert support.outside(people(10, 1).iloc[:0]).shape == (0,)


def test_json_gives_the_same_support_back(support: Support):
    text = json.dumps(support.to_json())
    assert Support.from_json(json.loads(text)) == support
    assert len(text) < 20_000


@pytest.mark.parametrize("features", [(), FEATURES[:1], FEATURES[3:]], ids=["none", "a number", "a category"])
def test_few_features_are_enough(features: tuple[Feature, ...]):
    made = fit_support(features, people(300, 7), np.arange(300))
    assert made.outside(people(300, 8)).mean() < 0.05


def test_a_feature_that_is_the_same_for_all_or_missing_for_all_does_no_harm():
    frame = people(300, 9).assign(priors=0.0, since=np.nan)
    made = fit_support(FEATURES, frame, np.arange(300))
    assert made.outside(frame).mean() < 0.02
    assert ("priors", MORE) in made.why(one(priors=1.0))[0]
