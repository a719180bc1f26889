"""Put a model, its calibration and its cut-offs together: features in, forecasts out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import Contributions, Forecasts
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
        made = self.from_margins(self.model.margins(frame))
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
        margins = self.model.margins(frame)
        base, values = self.model.contributions(frame, level)
        a, b = self.calibration.a[level], self.calibration.b[level]
        uncapped = self.calibration.uncapped(margins)[:, level]
        shown = self.calibration.log_odds(margins)[:, level]
        start = a * base + b
        return Contributions(self.model.features, start, closed(start, a * values, uncapped), shown - uncapped)


TOLERANCE = 1e-4


def closed(start: float, values: Floats, total: Floats) -> Floats:
    """Spread the rounding residual of (n, F) contributions so that ``start + row sum`` equals ``total``.

    Raises ``ArithmeticError`` (a fault of ours) where the residual is more than rounding.
    """
    residual = total - start - values.sum(axis=1)
    if len(residual) and np.abs(residual).max() > TOLERANCE:
        raise ArithmeticError(f"contributions miss the forecast by {np.abs(residual).max():.2e} log-odds")
    size = np.abs(values)
    weight = size.sum(axis=1)
    share = np.divide(residual, weight, out=np.zeros_like(residual), where=weight > 0)
    return np.asarray(values + size * share[:, None])
