"""Tests of turning results into plain values."""

from __future__ import annotations

import pytest

from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.results import LevelEvaluation, plain


def test_dataclasses_tuples_and_nan_become_what_json_knows() -> None:
    found = plain({"a": (Estimate(1.0, float("nan"), None, "why"),), 2: float("inf")})
    assert found == {"a": [{"value": 1.0, "low": None, "high": None, "note": "why"}], "2": None}


def test_a_mean_that_was_not_measured_is_a_key_error(evaluation: LevelEvaluation) -> None:
    with pytest.raises(KeyError):
        evaluation.mean_of_groups("brier", "religion")
