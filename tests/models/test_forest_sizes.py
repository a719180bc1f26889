"""Tests of finding sizes for a signed ratio of errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.models.forest_fit import ForestOptions
from forecast.models.forest_sizes import LOW_TOLERANCE, TunedSizes, tune_sizes
from forecast.problems import Problem
from tests.models.test_forest import cases, described, fitted

OPTIONS = ForestOptions(cases_a_leaf=10)


def tuned(data: tuple[pd.DataFrame, Any, Any], target: float, **how: Any) -> TunedSizes:
    frame, happened, persons = data
    chosen: dict[str, Any] = {"options": OPTIONS, "trees": 24, "tolerance": 0.1, "seed": 1, "threads": 2}
    return tune_sizes(described(frame), frame, happened, persons, target_ratio=target, **(chosen | how))


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, Any, Any]:
    return cases(900, 3, a_person=2)


@pytest.mark.parametrize("target", [1.0, 4.0])
def test_the_sizes_found_meet_the_target(data: tuple[pd.DataFrame, Any, Any], target: float):
    found = tuned(data, target)
    assert found.ratio == pytest.approx(target, rel=0.1)
    assert found.sizes in [t.sizes for t in found.tries]


def test_where_it_can_be_had_the_wanted_share_of_low_forecasts_is_kept(data: tuple[pd.DataFrame, Any, Any]):
    few, many = (tuned(data, 2.0, low_share=share).low_share for share in (0.35, 0.5))
    assert few == pytest.approx(0.35, abs=2 * LOW_TOLERANCE)
    assert many == pytest.approx(0.5, abs=2 * LOW_TOLERANCE)


def test_a_forest_with_the_sizes_found_has_that_ratio(data: tuple[pd.DataFrame, Any, Any]):
    found = tuned(data, 2.0)
    fit = fitted(data, ForestOptions(trees=24, cases_a_leaf=10, sizes=found.sizes))
    forecast, reached = fit.classes(by_person=True), data[1].sum(axis=1)
    assert (forecast > reached).sum() / (forecast < reached).sum() == pytest.approx(found.ratio, rel=0.02)


def test_no_class_is_drawn_more_often_than_it_has_cases(data: tuple[pd.DataFrame, Any, Any]):
    counts = np.bincount(data[1].sum(axis=1))
    for each in tuned(data, 3.0).tries:
        assert (np.array(each.sizes) <= counts).all()
        assert (np.array(each.sizes) == counts).any()


def test_two_classes_have_one_size_to_find(data: tuple[pd.DataFrame, Any, Any]):
    frame, happened, persons = data
    found = tuned((frame, happened[:, :1], persons), 2.0)
    assert len(found.sizes) == 2
    assert found.ratio == pytest.approx(2.0, rel=0.1)


def test_a_higher_target_draws_less_of_the_lower_class(data: tuple[pd.DataFrame, Any, Any]):
    frame, happened, persons = data
    bold, careful = (tuned((frame, happened[:, :1], persons), target).sizes for target in (1.0, 3.0))
    assert careful[0] / careful[1] < bold[0] / bold[1]


def test_the_same_data_and_seed_take_the_same_path_with_any_number_of_threads(data: tuple[pd.DataFrame, Any, Any]):
    assert tuned(data, 2.0, threads=1, most_tries=4, tolerance=5.0) == tuned(
        data, 2.0, threads=3, most_tries=4, tolerance=5.0
    )


def test_a_target_that_no_sizes_meet_names_the_nearest_ratio(data: tuple[pd.DataFrame, Any, Any]):
    frame, happened, persons = data
    with pytest.raises(Problem, match="the nearest was") as caught:
        tuned((frame, happened[:, :1], persons), 1e6, most_tries=5)
    assert caught.value.code == "forest-ratio"


def test_a_class_without_a_case_is_refused_before_any_search(data: tuple[pd.DataFrame, Any, Any]):
    frame, happened, persons = data
    with pytest.raises(Problem) as caught:
        tuned((frame, np.column_stack([happened[:, 1], happened[:, 1]]), persons), 2.0)
    assert caught.value.code == "forest-class"
