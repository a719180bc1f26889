"""Mark cases outside what the training data held: a forecast for them is a guess beyond what was seen.

Two marks. *Beyond*: a number well above or below anybody's in training (by more than a tenth of their range), a
category that nobody had, or no value where everybody had one. *Together*: each fact was seen, but hardly in this
combination: a distance from the middle of the training cases that all but 5 in 1,000 of them keep within.

The distance is that of probabilistic principal components (Tipping and Bishop 1999, Journal of the Royal Statistical
Society B 61:611): along the first twenty directions each in units of its own spread, and the rest in one common unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.refits import person_numbers

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.tables.description import Feature

WITHIN = 0.995
"""Share of the training cases within the threshold of the distance."""
SLACK = 0.1
"""Part of the range in training by which a number must be beyond it, so that time passing alone marks few."""
DIRECTIONS = 20
SAMPLE = 10_000
"""Most cases that the directions are found on."""
BLOCK = 5_000
MORE, LESS, UNSEEN, ABSENT, TOGETHER = "more", "less", "unseen", "absent", "together"


@dataclass(frozen=True, slots=True)
class Seen:
    """What training held of one feature: lowest and highest number, whether any was missing.

    A category counts as the rarity of its value: ``frequencies`` has the logarithm of each value's share, and is
    ``None`` for a number. ``middle``, ``scale``, ``absent`` and ``centre`` put values on a common footing: quartile
    distance, what stands for a missing value, and the mean.
    """

    name: str
    missing: bool
    low: float
    high: float
    middle: float
    scale: float
    absent: float = 0.0
    centre: float = 0.0
    frequencies: Mapping[str, float] | None = None

    @property
    def slack(self) -> float:
        """How far beyond the range in training a number must lie to be marked."""
        return SLACK * (self.high - self.low)

    def raw(self, values: pd.Series) -> Floats:
        """Return (n,) numbers; a missing value and a category that training never saw are NaN."""
        known = values if self.frequencies is None else values.map(dict(self.frequencies))
        return np.asarray(known.to_numpy(dtype=np.float64))


@dataclass(frozen=True)
class Support:
    """What the training data held.

    ``directions``: (F, r), each divided by its spread; ``rest``: the common unit of what they leave over.
    ``alarm_beyond``: share of the training cases that would be marked as beyond had their person not been there;
    ``alarm_together``: that of the distance. Together they say what to expect of further cases of the same kind.
    """

    seen: tuple[Seen, ...]
    directions: tuple[tuple[float, ...], ...]
    spreads: tuple[float, ...]
    rest: float
    threshold: float
    alarm_beyond: float
    alarm_together: float

    def outside(self, frame: pd.DataFrame) -> Bools:
        """Return which of n cases lie outside, (n,)."""
        parts = [
            self._far(raw) | self._beyond(raw).any(axis=1) | self._unseen(part) for part, raw in self._blocks(frame)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)

    def why(self, frame: pd.DataFrame) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Return for each case pairs of feature and way: more, less, unseen, absent; ("", "together") comes last."""
        found: list[list[tuple[str, str]]] = []
        for part, raw in self._blocks(frame):
            beyond, far = self._beyond(raw), self._far(raw)
            found += [
                [(self.seen[j].name, self._way(part.iloc[i, :], raw[i, j], j)) for j in np.flatnonzero(row).tolist()]
                + ([("", TOGETHER)] if far[i] else [])
                for i, row in enumerate(beyond | self._unseen_by_feature(part))
            ]
        return tuple(tuple(each) for each in found)

    def distances(self, frame: pd.DataFrame) -> Floats:
        """Return the distance of n cases, (n,)."""
        return np.concatenate([np.empty(0), *(self._distance(raw) for _, raw in self._blocks(frame))])

    def _blocks(self, frame: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, Floats]]:
        """Yield blocks of cases and their numbers, so that memory stays flat."""
        names = [each.name for each in self.seen]
        for start in range(0, len(frame), BLOCK):
            part = frame.iloc[start : start + BLOCK][names]
            yield part, _numbers(self.seen, part)

    def _beyond(self, raw: Floats) -> Bools:
        ends = np.array([(s.low - s.slack, s.high + s.slack) for s in self.seen]).reshape(-1, 2)
        needed = np.array([not s.missing and s.frequencies is None for s in self.seen], dtype=bool)
        beyond: Bools = (raw < ends[:, 0]) | (raw > ends[:, 1])
        beyond[:, needed] |= np.isnan(raw[:, needed])
        return beyond

    def _unseen_by_feature(self, part: pd.DataFrame) -> Bools:
        mask = np.zeros(part.shape, dtype=bool)
        for j, each in enumerate(self.seen):
            if each.frequencies is not None:
                values = part.iloc[:, j]
                absent = values.isna().to_numpy(dtype=bool)
                mask[:, j] = np.where(absent, not each.missing, ~values.isin(list(each.frequencies)))
        return mask

    def _unseen(self, part: pd.DataFrame) -> Bools:
        if all(each.frequencies is None for each in self.seen):
            return np.zeros(len(part), dtype=bool)
        return np.asarray(self._unseen_by_feature(part).any(axis=1))

    def _way(self, values: pd.Series, number: float, j: int) -> str:
        if not np.isnan(number):
            return MORE if number > self.seen[j].high else LESS
        value = values.iloc[j]
        return UNSEEN if isinstance(value, str) else ABSENT

    def _far(self, raw: Floats) -> Bools:
        return np.asarray(self._distance(raw) > self.threshold)

    def _distance(self, raw: Floats) -> Floats:
        directions, spreads, footing = self._arrays
        standings = _standings(footing, raw)
        along = standings @ directions
        left = np.square(standings).sum(axis=1) - np.square(along).sum(axis=1)
        distance: Floats = np.sqrt(np.square(along / spreads).sum(axis=1) + np.maximum(left, 0) / self.rest**2)
        return distance

    @cached_property
    def _arrays(self) -> tuple[Floats, Floats, Floats]:
        """The directions (F, r), the spreads (r,) and the footing (4, F)."""
        spreads = np.array(self.spreads)
        return np.array(self.directions).reshape(len(self.seen), len(spreads)), spreads, _footing(self.seen)

    def to_json(self) -> dict[str, Any]:
        """Return the support as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Support:
        """Build a support from plain data."""
        ready = {
            "seen": tuple(Seen(**each) for each in content["seen"]),
            "directions": tuple(tuple(row) for row in content["directions"]),
            "spreads": tuple(content["spreads"]),
        }
        return cls(**{**content, **ready})


def _numbers(seen: Sequence[Seen], part: pd.DataFrame) -> Floats:
    if all(each.frequencies is None for each in seen):
        return part.to_numpy(dtype=np.float64)
    return np.column_stack([each.raw(part[each.name]) for each in seen])


def _footing(seen: Sequence[Seen]) -> Floats:
    """Return what puts numbers on a common footing, (4, F): middle, scale, absent, centre."""
    footing: Floats = np.array([(s.middle, s.scale, s.absent, s.centre) for s in seen]).reshape(-1, 4).T
    return footing


def _standings(footing: Floats, raw: Floats) -> Floats:
    """Return (n, F) numbers about 0, their tails shortened by a square root; what is missing counts as the mean.

    A category that training never saw, which is marked anyway, counts as missing too.
    """
    middle, scale, absent, centre = footing
    made: Floats = (raw - middle) / scale
    size = np.abs(made)
    size += 1
    np.sqrt(size, out=size)
    size -= 1
    np.copysign(size, made, out=made)
    np.copyto(made, absent, where=np.isnan(made))
    made -= centre
    return made


def fit_support(features: Sequence[Feature], frame: pd.DataFrame, persons: Any) -> Support:
    """Return the support of training cases: ``frame`` of n rows, ``persons`` (n,) the names of the people."""
    seen = tuple(_seen(feature, frame[feature.name]) for feature in features)
    raw = _numbers(seen, frame[[each.name for each in seen]])
    directions, spreads, rest = _directions(_standings(_footing(seen), raw[:: max(1, len(raw) // SAMPLE)]))
    alone = _alone(seen, frame, raw, person_numbers(persons))
    first = Support(seen, directions, spreads, rest, 0.0, float(alone.mean()), 0.0)
    distance = first.distances(frame)
    # a little above the quantile, and rounded: sums may differ in their last digits from machine to machine
    threshold = float(f"{float(np.quantile(distance, WITHIN, method='higher')) * (1 + 1e-6):.9g}")
    together = float((distance > threshold).mean())
    return Support(seen, directions, spreads, rest, threshold, float(alone.mean()), together)


def _directions(standings: Floats) -> tuple[tuple[tuple[float, ...], ...], tuple[float, ...], float]:
    """Return the first principal directions (F, r), the spread along each, and the mean spread of the rest."""
    covariance = np.einsum("ni,nj->ij", standings, standings) / max(1, len(standings))  # one thread, one order of sums
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    kept = min(DIRECTIONS, int((values > 1e-6 * values.max(initial=0)).sum()))
    turned = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))]) if len(values) else np.ones(0)
    rows = np.round(vectors * turned, 7)[:, :kept]
    left = float(values[kept:].mean()) if kept < len(values) else 0.0
    rest = np.sqrt(max(left, 0.01 * float(values[:kept].mean()) if kept else 1.0))
    spreads = np.round(np.sqrt(values[:kept]), 7)
    return tuple(map(tuple, rows.tolist())), tuple(spreads.tolist()), round(float(rest), 7)


def _seen(feature: Feature, values: pd.Series) -> Seen:
    frequencies = None if feature.numeric else _frequencies(values)
    missing = bool(values.isna().any())
    raw = Seen(feature.name, missing, 0, 0, 0, 1, frequencies=frequencies).raw(values)
    present = raw[~np.isnan(raw)]
    if not len(present):
        return Seen(feature.name, True, 0.0, 0.0, 0.0, 1.0, frequencies=frequencies)
    lower, middle, upper = np.quantile(present, [0.25, 0.5, 0.75]).tolist()
    low, high = float(present.min()), float(present.max())
    scale = (upper - lower) or float(present.std()) or 1.0
    plain = Seen(feature.name, missing, low, high, middle, scale, frequencies=frequencies)
    mean = float(_standings(_footing((plain,)), present[:, None]).mean())
    return Seen(feature.name, missing, low, high, middle, scale, mean, mean, frequencies)


def _frequencies(values: pd.Series) -> dict[str, float]:
    counts = values.value_counts().sort_index()
    return {str(value): float(np.log(count / len(values))) for value, count in counts.items()}


def _alone(seen: Sequence[Seen], frame: pd.DataFrame, raw: Floats, people: Ints) -> Bools:
    """Return which cases would be beyond what all other people had."""
    alone = np.zeros(len(frame), dtype=bool)
    for j, each in enumerate(seen):
        if each.frequencies is not None:
            alone |= _of_one_person(frame[each.name], people)
            continue
        held = ~np.isnan(raw[:, j])
        for numbers in (raw[held, j], -raw[held, j]):
            alone[held] |= _above_others(numbers, people[held])
    return alone


def _of_one_person(values: pd.Series, people: Ints) -> Bools:
    import pandas as pd

    bearers = pd.Series(people).groupby(values.to_numpy()).transform("nunique")
    return np.asarray(bearers == 1, dtype=bool)


def _above_others(numbers: Floats, people: Ints) -> Bools:
    if not len(numbers):
        return np.zeros(0, dtype=bool)
    others = numbers[people != people[numbers.argmax()]]
    if not len(others):
        return np.zeros(len(numbers), dtype=bool)
    return np.asarray(numbers > others.max() + SLACK * (others.max() - others.min()))
