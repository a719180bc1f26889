"""Tests of the distance to the next band, and of facts that would change it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecast.cases import OutcomeScale
from forecast.explanations.distance import Otherwise, Step, distances, in_100, otherwise
from forecast.explanations.texts import load_texts
from forecast.models.bands import Costs, CutOffs
from forecast.models.bundle import ModelBundle
from forecast.models.costs import as_matrix
from forecast.tables.description import Feature

TEXTS = load_texts()
TWO = OutcomeScale(("none", "any"), 24, ("arrested again",))
THREE = OutcomeScale(("none", "any", "serious"), 24, ("arrested again", "arrested again for a serious offence"))
cut = st.floats(0.02, 0.98)
EXAMPLE = Costs(as_matrix([[0.0, 1.5, 5.0], [1.0, 0.0, 1.5], [1.45, 0.45, 0.0]]))


def moved(p: np.ndarray, k: int, value: float) -> np.ndarray:
    made = p.copy()
    made[:k] = np.maximum(made[:k], value)
    made[k + 1 :] = np.minimum(made[k + 1 :], value)
    made[k] = value
    return made


@given(cut, st.floats(0, 1))
def test_with_one_level_the_only_step_leads_over_the_cut_off(cutoff: float, p: float):
    assume(abs(p - cutoff) > 1e-6)
    [step] = distances(CutOffs((cutoff,)), [p], TWO)
    assert step.at == pytest.approx(cutoff, abs=1e-8)
    assert (step.upwards, step.band) == ((True, "HIGH") if p < cutoff else (False, "LOW"))


rules = st.one_of(
    st.tuples(cut, cut).map(CutOffs),
    st.lists(st.floats(0.05, 5), min_size=6, max_size=6).map(
        lambda c: Costs(as_matrix([[0, c[0], c[0] + c[1]], [c[2], 0, c[3]], [c[2] + c[4], c[5], 0]]))
    ),
)


@settings(deadline=None)
@given(rules, st.floats(0, 1), st.floats(0, 1))
def test_a_step_ends_just_where_the_band_changes(rule: CutOffs | Costs, first: float, second: float):
    p = np.array(sorted([first, second], reverse=True))
    band = THREE.bands[int(rule.bands(p[None])[0])]
    for step in distances(rule, p.tolist(), THREE):
        k, sign = THREE.reached.index(step.level), 1 if step.upwards else -1
        just_before, just_after = step.at - sign * 1e-6, step.at + sign * 1e-6
        if 0 <= just_after <= 1:
            assert THREE.bands[int(rule.bands(moved(p, k, just_after)[None])[0])] == step.band
        if (just_before - p[k]) * sign > 0:
            other = THREE.bands[int(rule.bands(moved(p, k, just_before)[None])[0])]
            assert THREE.bands.index(other) * sign <= THREE.bands.index(band) * sign
        assert (THREE.bands.index(step.band) > THREE.bands.index(band)) == step.upwards


def test_a_band_of_costs_hangs_on_both_figures():
    steps = distances(EXAMPLE, [0.71, 0.09], THREE)
    assert [(s.level, s.band, s.upwards) for s in steps] == [("serious", "HIGH", True), ("any", "LOW", False)]
    assert steps[0].at == pytest.approx(0.45 / 1.95)


def test_steps_are_said_in_whole_points_and_with_the_line():
    assert Step("any", "HIGH", True, 0.6, 7).words(TEXTS) == "7 points below HIGH (from 60 in 100)"
    assert Step("any", "LOW", False, 0.4, 1).words(TEXTS) == "1 point above LOW (below 40 in 100)"
    assert Step("any", "HIGH", True, 0.4286, 0).words(TEXTS) == "less than 1 point below HIGH (from 42.9 in 100)"
    assert in_100(0.07) == "7"


@given(cut, st.floats(0, 1))
def test_points_are_the_difference_of_the_figures_as_they_are_shown(cutoff: float, p: float):
    for step in distances(CutOffs((cutoff,)), [p], TWO):
        assert step.points == abs(round(round(100 * step.at, 1)) - round(round(100 * p, 1)))


def with_rule(bundle: ModelBundle, rule: CutOffs) -> ModelBundle:
    return dataclasses.replace(bundle, forecaster=dataclasses.replace(bundle.forecaster, cutoffs=rule))


def features_of(bundle: ModelBundle) -> list[Feature]:
    return [bundle.description.feature(name) for name in bundle.forecaster.model.features]


@pytest.fixture
def near(bundle: ModelBundle, features: pd.DataFrame) -> Callable[[int], tuple[ModelBundle, pd.DataFrame]]:
    """Return a case and a bundle whose first cut-off lies just over the case's forecast."""

    def at(row: int) -> tuple[ModelBundle, pd.DataFrame]:
        frame = features.iloc[[row]].reset_index(drop=True)
        p = float(bundle.forecaster.forecast(frame).probability[0, 0])
        return with_rule(bundle, CutOffs((min(p + 0.005, 0.99), 0.99))), frame

    return at


