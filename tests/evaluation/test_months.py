"""Tests of the run of months."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from forecast.evaluation.months import Part, by_part, periods, trend_words
from forecast.progress import SILENT
from forecast.settings import Settings

SETTINGS = Settings(small_group_cases=40, small_group_events=5)


def parts_of(labels: np.ndarray, y: np.ndarray, p: np.ndarray) -> dict[str, Part]:
    people = np.arange(len(y)) // 2
    found = by_part(labels, y, p, people, settings=SETTINGS, replicates=60, seed=1, progress=SILENT)
    return {part.value: part for part in found}


def test_a_year_is_cut_into_months_and_a_decade_into_quarters() -> None:
    year = periods(pd.date_range("2013-01-01", "2013-12-31"))
    assert year is not None
    assert year.nunique() == 12
    assert year.iloc[0] == "2013-01"
    decade = periods(pd.date_range("2004-01-01", "2013-12-31", freq="MS"))
    assert decade is not None
    assert decade.nunique() == 40
    assert decade.iloc[-1] == "2013-Q4"


def test_cases_without_a_date_have_no_months() -> None:
    assert periods([None, None]) is None


def test_a_drift_shows_in_the_months_after_it() -> None:
    numbers = np.random.default_rng(2)
    labels = np.repeat(["2013-01", "2013-02"], 1_500)
    p = numbers.uniform(0.2, 0.6, 3_000)
    y = numbers.random(3_000) < p + 0.2 * (labels == "2013-02")
    found = parts_of(labels, y, p)
    late = found["2013-02"].figures["observed_minus_forecast"]
    assert late.low is not None
    assert late.low > 0.1
    early = labels == "2013-01"
    assert found["2013-01"].figures["auc"].value == pytest.approx(roc_auc_score(y[early], p[early]))
    assert found["2013-01"].figures["brier"].value == pytest.approx(((p - y)[early] ** 2).mean())
    assert "too low in 1" in trend_words(list(found.values()))


def test_a_month_with_too_few_cases_is_closed() -> None:
    numbers = np.random.default_rng(3)
    labels = np.array(["2013-01"] * 200 + ["2013-02"] * 20)
    p = numbers.random(220)
    found = parts_of(labels, numbers.random(220) < p, p)
    assert found["2013-01"].judged
    assert not found["2013-02"].judged
    assert found["2013-02"].figures == {}
    assert found["2013-02"].cases == 20
    assert "No part" in trend_words([found["2013-02"]])
