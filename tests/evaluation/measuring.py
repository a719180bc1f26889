"""Measure forecasts under given weights, without resampling: what the tests hold the parts against."""

from __future__ import annotations

import numpy as np

from forecast.evaluation.metrics import METRICS, confusion, confusion_parts, presort, ratio, tally


def measure(y: np.ndarray, p: np.ndarray, weights: np.ndarray, cutoff: float | None = None) -> dict[str, np.ndarray]:
    """Return every metric of weights (B, n) or (n,), each (B,), and with a ``cutoff`` the rates there as well."""
    tallies = tally(presort(y, p), weights)
    parts = {} if cutoff is None else confusion_parts(confusion(tallies, cutoff))
    rates = {name: ratio(above, below) for name, (above, below) in parts.items()}
    return {name: metric(tallies) for name, metric in METRICS.items()} | rates
