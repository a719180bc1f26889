"""Turn probabilities into bands by cut-offs that a person chose.

A cut-off c on the probability of a level says what the errors cost: missing an outcome counts as much as
(1 - c)/c false alarms (minimum expected cost, Elkan 2001). Part of the bundle, with who signed it.

Where a higher level reaches its cut-off and a lower one does not (possible only if the lower one's cut-off is the
larger), no cost matrix puts the case always with the higher one: the sum of the costs decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from forecast.models.costs import Costs
from forecast.models.costs_solver import Proposal, solve

if TYPE_CHECKING:
    import datetime

    from forecast.cases import Floats, Ints


__all__ = ["BandRule", "Costs", "CutOffs", "Proposal", "signature", "solve"]


class BandRule(Protocol):
    """What turns probabilities into bands, and who answers for it: :class:`CutOffs` or :class:`Costs`."""

    @property
    def values(self) -> tuple[float, ...]:
        """For each level reached the cut-off at which its errors are shown."""

    @property
    def signed_by(self) -> str:
        """Who answers for it; empty where nobody does yet."""

    @property
    def signed_on(self) -> datetime.date | None:
        """Since when."""

    @property
    def reason(self) -> str:
        """Why it is as it is."""

    @property
    def signed(self) -> bool:
        """Whether a person answers for it."""

    def bands(self, probability: Floats) -> Ints:
        """Return for (n, K-1) probabilities the band, (n,)."""

    def cost_ratio(self, level: int) -> float:
        """Return how many false alarms one missed outcome of the level counts as."""

    def cost_matrix(self) -> list[list[float]]:
        """Return the costs: a row a band, a column an outcome."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""


def signature(rule: BandRule) -> str:
    """Say who answers for the bands: "signed by A. Person on 21 November 2026", or "not signed"."""
    if not rule.signed:
        return "not signed"
    on = f" on {rule.signed_on.day} {rule.signed_on:%B %Y}" if rule.signed_on else ""
    return f"signed by {rule.signed_by}{on}"


@dataclass(frozen=True, slots=True)
class CutOffs:
    """For each level reached the probability from which a case is placed in that level's band."""

    values: tuple[float, ...]
    signed_by: str = ""
    reason: str = ""

    @property
    def signed(self) -> bool:
        """Whether a person has put their name to the cut-offs."""
        return bool(self.signed_by.strip())

    @property
    def signed_on(self) -> datetime.date | None:
        """None: an experiment file says who signed the cut-offs, and not when."""
        return None

    def bands(self, probability: Floats) -> Ints:
        """Return for (n, K-1) probabilities the band of least expected cost; of bands that cost the same, the highest.

        Going up one band saves p/c - 1 false alarms, which is none where p is the cut-off c itself.
        """
        saved = np.cumsum(probability / np.array(self.values) - 1, axis=1)
        saved = np.column_stack([np.zeros(len(saved)), saved])
        bands: Ints = saved.shape[1] - 1 - np.argmax(saved[:, ::-1], axis=1)
        return bands

    def cost_ratio(self, level: int) -> float:
        """Return how many false alarms one missed outcome of the level counts as."""
        return (1 - self.values[level]) / self.values[level]

    def cost_matrix(self) -> list[list[float]]:
        """Return the costs that the cut-offs imply: a row a band, a column an outcome, in false alarms.

        Each level missed costs its ratio, each level forecast in vain costs 1, and levels add up; the band of least
        expected cost under this matrix is the one that :meth:`bands` gives.
        """
        levels = range(len(self.values))
        sizes = range(len(self.values) + 1)

        def cost(band: int, outcome: int) -> float:
            return sum(self.cost_ratio(k) if band <= k < outcome else float(outcome <= k < band) for k in levels)

        return [[cost(band, outcome) for outcome in sizes] for band in sizes]

    def to_json(self) -> dict[str, Any]:
        """Return the cut-offs as plain data."""
        return {"values": list(self.values), "signed_by": self.signed_by, "reason": self.reason}
