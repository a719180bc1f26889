from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pytest

from forecast.settings import Settings
from forecast.studies.learning import learning_curve, write_learning
from forecast.synthetic.table import write_table
from forecast.training.material import Material, prepare
from tests.helpers import small_experiment


def test_more_people_are_fitted_on_and_all_sizes_are_tested_alike(material: Material, settings: Settings) -> None:
    keys = material.cases.keys.assign(as_of=np.datetime64("NaT"))
    undated = dataclasses.replace(material, cases=dataclasses.replace(material.cases, keys=keys))
    curve = learning_curve(undated, settings)
    assert [size.cases for size in curve.sizes] == sorted(size.cases for size in curve.sizes)
    assert curve.sizes[-1].cases == len(material.repeats[0][-1].train)
    assert curve.tested == len(material.repeats[0][-1].test)
    assert not curve.sizes[-1].less_largest["any"]
    assert curve.sizes[0].less_largest["any"]["brier"].value is not None


def test_in_time_each_size_is_the_last_months_before_the_test(settings: Settings, tmp_path: Path) -> None:
    write_table(tmp_path / "cases.csv", people=4_000, seed=3)
    experiment = small_experiment(tmp_path / "cases.csv", split="time", test_from=datetime.date(2014, 10, 1))
    material = prepare(experiment, settings)
    curve = learning_curve(material, settings)
    assert next(size.label for size in curve.sizes) == "last 6 months"
    assert curve.sizes[-1].label.startswith("all")
    write_learning(curve, material, settings, tmp_path / "curve.html")
    page = (tmp_path / "curve.html").read_text("utf-8")
    assert "Learning curve" in page
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(("months", "said"), [(6, "6 months"), (12, "year"), (24, "2 years"), (18, "18 months")])
def test_lengths_of_history_are_said_plainly(months: int, said: str) -> None:
    from forecast.studies.learning import _said

    assert _said(months) == said
