"""Forecast by plurality vote: a replica of HART's forest, to compare other models against.

Every tree votes for one class, that of its leaf's heaviest; the class with most votes is the forecast, of classes with
as many votes the higher (the cautious side). Votes are shown as votes (414 / 87 / 8), never as probabilities: those
come from calibrating the share of trees that vote for a level or higher.

HART's 509 trees were grown in R on fixed numbers of cases drawn of each class; these are scikit-learn's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.files import to_json
from forecast.models.design import Design
from forecast.models.forest_text import vote_booster
from forecast.models.forest_trees import read_trees, write_trees
from forecast.problems import Problem

if TYPE_CHECKING:
    from pathlib import Path

    import lightgbm as lgb
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.models.forest_trees import Trees

MANY_ROWS = 500
"""Rows from which voting and explaining use all threads."""
TREES_AT_A_TIME = 16
"""Measured: 60,000 rows pass 128 trees in 0.87 s of one core, in 1.4 s when each row passes all trees at once."""
TREES_FILE, DESIGN_FILE, FACTS_FILE = "forest.skops", "design.json", "forest.json"


@dataclass(frozen=True)
class Forest:
    """Fitted trees over one design, for outcomes 0 to ``classes`` - 1 (the highest level reached).

    ``facts``: how it was grown (plain data), kept with it and read by no code here.
    """

    design: Design
    trees: Trees
    classes: int
    facts: dict[str, Any]
    threads: int = 0
    kind: str = "forest"

    @property
    def features(self) -> tuple[str, ...]:
        """The features, in the order of the description."""
        return self.design.features

    def votes(self, frame: pd.DataFrame) -> Ints:
        """Return how many trees vote for each class, (n, K); a row adds up to the number of trees."""
        at_least = self._at_least(frame)
        ends = np.zeros((len(frame), 1), dtype=np.int64)
        votes: Ints = np.hstack([ends + len(self.trees), at_least]) - np.hstack([at_least, ends])
        return votes

    def plurality(self, frame: pd.DataFrame) -> Ints:
        """Return the class with most votes, (n,); of classes with as many, the higher."""
        return plurality(self.votes(frame))

    def margins(self, frame: pd.DataFrame) -> Floats:
        """Return the share of the trees that vote for each level or higher, (n, K-1): not log-odds.

        Calibrated by slope and intercept like any margin, it gives the probability that stands beside the votes.
        """
        share: Floats = self._at_least(frame) / len(self.trees)
        return share

    def contributions(self, frame: pd.DataFrame, level: int) -> tuple[float, Floats]:
        """Return (base, (n, F)) in shares of the trees, by path-dependent TreeSHAP (Lundberg et al. 2020)."""
        made = _explain(self._boosters[level], self._matrix(frame), self.threads) / len(self.trees)
        return float(made[0, -1]) if len(made) else 0.0, self.design.by_feature(made[:, :-1])

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return for each open-list feature which rows hold a value that training never saw."""
        return self.design.unknown(frame)

    def save(self, folder: Path) -> None:
        """Write `forest.skops` (plain arrays), `design.json` and `forest.json`."""
        write_trees(self.trees, folder / TREES_FILE)
        (folder / DESIGN_FILE).write_text(to_json(self.design.to_json()), encoding="utf-8")
        facts = {"classes": self.classes, "trees": len(self.trees), "grown": self.facts}
        (folder / FACTS_FILE).write_text(to_json(facts), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> Forest:
        """Read what :meth:`save` wrote."""
        try:
            design = Design.from_json(json.loads((folder / DESIGN_FILE).read_text("utf-8")))
            facts = json.loads((folder / FACTS_FILE).read_text("utf-8"))
            classes, grown = int(facts["classes"]), dict(facts["grown"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Problem("bundle-corrupt", path=folder, detail="the forest's description cannot be read") from error
        trees = read_trees(folder / TREES_FILE, len(design.columns), classes)
        return cls(design, trees, classes, grown, threads)

    def _matrix(self, frame: pd.DataFrame) -> Floats:
        """Return the matrix rounded to what the trees were grown on: scikit-learn splits float32."""
        return self.design.matrix(frame).astype(np.float32).astype(np.float64)

    def _at_least(self, frame: pd.DataFrame) -> Ints:
        """Return how many trees vote for each level or higher, (n, K-1)."""
        matrix = self._matrix(frame)
        return np.column_stack([_predict(booster, matrix, self.threads) for booster in self._boosters])

    @cached_property
    def _boosters(self) -> tuple[lgb.Booster, ...]:
        columns = len(self.design.columns)
        return tuple(vote_booster(self.trees, level, columns) for level in range(1, self.classes))


def plurality(votes: Ints) -> Ints:
    """Return the class with most of (n, K) votes, of classes with as many the higher; -1 where there is no vote."""
    most = votes.shape[1] - 1 - np.argmax(votes[:, ::-1], axis=1)
    found: Ints = np.where(votes.sum(axis=1) > 0, most, -1)
    return found


def shares(votes: Ints) -> Floats:
    """Return the share of (n, K) votes for each level or higher, (n, K-1); NaN where there is no vote."""
    at_least = np.cumsum(votes[:, ::-1], axis=1)[:, ::-1].astype(np.float64)
    total = at_least[:, :1]
    made: Floats = np.divide(at_least[:, 1:], total, out=np.full(at_least[:, 1:].shape, np.nan), where=total > 0)
    return made


def _predict(booster: lgb.Booster, matrix: Floats, threads: int) -> Ints:
    """Count votes, a few trees at a time: those stay in the cache while all rows pass."""
    found = np.zeros(len(matrix), dtype=np.int64)
    if not len(matrix):
        return found
    used, step = (threads, TREES_AT_A_TIME) if len(matrix) >= MANY_ROWS else (1, booster.num_trees())
    for first in range(0, booster.num_trees(), step):
        made = booster.predict(
            matrix, raw_score=True, start_iteration=first, num_iteration=step, num_threads=used, validate_features=False
        )
        found += np.rint(made).astype(np.int64)
    return found


def _explain(booster: lgb.Booster, matrix: Floats, threads: int) -> Floats:
    if not len(matrix):
        return np.empty((0, matrix.shape[1] + 1))
    used = threads if len(matrix) >= MANY_ROWS else 1
    return np.asarray(booster.predict(matrix, raw_score=True, pred_contrib=True, num_threads=used), dtype=np.float64)