@pytest.mark.parametrize("row", [0, 3, 17, 41])
def test_facts_that_would_change_the_band_do_so_when_they_are_changed(
    near: Callable[[int], tuple[ModelBundle, pd.DataFrame]], row: int
):
    bundle, frame = near(row)
    trial = otherwise(bundle.forecaster, features_of(bundle), frame, bundle.scale)
    expected = []
    for name, steps in (("priors", (-1, 1)), ("violent_priors", (-1, 1)), ("breaches", (-1, 1)), ("on_bail", (1,))):
        value = frame[name][0]
        for step in steps:
            other = 1 - value if name == "on_bail" else value + step
            if np.isnan(value) or other < 0:
                continue
            made = bundle.forecaster.forecast(frame.assign(**{name: other}))
            if made.band[0] != bundle.forecaster.forecast(frame).band[0]:
                expected.append((name, bundle.scale.bands[made.band[0]], tuple(made.probability[0].tolist())))
    assert [(c.feature, c.band, c.probability) for c in trial.changes] == expected
    assert not trial.of_records


def test_some_case_near_a_line_has_a_fact_that_would_change_its_band(
    near: Callable[[int], tuple[ModelBundle, pd.DataFrame]],
):
    trials = []
    for row in range(20):
        bundle, frame = near(row)
        trials.append(otherwise(bundle.forecaster, features_of(bundle), frame, bundle.scale))
    assert sum(bool(trial.changes) for trial in trials) > 5


@pytest.mark.parametrize("row", range(0, 40, 4))
def test_neither_age_nor_sex_nor_anything_that_nobody_counts_is_ever_named(
    near: Callable[[int], tuple[ModelBundle, pd.DataFrame]], row: int
):
    bundle, frame = near(row)
    named = {c.feature for c in otherwise(bundle.forecaster, features_of(bundle), frame, bundle.scale).changes}
    assert named <= {"priors", "violent_priors", "breaches", "on_bail"}


def test_what_is_protected_by_declaration_is_never_named(near: Callable[[int], tuple[ModelBundle, pd.DataFrame]]):
    bundle, frame = near(3)
    features = [dataclasses.replace(f, protected="a contested count") for f in features_of(bundle)]
    trial = otherwise(bundle.forecaster, features, frame, bundle.scale)
    assert (trial.changes, trial.tried) == ((), 0)


def test_a_change_is_about_the_record_and_the_forecast_and_never_advice():
    fact = Otherwise("priors", "3 earlier arrests", "2 earlier arrests", "LOW", (0.2,))
    record = Otherwise("", "", "", "LOW", (0.2,), record="C1", day="2010-05-03")
    for sentence in (fact.words(TEXTS), record.words(TEXTS)):
        assert "if the record" in sentence.lower()
        assert "the forecast would be LOW" in sentence
        assert " they " not in sentence
    assert "C1 (2010-05-03)" in record.words(TEXTS)
