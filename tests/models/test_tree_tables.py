"""Tests of the tables that explain boosted trees: against `shap`, LightGBM's own contributions and brute force."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import TYPE_CHECKING

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.models.tree_plan import MOST_BITS, groups_of
from forecast.models.tree_tables import BITS_OF_AN_INDEX, TreeTables, tables_of
from forecast.models.tree_text import Tree, trees_of

if TYPE_CHECKING:
    from forecast.cases import Floats, Ints

COLUMNS = 6
CLOSE = 1e-9
EACH = np.arange(COLUMNS)


def rows(count: int, seed: int, *, gaps: bool) -> Floats:
    """Return a matrix of round and of fine numbers, negative ones too, with gaps (NaN) in every other column."""
    rng = np.random.default_rng(seed)
    made = rng.normal(0, 2, (count, COLUMNS))
    made[:, :3] = np.round(made[:, :3])
    if gaps:
        made[:, ::2][rng.random((count, COLUMNS // 2)) < 0.2] = np.nan
    return made


@cache
def booster(leaves: int, *, gaps: bool, rounds: int = 20, columns: int = COLUMNS) -> lgb.Booster:
    """Return a booster on numbers with gaps (missing type "nan") or without (missing type "none")."""
    matrix = rows(1500, 1, gaps=gaps)[:, :columns]
    known = np.nan_to_num(matrix, nan=1.0)
    log_odds = known[:, 0] - (known[:, 1] > 0) * known[:, -1] + np.abs(known[:, 1]) - 1
    target = np.random.default_rng(2).random(len(matrix)) < 1 / (1 + np.exp(-log_odds))
    parameters = {"objective": "binary", "num_leaves": leaves, "min_data_in_leaf": 3, "learning_rate": 0.2}
    parameters |= {"num_threads": 1, "verbosity": -1, "seed": 1, "max_depth": -1, "bagging_freq": 1}
    parameters |= {"bagging_fraction": 0.7}
    return lgb.train(parameters, lgb.Dataset(matrix, target.astype(np.float64)), num_boost_round=rounds)


@cache
def tables(leaves: int, *, gaps: bool) -> TreeTables:
    made = tables_of([booster(leaves, gaps=gaps)], EACH, COLUMNS)
    assert made is not None
    return made


def asked(matrix: Floats) -> Floats:
    """Return the rows, and rows of what is special: nothing known, zeros, what is nearly zero, the infinite."""
    special = [np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, -1e-35, np.inf, -np.inf]
    return np.vstack([matrix, np.repeat(np.array(special)[:, None], COLUMNS, axis=1)])


@pytest.mark.parametrize("gaps", [False, True], ids=["missing none", "missing nan"])
@pytest.mark.parametrize("leaves", [2, 8, 12, 31, 64])
def test_contributions_are_those_of_lightgbm(leaves: int, gaps: bool):
    matrix = asked(rows(300, 3, gaps=True))
    referee = np.asarray(booster(leaves, gaps=gaps).predict(matrix, pred_contrib=True, num_threads=1))
    made = tables(leaves, gaps=gaps)
    np.testing.assert_allclose(made.contributions(matrix), referee[:, :-1], rtol=0, atol=CLOSE)
    assert made.base == pytest.approx(referee[0, -1], abs=CLOSE)


@pytest.mark.parametrize("leaves", [8, 31])
def test_contributions_are_those_of_shap(leaves: int):
    import shap

    matrix = rows(200, 4, gaps=True)
    explainer = shap.TreeExplainer(booster(leaves, gaps=True), feature_perturbation="tree_path_dependent")
    explainer.model.model_type = "internal"  # else shap asks LightGBM, and would be no referee of its own
    made = tables(leaves, gaps=True)
    referee = explainer.shap_values(matrix, check_additivity=False)
    np.testing.assert_allclose(made.contributions(matrix), referee, rtol=0, atol=1e-5)
    assert made.base == pytest.approx(float(np.ravel(explainer.expected_value)[-1]), abs=1e-5)


def expected(tree: Tree, row: Floats, known: frozenset[int], node: int = 0) -> float:
    """Return a tree's mean where only some columns are known, as Lundberg et al. (2020) define it (algorithm 1)."""
    if node < 0:
        return float(tree.value[~node])
    column, left, right = int(tree.column[node]), int(tree.left[node]), int(tree.right[node])
    if column in known:
        missing = bool(np.isnan(row[column]))
        goes_left = bool(tree.nan_left[node]) if missing else bool(row[column] <= tree.threshold[node])
        return expected(tree, row, known, left if goes_left else right)
    share = tree.cases(left) / tree.cases(node)
    return share * expected(tree, row, known, left) + (1 - share) * expected(tree, row, known, right)


