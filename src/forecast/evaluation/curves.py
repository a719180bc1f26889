"""Draw from cases the curves that the report shows: ROC points and histograms, thinned to what a page can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.metrics import presort, tally
from forecast.evaluation.results import Histogram

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats

POINTS = 150
"""ROC points kept of each curve."""

BINS = 20
DECIMALS = 4


def roc_points(y: Bools, p: Floats) -> tuple[tuple[float, float], ...]:
    """Return (false positive rate, true positive rate) from (0, 0) to (1, 1); empty when a class is missing.

    At most 150 points are kept, evenly along the distinct scores; ties are one step, as they should be.
    """
    t = tally(presort(y, p), np.ones(len(p)))
    if t.events[0] == 0 or t.non_events[0] == 0:
        return ()
    hits = np.r_[0, np.cumsum(t.positive[0, ::-1]) / t.events[0]]
    alarms = np.r_[0, np.cumsum(t.negative[0, ::-1]) / t.non_events[0]]
    kept = np.unique(np.linspace(0, len(hits) - 1, min(POINTS, len(hits))).round().astype(int))
    pairs = zip(alarms[kept], hits[kept], strict=True)
    return tuple((round(float(x), DECIMALS), round(float(v), DECIMALS)) for x, v in pairs)


def histogram(y: Bools, p: Floats) -> Histogram:
    """Count cases with and without the outcome in twenty bins of the forecast between 0 and 1."""
    edges = np.linspace(0, 1, BINS + 1)
    outcome = np.asarray(y, dtype=bool)
    happened, not_happened = (np.histogram(p[rows], bins=edges)[0] for rows in (outcome, ~outcome))
    return Histogram(
        edges=tuple(round(float(e), DECIMALS) for e in edges),
        with_outcome=tuple(int(c) for c in happened),
        without_outcome=tuple(int(c) for c in not_happened),
    )
