"""Tests of the minimum sample size: the published example, and what is said about it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecast.evaluation.sample_size import (
    cox_snell,
    needed,
    sample_size,
    sample_size_section,
    sample_size_sentence,
)


def test_the_published_example_of_chagas_disease_is_met():
    """Riley et al. 2019, section 5.1: 24 parameters, share .174, R² .288; their abstract says 4.8 events each."""
    found = needed(24, 0.174, 0.288)
    assert (found.shrinkage, found.optimism, found.precision) == (623, 662, 221)
    assert found.cases == 662
    assert found.cases * 0.174 / 24 == pytest.approx(4.8, abs=0.01)


@pytest.mark.parametrize("r2", [0.0, -0.02, 0.9])
def test_no_number_of_cases_is_enough_for_a_forecast_that_explains_nothing_or_too_much(r2: float):
    assert needed(10, 0.3, r2).cases is None


def test_cox_snell_is_nothing_for_the_base_rate_and_most_for_the_truth():
    happened = np.arange(100) % 4 == 0
    assert cox_snell(happened, np.full(100, 0.25)) == pytest.approx(0, abs=1e-12)
    most = 1 - math.exp(2 * (0.25 * math.log(0.25) + 0.75 * math.log(0.75)))
    assert cox_snell(happened, happened.astype(float)) == pytest.approx(most, abs=1e-9)
    assert cox_snell(happened, np.where(happened, 0.1, 0.6)) < 0


def forecasts(cases: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    p = rng.beta(1, 2, cases)
    return rng.random(cases) < p, p


def test_what_there_is_stands_beside_what_is_needed():
    happened, p = forecasts(20_000)
    found = sample_size(parameters=50, happened=happened, probability=p, people=9_000)
    assert (found.cases, found.people, found.events) == (20_000, 9_000, int(happened.sum()))
    assert found.enough
    sentence = sample_size_sentence(found, "arrested again within 2 years")
    assert f"at least {found.needed.cases:,} cases are needed" in sentence
    assert "That is enough" in sentence


def test_people_are_counted_once_when_it_is_said_to_be_enough():
    happened, p = forecasts(20_000)
    found = sample_size(parameters=50, happened=happened, probability=p, people=100)
    assert not found.enough
    assert "too few" in sample_size_sentence(found, "arrested again")


def test_a_forecast_that_explains_nothing_is_said_to_be_so():
    happened, _ = forecasts(500)
    found = sample_size(parameters=5, happened=happened, probability=np.full(500, 0.9), people=500)
    assert not found.enough
    assert "no number of cases would do" in sample_size_sentence(found, "arrested again")
    assert "no number" in sample_size_section({"arrested again": found}).html


def test_the_section_shows_all_three_criteria():
    happened, p = forecasts(5_000)
    found = sample_size(parameters=30, happened=happened, probability=p, people=5_000)
    html = str(sample_size_section({"arrested again": found}).html)
    for asked in (found.needed.shrinkage, found.needed.optimism, found.needed.precision):
        assert f">{asked:,}<" in html
