"""Turn contributions in log-odds into "people in 100" that add up to the figure shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.models.calibration import sigmoid

if TYPE_CHECKING:
    from forecast.cases import Contributions, Floats, Ints


@dataclass(frozen=True, slots=True)
class Points:
    """People in 100: ``start + values.sum(axis=1) + cap`` equals ``shown``; all but ``values`` (n, F) are (n,)."""

    start: Floats
    values: Floats
    cap: Floats
    shown: Floats


def to_points(contributions: Contributions) -> Points:
    """Return contributions as people in 100.

    contribution_i · (p - p0) / (z - z0), with z0 the base and z the shown log-odds: closes exactly, keeps signs and
    needs no order of features; where z = z0 the limit is p0 (1 - p0).
    """
    own = np.ascontiguousarray(contributions.values)  # a case's sum is then the same bits alone and among others
    z0, z = contributions.base, contributions.base + own.sum(axis=1) + contributions.cap
    p0, p = float(sigmoid(np.array(z0))), sigmoid(z)
    distance = z - z0
    near = np.abs(distance) < 1e-9
    slope = np.where(near, p0 * (1 - p0), (p - p0) / np.where(near, 1.0, distance))
    start = np.full(len(z), 100 * p0)
    values = 100 * own * slope[:, None]
    cap = 100 * contributions.cap * slope
    return Points(start, values, cap, start + values.sum(axis=1) + cap)


def whole(parts: Floats, total: int) -> Ints:
    """Round ``parts`` to whole numbers that add up to ``total``, by largest remainder.

    Ties go to the earlier part, whether it is to be rounded up or down.
    """
    down = np.floor(parts).astype(np.int64)
    short = total - int(down.sum())
    order = np.argsort(-(parts - down), kind="stable")
    if short >= 0:
        chosen = order[np.arange(short) % len(parts)] if len(parts) else order
        np.add.at(down, chosen, 1)
    else:
        least = np.argsort(parts - down, kind="stable")
        np.add.at(down, least[np.arange(-short) % len(parts)], -1)
    return down
