"""Tests of the points that are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forecast.evaluation.curves import POINTS, histogram, roc_points


def test_roc_points_run_from_corner_to_corner_and_hold_the_area(data: dict[str, Any]) -> None:
    points = roc_points(data["y"], data["models"]["boosted"])
    assert (points[0], points[-1], len(points)) == ((0, 0), (1, 1), POINTS)
    x, v = np.array(points).T
    assert np.trapezoid(v, x) == pytest.approx(roc_auc_score(data["y"], data["models"]["boosted"]), abs=2e-3)


def test_a_constant_forecast_is_the_diagonal_and_one_class_no_curve() -> None:
    assert roc_points(np.array([True, False]), np.array([0.4, 0.4])) == ((0, 0), (1, 1))
    assert roc_points(np.array([True, True]), np.array([0.4, 0.5])) == ()


def test_the_histogram_holds_every_case_the_ends_included() -> None:
    found = histogram(np.array([True, True, False]), np.array([0.0, 1.0, 0.5]))
    assert (found.with_outcome[0], found.with_outcome[-1]) == (1, 1)
    assert sum(found.without_outcome) == 1