def shapley(tree: Tree, row: Floats, players: int) -> Floats:
    """Return Shapley values by their definition: the mean over all orders in which columns become known."""
    found = np.zeros(players)
    for order in itertools.permutations(range(players)):
        for place, column in enumerate(order):
            before = frozenset(order[:place])
            found[column] += expected(tree, row, before | {column}) - expected(tree, row, before)
    return found / math.factorial(players)


@pytest.mark.parametrize("gaps", [False, True], ids=["missing none", "missing nan"])
def test_contributions_are_the_shapley_values_of_the_game(gaps: bool):
    players = 3
    small = booster(14, gaps=gaps, rounds=2, columns=players)
    trees = trees_of(small)
    made = tables_of([small], EACH[:players], players)
    assert trees is not None
    assert made is not None
    assert max(len(group.bits) for tree in trees for group in groups_of(tree)) <= MOST_BITS
    assert all(len(set(tree.column)) < len(tree.column) for tree in trees), "no column is asked twice"
    matrix = rows(25, 5, gaps=True)[:, :players]
    brute = np.array([sum(shapley(tree, row, players) for tree in trees) for row in matrix])
    np.testing.assert_allclose(made.contributions(matrix), brute, rtol=0, atol=1e-12)


@pytest.mark.parametrize("gaps", [False, True], ids=["missing none", "missing nan"])
@pytest.mark.parametrize("leaves", [2, 8, 31, 64])
def test_margins_are_those_of_lightgbm_to_the_bit(leaves: int, gaps: bool):
    matrix = asked(rows(1500, 11, gaps=True))
    each = tables(leaves, gaps=gaps).explained(matrix)[0]
    np.testing.assert_array_equal(each, booster(leaves, gaps=gaps).predict(matrix, raw_score=True)[None, :])


def test_each_booster_has_its_own_margin_trees_of_one_leaf_included():
    target = np.arange(100.0)
    flat = lgb.train({"verbosity": -1, "min_data_in_leaf": 90}, lgb.Dataset(np.zeros((100, COLUMNS)), target), 3)
    some, matrix = [booster(31, gaps=True), flat, booster(8, gaps=True)], rows(700, 12, gaps=True)
    made = tables_of(some, EACH, COLUMNS)
    assert made is not None
    each = made.explained(matrix, 2)[0]
    np.testing.assert_array_equal(each, [b.predict(matrix, raw_score=True) for b in some])


@pytest.mark.parametrize("leaves", [8, 64])
def test_base_and_contributions_add_up_to_the_margin(leaves: int):
    matrix, made = asked(rows(500, 6, gaps=True)), tables(leaves, gaps=True)
    margin = booster(leaves, gaps=True).predict(matrix, raw_score=True)
    np.testing.assert_allclose(made.base + made.contributions(matrix).sum(axis=1), margin, rtol=0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1300), st.integers(1, 5), st.integers(0, 1299), st.sampled_from([8, 31]))
def test_a_row_has_the_same_bits_alone_among_others_and_with_any_threads(
    count: int, threads: int, at: int, leaves: int
):
    matrix, made, at = rows(count, 7, gaps=True), tables(leaves, gaps=True), at % count
    together = made.contributions(matrix, threads)
    np.testing.assert_array_equal(together, made.contributions(matrix))
    np.testing.assert_array_equal(together[at:], made.contributions(matrix[at:], threads))
    np.testing.assert_array_equal(together[at : at + 1], made.contributions(matrix[at : at + 1]))


