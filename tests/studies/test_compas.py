from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.settings import Settings
from forecast.studies.compas import COMPAS, MEASURES, PUBLISHED, beside_published, measures
from forecast.tables.library import load
from tests.studies.conftest import made_up


def test_errors_are_counted_within_each_ethnicity() -> None:
    happened = np.array([True, True, False, False, True, False])
    flagged = np.array([True, False, True, False, True, False])
    race = np.array(["African-American"] * 4 + ["Caucasian"] * 2)
    found = dict(zip(MEASURES, measures(happened, flagged, race), strict=True))
    assert found["accuracy"] == pytest.approx(100 * 4 / 6)
    assert (found["FPR black"], found["FNR black"]) == (50.0, 50.0)
    assert (found["FPR white"], found["FNR white"], found["accuracy white"]) == (0.0, 0.0, 100.0)


def test_published_figures_lie_within_their_intervals() -> None:
    for figures in PUBLISHED.values():
        assert len(figures) == len(MEASURES)
        assert all(low <= value <= high for value, low, high in figures)


@pytest.mark.usefixtures("small_research")
def test_ours_are_measured_on_every_fold_of_every_draw(tmp_path: Path) -> None:
    description, rows = load("compas:general"), 600
    table = pd.DataFrame(made_up(description, rows, 2))
    rng = np.random.default_rng(3)
    table[description.keys.case] = np.arange(rows)
    table["age"] = rng.integers(19, 60, rows)
    table["race"] = rng.choice(["African-American", "Caucasian", "Other"], rows)
    table[description.keys.as_of] = "2013-06-01"
    table["decile_score"] = rng.integers(1, 11, rows)
    table["two_year_recid"] = (rng.random(rows) < 0.1 + 0.05 * table["decile_score"]).astype(int)
    table.to_csv(tmp_path / "compas.csv", index=False)
    found = beside_published(Settings(threads=1), file=tmp_path / "compas.csv", repeats=2)
    assert (found.cases, found.splits) == (rows, 10)
    decile = dict(zip(MEASURES, found.ours[COMPAS], strict=True))
    right = (table["decile_score"] >= 5) == (table["two_year_recid"] == 1)
    assert decile["accuracy"][0] == pytest.approx(100 * right.mean(), abs=1e-6)
    assert decile["accuracy"][1] <= decile["accuracy"][0] <= decile["accuracy"][2]
