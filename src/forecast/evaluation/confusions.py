"""Say what a cut-off does: who is flagged, who is missed, and of 100 people how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.evaluation.bootstrap import TOO_FEW, Estimate, estimate
from forecast.evaluation.metrics import confusion_parts, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.cases import Floats

CELLS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


@dataclass(frozen=True, slots=True)
class Confusion:
    """Forecasts at or above ``cutoff`` (flagged) against outcomes.

    ``counts``: cases in each of :data:`CELLS`; ``of_100``: the same of 100 cases, with intervals; ``rates``: see
    :func:`forecast.evaluation.metrics.confusion_parts`.
    """

    name: str
    cutoff: float
    counts: Mapping[str, int]
    of_100: Mapping[str, Estimate]
    rates: Mapping[str, Estimate]


def named_cutoffs(cutoffs: Mapping[str, float] | Sequence[float]) -> dict[str, float]:
    """Give cut-offs without a name one that says where they lie."""
    if hasattr(cutoffs, "items"):
        return {str(name): float(value) for name, value in cutoffs.items()}
    return {f"{float(value):g} and above": float(value) for value in cutoffs}


def confusion_of(name: str, cutoff: float, counts: Floats, *, least: int = 0) -> Confusion:
    """Turn (4, 1 + B) counts, the point first, into counts, shares of 100 and rates with intervals.

    A rate among fewer than ``least`` cases is "too few to judge": a large group may still have few flagged.
    """
    everyone = counts.sum(axis=0)
    return Confusion(
        name=name,
        cutoff=cutoff,
        counts={cell: round(float(row[0])) for cell, row in zip(CELLS, counts, strict=True)},
        of_100={cell: estimate(100 * ratio(row, everyone)) for cell, row in zip(CELLS, counts, strict=True)},
        rates={rate: _rate(above, below, least) for rate, (above, below) in confusion_parts(counts).items()},
    )


def _rate(above: Floats, below: Floats, least: int) -> Estimate:
    return Estimate(None, None, None, TOO_FEW) if below[0] < least else estimate(ratio(above, below))
