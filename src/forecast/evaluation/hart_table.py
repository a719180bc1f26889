"""Lay forecasts of bands against what followed, in the layout that HART's makers published, with intervals.

A *dangerous* error is a forecast lower than what followed, a *cautious* one a forecast higher; a *very* dangerous
or very cautious error is one between the two ends of the scale (two bands apart where there are three).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation.bootstrap import Estimate, estimate, person_codes, person_weights
from forecast.evaluation.metrics import ratio
from forecast.evaluation.results import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.cases import Floats, Ints

NO_PEOPLE = "no interval: it was not said whose cases these are"


@dataclass(frozen=True, slots=True)
class Optimism:
    """How much better one way of testing looks than a stricter one: every figure of ``looser`` less ``stricter``."""

    looser: str
    stricter: str
    figures: Mapping[str, Estimate]


@dataclass(frozen=True)
class HartTable:
    """Forecast bands against outcomes; every matrix is ``[forecast][actual]``, both from the lowest band up.

    ``counts``: cases; ``shares``: of all cases; ``of_forecast``: of the cases with this forecast (each row adds up
    to 1: "of 100 people with this forecast"); ``of_actual``: of the cases with this outcome (each column adds up to
    1). ``left_out``: cases without a forecast. ``figures``: every rate by name, see :func:`measures`.
    ``draws``: (1 + B, K, K) cases of the point and of each resample of people, from which differences are taken.
    """

    bands: tuple[str, ...]
    cases: int
    people: int
    left_out: int
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[Estimate, ...], ...]
    of_forecast: tuple[tuple[Estimate, ...], ...]
    of_actual: tuple[tuple[Estimate, ...], ...]
    figures: Mapping[str, Estimate]
    draws: Floats = field(repr=False, compare=False)

    @property
    def forecast_counts(self) -> tuple[int, ...]:
        """Cases with each forecast, lowest band first."""
        return tuple(sum(row) for row in self.counts)

    @property
    def actual_counts(self) -> tuple[int, ...]:
        """Cases with each outcome, lowest band first."""
        return tuple(sum(column) for column in zip(*self.counts, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, texts and numbers, without the resamples."""
        names = ("bands", "cases", "people", "left_out", "counts", "shares", "of_forecast", "of_actual", "figures")
        return {name: plain(getattr(self, name)) for name in names}


def hart_table(
    forecast: Ints,
    actual: Ints,
    bands: Sequence[str],
    *,
    persons: Any = None,
    replicates: int = 1000,
    seed: int = 1,
) -> HartTable:
    """Return the table of forecast bands (n,) against outcomes (n,), both 0..K-1; a forecast below 0 is none.

    ``persons`` (n,) says whose case each is: intervals come from drawing people again, and two tables of the same
    people and seed see the same draws. Without it there are no intervals.
    """
    wide = len(bands)
    kept = np.asarray(forecast) >= 0
    cell = (np.asarray(forecast) * wide + np.asarray(actual))[kept]
    people = person_codes(persons) if persons is not None else np.arange(len(kept))
    draws = _draws(cell, people, kept, wide**2, replicates if persons is not None else 0, seed).reshape(-1, wide, wide)
    every, by_forecast, by_actual = (draws.sum(axis=axis, keepdims=True) for axis in ((1, 2), 2, 1))
    return HartTable(
        bands=tuple(bands),
        cases=int(kept.sum()),
        people=len(np.unique(people[kept])),
        left_out=int((~kept).sum()),
        counts=tuple(tuple(int(x) for x in row) for row in draws[0]),
        shares=_estimates(draws, every),
        of_forecast=_estimates(draws, by_forecast),
        of_actual=_estimates(draws, by_actual),
        figures={name: _estimate(values) for name, values in measures(draws, bands).items()},
        draws=draws,
    )


def _draws(cell: Ints, people: Ints, kept: Any, cells: int, replicates: int, seed: int) -> Floats:
    """Return (1 + B, cells) cases: as they are, and when people are drawn again (those without a forecast too)."""
    count = int(people.max(initial=-1)) + 1
    each = np.bincount(people[kept] * cells + cell, minlength=count * cells).reshape(count, cells).astype(np.float64)
    parts = [each.sum(axis=0, keepdims=True)]
    parts += [weights @ each for weights in person_weights(np.arange(count), replicates, seed)]
    return np.concatenate(parts)


def measures(draws: Floats, bands: Sequence[str]) -> dict[str, Floats]:
    """Return every rate of (B, K, K) cases, each (B,), under the names that the report uses.

    "accuracy"; "recall BAND" (of those with the outcome, forecast so); "precision BAND" (of those forecast so, with
    the outcome); "very dangerous" (of those forecast lowest, with the highest outcome) and "very cautious" (the other
    way round), with three bands or more; "cautious" and "dangerous" errors as shares of all; "ratio", cautious to
    dangerous.
    """
    total = draws.sum(axis=(1, 2))
    right = np.diagonal(draws, axis1=1, axis2=2)
    by_forecast, by_actual = draws.sum(axis=2), draws.sum(axis=1)
    cautious, dangerous = errors(draws)
    found = {"accuracy": ratio(right.sum(axis=1), total)}
    down = range(len(bands) - 1, -1, -1)
    found |= {f"recall {bands[k]}": ratio(right[:, k], by_actual[:, k]) for k in down}
    found |= {f"precision {bands[k]}": ratio(right[:, k], by_forecast[:, k]) for k in down}
    if len(bands) > 2:
        found["very dangerous"] = ratio(draws[:, 0, -1], by_forecast[:, 0])
        found["very cautious"] = ratio(draws[:, -1, 0], by_forecast[:, -1])
    return found | {
        "cautious": ratio(cautious, total),
        "dangerous": ratio(dangerous, total),
        "ratio": ratio(cautious, dangerous),
    }


def side_by_side(tables: Mapping[str, HartTable]) -> tuple[Optimism, ...]:
    """Name the optimism between tables of the same forecast, loosest test first: step by step, then in all.

    Tables of the same people and seed are compared draw by draw; others as if their people were strangers.
    """
    names = list(tables)
    pairs = list(itertools.pairwise(names))
    if len(names) > 2:
        pairs.append((names[0], names[-1]))
    return tuple(Optimism(a, b, _differences(tables[a], tables[b])) for a, b in pairs)


def _differences(looser: HartTable, stricter: HartTable) -> dict[str, Estimate]:
    drawn = min(len(looser.draws), len(stricter.draws))
    a, b = (measures(table.draws[:drawn], table.bands) for table in (looser, stricter))
    return {name: _estimate(a[name] - b[name]) for name in a}


def errors(draws: Floats) -> tuple[Floats, Floats]:
    """Return the cautious and the dangerous errors of (B, K, K) cases, each (B,)."""
    return np.tril(draws, -1).sum(axis=(1, 2)), np.triu(draws, 1).sum(axis=(1, 2))


def _estimates(draws: Floats, below: Floats) -> tuple[tuple[Estimate, ...], ...]:
    rates = ratio(draws, np.broadcast_to(below, draws.shape))
    wide = draws.shape[1]
    return tuple(tuple(_estimate(rates[:, i, j]) for j in range(wide)) for i in range(wide))


def _estimate(measured: Floats) -> Estimate:
    """Return a figure with its interval, or the reason why there were no resamples to make one of."""
    found = estimate(measured)
    if len(measured) == 1 and found.value is not None:
        return Estimate(found.value, None, None, NO_PEOPLE)
    return found
