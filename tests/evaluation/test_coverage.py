"""Tests of coverage on later data: a right interval covers 95 of 100 bins, a wrong one does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.cases import Forecasts, OutcomeScale
from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.coverage import coverage, interval_coverage, set_coverage, standard_error
from forecast.evaluation.coverage_page import coverage_section, coverage_sentence, coverage_verdict, level_verdicts
from forecast.models.calibration import identity, sigmoid
from forecast.models.intervals import fit_intervals
from forecast.models.outcome_sets import fit_outcome_sets
from forecast.models.support import fit_support
from forecast.tables.description import Feature

SCALE = OutcomeScale(("none", "any", "serious"), 24, ("arrested again", "arrested again for a serious offence"))


def forecasts(cases: int, seed: int, error: float, half: float) -> tuple[np.ndarray, ...]:
    """Return outcomes, forecasts and ends, where each fiftieth of the forecasts is off by an own normal error."""
    rng = np.random.default_rng(seed)
    z = np.sort(rng.normal(0, 1, cases))
    off = np.repeat(rng.normal(0, error, 50), cases // 50)
    return rng.random(cases) < sigmoid(z + off), sigmoid(z), sigmoid(z - half), sigmoid(z + half)


def mean_coverage(error: float, half: float) -> float:
    """Return the share of bins covered, each bin with an error of its own."""
    runs = [interval_coverage(*forecasts(20_000, seed, error, half), people=np.arange(20_000)) for seed in range(10)]
    return float(np.mean([b.covered for run in runs for b in run.bins]))


@pytest.mark.parametrize("error", [0.0, 0.1, 0.3])
def test_an_interval_of_the_right_width_covers_95_of_100_bins(error: float):
    assert mean_coverage(error, 1.96 * error) == pytest.approx(0.95, abs=0.025)


def test_an_interval_that_is_too_narrow_or_too_wide_is_found_out():
    assert mean_coverage(0.3, 0.1) < 0.85
    assert mean_coverage(0.1, 1.0) > 0.99


def test_bins_hold_at_least_400_cases_and_do_not_overlap():
    found = interval_coverage(*forecasts(5_000, 1, 0, 0.1), people=np.arange(5_000))
    assert len(found.bins) == 12
    assert found.share.low < found.share.value < found.share.high
    assert min(b.cases for b in found.bins) >= 400
    assert sum(b.cases for b in found.bins) == 5_000
    means = [b.forecast for b in found.bins]
    assert means == sorted(means)


def test_too_few_cases_for_a_bin_have_no_coverage():
    found = interval_coverage(*forecasts(350, 1, 0, 0.1), people=np.arange(350))
    assert found.share.value is None
    assert found.bins == ()


def test_the_chance_of_counting_takes_people_and_not_cases_as_units():
    happened, p, _, _ = forecasts(1_000, 1, 0, 0)
    alone = standard_error(happened, p, np.arange(1_000))
    copies = standard_error(np.repeat(happened, 3), np.repeat(p, 3), np.repeat(np.arange(1_000), 3))
    assert copies == pytest.approx(alone, rel=0.05)
    assert alone == pytest.approx(np.sqrt((p * (1 - p)).sum()) / 1_000, rel=0.1)


def test_sets_are_counted_by_outcome():
    held = np.array([[True, False]] * 30 + [[True, True]] * 30)
    outcome = np.array([0] * 20 + [1] * 40)
    found = set_coverage(held, outcome, np.arange(60), ("none", "any"))
    assert found.by_outcome["none"].value == 1
    assert found.by_outcome["any"].value == pytest.approx(0.75)
    assert found.cases == {"none": 20, "any": 40}
    assert (found.vacuous, found.size) == (0.5, 1.5)


def test_an_outcome_that_hardly_came_is_not_judged():
    found = set_coverage(np.ones((30, 2), dtype=bool), np.zeros(30, dtype=np.int64), np.arange(30), ("none", "any"))
    assert found.by_outcome["any"].value is None


@pytest.fixture(scope="module")
def whole():
    """Limits fitted on some cases and held against others of the same kind, over two quarters."""
    rng = np.random.default_rng(5)
    z = rng.normal(0, 1, 6_000)
    margins = np.column_stack([z, z - 1.5])
    happened = rng.random(6_000)[:, None] < sigmoid(margins)
    p = sigmoid(margins)
    train, later = np.arange(3_000), np.arange(3_000, 6_000)
    intervals = fit_intervals(
        fold_log_odds=None,
        margins=margins[train],
        happened=happened[train],
        persons=train,
        calibration=identity(2),
        seed=1,
    )
    sets = fit_outcome_sets(p[train], happened[train])
    support = fit_support([Feature("z", kind="number", phrase="z")], pd.DataFrame({"z": z[train]}), train)
    low, high = intervals.bounds(margins[later])
    outside = support.outside(pd.DataFrame({"z": z[later]}))
    made = Forecasts(p[later], np.zeros(3_000, dtype=np.int64), p[later] < 0, low, high, sets.sets(p[later]), outside)
    as_of = pd.Series(pd.Timestamp("2013-02-01") + pd.to_timedelta(np.arange(3_000) % 120, "D"))
    found = coverage(made, happened[later], later, scale=SCALE, sets=sets, as_of=as_of)
    return found, intervals, sets, support


def test_later_cases_of_the_same_kind_are_covered(whole):
    found = whole[0]
    assert found.together.value > 0.9
    for one in found.sets.by_outcome.values():
        assert one.value == pytest.approx(0.8, abs=0.06)
    assert list(found.over_time) == ["2013 Q1", "2013 Q2"]
    assert sum(sum(each.cases.values()) for each in found.over_time.values()) == 3_000


def test_the_section_shows_figures_picture_and_widths(whole):
    found, intervals, sets, support = whole
    made = coverage_section(
        found,
        dict(zip(SCALE.reached, SCALE.words, strict=True)),
        intervals=intervals,
        support=support,
        vacuous_in_training=sets.vacuous,
    )
    html = str(made.html)
    assert coverage_sentence(found) in html
    told = level_verdicts(found, dict(zip(SCALE.reached, SCALE.words, strict=True)))
    assert f"<strong>{coverage_sentence(found)} {told}</strong>" in html
    assert told.count("93 to 97") + told.count("cannot be told") == len(SCALE.reached)
    assert html.count("<svg") == 1
    assert "It is about the group" in html
    assert "2013 Q2" in html
    assert made.name == "coverage"


def test_forecasts_without_limits_cannot_be_held_against_anything(whole):
    found = Forecasts(np.array([[0.5, 0.1]]), np.array([0]), np.array([[False, False]]))
    with pytest.raises(ValueError, match="no limits"):
        coverage(found, np.array([[True, False]]), ["a"], scale=SCALE, sets=whole[2], as_of=None)


@pytest.mark.parametrize(
    ("value", "low", "high", "bins", "verdict"),
    [
        (0.95, 0.85, 0.99, 40, "inside 93 to 97"),
        (0.85, 0.70, 0.94, 40, "outside 93 to 97"),
        (0.99, 0.96, 1.0, 90, "outside 93 to 97"),
        (0.91, 0.80, 0.97, 40, "cannot be told with so few bins"),
        (0.95, 0.60, 0.99, 9, "cannot be told with so few bins"),
        (None, None, None, 0, "cannot be told with so few bins"),
    ],
)
def test_each_level_is_judged_by_itself(value, low, high, bins, verdict):
    assert coverage_verdict(Estimate(value, low, high), bins) == verdict
