"""Tests of calibration within groups: the same figures as on the group's cases alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.evaluation import metrics
from forecast.evaluation.groups import find_groups
from forecast.evaluation.smooth import Smoother
from forecast.evaluation.within import calibration_within
from forecast.progress import SILENT
from forecast.settings import Settings


def test_a_group_has_the_figures_of_its_own_cases_and_one_too_small_has_none() -> None:
    numbers = np.random.default_rng(4)
    kind = np.array(["a"] * 900 + ["b"] * 500 + ["rare"] * 30)
    p = numbers.uniform(0.1, 0.9, len(kind))
    y = numbers.random(len(kind)) < np.where(kind == "b", p**2, p)
    people = np.arange(len(kind)) // 2
    groups = find_groups(pd.DataFrame({"kind": kind}), y, people, Settings())
    found = calibration_within(groups, y, p, people, replicates=60, seed=1, progress=SILENT)
    assert [group.value for group in found] == ["a", "b"]
    for group in found:
        rows = np.flatnonzero(kind == group.value)
        t = metrics.tally(metrics.presort(y, p, rows), np.ones(len(kind)))
        assert group.figures["calibration_slope"].value == pytest.approx(metrics.slope(t)[0], abs=1e-5)
        assert group.figures["calibration_intercept"].value == pytest.approx(metrics.intercept(t)[0], abs=1e-5)
        assert group.figures["expected_observed"].value == pytest.approx(metrics.expected_observed(t)[0])
        alone = Smoother(p[rows], y[rows]).measure(np.ones((1, len(rows))))
        assert group.smooth.indices["ici"].value == pytest.approx(alone["ici"][0])
        assert sum(b.cases for b in group.bins) == group.cases == len(rows)
    off = found[1].figures["expected_observed"]
    assert off.low is not None
    assert off.low > 1.2