def test_boosters_are_averaged_and_columns_of_one_feature_added():
    two, owner = [booster(8, gaps=True), booster(31, gaps=True)], np.array([0, 0, 2, 1, 1, 1])
    made, matrix = tables_of(two, owner, 4), rows(50, 8, gaps=True)
    assert made is not None
    mean = np.mean([b.predict(matrix, pred_contrib=True) for b in two], axis=0)
    grouped = np.array([mean[:, :-1][:, owner == f].sum(axis=1) for f in range(4)]).T
    np.testing.assert_allclose(made.contributions(matrix), grouped, rtol=0, atol=CLOSE)
    assert made.base == pytest.approx(mean[0, -1], abs=CLOSE)


def test_a_tree_of_one_leaf_is_all_base():
    target = np.zeros(100)
    target[:30] = 1.0
    flat = lgb.train({"objective": "binary", "verbosity": -1}, lgb.Dataset(np.zeros((100, COLUMNS)), target), 3)
    made = tables_of([flat], EACH, COLUMNS)
    assert made is not None
    assert made.base == pytest.approx(math.log(0.3 / 0.7))
    np.testing.assert_array_equal(made.contributions(rows(4, 9, gaps=True)), np.zeros((4, COLUMNS)))


def test_no_row_has_no_contributions():
    assert tables(8, gaps=True).contributions(np.empty((0, COLUMNS)), 2).shape == (0, COLUMNS)


def deep(columns: int) -> tuple[lgb.Booster, Ints]:
    """Return a booster of one tree whose deepest leaf asks every column once."""
    matrix = np.ones((4 * columns, columns))
    for j in range(columns):
        matrix[4 * j : 4 * j + 4, j] = 0.0
    target = np.repeat(np.arange(columns), 4).astype(np.float64) ** 2
    parameters = {"objective": "regression", "num_leaves": columns, "min_data_in_leaf": 1, "min_data_in_bin": 1}
    parameters |= {"verbosity": -1, "num_threads": 1, "min_sum_hessian_in_leaf": 0.0}
    return lgb.train(parameters, lgb.Dataset(matrix, target), num_boost_round=1), np.arange(columns)


def test_a_leaf_further_down_than_a_group_has_bits_stands_alone():
    tree, owner = deep(MOST_BITS + 3)
    made = tables_of([tree], owner, len(owner))
    assert made is not None
    assert np.diff(made.comparisons[0]).max() > MOST_BITS
    matrix = np.random.default_rng(1).integers(0, 2, (100, len(owner))).astype(np.float64)
    referee = np.asarray(tree.predict(matrix, pred_contrib=True))
    np.testing.assert_allclose(made.contributions(matrix), referee[:, :-1], rtol=1e-9, atol=CLOSE)


def test_trees_too_deep_or_too_large_are_left_to_lightgbm():
    tree, owner = deep(BITS_OF_AN_INDEX + 3)
    assert tables_of([tree], owner, len(owner)) is None
    assert tables_of([booster(31, gaps=True)], EACH, COLUMNS, most_bytes=10_000) is None


@pytest.mark.parametrize(
    ("more", "data"),
    [
        ({"zero_as_missing": True}, {}),
        ({}, {"categorical_feature": [0]}),
        ({"linear_tree": True}, {}),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, {}),
        ({"objective": "multiclass", "num_class": 2}, {}),
    ],
    ids=["zero is missing", "categories", "linear leaves", "an average of trees", "several classes"],
)
def test_boosters_that_do_what_is_not_read_are_left_to_lightgbm(more: dict[str, object], data: dict[str, object]):
    matrix = np.abs(np.round(rows(300, 1, gaps=False)))
    target = (matrix[:, 0] % 2 == 1).astype(np.float64)
    parameters = {"objective": "binary", "num_leaves": 4, "verbosity": -1, "min_data_in_leaf": 5, "num_threads": 1}
    made = lgb.train(parameters | more, lgb.Dataset(matrix, target, **data), num_boost_round=3)
    assert tables_of([made], EACH, COLUMNS) is None


def test_splits_that_no_training_case_passed_are_left_to_lightgbm():
    text = booster(8, gaps=True, rounds=1).model_to_string()
    counts = next(line for line in text.splitlines() if line.startswith("internal_count="))
    none = "internal_count=" + " ".join("0" for _ in counts.split())
    changed = lgb.Booster(model_str=text.replace(counts, none).replace("tree_sizes", "old_sizes"))
    assert tables_of([changed], EACH, COLUMNS) is None
