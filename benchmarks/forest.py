"""How long the forest after HART takes to grow, beside scikit-learn's own, and how long one case takes to explain.

python -m benchmarks.forest [--rows 60000] [--columns 31] [--trees 509] [--rounds 5]

Both forests have the same trees, leaves, columns a split, draws a tree and two threads; ours counts its out-of-bag
votes while it grows, by case and by person, and scikit-learn's counts none. They take turns, so that a busy machine is
as busy for both, and each round grows its share of the trees; processor time is given as well. Data are made up: counts
as of earlier arrests, and years since the last, missing where there was none.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from forecast.models.forest import Forest
from forecast.models.forest_fit import FittedForest, ForestOptions, fit_forest
from forecast.tables.description import Feature

THREADS = 2
CASES_EXPLAINED = 20


def main() -> None:
    """Grow both forests in turns, explain cases, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--columns", type=int, default=31)
    parser.add_argument("--trees", type=int, default=509)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    data = made_up(chosen.rows, chosen.columns)
    grow(data, chosen.trees, chosen.rounds)
    explain(data, chosen.trees)


Data = tuple[pd.DataFrame, Any, Any]


def made_up(rows: int, columns: int, seed: int = 1) -> Data:
    """Return features, the highest level reached, and people with three cases on average."""
    draw = np.random.default_rng(seed)
    leaning = draw.normal(size=rows)
    x = np.empty((rows, columns))
    for j in range(columns):
        x[:, j] = draw.poisson(np.exp(0.5 * leaning + draw.normal(size=rows) * 0.5 + 0.1 * (j % 10)))
        if j % 3 == 0:
            x[:, j] = np.where(draw.random(rows) < 0.3, np.nan, draw.exponential(4 - leaning.clip(-3, 3)))
    any_ = draw.random(rows) < 1 / (1 + np.exp(-leaning))
    serious = any_ & (draw.random(rows) < 0.2)
    frame = pd.DataFrame(x, columns=[f"f{j}" for j in range(columns)])
    return frame, any_.astype(np.int64) + serious, draw.integers(0, rows // 3, rows)


def ours(data: Data, trees: int, seed: int) -> FittedForest:
    """Grow our forest."""
    frame, reached, people = data
    features = [Feature(name=str(name), kind="number", phrase=str(name)) for name in frame]
    happened = np.column_stack([reached >= 1, reached >= 2])
    options = ForestOptions(trees=trees)
    return fit_forest(features, frame, happened, people, options=options, seed=seed, threads=THREADS)


def theirs(data: Data, trees: int, seed: int) -> Any:
    """Grow scikit-learn's forest."""
    from sklearn.ensemble import RandomForestClassifier

    leaf = ForestOptions().cases_a_leaf
    forest = RandomForestClassifier(trees, min_samples_leaf=leaf, n_jobs=THREADS, random_state=seed)
    return forest.fit(data[0].to_numpy(np.float32), data[1])


def grow(data: Data, trees: int, rounds: int) -> None:
    """Grow ``trees`` trees of each in ``rounds`` turns and print what they took."""
    few = (data[0].iloc[:500], data[1][:500], data[2][:500])
    makers: dict[str, Callable[[Data, int, int], Any]] = {"ours": ours, "scikit-learn": theirs}
    each = -(-trees // rounds)
    taken: dict[str, list[tuple[float, float]]] = {who: [] for who in makers}
    for make in makers.values():
        make(few, 4, 0)
    for turn in range(rounds):
        for who, make in makers.items():
            taken[who].append(timed(partial(make, data, each, turn)))
    total = {who: [sum(column) for column in zip(*times, strict=True)] for who, times in taken.items()}
    print(f"{len(data[0]):,} rows x {data[0].shape[1]} columns, {each * rounds} trees, {THREADS} threads\n")
    print("| forest | s | processor s | s, ratio to scikit-learn | processor s, ratio |\n|---|---|---|---|---|")
    peer = total["scikit-learn"]
    for who, (wall, work) in total.items():
        print(f"| {who} | {wall:.1f} | {work:.1f} | {wall / peer[0]:.2f} | {work / peer[1]:.2f} |", flush=True)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Return seconds and processor seconds (of all threads)."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - used


def explain(data: Data, trees: int) -> None:
    """Explain single cases of a whole forest, both levels, and print what one took."""
    forest = ours(data, trees, 1).forest
    first = timed(partial(forest.margins, data[0].iloc[:1]))
    taken = [timed(partial(both_levels, forest, data[0].iloc[[i]])) for i in range(CASES_EXPLAINED)]
    wall, work = (statistics.median(column) for column in zip(*taken, strict=True))
    print(f"\nOne case explained at both levels, {trees} trees: {wall:.3f} s ({work:.3f} s of processor time; ", end="")
    print(f"slowest of {len(taken)}: {max(taken)[0]:.3f} s), after {first[0]:.1f} s once to prepare.")


def both_levels(forest: Forest, one: pd.DataFrame) -> None:
    """Explain one case."""
    for level in (0, 1):
        forest.contributions(one, level)


if __name__ == "__main__":
    main()
