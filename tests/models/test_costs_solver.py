"""Tests of the proposal of costs for a ratio of errors and shares of bands."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.models.bands import Costs, CutOffs, solve
from forecast.models.costs_check import check_costs
from forecast.models.costs_solver import ENOUGH, MET, step_costs
from forecast.problems import Problem

SEEDS = (1, 2, 3)


def world(seed: int, cases: int = 4000, levels: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return calibrated probabilities, (n, levels), and outcomes drawn from them."""
    generator = np.random.default_rng(seed)
    z, other, u = generator.normal(size=cases), generator.normal(size=cases), generator.random(cases)
    any_ = 1 / (1 + np.exp(-(z + 0.2)))
    serious = any_ / (1 + np.exp(-(0.8 * z + 0.5 * other - 1.2)))
    p = np.column_stack([any_, serious])[:, :levels]
    return p, (u[:, None] < p).sum(axis=1)


def ratio_of(matrix: tuple[tuple[float, ...], ...], p: np.ndarray, y: np.ndarray) -> float:
    """Count cautious to dangerous errors by hand."""
    band = Costs(matrix).bands(p)
    return float((band > y).sum() / (band < y).sum())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("target", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("levels", [1, 2], ids=["K=2", "K=3"])
def test_the_wanted_ratio_of_errors_is_met(seed: int, target: float, levels: int):
    p, y = world(seed, levels=levels)
    found = solve(p, y, target_ratio=target)
    assert ratio_of(found.matrix, p, y) == pytest.approx(target, rel=MET)
    assert found.ratio == ratio_of(found.matrix, p, y)
    check_costs(found.matrix, levels + 1, "proposal")


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_that_cut_offs_can_give_are_found_again(seed: int):
    p, y = world(seed)
    band = CutOffs((0.5, 0.35)).bands(p)
    shares = np.bincount(band, minlength=3) / len(y)
    target = float((band > y).sum() / (band < y).sum())
    found = solve(p, y, target_ratio=target, target_shares=shares.tolist())
    assert found.ratio == pytest.approx(target, rel=MET)
    assert found.shares == pytest.approx(shares.tolist(), abs=0.02)
    assert found.moved == pytest.approx(np.abs(np.array(found.shares) - shares).sum() / 2)


def test_shares_come_nearer_than_with_a_price_of_one():
    p, y = world(1)
    wanted = np.array([0.35, 0.5, 0.15])
    plain, asked = solve(p, y, target_ratio=2), solve(p, y, target_ratio=2, target_shares=wanted.tolist())
    assert asked.moved is not None
    assert asked.moved < np.abs(np.array(plain.shares) - wanted).sum() / 2 - 0.01
    assert plain.price == 1


def test_no_other_costs_of_the_family_with_that_ratio_come_much_nearer_to_the_shares():
    p, y = world(2)
    wanted = np.array([0.35, 0.5, 0.15])
    found = solve(p, y, target_ratio=2, target_shares=wanted.tolist())
    nearest = 1.0
    for price in np.geomspace(0.05, 20, 40):
        for step in np.geomspace(0.1, 20, 60):
            band = Costs(step_costs(3, float(step), float(price))).bands(p)
            cautious, dangerous = (band > y).sum(), (band < y).sum()
            if dangerous and abs(cautious / dangerous / 2 - 1) < MET:
                nearest = min(nearest, float(np.abs(np.bincount(band, minlength=3) / len(y) - wanted).sum() / 2))
    assert found.moved is not None
    assert found.moved <= nearest + 0.02


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_proposed_can_be_read_and_was_counted_after_rounding(seed: int):
    p, y = world(seed)
    found = solve(p, y, target_ratio=2, target_shares=(0.35, 0.5, 0.15))
    assert all(value == float(f"{value:.3g}") for value in (found.step, found.price))
    assert found.matrix == step_costs(3, found.step, found.price)
    band = Costs(found.matrix).bands(p)
    counts = [[int(((band == i) & (y == j)).sum()) for j in range(3)] for i in range(3)]
    assert [list(row) for row in found.counts] == counts


@pytest.mark.parametrize("cases", [4000, ENOUGH + 7000])
def test_the_same_cases_give_the_same_proposal_in_any_order(cases: int):
    p, y = world(1, cases)
    order = np.random.default_rng(5).permutation(len(y))
    wanted = (0.3, 0.5, 0.2)
    assert solve(p, y, target_ratio=2, target_shares=wanted) == solve(
        p[order], y[order], target_ratio=2, target_shares=wanted
    )


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 10), st.floats(1.01, 5), st.floats(0.1, 10), st.integers(0, 99))
def test_a_dearer_step_down_moves_nobody_to_a_lower_band(step: float, factor: float, price: float, seed: int):
    p, _ = world(seed, 200)
    before, after = (Costs(step_costs(3, s, price)).bands(p) for s in (step, step * factor))
    assert (after >= before).all()


def test_a_ratio_that_two_kinds_of_forecast_cannot_give_is_a_problem_with_the_nearest():
    p = np.repeat([[0.3], [0.6]], 50, axis=0)
    y = np.array(([0] * 35 + [1] * 15) + ([0] * 20 + [1] * 30))
    with pytest.raises(Problem) as found:
        solve(p, y, target_ratio=1)
    assert found.value.code == "costs-target-unreachable"
    assert found.value.facts["nearest"] == f"{20 / 15:.3g}"
    assert solve(p, y, target_ratio=20 / 15).counts == ((35, 15), (20, 30))


def test_where_all_get_one_forecast_there_is_no_ratio():
    with pytest.raises(Problem) as found:
        solve(np.full((100, 1), 0.3), np.repeat([0, 1], [70, 30]), target_ratio=2)
    assert found.value.code == "costs-target-unreachable"


@pytest.mark.parametrize("outcome", [[], [0, 0, 0], [0, 1, 1]], ids=["none", "one", "two of three"])
def test_without_cases_of_every_outcome_nothing_is_proposed(outcome: list[int]):
    with pytest.raises(Problem) as found:
        solve(np.full((len(outcome), 2), 0.3), np.array(outcome, dtype=np.int64), target_ratio=2)
    assert found.value.code == "costs-no-errors"


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan, math.inf])
def test_a_ratio_that_is_none_is_a_problem(ratio: float):
    with pytest.raises(Problem) as found:
        solve(*world(1, 100), target_ratio=ratio)
    assert (found.value.code, found.value.facts["name"]) == ("costs-target", "ratio")


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.4, 0.2), (1.2, -0.1, -0.1), (math.nan, 0.5, 0.5), ()])
def test_shares_that_are_none_are_a_problem(shares: tuple[float, ...]):
    with pytest.raises(Problem) as found:
        solve(*world(1, 100), target_ratio=2, target_shares=shares)
    assert (found.value.code, found.value.facts["name"]) == ("costs-target", "shares")
