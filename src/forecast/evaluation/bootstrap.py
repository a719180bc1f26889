"""Put intervals about figures by resampling people, never rows: one person's cases are not independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.metrics import tally
from forecast.models.refits import person_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeVar

    from forecast.cases import Floats, Ints
    from forecast.evaluation.metrics import Presorted, Tallies
    from forecast.progress import Progress

    Key = TypeVar("Key")

LEVEL = 0.95
MISSING_ALLOWED = 0.05
"""Share of resamples that may be without a value before an interval is refused."""

BLOCK_VALUES = 2**16
"""Weights drawn at a time: few enough that the working arrays stay in the cache."""

BLOCK_ROWS = 25
"""Resamples drawn at a time for functions that go through them one by one."""

UNDEFINED = "not defined for these cases"
NO_INTERVAL = "no interval: too many resamples gave no value"
TOO_FEW = "too few to judge"
SAME_FOR_ALL = "none: the same forecast for everybody"

RANKING = ("auc", "calibration_slope")
"""What a forecast that is the same for all cannot have."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; ``None`` where there is none, and then ``note`` says why."""

    value: float | None
    low: float | None
    high: float | None
    note: str = ""


@dataclass(frozen=True)
class Probe:
    """What to measure on each set of weights: functions of the tallies of one sorted score.

    A function returns (..., b); its last axis runs over the sets of weights.
    """

    ranked: Presorted
    measures: Mapping[str, Callable[[Tallies], Floats]]


def person_codes(persons: Any) -> Ints:
    """Number the people, (n,), in order of first appearance; a missing name counts as a person of its own."""
    return person_numbers(persons)


def person_weights(people: Ints, replicates: int, seed: int, block: int | None = None) -> Iterator[Floats]:
    """Yield blocks of weights, (b, n), of ``replicates`` resamples of people with replacement.

    A person drawn k times gives each of their rows the weight k (the cluster bootstrap of Field and Welsh 2007,
    Journal of the Royal Statistical Society B 69:369). The same seed gives the same bytes, whatever the block.

    Parameters
    ----------
    people : (n,) number of the person behind each row, 0 to P - 1, see :func:`person_codes`.
    replicates : resamples in all.
    seed : of numpy's default generator.
    block : resamples in a block; by default as many as keep it in the cache.
    """
    generator = np.random.default_rng(seed)
    count = int(people.max(initial=-1)) + 1
    step = block or max(1, BLOCK_VALUES // max(1, len(people)))
    for start in range(0, replicates, step):
        drawn = np.empty((min(step, replicates - start), len(people)))
        for row in drawn:
            row[:] = np.bincount(generator.integers(0, count, size=count), minlength=count)[people]
        yield drawn


def replicate(
    probes: Mapping[Key, Probe], people: Ints, *, replicates: int, seed: int, progress: Progress
) -> dict[Key, dict[str, Floats]]:
    """Measure every probe on the cases as they are and on each resample of people.

    Returns for each probe and measure an array (..., 1 + replicates): the point first. All probes see the same
    resamples, so that differences between them are paired.
    """
    found: dict[Key, dict[str, list[Floats]]] = {
        key: {name: [] for name in probe.measures} for key, probe in probes.items()
    }
    _measure_into(found, probes, np.ones((1, len(people))))
    for weights in person_weights(people, replicates, seed):
        _measure_into(found, probes, weights)
        progress.advance(len(weights))
    return {
        key: {name: np.concatenate(parts, axis=-1) for name, parts in measures.items()}
        for key, measures in found.items()
    }


def _measure_into(found: Mapping[Key, dict[str, list[Floats]]], probes: Mapping[Key, Probe], weights: Floats) -> None:
    for key, probe in probes.items():
        tallies = tally(probe.ranked, weights)
        for name, measure in probe.measures.items():
            found[key][name].append(measure(tallies))


def resampled(
    measures: Mapping[Key, Callable[[Floats], Mapping[str, Floats]]],
    people: Ints,
    *,
    replicates: int,
    seed: int,
    progress: Progress,
) -> dict[Key, dict[str, Floats]]:
    """Measure as :func:`replicate` does, with functions of the weights themselves, (b, n), in the order of the cases.

    Each returns arrays (..., b) by name. The resamples of one seed are the same as there, so that figures of both may
    be paired.
    """
    found: dict[Key, dict[str, list[Floats]]] = {key: {} for key in measures}

    def note(weights: Floats) -> None:
        for key, measure in measures.items():
            for name, values in measure(weights).items():
                found[key].setdefault(name, []).append(values)

    note(np.ones((1, len(people))))
    for weights in person_weights(people, replicates, seed, block=BLOCK_ROWS):
        note(weights)
        progress.advance(len(weights))
    return {key: {name: np.concatenate(parts, axis=-1) for name, parts in mine.items()} for key, mine in found.items()}


def interval(replicates: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Return the percentile interval of (B,) replicates, NaN left out; ``None`` when more than 5 % are NaN."""
    kept = replicates[~np.isnan(replicates)]
    if len(kept) == 0 or len(kept) < (1 - MISSING_ALLOWED) * len(replicates):
        return None
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def estimate(measured: Floats) -> Estimate:
    """Turn (1 + B,) measurements of :func:`replicate`, the point first, into a figure with its interval."""
    point = float(measured[0])
    if np.isnan(point):
        return Estimate(None, None, None, UNDEFINED)
    bounds = interval(measured[1:])
    if bounds is None:
        return Estimate(point, None, None, NO_INTERVAL)
    return Estimate(point, *bounds)


def estimates(measured: Mapping[str, Floats]) -> dict[str, Estimate]:
    """Turn each of several measurements into a figure with its interval."""
    return {name: estimate(values) for name, values in measured.items()}


def without_ranking(figures: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Return figures of a forecast that is the same for all: those of :data:`RANKING` say that there are none."""
    return {name: Estimate(None, None, None, SAME_FOR_ALL) if name in RANKING else x for name, x in figures.items()}
