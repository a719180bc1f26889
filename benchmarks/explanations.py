"""How long it takes to explain cases of two levels, beside LightGBM, `shap` and `woodelf`.

python -m benchmarks.explanations [--cases 500000]

Two models on 186 made-up columns of counts, times (missing: never) and flags: 300 trees a level, of 8 leaves and of 31
(at most 12 deep). The peers explain a part of the cases, for they need long; their times are given a case. `woodelf`
(the wheel is called `woodelf-explainer`) is no dependency of ours: its line stands here where it is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from forecast.models.boosting import Boosting
from forecast.models.design import Column, Design
from forecast.models.tree_tables import TreeTables, tables_of

if TYPE_CHECKING:
    import lightgbm as lgb

    from forecast.cases import Bools, Floats

COLUMNS, LEVELS, ROUNDS = 186, 2, 300
TRAINED = 40_000
AT_ONCE = 50_000
"""Cases explained at a time: a force's archive does not fit into memory as one matrix of contributions."""


def made_up(cases: int, seed: int) -> Floats:
    """Return a matrix (cases, 186) of counts, times since something, and flags."""
    rng = np.random.default_rng(seed)
    life = rng.gamma(0.8, 1.2, (cases, 1))
    found = np.empty((cases, COLUMNS))
    for j in range(COLUMNS):
        kind = j % 3
        if kind == 0:
            found[:, j] = rng.poisson(life[:, 0] * (1 + j % 7))
        elif kind == 1:
            found[:, j] = np.where(
                rng.random(cases) < np.exp(-life[:, 0]), np.nan, rng.exponential(3 / (1 + life[:, 0]))
            )
        else:
            found[:, j] = rng.random(cases) < 0.2 + 0.1 * np.tanh(life[:, 0])
    return found


