"""Say how far a forecast is from another band, and which single facts on record would change the band if corrected.

Nothing here says what a person could do; it says what the forecast would be if the record were otherwise. Age, sex and
whatever else is protected or contested is never among the facts, for they are no reason to act.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.explanations import wording
from forecast.explanations.texts import load_texts
from forecast.explanations.told import shown_in_100

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from forecast.cases import Floats, OutcomeScale
    from forecast.explanations.texts import Texts
    from forecast.models.bands import BandRule
    from forecast.models.forecaster import Forecaster
    from forecast.tables.description import Feature

STEPS = 1000
"""A band that is narrower than a thousandth may be stepped over."""
HALVINGS = 40
BEYOND = 1e-7
MEASURED = ("share", "rate", "years", "a year", "points")
"""Units of numbers that are measured and not counted."""


@dataclass(frozen=True, slots=True)
class Step:
    """The nearest other band that a forecast of one level leads to, in one direction.

    ``at``: the probability from which (going up) or below which (going down) the band is ``band``, other levels held
    where the order of levels lets them. ``points``: whole points of 100 between the figures as they are shown.
    """

    level: str
    band: str
    upwards: bool
    at: float
    points: int

    def words(self, texts: Texts) -> str:
        """Return the step as people say it: "7 points below HIGH (from 60 in 100)"."""
        points = texts.say("distance.points", count=self.points)
        if self.points < 2:
            points = texts["distance.one_point" if self.points else "distance.less_than_one"]
        key = "distance.below" if self.upwards else "distance.above"
        return texts.say(key, points=points, band=self.band, at=in_100(self.at))


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A fact on record, what it would be if the record were otherwise, and the band that would go with it.

    ``probability``: the forecast of each level then. ``record``: where one record is left out its id, with the ``day``
    on which what it records happened; then there is no single fact.
    """

    feature: str
    fact: str
    instead: str
    band: str
    probability: tuple[float, ...]
    record: str = ""
    day: str = ""

    @property
    def named(self) -> str:
        """The record with its day: "C0001 (2010-05-03)"."""
        return f"{self.record} ({self.day})" if self.day else self.record

    def words(self, texts: Texts) -> str:
        """Return the fact, or the record, and the band that would follow if it were wrong, as a sentence."""
        if self.record:
            return texts.say("distance.if_record", record=self.named, band=self.band)
        return texts.say("distance.if_fact", fact=self.fact, instead=self.instead, band=self.band)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of putting facts, or records, otherwise one at a time: those that change the band, and how many were.

    ``of_records``: whether records were left out; else facts were put one step higher and lower.
    """

    changes: tuple[Otherwise, ...]
    tried: int
    of_records: bool


def distances(rule: BandRule, probability: Sequence[float], scale: OutcomeScale) -> tuple[Step, ...]:
    """Return for each level the nearest band above and below that its forecast leads to, highest level first.

    ``probability``: (K-1,). One level moves; levels below it are never under it and levels above it never over it, as
    in any forecast. A step down that only takes a higher level along is left out: that level's own step says it.
    """
    here = np.asarray(probability, dtype=np.float64)
    steps = []
    for k in reversed(range(len(scale.reached))):
        found = [_step(rule, here, k, end, scale) for end in (1.0, 0.0)]
        steps += [s for s in found if s is not None and not _said_of_another(s, here, k)]
    return tuple(steps)


def _said_of_another(step: Step, here: Floats, k: int) -> bool:
    """Say whether a step down only takes a higher level along, of which the same line is said already."""
    return not step.upwards and k + 1 < len(here) and step.at <= here[k + 1]


def _step(rule: BandRule, here: Floats, k: int, end: float, scale: OutcomeScale) -> Step | None:
    """Return the first band that is met on the way from the forecast of level ``k`` to ``end``."""
    band = int(rule.bands(here[None])[0])
    upwards = bool(end > here[k])
    way = np.linspace(here[k], end, STEPS + 1)
    met = rule.bands(_moved(here, k, way))
    further = np.flatnonzero(met > band if upwards else met < band)
    if not len(further):
        return None
    near, far = way[max(further[0] - 1, 0)], way[further[0]]
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        over = int(rule.bands(_moved(here, k, np.array([middle])))[0])
        near, far = (middle, far) if (over <= band if upwards else over >= band) else (near, middle)
    # At the line itself more than two bands may cost the same: what counts is the band beyond it.
    beyond = far + (end - far) * BEYOND
    other = int(rule.bands(_moved(here, k, np.array([beyond])))[0])
    if other == band:
        return None
    at = float(round(far, 9))
    points = abs(shown_in_100(at) - shown_in_100(float(here[k])))
    return Step(scale.reached[k], scale.bands[other], upwards, at, points)


def _moved(here: Floats, k: int, values: Floats) -> Floats:
    """Return forecasts (n, K-1) with level ``k`` at each of ``values`` and the others where the order lets them be."""
    made = np.repeat(here[None], len(values), axis=0)
    made[:, :k] = np.maximum(made[:, :k], values[:, None])
    made[:, k] = values
    made[:, k + 1 :] = np.minimum(made[:, k + 1 :], values[:, None])
    return made


def otherwise(
    forecaster: Forecaster,
    features: Sequence[Feature],
    frame: pd.DataFrame,
    scale: OutcomeScale,
    *,
    texts: Texts | None = None,
) -> Trial:
    """Return the single facts of one case that would change its band, in the order of the catalogue.

    ``frame``: the case, one row. A count is put one lower and one higher, a flag the other way, an ordered value one
    step; values that nobody counts (shares, years), categories and sensitive facts stay as they are.
    """
    changed = [(f, value) for f in features for value in _instead(f, frame)]
    if not changed:
        return Trial((), 0, False)
    rows = frame.iloc[np.zeros(len(changed), dtype=np.int64)].reset_index(drop=True)
    for i, (f, value) in enumerate(changed):
        rows.loc[i, f.name] = value
    for f in features:
        if f.sum_of and {*f.sum_of} <= {*rows.columns}:
            rows[f.name] = rows[list(f.sum_of)].sum(axis=1, skipna=False)
    said = texts or load_texts()
    now, made = forecaster.forecast(frame), forecaster.forecast(rows)
    found = tuple(
        Otherwise(
            f.name,
            wording.fact(f, frame[f.name].tolist()[0], texts=said),
            wording.fact(f, value, texts=said),
            scale.bands[int(made.band[i])],
            tuple(made.probability[i].tolist()),
        )
        for i, (f, value) in enumerate(changed)
        if made.band[i] != now.band[0]
    )
    return Trial(found, len({f.name for f, _ in changed}), False)


def _instead(feature: Feature, frame: pd.DataFrame) -> Iterator[float]:
    """Yield what a fact would be if the record were otherwise by as little as it can be."""
    if feature.sensitive or feature.always_shown or feature.sum_of or not feature.numeric:
        return
    value = float(frame[feature.name].iloc[0])
    if np.isnan(value) or value == feature.never or value != round(value):
        return
    if feature.kind == "flag":
        yield 1.0 - value
    elif feature.kind == "ordered":
        yield from (v for v in (value - 1, value + 1) if 0 <= v < len(feature.levels))
    elif is_count(feature):
        low, high = feature.low or 0.0, np.inf if feature.high is None else feature.high
        yield from (v for v in (value - 1, value + 1) if low <= v <= high and v != feature.never)


def is_count(feature: Feature) -> bool:
    """Say whether the numbers of a feature are counted, and not measured as times and shares are."""
    return feature.kind == "number" and not feature.recency and not any(word in feature.unit for word in MEASURED)


def in_100(probability: float) -> str:
    """Return a probability in people of 100: whole where it is whole, else with one decimal."""
    return f"{round(100 * probability, 1):g}"
