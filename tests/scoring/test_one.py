"""Tests of the explanation of one case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.scoring.one import explain_case
from forecast.settings import Settings


@pytest.fixture
def path(table: pd.DataFrame, tmp_path: Path) -> Path:
    table.loc[4, "age"] = "15"
    table.loc[5, "priors"] = ""
    table.to_csv(tmp_path / "some.csv", index=False)
    return tmp_path / "some.csv"


@pytest.mark.parametrize("row", [0, 5, 119])
def test_a_case_is_explained_as_it_is_scored(
    bundle: ModelBundle, settings: Settings, path: Path, scored: Callable[..., Any], row: int
):
    case_id = pd.read_csv(path)["case_id"].iloc[row]
    one = explain_case(bundle, path, case_id, settings)
    scores = scored(path).scores.set_index("case_id").loc[case_id]
    assert (one.case_id, one.band) == (case_id, scores["band"])
    for level in ("any", "serious"):
        assert one.probability[level] == pytest.approx(scores[f"p_{level}"], rel=1e-12)
        reasons = one.reasons[level]
        assert (reasons.start, reasons.remainder) == (scores[f"start_{level}"], scores[f"remainder_{level}"])
        assert [r.fact for r in reasons.items] == [r["fact"] for r in scores[f"reasons_{level}"]]
        assert [r.points for r in reasons.items] == [r["points"] for r in scores[f"reasons_{level}"]]
        assert reasons.shown == pytest.approx(100 * one.probability[level], abs=0.05 + 1e-6)


def problem_of(bundle: ModelBundle, path: Path, case_id: str, settings: Settings) -> Problem:
    with pytest.raises(Problem) as found:
        explain_case(bundle, path, case_id, settings)
    return found.value


def test_an_id_that_is_not_there_is_named_with_the_key(bundle: ModelBundle, path: Path, settings: Settings):
    problem = problem_of(bundle, path, "C9", settings)
    assert problem.code == "case-unknown"
    assert "case_id = C9" in problem.sentence


def test_a_refused_case_says_why(bundle: ModelBundle, path: Path, settings: Settings):
    case_id = pd.read_csv(path)["case_id"].iloc[4]
    problem = problem_of(bundle, path, case_id, settings)
    assert problem.code == "case-refused"
    assert "under 18" in problem.sentence
    assert "row 5" in problem.sentence
    assert "row-under-18" in problem.sentence


def test_a_case_whose_category_training_never_saw_is_refused_like_in_scoring(
    bundle: ModelBundle, path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    import numpy as np

    from forecast.models.boosting import Boosting

    ids = pd.read_csv(path)["case_id"]
    monkeypatch.setattr(Boosting, "unknown", lambda self, frame: {"offence_group": np.arange(len(frame)) == 0})
    problem = problem_of(bundle, path, ids.iloc[0], settings)
    assert problem.facts["row_code"] == "row-unknown-category"
    assert explain_case(bundle, path, ids.iloc[1], settings).note == ""


def test_a_category_that_counts_as_other_is_noted(
    bundle: ModelBundle, path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    import dataclasses

    import numpy as np

    from forecast.models.boosting import Boosting

    features = tuple(dataclasses.replace(f, unknown="other") for f in bundle.description.features)
    lenient = dataclasses.replace(bundle, description=dataclasses.replace(bundle.description, features=features))
    monkeypatch.setattr(Boosting, "unknown", lambda self, frame: {"sex": np.ones(len(frame), dtype=bool)})
    assert (
        explain_case(lenient, path, pd.read_csv(path)["case_id"].iloc[0], settings).note == "not seen in training: sex"
    )