def followed(matrix: Floats, seed: int) -> Bools:
    """Return which made-up cases reached each of the two levels."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.25, COLUMNS)
    log_odds = np.nan_to_num(np.minimum(matrix, 8.0), nan=8.0) @ weights
    chance = 1 / (1 + np.exp(-(log_odds - np.median(log_odds))))
    first = rng.random(len(matrix)) < chance
    return np.column_stack([first, first & (rng.random(len(matrix)) < 0.25 * chance)])


def model_of(leaves: int) -> Boosting:
    """Fit a booster for each of two levels."""
    import lightgbm as lgb

    matrix = made_up(TRAINED, 1)
    happened = followed(matrix, 2)
    names = tuple(f"c{j}" for j in range(COLUMNS))
    options = {"objective": "binary", "num_leaves": leaves, "max_depth": 12, "learning_rate": 0.05, "verbosity": -1,
               "feature_fraction": 0.3, "min_data_in_leaf": 40, "bagging_fraction": 0.7, "bagging_freq": 1,
               "seed": 1}  # fmt: skip
    boosters = tuple(
        (lgb.train(options, lgb.Dataset(matrix, happened[:, k].astype(np.float64)), num_boost_round=ROUNDS),)
        for k in range(LEVELS)
    )
    return Boosting(Design(names, tuple(Column(name, "value") for name in names)), boosters, threads=cores())


def cores() -> int:
    """Return how many cores there are to use."""
    return len(os.sched_getaffinity(0))


Explainer = Callable[["lgb.Booster", "Floats"], tuple[float, "Floats"]]


def ours(model: Boosting, cases: int) -> tuple[float, float, float]:
    """Return microseconds a case, seconds that the tables took, and how far base and contributions miss the margin."""
    import numba  # noqa: F401  # imported and compiled before the clock starts, as in any process that goes on

    model_of_one_tree().contributions(np.zeros((2, 1)), 1)
    started = time.perf_counter()
    if None in model._tables:
        raise SystemExit("the tables of these trees would be too large: nothing of ours to measure")
    tables = time.perf_counter() - started
    spent, missed = 0.0, 0.0
    for part in range(-(-cases // AT_ONCE)):
        matrix = made_up(min(AT_ONCE, cases - part * AT_ONCE), 10 + part)
        started = time.perf_counter()
        made = [model._contributions(matrix, k) for k in range(LEVELS)]
        spent += time.perf_counter() - started
        pairs = zip(made, model.boosters, strict=True)
        missed = max(missed, *(missed_by(booster, matrix, *found) for found, (booster,) in pairs))
    return 1e6 * spent / cases, tables, missed


def model_of_one_tree() -> TreeTables:
    """Return the tables of one small tree."""
    import lightgbm as lgb

    column = np.arange(100.0)[:, None]
    made = tables_of([lgb.train({"verbosity": -1}, lgb.Dataset(column, column[:, 0]), 1)], np.zeros(1, np.int64), 1)
    assert made is not None
    return made


def theirs(explain: Explainer, model: Boosting, cases: int) -> tuple[float, float]:
    """Return microseconds a case, both levels together, and how far base and contributions miss the margin."""
    matrix, spent, missed = made_up(cases, 10), 0.0, 0.0
    for (booster,) in model.boosters:
        started = time.perf_counter()
        base, values = explain(booster, matrix)
        spent += time.perf_counter() - started
        missed = max(missed, missed_by(booster, matrix, base, values))
    return 1e6 * spent / cases, missed


def missed_by(booster: lgb.Booster, matrix: Floats, base: float, values: Floats) -> float:
    """Return how far base and contributions miss the margin."""
    return float(np.abs(base + values.sum(axis=1) - booster.predict(matrix, raw_score=True)).max())


def by_lightgbm(booster: lgb.Booster, matrix: Floats) -> tuple[float, Floats]:
    """Return base and contributions by LightGBM on all cores."""
    made = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=cores()), dtype=np.float64)
    return float(made[0, -1]), made[:, :-1]


def by_shap(booster: lgb.Booster, matrix: Floats) -> tuple[float, Floats]:
    """Return base and contributions by `shap.TreeExplainer` as it is called: it leaves the work to LightGBM."""
    import shap

    with warnings.catch_warnings(action="ignore"):
        explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
        values = np.asarray(explainer.shap_values(matrix), dtype=np.float64)
    return float(np.ravel(explainer.expected_value)[-1]), values


def by_shaps_own_code(booster: lgb.Booster, matrix: Floats) -> tuple[float, Floats]:
    """Return base and contributions by the code that shap has for trees of any library."""
    import shap

    explainer = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    explainer.model.model_type = "internal"
    values = np.asarray(explainer.shap_values(matrix, check_additivity=False), dtype=np.float64)
    return float(np.ravel(explainer.expected_value)[-1]), values


def by_woodelf(booster: lgb.Booster, matrix: Floats) -> tuple[float, Floats]:
    """Return base and contributions by woodelf, its fixed cost a call included; what it prints is swallowed."""
    import pandas as pd
    from woodelf.explainer import WoodelfExplainer

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        explainer = WoodelfExplainer(booster, feature_perturbation="tree_path_dependent")
        values = explainer.shap_values(pd.DataFrame(matrix, columns=booster.feature_name()), verbose=False)
        base = float(np.ravel(explainer.expected_value)[-1])
    return base, np.asarray(values, dtype=np.float64)


PEERS: dict[str, tuple[str, Explainer, int]] = {
    "LightGBM `pred_contrib`, all cores": ("lightgbm", by_lightgbm, 20_000),
    "`shap.TreeExplainer` as called (asks LightGBM)": ("shap", by_shap, 5_000),
    "shap's own code for trees": ("shap", by_shaps_own_code, 1_000),
    "`woodelf` (no dependency of ours)": ("woodelf", by_woodelf, 50_000),
}


def main() -> None:
    """Fit both models, explain, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=500_000)
    cases = parser.parse_args().cases
    wanted = {name: peer for name, peer in PEERS.items() if importlib.util.find_spec(peer[0]) is not None}
    print(
        f"{COLUMNS} columns, {LEVELS} levels of {ROUNDS} trees, {cores()} cores; times are for both levels together\n"
    )
    print("| trees | explained by | cases | µs a case | times ours | base and parts miss the margin by |")
    print("|---|---|---|---|---|---|")
    for leaves in (8, 31):
        model = model_of(leaves)
        own, tables, missed = ours(model, cases)
        print(f"| {leaves} leaves | ours | {cases:,} | {own:.1f} | 1 | {missed:.1e} |", flush=True)
        for name, (_, explain, most) in wanted.items():
            count = min(most, cases)
            peer, missed = theirs(explain, model, count)
            print(
                f"| {leaves} leaves | {name} | {count:,} | {peer:.0f} | {peer / own:.0f} | {missed:.1e} |", flush=True
            )
        size = sum(made.size for made in model._tables if made is not None) / 1e6
        print(f"| {leaves} leaves | (our tables, made once: {tables:.2f} s, {size:.0f} MB) | | | | |", flush=True)


if __name__ == "__main__":
    main()
