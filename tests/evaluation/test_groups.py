"""Tests of the evaluation by protected group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.evaluation.bootstrap import TOO_FEW
from forecast.evaluation.groups import NOT_RECORDED, find_groups, mean_over_groups
from forecast.evaluation.results import LevelEvaluation
from forecast.settings import Settings
from tests.evaluation.measuring import measure


def _by_value(evaluation: LevelEvaluation, attribute: str) -> dict[str, Any]:
    return {group.value: group for group in evaluation.groups[attribute]}


def test_small_groups_carry_counts_and_no_metric(evaluation: LevelEvaluation, data: dict[str, Any]) -> None:
    tiny = _by_value(evaluation, "ethnicity")["tiny"]
    assert tiny.cases == (data["groups"]["ethnicity"] == "tiny").sum()
    assert tiny.events == data["y"][(data["groups"]["ethnicity"] == "tiny").to_numpy()].sum()
    assert (tiny.judged, tiny.note) == (False, TOO_FEW)
    assert not tiny.metrics
    assert not tiny.confusions


@pytest.mark.parametrize(
    ("cases", "events", "judged"),
    [(99, 50, False), (100, 19, False), (100, 20, True), (100, 80, True), (100, 81, False)],
)
def test_a_group_is_judged_from_the_settings_on(cases: int, events: int, judged: bool) -> None:
    y = np.arange(cases) < events
    [group] = find_groups(pd.DataFrame({"sex": ["F"] * cases}), y, np.arange(cases), Settings())
    assert group.judged is judged


def test_a_missing_value_is_a_group_of_its_own_and_comes_last() -> None:
    frame = pd.DataFrame({"a": np.array([None, "z", "b", np.nan], dtype=object)})
    found = find_groups(frame, np.zeros(4, dtype=bool), np.arange(4), Settings())
    assert [(group.value, group.rows.tolist()) for group in found] == [("b", [2]), ("z", [1]), (NOT_RECORDED, [0, 3])]


def test_a_declared_order_of_values_is_kept() -> None:
    bands = pd.Categorical(["over 40", "under 21", None], categories=["under 21", "21 to 40", "over 40"])
    found = find_groups(pd.DataFrame({"age": bands}), np.zeros(3, dtype=bool), np.arange(3), Settings())
    assert [group.value for group in found] == ["under 21", "over 40", NOT_RECORDED]


def test_a_group_is_measured_on_its_own_cases(evaluation: LevelEvaluation, data: dict[str, Any]) -> None:
    rows = (data["groups"]["sex"] == "Female").to_numpy()
    alone = measure(data["y"][rows], data["models"]["boosted"][rows], np.ones(rows.sum()), 0.6)
    group = _by_value(evaluation, "sex")["Female"]
    for metric in ("auc", "brier", "brier_skill", "log_loss", "calibration_intercept", "calibration_slope"):
        assert group.metrics[metric].value == pytest.approx(alone[metric][0])
    assert group.confusions[0].rates["false_positive_rate"].value == pytest.approx(alone["false_positive_rate"][0])
    gap = data["y"][rows].mean() - data["models"]["boosted"][rows].mean()
    assert group.metrics["observed_minus_forecast"].value == pytest.approx(gap)


def test_every_figure_of_a_judged_group_has_an_interval(evaluation: LevelEvaluation) -> None:
    for group in evaluation.groups["sex"]:
        for figure in [*group.metrics.values(), *group.confusions[0].rates.values()]:
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low <= figure.high


def test_the_mean_of_groups_weighs_each_group_the_same(evaluation: LevelEvaluation) -> None:
    women, men = (_by_value(evaluation, "sex")[value].metrics["brier"] for value in ("Female", "Male"))
    mean = evaluation.mean_of_groups("brier", "sex")
    assert mean.value == pytest.approx((women.value + men.value) / 2)
    assert mean.low is not None
    assert mean.low < (mean.value or 0)
    assert evaluation.mean_of_groups("brier", "sex", "linear").value is not None


def test_the_mean_of_groups_leaves_out_the_unrecorded_and_the_small(evaluation: LevelEvaluation) -> None:
    a, b = (_by_value(evaluation, "ethnicity")[value].metrics["auc"].value for value in ("A", "B"))
    assert evaluation.mean_of_groups("auc", "ethnicity").value == pytest.approx((a + b) / 2)


def test_one_group_alone_has_no_mean(evaluate: Callable[..., LevelEvaluation], data: dict[str, Any]) -> None:
    found = evaluate(groups=pd.DataFrame({"sex": ["Male"] * len(data["y"])}))
    assert found.mean_of_groups("brier", "sex").value is None
    assert "two groups" in mean_over_groups([]).note


def test_no_attribute_gives_no_group(evaluate: Callable[..., LevelEvaluation], data: dict[str, Any]) -> None:
    assert evaluate(groups=pd.DataFrame(index=range(len(data["y"])))).groups == {}
