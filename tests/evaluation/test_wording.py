"""Tests of the sentences."""

from __future__ import annotations

import dataclasses

import pytest

from forecast.evaluation import wording
from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.names import reads_sentence
from forecast.evaluation.results import LevelEvaluation

MINUS = "\N{MINUS SIGN}"


def _with(e: LevelEvaluation, **metrics: Estimate) -> LevelEvaluation:
    return dataclasses.replace(e, models={**e.models, e.chosen: {**e.models[e.chosen], **metrics}})


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.123, 2, MINUS + "0.12"), (-0.001, 2, "0.00"), (-0.0, 0, "0"), (-12345, 0, MINUS + "12,345")],
)
def test_numbers_have_a_true_minus_sign_and_no_minus_zero(value: float, digits: int, text: str) -> None:
    assert wording.number(value, digits) == text


def test_a_figure_is_written_with_its_interval_or_why_not() -> None:
    assert wording.spread(Estimate(0.712, 0.7, 0.73)) == "0.71 (0.70 to 0.73)"
    assert wording.spread(Estimate(0.7, None, None, "no interval: x")) == "0.70 (no interval: x)"
    assert wording.spread(Estimate(None, None, None, "not defined")) == "no value (not defined)"
    assert wording.in_100(Estimate(0.45, 0.44, 0.47)) == "45 of 100 (44 to 47)"


@pytest.mark.parametrize(
    ("low", "high", "start"),
    [(0.1, 0.3, "The forecast was too low"), (-0.3, -0.1, "The forecast was too high"), (-0.1, 0.1, "On average")],
)
def test_calibration_is_judged_by_the_whole_interval(
    evaluation: LevelEvaluation, low: float, high: float, start: str
) -> None:
    e = _with(evaluation, calibration_intercept=Estimate((low + high) / 2, low, high))
    assert wording.calibration_sentence(e).startswith(start)


def test_a_slope_without_interval_is_said_not_to_be_known(evaluation: LevelEvaluation) -> None:
    e = _with(evaluation, calibration_slope=Estimate(None, None, None, "not defined for these cases"))
    assert "cannot be told here (not defined for these cases)" in wording.calibration_sentence(e)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.2, -0.1, "Better than"), (0.1, 0.2, "Worse than"), (-0.1, 0.1, "Cannot be told apart from")],
)
def test_models_are_grouped_by_the_verdict_of_the_paired_difference(
    evaluation: LevelEvaluation, low: float, high: float, verdict: str
) -> None:
    same = {"brier": Estimate((low + high) / 2, low, high)}
    e = dataclasses.replace(evaluation, differences={"linear": same, "ogrs3": same})
    assert list(wording.comparison_sentences(e)) == [f"{verdict}: linear; OGRS3 (recalibrated)."]
    named = "not clearly better than linear and OGRS3"
    assert any(named in text for text in wording.level_warnings(e)) == (high > 0)


@pytest.mark.parametrize("high", [-0.01, 0.01])
def test_on_made_up_people_the_forest_is_our_replica_and_beaten_only_where_the_interval_says_so(
    evaluation: LevelEvaluation, high: float
) -> None:
    e = dataclasses.replace(evaluation, differences={"forest": {"brier": Estimate(-0.05, -0.1, high)}})
    [made_up], [real] = wording.comparison_sentences(e, True), wording.comparison_sentences(e)
    assert ("beats our replica on synthetic data" in made_up) == (high < 0)
    assert ("Better than: forest (our replica" in real) == (high < 0)
    assert "beats" not in real
    assert "beats HART" not in made_up


def test_how_many_features_each_model_reads_is_said_only_where_it_differs() -> None:
    reads = {"boosting": 183, "forest": 34, "splines": 183, "base-rate": 0}
    text = reads_sentence(reads, "boosting", reads)
    assert "183 features are read by the forecast (boosted trees), 34 by forest (our replica" in text
    assert "mixes what the model does with what it is given" in text
    assert reads_sentence(reads, "boosting", ["splines", "base-rate"]) == ""
    assert reads_sentence({}, "boosting", ["forest"]) == ""


def test_a_comparison_without_a_value_says_why(evaluation: LevelEvaluation) -> None:
    none = {"linear": {"brier": Estimate(None, None, None, "not defined")}}
    assert "cannot be compared (not defined)" in next(
        wording.comparison_sentences(dataclasses.replace(evaluation, differences=none))
    )


def test_groups_that_are_off_or_too_small_are_warned_of(evaluation: LevelEvaluation) -> None:
    female, male = evaluation.groups["sex"]
    low = {**female.metrics, "observed_minus_forecast": Estimate(0.05, 0.02, 0.08)}
    high = {**male.metrics, "observed_minus_forecast": Estimate(-0.05, -0.08, -0.02)}
    groups = {
        **evaluation.groups,
        "sex": (dataclasses.replace(female, metrics=low), dataclasses.replace(male, metrics=high)),
    }
    e = dataclasses.replace(evaluation, groups=groups)
    first, second = (text for text in wording.large_misses([e], {"any": "arrested again"}) if "sex" in text)
    assert first.startswith("For sex “Female” the forecast was too low by 5.0 of 100 (2.0 to 8.0): it said ")
    assert second.startswith("For sex “Male” the forecast was too high by 5.0 of 100 (2.0 to 8.0)")
    text = " ".join(wording.level_warnings(e))
    assert "Female" not in text
    assert "ethnicity “tiny” (" in text


def test_the_largest_miss_comes_first_and_small_ones_stand_apart(evaluation: LevelEvaluation) -> None:
    female, male = evaluation.groups["sex"]

    def with_gaps(*gaps: Estimate) -> LevelEvaluation:
        made = (
            dataclasses.replace(g, metrics={**g.metrics, "observed_minus_forecast": gap})
            for g, gap in zip((female, male), gaps, strict=True)
        )
        return dataclasses.replace(evaluation, groups={"sex": tuple(made)})

    misses = wording.large_misses([with_gaps(Estimate(-0.031, -0.05, -0.02), Estimate(0.06, 0.05, 0.07))], {})
    assert "Male" in misses[0]
    assert "Female" in misses[1]
    few = with_gaps(Estimate(0.012, 0.01, 0.02), Estimate(0.012, 0.01, 0.02))
    assert wording.large_misses([few], {}) == []
    assert "sex “Female”, forecast too low by 1.2 of 100" in " ".join(wording.level_warnings(few))


@pytest.mark.parametrize(("words", "text"), [([], "none"), (["a"], "a"), (["a", "b", "c"], "a, b and c")])
def test_words_are_joined_as_people_do(words: list[str], text: str) -> None:
    assert wording.listed(words) == text
