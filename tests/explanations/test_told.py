"""Tests of what is said of reasons in whole people of 100."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from forecast.cases import Reason, Reasons
from forecast.explanations.told import shown_in_100, signed, told


def reasons_of(start: float, points: list[float], remainder: float) -> Reasons:
    items = tuple(Reason(f"f{i}", f"fact {i}", "raises", "some", p) for i, p in enumerate(points))
    return Reasons(start, items, remainder, round(start + sum(points) + remainder, 1))


tenths = st.integers(-300, 300).map(lambda n: n / 10)


@given(st.integers(0, 1000).map(lambda n: n / 10), st.lists(tenths, max_size=8), tenths)
def test_what_is_told_adds_up_even_where_facts_are_left_out(start: float, points: list[float], remainder: float):
    found = told(reasons_of(start, points, remainder))
    assert found.start + sum(number for _, number in found.rows) + found.remainder == found.shown
    assert found.shown == round(round(start + sum(points) + remainder, 1))


def test_facts_of_none_are_left_out_unless_they_must_be_named():
    reasons = reasons_of(30.0, [5.0, 0.1, 0.2], 0.0)
    assert [item.feature for item, _ in told(reasons).rows] == ["f0"]
    assert [item.feature for item, _ in told(reasons, {"f2"}).rows] == ["f0", "f2"]


@given(st.lists(st.integers(-200, 200).map(lambda n: n / 10), min_size=1, max_size=8), tenths)
def test_the_word_of_strength_is_that_of_the_number_beside_it(points: list[float], remainder: float):
    reasons = replace(reasons_of(30.4, points, remainder), strengths=((8.0, "a lot"), (4.0, "some"), (0.0, "a little")))
    for item, number in told(reasons).rows:
        assert item.strength == ("a lot" if abs(number) >= 8 else "some" if abs(number) >= 4 else "a little")


def test_where_no_fact_comes_to_one_in_100_all_are_told():
    assert len(told(reasons_of(1.0, [0.2, -0.1], 0.0)).rows) == 2


def test_points_have_their_sign_and_a_true_minus():
    assert (signed(12), signed(-3), signed(0)) == ("+12", "\u22123", "0")


def test_a_figure_is_rounded_as_reasons_round_it():
    assert shown_in_100(0.2854) == 28
    assert shown_in_100(0.2856) == 29
