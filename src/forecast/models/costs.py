"""Turn probabilities into bands by a matrix of costs that a person signed: the band of least expected cost.

A cost is how bad it is to place a case in a band (row) when an outcome (column) follows; only its size beside the
others counts. A ratio of costs is not a ratio of errors: how many errors of each kind come of it hangs on the cases.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.costs_check import check_costs
from forecast.problems import Problem, raise_all
from forecast.settings import from_mapping, key, read_toml
from forecast.tables.toml_text import to_toml

if TYPE_CHECKING:
    from forecast.cases import Floats, Ints, OutcomeScale

Matrix = tuple[tuple[float, ...], ...]

SAME = 1e-12
"""Expected costs that differ by less than this share of the greatest cost count as the same."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What each pair of band (row) and outcome (column) costs, lowest first, and who answers for it since when."""

    matrix: Matrix
    signed_by: str = ""
    signed_on: datetime.date | None = None
    reason: str = ""

    @property
    def signed(self) -> bool:
        """Whether a person has put their name and a day to the costs."""
        return bool(self.signed_by.strip()) and self.signed_on is not None

    def bands(self, probability: Floats) -> Ints:
        """Return for (n, K-1) probabilities the band of least expected cost; of bands that cost the same, the highest.

        With p_k the probability of reaching level k, band b costs C[b][0] + sum over k of p_k (C[b][k+1] - C[b][k]).
        Summed case by case in a fixed order, so that a batch gives the bands that its cases give one by one.
        """
        matrix = np.array(self.matrix, dtype=np.float64)
        rising = np.diff(matrix, axis=1)
        near = SAME * matrix.max()
        band = np.zeros(len(probability), dtype=np.int64)
        least = np.full(len(probability), np.inf)
        for b, steps in enumerate(rising):
            cost = np.full(len(probability), matrix[b, 0])
            for k, step in enumerate(steps):
                cost += step * probability[:, k]
            band[cost <= least + near] = b
            np.minimum(least, cost, out=least)
        return band

    @property
    def values(self) -> tuple[float, ...]:
        """For each level reached the cut-off between its band and the one below, were their two outcomes the only ones.

        Where steps of cost add up (as in a matrix made from cut-offs) these are the cut-offs on the probability of
        the level; else they only say where errors at that level are shown.
        """
        return tuple(1 / (1 + self.cost_ratio(k)) for k in range(len(self.matrix) - 1))

    def cost_ratio(self, level: int) -> float:
        """Return what missing the level costs (one band too low) over forecasting it in vain (one band too high)."""
        low, high = self.matrix[level], self.matrix[level + 1]
        return (low[level + 1] - high[level + 1]) / (high[level] - low[level])

    def cost_matrix(self) -> list[list[float]]:
        """Return the costs: a row a band, a column an outcome."""
        return [list(row) for row in self.matrix]

    def to_json(self) -> dict[str, Any]:
        """Return the costs as plain data."""
        on = None if self.signed_on is None else self.signed_on.isoformat()
        return {"matrix": self.cost_matrix(), "signed_by": self.signed_by, "signed_on": on, "reason": self.reason}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Costs:
        """Undo :meth:`to_json`."""
        on = None if data["signed_on"] is None else datetime.date.fromisoformat(data["signed_on"])
        return cls(as_matrix(data["matrix"]), data["signed_by"], on, data["reason"])


def as_matrix(rows: Sequence[Sequence[float]]) -> Matrix:
    """Return rows of numbers as a matrix that cannot be changed."""
    return tuple(tuple(float(value) for value in row) for row in rows)


def scaled(costs: Sequence[Sequence[float]], factor: float) -> Matrix:
    """Return a matrix in which being too low costs ``factor`` times as much more than being right as before."""
    wide = range(len(costs))

    def cost(band: int, outcome: int) -> float:
        right = costs[outcome][outcome]
        return right + factor * (costs[band][outcome] - right) if band < outcome else costs[band][outcome]

    return as_matrix([[cost(band, outcome) for outcome in wide] for band in wide])


def ratio_of_costs(costs: Sequence[Sequence[float]]) -> float:
    """Return what being one band too low costs over being one band too high, both added up over the bands."""
    steps = range(len(costs) - 1)
    low = sum(costs[k][k + 1] - costs[k + 1][k + 1] for k in steps)
    return low / sum(costs[k + 1][k] - costs[k][k] for k in steps)


@dataclass(frozen=True, slots=True)
class CostsFile:
    """The keys of a costs file."""

    bands: tuple[str, ...] = key("the names of the bands, lowest first")
    matrix: Matrix = key("a row for each band: what it costs with each outcome, both lowest first")
    signed_by: str = key("who answers for these costs; empty: nobody yet, for research only", "")
    signed_on: datetime.date | None = key("the day on which they were signed", None)
    reason: str = key("why they are what they are", "")


def read_costs(path: Path, scale: OutcomeScale) -> Costs:
    """Read a costs file and check that it fits the outcome scale; an unsigned one is allowed, and says so everywhere.

    Raises
    ------
    Problem, Problems
        ``costs-...`` (see :func:`forecast.models.costs_check.check_costs`), ``toml-...``, ``file-missing``.
    """
    read = from_mapping(CostsFile, read_toml(path), path)
    check_costs(read.matrix, len(scale.levels), path)
    found = []
    if read.bands != scale.bands:
        found.append(Problem("costs-bands", path=path, found=list(read.bands), wanted=list(scale.bands)))
    given = {"signed_by": read.signed_by.strip(), "signed_on": read.signed_on, "reason": read.reason.strip()}
    missing = [name for name, value in given.items() if not value]
    if missing and (given["signed_by"] or given["signed_on"]):
        found.append(Problem("costs-half-signed", path=path, missing=" and ".join(missing)))
    raise_all(found)
    return Costs(read.matrix, read.signed_by, read.signed_on, read.reason)


_HEADING = """\
# What errors cost. A row is a band, a column what followed, both from the lowest up: row 1, column 3 is what it costs
# to place somebody in the lowest band whom the highest outcome follows. Being right costs least.
# To sign: add signed_by = "name and rank", signed_on = a date like 2026-11-21 (no quotes), and the reason.
"""


def costs_toml(costs: Costs, scale: OutcomeScale, *, about: Sequence[str] = ()) -> str:
    """Return a costs file; ``about``: further lines of comment. Reading it gives the same costs."""
    matrix = [[int(value) if value.is_integer() else value for value in row] for row in as_matrix(costs.matrix)]
    content = {"bands": list(scale.bands), "matrix": matrix, "signed_by": costs.signed_by}
    if costs.signed_on is not None:
        content["signed_on"] = costs.signed_on
    lines = "".join(f"# {line}\n" for text in about for line in text.splitlines())
    return f"{_HEADING}{lines}\n{to_toml({**content, 'reason': costs.reason})}"
