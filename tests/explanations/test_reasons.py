"""Tests of the choice of reasons, and that start, reasons and remainder add up."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.cases import Contributions, Reasons
from forecast.explanations.points import to_points
from forecast.explanations.reasons import Reasoner, importance, whole_points, whole_themes
from forecast.explanations.strength import strength as said_strength
from forecast.explanations.strength import strengths_of
from forecast.explanations.texts import load_texts
from forecast.features.catalogue import whole_set
from forecast.features.spec import Op
from forecast.models.bundle import ModelBundle
from forecast.settings import Settings
from forecast.tables.description import Feature
from tests.helpers import CAUSAL, KINDS, frames

TEXTS = load_texts()
PLAIN = tuple(Feature(f"f{i}", "number", f"fact {i}") for i in range(8))
AGE = Feature("age", "number", "age", unit="years")
SEX = Feature("sex", "category", "sex", levels=("M", "F"))


def explained(
    features: tuple[Feature, ...], values: list[float], *, base: float = 0.0, cap: float = 0.0, **settings: object
) -> Reasons:
    """Explain one case whose features contribute ``values`` in log-odds."""
    frame = pd.DataFrame({f.name: [1.0 if f.numeric else "M"] for f in features})
    made = Contributions(tuple(f.name for f in features), base, np.array([values]), np.array([cap]))
    return Reasoner(features, Settings(**settings)).reasons(frame, made)[0]


def signs_kept(reasons: Reasons) -> bool:
    points = whole_points(reasons)[1]
    return all(number * item.points >= 0 and (number or abs(item.points) < 1)
               for item, number in zip(reasons.items, points, strict=True))  # fmt: skip


def check_sum(reasons: Reasons) -> None:
    total = reasons.start + sum(item.points for item in reasons.items) + reasons.remainder
    assert total == pytest.approx(reasons.shown, abs=1e-9)
    start, points, remainder, shown = whole_points(reasons)
    assert start + sum(points) + remainder == shown
    assert shown == round(reasons.shown)
    exact = [reasons.start, *(item.points for item in reasons.items), reasons.remainder]
    assert all(abs(w - x) < 1 + 1e-6 for w, x in zip([start, *points, remainder], exact, strict=True))
    assert start == round(reasons.start)
    themes = whole_themes(reasons)
    assert not themes or start + sum(size for _, size in themes) == shown


values8 = arrays(np.float64, 8, elements=st.floats(-2, 2)).map(list)


@given(values8, st.floats(-3, 3), st.floats(-2, 0), st.integers(1, 20))
def test_start_reasons_and_remainder_add_up_and_are_no_more_than_asked_for(
    values: list[float], base: float, cap: float, shown: int
):
    reasons = explained(PLAIN, values, base=base, cap=cap, reasons_shown=shown)
    check_sum(reasons)
    assert len([item for item in reasons.items if item.feature]) <= shown


@given(values8, st.integers(2, 8))
def test_both_directions_are_shown_where_both_exist(values: list[float], shown: int):
    reasons = explained(PLAIN, values, reasons_shown=shown)
    made = Contributions(tuple(f.name for f in PLAIN), 0.0, np.array([values]), np.zeros(1))
    exist = set(np.sign(np.round(to_points(made).values[0], 1))) - {0.0}
    assert {np.sign(item.points) for item in reasons.items} == exist


def test_the_largest_are_shown_largest_first():
    reasons = explained(PLAIN, [0.1, 0.9, -0.5, 0.2, 0, 0, 0.6, -0.3], reasons_shown=4)
    assert [item.feature for item in reasons.items] == ["f1", "f6", "f2", "f7"]


def test_the_last_gives_way_to_the_largest_in_the_other_direction():
    reasons = explained(PLAIN, [0.9, 0.8, 0.7, 0.6, -0.2, -0.3, 0, 0], reasons_shown=3)
    assert [item.feature for item in reasons.items] == ["f0", "f1", "f5"]


def test_ties_after_rounding_go_by_the_order_of_the_catalogue():
    reasons = explained(PLAIN, [0.30001, 0.30002, -0.3, 0.3, 0, 0, 0, 0.30003], reasons_shown=3)
    assert [item.feature for item in reasons.items] == ["f0", "f1", "f2"]


def test_what_rounds_to_nothing_is_not_shown():
    assert explained(PLAIN, [0.5, 1e-4, 0, 0, 0, 0, 0, 0]).items[0].feature == "f0"
    assert len(explained(PLAIN, [0.5, 1e-4, 0, 0, 0, 0, 0, 0]).items) == 1


@given(values8, st.floats(-1, 1), st.floats(-1, 1), st.integers(1, 9))
def test_age_and_sex_are_always_shown_with_a_note(values: list[float], age: float, sex: float, shown: int):
    reasons = explained((*PLAIN, AGE, SEX), [*values, age, sex], reasons_shown=shown)
    named = [item.feature for item in reasons.items]
    assert {"age", "sex"} <= set(named)
    assert len(named) <= max(shown, 2)
    assert reasons.notes == (
        "Age and sex are shown because they are part of the forecast; they are not reasons to act.",
    )


FIRST_AGES = tuple(
    Feature(f.name, "number", f.phrase, unit=f.unit)
    for f in whole_set("extended+hart+sanctions").features
    if f.op == Op.FIRST_AGE
)


@given(st.lists(st.floats(-1, 1), min_size=len(FIRST_AGES), max_size=len(FIRST_AGES)), st.integers(2, 8))
def test_ages_at_something_first_take_their_turn_like_other_facts(firsts: list[float], shown: int):
    features = (*PLAIN, *FIRST_AGES, AGE, SEX)
    reasons = explained(features, [0.5] * 4 + [-0.3] * 4 + [*firsts, 0.01, 0.01], reasons_shown=shown)
    assert all(f.always_shown for f in FIRST_AGES)
    named = [item.feature for item in reasons.items]
    assert {"age", "sex"} <= set(named)
    assert len(named) <= shown
    check_sum(reasons)


def test_a_first_age_that_is_shown_stands_in_the_note_and_one_that_is_not_does_not():
    features = (*PLAIN, FIRST_AGES[0], AGE, SEX)
    seen = explained(features, [0.1] * 8 + [0.9, 0.2, 0.2], reasons_shown=3)
    assert [item.feature for item in seen.items] == [FIRST_AGES[0].name, "age", "sex"]
    assert seen.notes[0].startswith("Age at the first earlier arrest, age and sex are shown because")
    unseen = explained(features, [0.9] * 8 + [0.1, 0.2, 0.2], reasons_shown=3)
    assert unseen.notes[0].startswith("Age and sex are shown because")


def test_many_ages_leave_room_for_the_facts_that_move_most():
    ages = tuple(Feature(f"age{i}", "number", f"age {i}", unit="years") for i in range(7))
    ages = tuple(dataclasses.replace(each, protected="a protected characteristic (age)") for each in ages)
    reasons = explained((*PLAIN, *ages), [0.5, 0.4, -0.3, 0.2, 0, 0, 0, 0, 0.9, *[0.0001] * 6], reasons_shown=6)
    named = [item.feature for item in reasons.items]
    assert {f.name for f in ages} <= set(named)
    assert named[:5] == ["age0", "f0", "f1", "f2", "f3"]
    [note] = reasons.notes
    assert note.startswith("Age 0, age 1 and 5 more facts of age or sex are shown because")
    check_sum(reasons)


def test_a_feature_without_effect_is_said_to_leave_the_forecast_as_it_is():
    items = {item.feature: item for item in explained((*PLAIN, AGE), [0.4] * 8 + [0.0]).items}
    assert items["age"].direction == TEXTS["reason.neither"]
    assert items["age"].points == 0.0
    assert str(items["age"].points) == "0.0"


@pytest.mark.parametrize(
    ("points", "strength"),
    [
        (0.5, TEXTS["reason.a_little"]),
        (3.9, TEXTS["reason.a_little"]),
        (4.0, TEXTS["reason.some"]),
        (7.9, TEXTS["reason.some"]),
        (8.0, TEXTS["reason.a_lot"]),
    ],
)
def test_strength_goes_by_the_points_of_the_settings(points: float, strength: str):
    strengths = strengths_of(Settings(points_some=4, points_a_lot=8), TEXTS)
    assert said_strength(points, strengths) == said_strength(-points, strengths) == strength


def test_directions_follow_the_signs():
    items = explained(PLAIN[:2], [0.5, -0.4]).items
    assert [item.direction for item in items] == [TEXTS["reason.raises"], TEXTS["reason.lowers"]]


def test_lowering_a_level_to_the_one_before_is_a_row_of_its_own():
    reasons = explained(PLAIN, [1.0, 0.5, -0.2, 0, 0, 0, 0, 0], base=-0.5, cap=-0.7)
    last = reasons.items[-1]
    assert (last.feature, last.fact, last.direction) == ("", TEXTS["reason.cap"], TEXTS["reason.lowers"])
    assert last.points < 0
    check_sum(reasons)


def test_a_reason_says_its_theme_and_how_the_fact_may_be_wrong_and_the_cap_has_a_row_of_its_own():
    reasons = explained((*PLAIN, AGE), [0.5, 0.3, -0.2, 0, 0, 0, 0, 0, 0.4], cap=-0.3)
    items = {item.feature: item for item in reasons.items}
    assert (items["age"].theme, items["age"].can_be_wrong) == ("age and sex", "The date of birth may be wrong.")
    assert items["f0"].theme == "other facts on record"
    assert (items[""].theme, items[""].can_be_wrong) == (TEXTS["reason.cap"], "")
    assert [theme for theme, _ in reasons.themes] == ["other facts on record", "age and sex", TEXTS["reason.cap"]]
    assert reasons.start + sum(points for _, points in reasons.themes) == pytest.approx(reasons.shown, abs=1e-9)


def test_themes_hold_the_facts_that_are_not_shown_too():
    few = explained(PLAIN, [0.3] * 8, reasons_shown=2)
    assert len(few.items) == 2
    assert few.themes == (("other facts on record", pytest.approx(few.shown - few.start)),)


def test_it_is_noted_that_counts_are_of_earlier_arrests_where_there_are_any():
    counted = Feature("arrests_1y", "number", "earlier arrests in the last year")
    [note] = explained((counted,), [0.3]).notes
    assert "earlier ones" in note
    assert explained(PLAIN[:1], [0.3]).notes == ()


@pytest.mark.parametrize("kind", KINDS)
@trials(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames())
def test_reasons_of_every_model_add_up_to_its_forecast_for_any_row(
    kind: str, bundle_of: Callable[[str], ModelBundle], frame: pd.DataFrame
):
    bundle = bundle_of(kind)
    features = [bundle.description.feature(name) for name in bundle.forecaster.model.features]
    made = bundle.forecaster.forecast(frame)
    for level in range(2):
        found = Reasoner(features, Settings()).reasons(frame, bundle.forecaster.contributions(frame, level))
        assert len(found) == len(frame)
        for p, reasons in zip(made.probability[:, level], found, strict=True):
            check_sum(reasons)
            assert reasons.shown == pytest.approx(100 * p, abs=0.05 + 1e-6)
            texts = [t for i in reasons.items for t in (i.fact, i.direction, i.strength)]
            assert not [w for w in CAUSAL for t in texts if w in t.lower()]
            tenths = sum(round(10 * size) for _, size in reasons.themes)
            assert round(10 * reasons.start) + tenths == round(10 * reasons.shown)
            assert all(item.theme for item in reasons.items)
            assert not any("nan" in t.lower().split() or "None" in t for t in texts)


@given(st.lists(st.integers(-300, 300), min_size=0, max_size=6), st.integers(0, 1000), st.integers(0, 1000))
def test_whole_points_close_for_any_reasons(tenths: list[int], start: int, shown: int):
    from forecast.cases import Reason

    items = tuple(Reason("f", "fact", "", "", t / 10) for t in tenths)
    remainder = round((shown - start - sum(tenths)) / 10, 1)
    check_sum(Reasons(start / 10, items, remainder, shown / 10))


@given(arrays(np.float64, (40, 8), elements=st.floats(-2, 2)), st.floats(-3, 3), st.integers(1, 8))
def test_the_starting_point_is_the_same_whole_figure_for_everybody(values: np.ndarray, base: float, shown: int):
    frame = pd.DataFrame({f.name: np.ones(len(values)) for f in PLAIN})
    made = Contributions(tuple(f.name for f in PLAIN), base, values, np.zeros(len(values)))
    found = Reasoner(PLAIN, Settings(reasons_shown=shown)).reasons(frame, made)
    assert len({whole_points(each)[0] for each in found}) == 1
    assert all(signs_kept(each) for each in found)


def test_importance_is_the_mean_size_largest_first_ties_in_the_order_of_the_catalogue():
    made = Contributions(("a", "b", "c"), 0.0, np.array([[1.0, -2.0, 1.0], [-1.0, 2.0, 1.0]]), np.zeros(2))
    assert importance(made) == [("b", 2.0), ("a", 1.0), ("c", 1.0)]
    assert importance(Contributions(("a",), 0.0, np.empty((0, 1)), np.empty(0))) == []
