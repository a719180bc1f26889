"""Rank and recalibrate one forecast under many sets of weights, quickly: for comparisons of many models."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation import kernels
from forecast.evaluation.metrics import CLIP
from forecast.evaluation.recalibration import bins_of, calibration_slope

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints


class Ranked:
    """Forecasts ``p`` (n,) of an outcome ``y`` (n,), sorted and binned once; weights are (b, n).

    The figures are those of :mod:`forecast.evaluation.metrics`, only faster.
    """

    def __init__(self, p: Floats, y: Bools) -> None:
        self.p, self.y = p, y.astype(np.float64)

    @cached_property
    def _rising(self) -> tuple[Ints, Bools, Floats]:
        order = np.argsort(self.p, kind="stable")
        return order, np.append(np.diff(self.p[order]) != 0, True)[: len(order)], self.y[order]

    @cached_property
    def _bins(self) -> tuple[Floats, Ints]:
        """Return the log-odds of each bin, (G,), and the bin of each case, (n,)."""
        clipped = np.clip(self.p, CLIP, 1 - CLIP)
        return bins_of(np.log(clipped) - np.log1p(-clipped))

    def auc(self, weights: Floats) -> Floats:
        """Return the area under the ROC curve, (b,); NaN where one class has no weight."""
        found = np.empty(len(weights))
        kernels.kernel(kernels.areas)(weights, *self._rising, found)
        return found

    def tallies(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return log-odds (G,) and the weight with and without the outcome at each of them, (b, G) each."""
        centres, bins = self._bins
        positive, negative = np.zeros((2, len(weights), len(centres)))
        kernels.kernel(kernels.sums_by_bin)(weights, bins, self.y, positive, negative)
        return centres, positive, negative

    def slope(self, weights: Floats) -> Floats:
        """Return the calibration slope, (b,); see :func:`forecast.evaluation.recalibration.calibration_slope`."""
        return calibration_slope(*self.tallies(weights))
