"""Tests of the evaluation of one level as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from forecast.evaluation.bootstrap import SAME_FOR_ALL, TOO_FEW
from forecast.evaluation.metrics import METRICS
from forecast.evaluation.results import NOT_A_PROBABILITY, LevelEvaluation
from forecast.files import to_json
from forecast.problems import Problem
from forecast.settings import Settings
from tests.evaluation.measuring import measure


def test_every_metric_of_every_model_is_the_plain_one_with_an_interval(
    evaluation: LevelEvaluation, data: dict[str, Any]
) -> None:
    for name, p in data["models"].items():
        plain = measure(data["y"], p, np.ones(len(p)))
        for metric in METRICS:
            figure = evaluation.models[name][metric]
            if np.isnan(plain[metric][0]):
                assert (figure.value, figure.note) == (None, "not defined for these cases")
            else:
                assert figure.value == pytest.approx(plain[metric][0])
                assert figure.low is not None
                assert figure.high is not None
                assert figure.low <= figure.high


def test_counts_are_of_cases_people_and_events(evaluation: LevelEvaluation, data: dict[str, Any]) -> None:
    assert evaluation.cases == len(data["y"])
    assert evaluation.people == len(set(data["persons"]))
    assert evaluation.events == data["y"].sum()
    assert evaluation.base_rate.value == pytest.approx(data["y"].mean())
    assert (evaluation.replicates, evaluation.seed) == (80, 7)


def test_a_difference_is_the_chosen_less_the_other_and_narrower_than_unpaired(evaluation: LevelEvaluation) -> None:
    assert set(evaluation.differences) == {"linear", "base rate"}
    chosen, other = evaluation.models["boosted"]["brier"], evaluation.models["linear"]["brier"]
    paired = evaluation.differences["linear"]["brier"]
    assert paired.value == pytest.approx((chosen.value or 0) - (other.value or 0))
    assert paired.high is not None
    assert paired.high < 0
    assert paired.high - (paired.low or 0) < (other.high or 0) - (other.low or 0) + (chosen.high or 0) - (
        chosen.low or 0
    )


def test_a_score_is_compared_on_the_cases_that_have_one(evaluation: LevelEvaluation, data: dict[str, Any]) -> None:
    decile = data["scores"]["decile"]
    rows = ~np.isnan(decile)
    score = evaluation.scores["decile"]
    assert score.cases == rows.sum()
    ours = measure(data["y"][rows], data["models"]["boosted"][rows], np.ones(rows.sum()))["auc"][0]
    assert score.chosen_auc.value == pytest.approx(ours)
    assert score.difference.value == pytest.approx(ours - (score.auc.value or 0))
    assert score.note == NOT_A_PROBABILITY


def test_the_forecast_is_cut_to_flag_as_many_as_the_score(evaluation: LevelEvaluation, data: dict[str, Any]) -> None:
    theirs, ours = evaluation.scores["decile"].confusion, evaluation.scores["decile"].chosen_confusion
    assert theirs is not None
    assert ours is not None
    flagged = theirs.counts["true_positives"] + theirs.counts["false_positives"]
    assert flagged == (data["scores"]["decile"] >= 7).sum()
    assert ours.counts["true_positives"] + ours.counts["false_positives"] == flagged


def test_a_score_without_a_cut_has_no_confusion_and_no_groups(evaluate: Callable[..., LevelEvaluation]) -> None:
    found = evaluate(score_cuts=None).scores["decile"]
    assert found.confusion is None
    assert found.groups == {}


@pytest.mark.parametrize("side", ["score", "forecast"])
def test_a_score_and_the_forecast_are_measured_on_the_cases_of_a_group_that_have_the_score(
    evaluation: LevelEvaluation, data: dict[str, Any], side: str
) -> None:
    score, decile = evaluation.scores["decile"], data["scores"]["decile"]
    rows = (data["groups"]["sex"] == "Female").to_numpy() & ~np.isnan(decile)
    [group] = [g for g in score.groups["sex"] if g.value == "Female"]
    assert (group.cases, group.events) == (rows.sum(), data["y"][rows].sum())
    values, auc, confusion, whole = (
        (decile, group.auc, group.confusion, score.confusion)
        if side == "score"
        else (data["models"]["boosted"], group.chosen_auc, group.chosen_confusion, score.chosen_confusion)
    )
    assert auc is not None
    assert confusion is not None
    assert whole is not None
    assert confusion.cutoff == whole.cutoff
    y, flagged = data["y"][rows], values[rows] >= whole.cutoff
    assert auc.value == pytest.approx(roc_auc_score(y, values[rows]))
    assert confusion.rates["flagged"].value == pytest.approx(flagged.mean())
    assert confusion.rates["false_negative_rate"].value == pytest.approx((~flagged)[y].mean())
    assert confusion.rates["false_positive_rate"].value == pytest.approx(flagged[~y].mean())
    for figure in (auc, *confusion.rates.values()):
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low <= (figure.value or 0) <= figure.high


def test_a_group_with_too_few_scored_cases_is_marked_though_it_is_large(
    evaluate: Callable[..., LevelEvaluation], data: dict[str, Any]
) -> None:
    women = np.flatnonzero(data["groups"]["sex"] == "Female")
    decile = data["scores"]["decile"].copy()
    decile[women[5:]] = np.nan
    found = evaluate(scores={"decile": decile})
    assert all(group.judged for group in found.groups["sex"])
    female, male = found.scores["decile"].groups["sex"]
    assert (female.judged, female.note, female.auc, female.confusion) == (False, TOO_FEW, None, None)
    assert female.cases == (~np.isnan(decile[women])).sum()
    assert male.judged


def test_a_forecast_that_is_the_same_for_all_has_no_ranking_in_groups_and_beside_scores(
    evaluate: Callable[..., LevelEvaluation],
) -> None:
    found = evaluate(chosen="base rate", constant=["base rate"])
    [group, *_], score = found.groups["sex"], found.scores["decile"]
    for figure in (
        found.models["base rate"]["auc"],
        group.metrics["auc"],
        group.metrics["calibration_slope"],
        found.mean_of_groups("auc", "sex"),
        score.chosen_auc,
        score.difference,
        score.groups["sex"][0].chosen_auc,
    ):
        assert figure is not None
        assert (figure.value, figure.note) == (None, SAME_FOR_ALL)
    assert score.auc.value is not None
    assert group.metrics["brier"].value is not None


def test_a_score_that_nobody_has_gives_figures_that_say_so(
    evaluate: Callable[..., LevelEvaluation], data: dict[str, Any]
) -> None:
    found = evaluate(scores={"decile": np.full(len(data["y"]), np.nan)}).scores["decile"]
    assert found.cases == 0
    assert found.auc.value is None


def test_the_result_turns_into_plain_json(evaluation: LevelEvaluation) -> None:
    found = json.loads(to_json(evaluation.to_dict()))
    assert found["models"]["boosted"]["auc"]["low"] == evaluation.models["boosted"]["auc"].low
    assert found["models"]["base rate"]["calibration_slope"]["value"] is None
    assert found["confusions"][0]["name"] == "HIGH"
    assert set(found["groups"]["sex"][0]["metrics"]) >= {"brier_skill", "log_loss", "calibration_slope"}
    beside = found["scores"]["decile"]["groups"]["sex"][0]
    assert beside["confusion"]["rates"]["false_positive_rate"]["low"] is not None


def test_the_same_seed_gives_the_same_result_and_another_seed_other_intervals(
    evaluation: LevelEvaluation, evaluate: Callable[..., LevelEvaluation]
) -> None:
    assert evaluate().to_dict() == evaluation.to_dict()
    other = evaluate(seed=8)
    assert other.models["boosted"]["auc"].value == evaluation.models["boosted"]["auc"].value
    assert other.models["boosted"]["auc"].low != evaluation.models["boosted"]["auc"].low


def test_a_cut_off_above_every_forecast_flags_nobody(evaluate: Callable[..., LevelEvaluation]) -> None:
    [confusion] = evaluate(cutoffs=[1.0]).confusions
    assert confusion.rates["flagged"].value == 0
    assert confusion.rates["precision"].value is None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("happened", [True, False])
def test_an_outcome_that_always_or_never_happened_is_no_fault(
    evaluate: Callable[..., LevelEvaluation], data: dict[str, Any], happened: bool
) -> None:
    found = evaluate(y=np.full(len(data["y"]), happened))
    assert found.models["boosted"]["auc"].value is None
    assert found.models["boosted"]["brier"].value is not None
    assert not any(group.judged for group in found.groups["sex"])
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.filterwarnings("error")
def test_no_case_at_all_is_no_fault(evaluate: Callable[..., LevelEvaluation]) -> None:
    empty = np.array([])
    found = evaluate(
        y=empty, models={"boosted": empty}, persons=empty, groups=pd.DataFrame({"sex": []}), scores={}, score_cuts=None
    )
    assert (found.cases, found.reliability, found.curves) == (0, (), {"boosted": ()})
    assert found.base_rate.value is None


def test_a_chosen_model_that_is_not_there_is_named(evaluate: Callable[..., LevelEvaluation]) -> None:
    with pytest.raises(Problem, match="There is no model called 'boosting'") as found:
        evaluate(chosen="boosting")
    assert "linear" in found.value.next_step


@pytest.mark.parametrize("bad", [1.2, -0.1, np.nan])
def test_what_is_no_probability_is_refused(
    evaluate: Callable[..., LevelEvaluation], data: dict[str, Any], bad: float
) -> None:
    with pytest.raises(ValueError, match="'boosted' are not all probabilities"):
        evaluate(models={"boosted": np.full(len(data["y"]), bad)})


def test_different_lengths_are_refused(evaluate: Callable[..., LevelEvaluation], data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="differ in length"):
        evaluate(y=data["y"][1:])


def test_progress_counts_every_resample(evaluate: Callable[..., LevelEvaluation]) -> None:
    class Counted:
        total: int | None = None
        done = 0

        def begin(self, label: str, total: int | None = None) -> None:
            self.total = total

        def advance(self, units: int = 1) -> None:
            self.done += units

    counted = Counted()
    evaluate(progress=counted, settings=Settings(bootstrap_replicates=55))
    assert counted.done == counted.total == 55
