"""Put a model, its calibration and its cut-offs together: features in, forecasts out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import Contributions, Forecasts
from forecast.models.base import ExplainsAtOnce
from forecast.models.calibration import sigmoid

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Floats
    from forecast.models.bands import BandRule
    from forecast.models.base import Model
    from forecast.models.calibration import Calibration
    from forecast.models.uncertainty import Uncertainty


@dataclass(frozen=True)
class Forecaster:
    """A fitted, calibrated model with its cut-offs and, where they were measured, its limits."""

    model: Model
    calibration: Calibration
    cutoffs: BandRule
    uncertainty: Uncertainty | None = None

    def forecast(self, frame: pd.DataFrame) -> Forecasts:
        """Return forecasts of n cases from their features, with interval, set of outcomes and mark where known."""
        return self._marked(self.from_margins(self.model.margins(frame)), frame)

    def _marked(self, made: Forecasts, frame: pd.DataFrame) -> Forecasts:
        """Return the forecasts with the mark of cases unlike those of training, where it is known."""
        return made if self.uncertainty is None else replace(made, outside=self.uncertainty.support.outside(frame))

    def from_margins(self, margins: Floats) -> Forecasts:
        """Return forecasts from (n, K-1) uncalibrated log-odds."""
        uncapped = self.calibration.uncapped(margins)
        capped = self.calibration.log_odds(margins)
        probability = sigmoid(capped)
        made = Forecasts(probability, self.cutoffs.bands(probability), np.asarray(capped < uncapped))
        if self.uncertainty is None:
            return made
        low, high = self.uncertainty.intervals.bounds(capped)
        return replace(made, low=low, high=high, outcomes=self.uncertainty.sets.sets(probability))

    def contributions(self, frame: pd.DataFrame, level: int) -> Contributions:
        """Return what each feature adds to the calibrated log-odds of one level, closed to 1e-6.

        The cap row holds what lowering the level to the one before it took away. Contributions are those of the
        margin times the calibration's slope; the little that float arithmetic loses is spread in proportion.
        """
        return self._contributions(self.model.margins(frame), level, *self.model.contributions(frame, level))

    def explained(self, frame: pd.DataFrame) -> tuple[Forecasts, tuple[Contributions, ...]]:
        """Return what :meth:`forecast` gives, and for each level what :meth:`contributions` gives, in less time."""
        if isinstance(self.model, ExplainsAtOnce):
            margins, parts = self.model.explained(frame)
        else:
            margins = self.model.margins(frame)
            parts = [self.model.contributions(frame, level) for level in range(margins.shape[1])]
        made = [self._contributions(margins, level, *part) for level, part in enumerate(parts)]
        return self._marked(self.from_margins(margins), frame), tuple(made)

    def _contributions(self, margins: Floats, level: int, base: float, values: Floats) -> Contributions:
        """Return the calibrated contributions of one level; ``base`` and ``values`` are those of the margin."""
        a, b = self.calibration.a[level], self.calibration.b[level]
        uncapped = self.calibration.uncapped(margins)[:, level]
        shown = self.calibration.log_odds(margins)[:, level]
        start = a * base + b
        return Contributions(self.model.features, start, closed(start, a * values, uncapped), shown - uncapped)


TOLERANCE = 1e-4
ROWS_AT_A_TIME = 4096
"""Rows that are closed before the next, so that their numbers stay in the cache."""


def closed(start: float, values: Floats, total: Floats) -> Floats:
    """Spread the rounding residual of (n, F) contributions so that ``start + row sum`` equals ``total``, in place.

    Columns are added one after the other: a row's result is the same alone and among others.
    Raises ``ArithmeticError`` (a fault of ours) where the residual is more than rounding.
    """
    for low in range(0, len(values), ROWS_AT_A_TIME):
        rows = slice(low, low + ROWS_AT_A_TIME)
        _close(start, values[rows].T, total[rows])
    return values


def _close(start: float, columns: Floats, total: Floats) -> None:
    """Close the contributions (F, rows) of some rows in place."""
    reached, weight = np.full(len(total), start), np.zeros(len(total))
    for column in columns:
        reached += column
        weight += np.abs(column)
    residual = total - reached
    if np.abs(residual).max() > TOLERANCE:
        raise ArithmeticError(f"contributions miss the forecast by {np.abs(residual).max():.2e} log-odds")
    share = np.divide(residual, weight, out=np.zeros_like(residual), where=weight > 0)
    for column in columns:
        column += np.abs(column) * share
