"""Tests of error gaps between groups, with fairlearn as the referee of the points."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    equalized_odds_difference,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
)
from sklearn.metrics import precision_score

from forecast.evaluation.gaps import Gap, band_rates, error_gaps, level_rates
from forecast.evaluation.groups import find_groups
from forecast.progress import SILENT
from forecast.settings import Settings

N = 1_200
SETTINGS = Settings(small_group_cases=50, small_group_events=10)


def material() -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    numbers = np.random.default_rng(12)
    group = numbers.choice(["a", "b", "c"], N, p=[0.5, 0.3, 0.2]).astype(object)
    z = numbers.normal(size=N) + (group == "b") * 0.5
    p = 1 / (1 + np.exp(-z))
    return numbers.random(N) < p, p, pd.DataFrame({"kind": group}), numbers.integers(0, 700, N)


def gaps_of(frame: pd.DataFrame, replicates: int = 60) -> dict[str, Gap]:
    y, p, _, people = material()
    groups = find_groups(frame, y, people, SETTINGS)
    found = error_gaps(level_rates(y, p, 0.5), groups, people, least=10, replicates=replicates, seed=1, progress=SILENT)
    return {gap.rate: gap for gap in found}


def test_points_agree_with_fairlearn() -> None:
    y, p, frame, _ = material()
    flagged, kind = p >= 0.5, frame["kind"]
    found = gaps_of(frame)
    rates = {
        "selection_rate": selection_rate,
        "false_positive_rate": false_positive_rate,
        "false_negative_rate": false_negative_rate,
        "precision": precision_score,
    }
    referee = MetricFrame(metrics=rates, y_true=y, y_pred=flagged, sensitive_features=kind)
    for name in rates:
        assert found[name].gap.value == pytest.approx(referee.difference()[name])
        for group in found[name].groups:
            assert group.rate.value == pytest.approx(referee.by_group[name][group.value])
    parity = demographic_parity_difference(y, flagged, sensitive_features=kind)
    assert found["selection_rate"].gap.value == pytest.approx(parity)
    odds = equalized_odds_difference(y, flagged, sensitive_features=kind)
    both = [found[name].gap.value or 0.0 for name in ("false_positive_rate", "false_negative_rate")]
    assert max(both) == pytest.approx(odds)


def test_each_group_is_set_against_all_others() -> None:
    y, p, frame, _ = material()
    error = y - p
    for group in gaps_of(frame)["calibration_error"].groups:
        mine = (frame["kind"] == group.value).to_numpy()
        assert group.against_rest.value == pytest.approx(error[mine].mean() - error[~mine].mean())


def test_the_interval_holds_the_gap_and_names_its_ends() -> None:
    gap = gaps_of(material()[2])["selection_rate"]
    assert gap.highest == "b"
    assert gap.gap.low is not None
    assert gap.gap.high is not None
    assert gap.gap.value is not None
    assert 0 < gap.gap.low < gap.gap.value < gap.gap.high


def test_small_groups_and_those_not_recorded_take_no_part_but_small_ones_are_among_the_others() -> None:
    _y, p, frame, _ = material()
    changed = frame.copy()
    changed.loc[:19, "kind"] = "rare"
    changed.loc[20:200, "kind"] = None
    gap = gaps_of(changed)["selection_rate"]
    assert [group.value for group in gap.groups] == ["a", "b", "c"]
    recorded = changed["kind"].notna().to_numpy()
    mine = (changed["kind"] == "a").to_numpy()
    flagged = p >= 0.5
    expected = flagged[mine].mean() - flagged[recorded & ~mine].mean()
    assert gap.groups[0].against_rest.value == pytest.approx(expected)


def test_one_group_alone_has_no_gap() -> None:
    gap = gaps_of(pd.DataFrame({"kind": np.full(N, "all", dtype=object)}))["precision"]
    assert gap.gap.value is None
    assert "fewer than two" in gap.gap.note


def test_bands_count_cautious_and_dangerous_errors() -> None:
    outcome, band = np.array([0, 0, 1, 2, 2]), np.array([0, 2, 1, 0, 2])
    shares = {name: rate.above.sum() / rate.below.sum() for name, rate in band_rates(outcome, band, 3).items()}
    assert shares == {
        "highest_band": 0.4,
        "lowest_band": 0.4,
        "cautious": 0.2,
        "dangerous": 0.2,
        "very_dangerous": 0.5,
    }
    assert "very_dangerous" not in band_rates(outcome > 0, band > 0, 2)
