"""Tests of the gate: what each check looks at, at its edges."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import numpy as np
import pytest

from forecast.registry.gate import Check, Papers, gate, measured_checks
from forecast.registry.lines import Registered
from forecast.settings import Settings
from tests.registry.conftest import START, comparison

SETTINGS = Settings()
EXPIRES = datetime.date(2027, 1, 5)
MODEL = Registered("custody", "b" * 16, "0" * 64, EXPIRES, None, START)
SIGNED = Papers("B. Chief", "")


def check_of(name: str, champion: str | None = "a" * 16, **changes: Any) -> Check:
    checks = measured_checks(comparison(MODEL.model_id, champion, **changes), SETTINGS)
    [found] = [c for c in checks if c.name == name]
    return found


def gap(value: float, group: str = "F", *, cases: int = 500, half: float = 0.04) -> dict[str, Any]:
    return {"attribute": "sex", "value": group, "cases": cases, "gap": [value, value - half, value + half]}


def test_the_gate_is_open_when_every_check_passes():
    result = gate(MODEL, comparison(MODEL.model_id, "a" * 16), SIGNED, SETTINGS, START.date())
    assert result.passed
    assert result.failed == ()
    assert len(result.checks) == 2 + 2 * 5 + 1 + 3


@pytest.mark.parametrize(
    ("difference", "passed"),
    [
        ([0.01, 0.001, 0.02], False),
        ([0.01, 0.0, 0.02], True),
        ([0.01, -0.001, 0.02], True),
        ([-0.01, -0.02, -0.001], True),
        ([0.0, None, None], False),
    ],
    ids=["worse", "interval touches zero", "not told apart", "better", "no interval"],
)
def test_a_worse_brier_score_fails_only_if_its_interval_excludes_zero(difference: list, passed: bool):
    assert check_of("any: Brier score", brier_difference=difference).passed == passed


@pytest.mark.parametrize(("difference", "passed"), [([-0.01, -0.02, -0.001], True), ([-0.01, -0.02, 0.001], False)])
def test_a_first_model_must_be_better_than_the_base_rate(difference: list, passed: bool):
    check = check_of("any: Brier score", champion=None, brier_difference=difference)
    assert check.passed == passed
    assert "base rate" in check.sentence


@pytest.mark.parametrize(
    ("slope", "passed"), [(0.9, True), (1.1, True), (0.899, False), (1.101, False), (1.0, True), (None, False)]
)
def test_the_calibration_slope_must_lie_between_0_9_and_1_1(slope: float | None, passed: bool):
    assert check_of("any: calibration slope", slope=[slope, 0.5, 1.5]).passed == passed


@pytest.mark.parametrize(("value", "passed"), [(0.05, True), (-0.05, True), (0.051, False), (-0.051, False)])
def test_a_gap_in_a_group_may_not_go_beyond_the_tolerance_either_way(value: float, passed: bool):
    check = check_of("any: gap in a group", groups=[gap(0.0, "M"), gap(value)])
    assert check.passed == passed
    assert "sex F" in check.sentence
    assert ("more than forecast" if value > 0 else "fewer than forecast") in check.sentence


def test_every_group_beyond_the_tolerance_is_named_and_so_are_those_too_small_to_judge():
    check = check_of("any: gap in a group", groups=[gap(0.06, "M"), gap(-0.07)], too_few=["ethnicity Mixed"])
    assert all(words in check.sentence for words in ("sex M", "sex F", "Too few to judge: ethnicity Mixed"))


def test_no_group_large_enough_to_judge_is_no_evidence_that_all_is_well():
    assert not check_of("any: gap in a group", groups=[], too_few=["sex F", "sex M"]).passed


def test_a_point_beyond_the_tolerance_whose_interval_holds_zero_is_looked_at_and_passes():
    check = check_of("any: gap in a group", groups=[gap(-0.06, half=0.07)])
    assert check.passed
    assert "Look at this, the interval reaches beyond 0.05: sex F (6.0 in 100 fewer than forecast" in check.sentence


def test_a_near_miss_is_named_and_a_gap_well_inside_is_not():
    check = check_of("any: gap in a group", groups=[gap(-0.049, "F", half=0.016), gap(0.01, "M", half=0.01)])
    assert check.passed
    assert "Look at this" in check.sentence
    assert "sex M" not in check.sentence
    assert "Look at this" not in check_of("any: gap in a group", groups=[gap(0.01, half=0.01)]).sentence


@pytest.mark.parametrize(("half", "passed"), [(0.1, True), (0.08, True), (0.06, False)])
def test_a_group_under_the_least_size_closes_the_gate_only_if_its_whole_interval_is_beyond(half: float, passed: bool):
    small = gap(0.12, cases=399, half=half)
    assert check_of("any: gap in a group", groups=[gap(0.0, "M"), small]).passed == passed
    assert not check_of("any: gap in a group", groups=[gap(0.0, "M"), {**small, "cases": 400}]).passed


def test_no_group_of_the_least_size_is_no_evidence_either():
    check = check_of("any: gap in a group", groups=[gap(0.0, cases=399)])
    assert not check.passed
    assert "No group has 400 cases" in check.sentence


def test_a_calibrated_model_is_seldom_refused_by_chance():
    """Eight groups of 400 to 2,000 cases with forecasts of 0.3 that are true: the normal interval of each gap."""
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(400):
        cases = rng.integers(400, 2_000, size=8)
        values = rng.binomial(cases, 0.3) / cases - 0.3
        groups = [
            gap(float(v), str(i), cases=int(n), half=1.96 * (0.21 / n) ** 0.5)
            for i, (v, n) in enumerate(zip(values, cases, strict=True))
        ]
        refused += not check_of("any: gap in a group", groups=groups).passed
    assert refused / 400 < 0.06


def test_gaps_of_error_rates_are_told_and_close_no_gate():
    check = check_of("any: error rates of groups")
    assert check.passed
    assert not check.judged
    assert "sex, of 100 without the outcome, flagged: 6.1 apart (4.0 to 8.2), M most, F fewest" in check.sentence


@pytest.mark.parametrize(
    ("cases", "holds", "tested", "passed"),
    [
        (999, False, {"cases": 1000}, False),
        (999, True, {"cases": 1000}, True),
        (1000, False, {"cases": 1000}, True),
        (5000, False, None, False),
    ],
    ids=["fewer", "fewer but all of its own", "as many", "unknown"],
)
def test_cases_that_somebody_could_have_chosen_are_no_evidence(cases: int, holds: bool, tested: Any, passed: bool):
    assert check_of("whole test", cases=cases, holds_test=holds, tested=tested).passed == passed


def test_a_file_without_a_catalogue_is_named():
    check = check_of("unseen cases", notes=["the catalogue of these cases is not known"])
    assert check.passed
    assert check.sentence.endswith("The catalogue of these cases is not known.")


def test_an_overlapping_test_is_no_evidence():
    assert not check_of("unseen cases", overlapping=True).passed


def test_cases_that_may_be_those_of_the_fit_are_no_evidence():
    check = check_of("unseen cases", unshown=["c" * 16])
    assert not check.passed
    assert "c" * 16 in check.sentence


@pytest.mark.parametrize("changes", [{"cases": 99, "events": 50}, {"events": 19}, {"events": 981}])
def test_too_few_cases_or_outcomes_fail(changes: dict[str, int]):
    assert not check_of("any: enough cases", **changes).passed


@pytest.mark.parametrize(
    ("papers", "day", "name"),
    [
        (Papers("", ""), "2026-06-01", "costs signed"),
        (Papers("B. Chief", "The stage 'live' is not signed."), "2026-06-01", "stage signed"),
        (SIGNED, "2027-01-05", "not expired"),
    ],
)
def test_what_nobody_signed_and_what_expired_fails(papers: Papers, day: str, name: str):
    today = datetime.date.fromisoformat(day)
    result = gate(MODEL, comparison(MODEL.model_id, None), papers, SETTINGS, today)
    assert [c.name for c in result.failed] == [name]


def test_the_settings_hold_the_tolerances():
    wide = dataclasses.replace(SETTINGS, gate_slope_low=0.5, gate_group_gap=0.1)
    measured = comparison(MODEL.model_id, None, slope=[0.6, 0.5, 0.7], groups=[gap(0.09)])
    assert [c.name for c in measured_checks(measured, SETTINGS) if not c.passed] == [
        "any: calibration slope",
        "any: gap in a group",
    ]
    assert all(c.passed for c in measured_checks(measured, wide))
