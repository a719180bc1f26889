"""Tests of what an evaluation and its report are given."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecast.models.bands import CutOffs
from forecast.settings import Settings
from forecast.tables.description import Benchmark
from forecast.training import assess
from forecast.training.assess import evaluate_levels, metrics_of, report_context
from forecast.training.material import Material


@pytest.fixture(scope="module")
def tested(material: Material) -> assess.Tested:
    rng = np.random.default_rng(1)
    p = np.sort(rng.random((len(material.cases), 2)), axis=1)[:, ::-1]
    score = pd.DataFrame({"decile": rng.integers(1, 11, len(p)).astype(float)})
    cases = dataclasses.replace(material.cases, benchmarks=score)
    return assess.Tested(cases, {"boosting": p, "base-rate": np.full_like(p, 0.3)}, "boosting", CutOffs((0.4, 0.2)))


def test_each_level_is_evaluated_on_its_own_outcome_forecasts_and_cut_off(
    tested: assess.Tested, material: Material, settings: Settings
):
    evaluations = evaluate_levels(tested, material.description, settings, 1)
    for k, e in enumerate(evaluations):
        happened = tested.cases.outcomes[e.level].to_numpy()
        assert e.events == happened.sum()
        brier = np.mean((tested.probability["boosting"][:, k] - happened) ** 2)
        assert e.models["boosting"]["brier"].value == pytest.approx(brier)
        assert [c.cutoff for c in e.confusions] == [tested.cutoffs.values[k]]
        assert set(e.groups) == {"sex", "age band", "ethnicity"}
    figures = metrics_of(evaluations)
    assert list(figures) == ["any", "serious"]
    assert len(figures["any"]["boosting"]["auc"]) == 3


def test_another_instruments_score_stands_beside_the_level_it_speaks_about(
    tested: assess.Tested, material: Material, settings: Settings
):
    decile = Benchmark("decile", "Decile score", "serious", cut=7.0)
    description = dataclasses.replace(material.description, benchmarks=(decile,))
    lower, serious = evaluate_levels(tested, description, settings, 1)
    assert lower.scores == {}
    assert list(serious.scores) == ["Decile score"]
    assert serious.scores["Decile score"].confusion is not None


def test_the_report_is_told_costs_exceptions_cautions_and_flow(tested: assess.Tested, material: Material):
    features = tuple(
        dataclasses.replace(f, caution="measured late") if f.name in ("priors", "breaches") else f
        for f in material.description.features
    )
    description = dataclasses.replace(material.description, features=features)
    context = report_context(
        tested, description, [], title="T", split="S", importance={"any": [("priors", 0.5)]}, technical={}
    )
    assert context.costs["matrix"] == tested.cutoffs.cost_matrix()
    assert context.costs["bands"] == ["LOW", "MODERATE", "HIGH"]
    assert context.exceptions[0][0] == ("age", "sex")
    assert context.importance == {"any": [("earlier arrests on record", 0.5)]}
    assert context.flow[-1] == ("tested", len(tested.cases))
    assert context.cautions[-1] == "earlier arrests on record, breaches of an order on record: measured late."
