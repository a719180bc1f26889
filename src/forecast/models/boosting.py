"""Fit and keep LightGBM models: one for each level of the outcome scale, each the mean of a few boosters.

The boosters of a level differ by seed only; the mean of their margins is still a sum of contributions.
No categorical splits and no `zero_as_missing`: the tables that explain the trees do not have them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.files import to_json
from forecast.models.design import Design, fit_design, tree_columns, trends
from forecast.models.tree_tables import MOST_BYTES, tables_of

if TYPE_CHECKING:
    import lightgbm as lgb
    import pandas as pd

    from forecast.cases import Bools, Floats
    from forecast.models.tree_tables import TreeTables
    from forecast.tables.description import Feature


SMALL_CELLS = 2_000_000
MONOTONE_METHOD = "basic"
"""The strictest and quickest of LightGBM's ways; the others forecast no better here (measured)."""
MANY_CONTRIBUTIONS = 500
"""Rows from which LightGBM's own contributions, which cost some fifty times a prediction, use all threads."""


@dataclass(frozen=True, slots=True)
class BoostingOptions:
    """Hyper-parameters; the defaults are one configuration that serves NIJ's three rounds and COMPAS."""

    rounds: int = 700
    learning_rate: float = 0.02
    leaves: int = 8
    cases_a_leaf: int = 40
    feature_share: float = 0.3
    row_share: float = 0.7
    l2: float = 20.0
    boosters: int = 3
    monotone: bool = False
    """Hold trees to the directions that features declare: more of it never moves the forecast the other way."""

    def parameters(self, seed: int, threads: int) -> dict[str, Any]:
        """Return LightGBM's parameters; `deterministic` makes the result independent of the threads."""
        return {
            "objective": "binary",
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.cases_a_leaf,
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class Boosting:
    """Fitted boosters for each level reached, over one design."""

    design: Design
    boosters: tuple[tuple[lgb.Booster, ...], ...]
    threads: int = 0
    kind: str = "boosting"

    @property
    def features(self) -> tuple[str, ...]:
        """The features, in the order of the description."""
        return self.design.features

    def margins(self, frame: pd.DataFrame) -> Floats:
        """Return uncalibrated log-odds, (n, K-1)."""
        matrix = self.design.matrix(frame)
        return np.column_stack([self._margin(matrix, level) for level in range(len(self.boosters))])

    def contributions(self, frame: pd.DataFrame, level: int) -> tuple[float, Floats]:
        """Return (base, (n, F)) for one level, by path-dependent TreeSHAP (Lundberg et al. 2020)."""
        return self._contributions(self.design.matrix(frame), level)

    def explained(self, frame: pd.DataFrame) -> tuple[Floats, list[tuple[float, Floats]]]:
        """Return the margins and the contributions of each level, from one matrix."""
        matrix = self.design.matrix(frame)
        margins: list[Floats] = []
        made: list[tuple[float, Floats]] = []
        for level, tables in enumerate(self._tables):
            if tables is None:
                margins.append(self._margin(matrix, level))
                made.append(self._contributions(matrix, level))
            else:
                each, values = tables.explained(matrix, self.threads)
                margins.append(_mean(list(each)))
                made.append((tables.base, values))
        return np.column_stack(margins), made

    def _margin(self, matrix: Floats, level: int) -> Floats:
        return _mean([_predict(booster, matrix, self.threads) for booster in self.boosters[level]])

    def _contributions(self, matrix: Floats, level: int) -> tuple[float, Floats]:
        """Look contributions up; of trees for which tables would be too large, ask LightGBM."""
        tables = self._tables[level]
        if tables is not None:
            return tables.base, tables.contributions(matrix, self.threads)
        made = _mean([_predict(b, matrix, self.threads, pred_contrib=True) for b in self.boosters[level]])
        return float(made[0, -1]) if len(made) else 0.0, self.design.by_feature(made[:, :-1])

    @cached_property
    def _tables(self) -> tuple[TreeTables | None, ...]:
        made: list[TreeTables | None] = []
        for some in self.boosters:
            room = MOST_BYTES - sum(tables.size for tables in made if tables is not None)
            made.append(tables_of(some, self.design.owner, len(self.features), room))
        return tuple(made)

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return for each open-list feature which rows hold a value that training never saw."""
        return self.design.unknown(frame)

    def save(self, folder: Path) -> None:
        """Write `design.json` and one LightGBM text a booster, without the parameters of the machine."""
        (folder / "design.json").write_text(to_json(self.design.to_json()), encoding="utf-8")
        for level, boosters in enumerate(self.boosters):
            for i, booster in enumerate(boosters):
                (folder / f"level{level + 1}-booster{i + 1}.txt").write_text(_model_text(booster), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> Boosting:
        """Read what :meth:`save` wrote."""
        import lightgbm as lgb

        design = Design.from_json(json.loads((folder / "design.json").read_text("utf-8")))
        boosters: list[tuple[lgb.Booster, ...]] = []
        while paths := sorted(
            folder.glob(f"level{len(boosters) + 1}-booster*.txt"), key=lambda p: (len(p.name), p.name)
        ):
            boosters.append(tuple(lgb.Booster(model_str=path.read_text("utf-8")) for path in paths))
        return cls(design, tuple(boosters), threads)


def _mean(made: Sequence[Floats]) -> Floats:
    """Return the mean of arrays, added in their order: the same bits for one row as for many."""
    total: Floats = sum(made[1:], start=made[0]) / len(made)
    return total


def _predict(booster: lgb.Booster, matrix: Floats, threads: int, *, pred_contrib: bool = False) -> Floats:
    if not len(matrix):
        return np.empty((0, matrix.shape[1] + 1) if pred_contrib else 0)
    few = threads if pred_contrib and len(matrix) >= MANY_CONTRIBUTIONS else threads_for(matrix, threads)
    made = booster.predict(matrix, raw_score=True, pred_contrib=pred_contrib, num_threads=few)
    return np.asarray(made, dtype=np.float64)


def _model_text(booster: lgb.Booster) -> str:
    """Return the trees alone: the parameters that follow them name threads and paths, and loading ignores them."""
    text = re.split(r"\n(?:parameters|pandas_categorical):", booster.model_to_string(), maxsplit=1)[0]
    return f"{text}\n\nparameters:\nend of parameters\n"


def fit_boosting(
    features: Sequence[Feature],
    frame: pd.DataFrame,
    happened: Bools,
    *,
    options: BoostingOptions,
    seed: int,
    threads: int = 0,
    weights: Floats | None = None,
) -> Boosting:
    """Fit one set of boosters for each column of ``happened`` (n, K-1).

    ``weights``: (n, K-1), what each case counts for at each level; one of weight 0 is left out there.
    """
    design = fit_design(features, frame, tree_columns)
    matrix = design.matrix(frame)
    threads = threads_for(matrix, threads)
    signs = trends(design, features) if options.monotone else []
    boosters = fit_boosters(matrix, happened, options, weights=weights, signs=signs, seed=seed, threads=threads)
    return Boosting(design, boosters, threads)


def fit_boosters(
    matrix: Floats,
    happened: Bools,
    options: BoostingOptions,
    *,
    weights: Floats | None,
    signs: Sequence[int],
    seed: int,
    threads: int,
    more: Mapping[str, Any] | None = None,
) -> tuple[tuple[lgb.Booster, ...], ...]:
    """Fit the boosters of each level on a matrix; ``signs`` constrain its columns, ``more`` are further parameters."""
    import lightgbm as lgb

    names = [f"c{j}" for j in range(matrix.shape[1])]
    held = _held(signs) | dict(more or {})
    boosters = []
    for level in range(happened.shape[1]):
        data = _dataset(matrix, happened[:, level], None if weights is None else weights[:, level], names)
        fitted = [
            lgb.train(
                options.parameters(seed * 1000 + level * 100 + i, threads) | held, data, num_boost_round=options.rounds
            )
            for i in range(options.boosters)
        ]
        boosters.append(tuple(fitted))
    return tuple(boosters)


def _dataset(matrix: Floats, happened: Bools, weights: Floats | None, names: list[str]) -> lgb.Dataset:
    import lightgbm as lgb

    target = happened.astype(np.float64)
    if weights is None:
        return lgb.Dataset(matrix, target, feature_name=names, free_raw_data=False)
    counted = weights > 0
    return lgb.Dataset(
        matrix[counted], target[counted], weight=weights[counted], feature_name=names, free_raw_data=False
    )


def _held(signs: Sequence[int]) -> dict[str, Any]:
    """Return the parameters that hold columns to their signs; none if no column has one."""
    if not any(signs):
        return {}
    return {"monotone_constraints": list(signs), "monotone_constraints_method": MONOTONE_METHOD}


def threads_for(matrix: Floats, threads: int) -> int:
    """Return 1 for small work, where a second thread costs more than it gives (measured below 2 million cells)."""
    return 1 if matrix.size < SMALL_CELLS else threads
