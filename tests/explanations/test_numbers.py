"""Tests of numbers in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.explanations.numbers import rounded, share, span
from forecast.explanations.texts import load_texts

ENGLISH = load_texts()


@pytest.mark.parametrize(
    ("years", "said"),
    [
        (0.0, "under a month"),
        (0.083, "under a month"),
        (0.0834, "1 month"),
        (0.5, "6 months"),
        (0.9999, "11 months"),
        (1.0, "1 year"),
        (1.04, "1 year"),
        (1.06, "1.1 years"),
        (2.0, "2 years"),
        (20.0, "20 years"),
    ],
)
def test_a_time_is_said_in_months_below_a_year(years: float, said: str) -> None:
    assert span(years, ENGLISH) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (-0.001, "0"), (10.0, "10"), (100.0, "100"), (1.5, "1.5"), (-1.25, "-1.25")]
)
def test_a_number_has_no_useless_nought(value: float, said: str) -> None:
    assert rounded(value, 2, ENGLISH) == said


@given(st.floats(0, 1))
def test_a_share_says_none_or_all_only_where_it_is_so(value: float) -> None:
    said = share(value, ENGLISH)
    assert said.endswith(" in 100")
    assert (said == "0 in 100") == (value == 0)
    assert (said == "100 in 100") == (value == 1)
