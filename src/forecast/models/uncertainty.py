"""Keep together what a forecast says about its own limits: interval, set of outcomes, mark for what was never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.calibration import sigmoid
from forecast.models.intervals import Intervals, fit_intervals
from forecast.models.outcome_sets import SHARE, OutcomeSets, fit_outcome_sets
from forecast.models.support import Support, fit_support

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.models.calibration import Calibration
    from forecast.tables.description import Feature

FILE = "uncertainty.json"
FORMAT = 1
MOST_REFERENCE = 4_000
"""Training cases at which the person-fold models are compared."""


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The interval about the group, the conformal sets of outcomes, and the support of the training data."""

    intervals: Intervals
    sets: OutcomeSets
    support: Support

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "format": FORMAT,
            "intervals": self.intervals.to_json(),
            "sets": self.sets.to_json(),
            "support": self.support.to_json(),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Uncertainty:
        """Build it from plain data."""
        return cls(
            Intervals.from_json(content["intervals"]),
            OutcomeSets.from_json(content["sets"]),
            Support.from_json(content["support"]),
        )


def reference_rows(cases: int, seed: int) -> Ints:
    """Return which of so many training cases to compare the person-fold models at, at most 4,000, in order."""
    rows = np.arange(cases)
    if cases <= MOST_REFERENCE:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MOST_REFERENCE, replace=False))


def fit_uncertainty(
    features: Sequence[Feature],
    frame: pd.DataFrame,
    fold_margins: Floats | None,
    margins: Floats,
    happened: Bools,
    *,
    persons: Any,
    calibration: Calibration,
    complete: Bools | None = None,
    share: float = SHARE,
    seed: int,
) -> Uncertainty:
    """Return the uncertainty of a model from its training cases and its out-of-fold fits.

    Parameters
    ----------
    features : those that the model uses. frame : (n, ...) the training cases.
    fold_margins : (F, m, K-1) margins of each person-fold model at the same m cases (see :func:`reference_rows`), or
        ``None`` where nothing is fitted in folds.
    margins : (n, K-1) out-of-fold. happened : (n, K-1). persons : (n,) names of the people.
    calibration : as fitted on ``margins``. share : of the conformal sets.
    complete : (n,) cases whose outcome window was over, None for all. Of the others only those with an outcome are
        known: they would make outcomes look too common, so intervals and sets are fitted without them.
    """
    settled = np.ones(len(margins), dtype=bool) if complete is None else complete
    intervals = fit_intervals(
        fold_log_odds=fold_margins,
        margins=margins[settled],
        happened=happened[settled],
        persons=np.asarray(persons, dtype=object)[settled],
        calibration=calibration,
        seed=seed,
    )
    sets = fit_outcome_sets(sigmoid(calibration.log_odds(margins[settled])), happened[settled], share=share)
    return Uncertainty(intervals, sets, fit_support(features, frame, persons))
