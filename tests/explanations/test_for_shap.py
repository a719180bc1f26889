"""Tests of the way to shap's own plots."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.explanations.for_shap import CAP, shap_explanation
from forecast.models.bundle import ModelBundle
from forecast.models.calibration import Calibration, sigmoid
from forecast.problems import Problem


@pytest.fixture
def plots() -> Iterator[Any]:
    """Return shap's plots, drawing to nowhere, and matplotlib's pyplot; close what they opened."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    import shap

    yield shap.plots
    plt.close("all")


def test_values_and_base_are_those_of_the_contributions(bundle: ModelBundle, features: pd.DataFrame):
    contributions = bundle.forecaster.contributions(features, 0)
    made = shap_explanation(contributions, features)
    np.testing.assert_array_equal(made.values, contributions.values)
    np.testing.assert_array_equal(made.base_values, np.full(len(features), contributions.base))
    assert made.feature_names == list(contributions.features)
    np.testing.assert_array_equal(made.data[:, made.feature_names.index("age")], features["age"])
    assert [str(value) for value in made.display_data[3]] == [str(features[n][3]) for n in contributions.features]


def test_points_add_up_to_the_shown_figure_with_a_column_of_the_cap(bundle: ModelBundle, features: pd.DataFrame):
    capping = dataclasses.replace(bundle.forecaster, calibration=Calibration((0.5, 1.5), (-1.5, 2.5)))
    contributions = capping.contributions(features, 1)
    made = shap_explanation(contributions, features, points=True)
    assert made.feature_names[-1] == CAP
    assert (made.values[:, -1] < 0).any()
    shown = 100 * sigmoid(contributions.log_odds)
    np.testing.assert_allclose(made.base_values + made.values.sum(axis=1), shown, rtol=0, atol=1e-9)


def test_a_category_counts_as_a_number_and_a_missing_one_as_missing(bundle: ModelBundle, features: pd.DataFrame):
    name = next(n for n in bundle.forecaster.model.features if features[n].dtype.kind not in "fi")
    holed = features.copy()
    holed.loc[0, name] = None
    made = shap_explanation(bundle.forecaster.contributions(holed, 0), holed)
    column = made.data[:, made.feature_names.index(name)]
    assert np.isnan(column[0])
    values = sorted(holed[name].dropna().unique())
    assert [values[int(code)] for code in column[1:]] == holed[name].iloc[1:].tolist()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("points", [False, True], ids=["log-odds", "points"])
def test_shap_draws_it(bundle: ModelBundle, features: pd.DataFrame, plots: Any, points: bool):
    import matplotlib.pyplot as plt

    made = shap_explanation(bundle.forecaster.contributions(features, 0), features, points=points)
    for draw, what in (
        (plots.beeswarm, made),
        (plots.bar, made),
        (plots.waterfall, made[0]),
        (plots.scatter, made[:, "age"]),
    ):
        plt.figure()
        draw(what, show=False)
        drawn = plt.gcf()
        assert any(axes.has_data() for axes in drawn.axes), draw.__name__
        drawn.canvas.draw()


@pytest.mark.filterwarnings("ignore")
def test_the_example_of_the_docs_draws(
    bundle: ModelBundle, table_file: Path, plots: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import matplotlib.pyplot as plt

    page = (Path(__file__).parents[2] / "docs" / "explanations.md").read_text("utf-8")
    [block] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shutil.copytree(bundle.folder, tmp_path / "bundle")
    shutil.copy(table_file, tmp_path / "cases.csv")
    monkeypatch.chdir(tmp_path)
    drawn: list[str] = []
    monkeypatch.setattr(plt, "show", lambda: drawn.append(type(plt.gcf()).__name__))
    known: dict[str, Any] = {}
    exec(block, known)
    assert len(drawn) == 2
    made = known["explanation"]
    shown = 100 * sigmoid(known["contributions"].log_odds)
    np.testing.assert_allclose(made.base_values + made.values.sum(axis=1), shown, rtol=0, atol=1e-9)


def test_without_shap_the_problem_names_the_extra(
    bundle: ModelBundle, features: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    contributions = bundle.forecaster.contributions(features, 0)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Problem, match=r"(?s)shap.*\[dev\]"):
        shap_explanation(contributions, features)
