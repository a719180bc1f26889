"""Tests of the words about a forecast's limits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecast.cases import OutcomeScale
from forecast.explanations.limits import interval_text, outside_sentence, set_names, set_sentence
from forecast.features.catalogue import whole_set
from forecast.models.outcome_sets import OutcomeSets
from forecast.models.support import fit_support
from forecast.tables.description import Feature
from tests.helpers import CAUSAL

SCALE = OutcomeScale(("none", "any", "serious"), 24, ("arrested again", "arrested again for a serious offence"))
SETS = OutcomeSets((0.4, 0.3, 0.1), 0.8, 0.1, 0.0)
FEATURES = (
    Feature("age", kind="number", phrase="age at arrest", unit="years"),
    Feature("arrests", kind="number", phrase="earlier arrests"),
    Feature("offence", kind="category", phrase="offence"),
)


@pytest.mark.parametrize(
    ("shown", "low", "high", "text"),
    [
        (41, 0.38, 0.45, "41 in 100 (38 to 45)"),
        (0, 0.001, 0.02, "0 in 100 (0 to 2)"),
        (40, 0.409, 0.45, "40 in 100 (40 to 45)"),
        (46, 0.38, 0.451, "46 in 100 (38 to 46)"),
    ],
)
def test_an_interval_always_holds_the_figure_shown(shown: int, low: float, high: float, text: str):
    assert interval_text(shown, low, high) == text


def test_a_set_is_said_in_the_words_of_the_outcomes():
    held = np.array([True, True, False])
    assert set_names(held, SCALE.levels) == "none, any"
    text = set_sentence(held, SETS, SCALE)
    assert "80 times of 100" in text
    assert "not arrested again; or arrested again, but not arrested again for a serious offence" in text


def test_sets_that_say_too_little_are_hidden():
    assert set_sentence(np.array([True, True, True]), dataclasses.replace(SETS, vacuous=0.26), SCALE) == ""


def row(**changes: object) -> pd.DataFrame:
    values = {"age": 30.0, "arrests": 3.0, "offence": "theft"} | changes
    return pd.DataFrame({n: pd.Series([v], dtype=object if n == "offence" else float) for n, v in values.items()})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age": 90.0}, "older than anybody in training (Age at arrest: 90 years)"),
        ({"age": 3.0}, "younger than anybody in training (Age at arrest: 3 years)"),
        ({"arrests": 99.0}, "99 arrests on record: a higher figure than any in training"),
        ({"offence": "piracy"}, "Offence: piracy, which nobody in training had"),
        ({"arrests": np.nan}, "Arrests on record: not recorded; everybody in training had an entry here"),
    ],
)
def test_it_is_said_why_a_record_lies_outside(changes: dict[str, object], words: str):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"age": rng.uniform(18, 60, 300), "arrests": rng.poisson(3, 300) * 1.0, "offence": ["theft", "drugs"] * 150}
    )
    support = fit_support(FEATURES, frame, np.arange(300))
    text = outside_sentence(support, row(**changes), FEATURES)
    assert text.startswith("This record lies outside what the forecast was built on: ")
    assert words in text
    assert not [word for word in CAUSAL if word in text.lower()]
    assert outside_sentence(support, row(), FEATURES) == ""


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("years_since_offence", 30.8, "Latest earlier offence 30.8 years ago, longer ago than anybody's in training"),
        ("years_since_offence", 0.1, "Latest earlier offence 1 month ago, more recent than anybody's in training"),
        ("first_arrest_age", 60.0, "a higher figure than any in training"),
        ("arrests", 30.0, "30 arrests on record: a higher figure than any in training"),
    ],
)
def test_how_far_a_record_goes_is_said_in_words_that_fit_the_fact(name: str, value: float, words: str):
    known = {f.name: f for f in whole_set("extended+hart+sanctions").features}
    names = ("arrests", "years_since_offence", "first_arrest_age")
    features = [Feature(n, "number", known[n].phrase, unit=known[n].unit) for n in names]
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({n: rng.uniform(2, 20, 300) for n in names})
    support = fit_support(features, frame, np.arange(300))
    one = frame.iloc[[0]].reset_index(drop=True).assign(**{name: value})
    assert words in outside_sentence(support, one, features)
