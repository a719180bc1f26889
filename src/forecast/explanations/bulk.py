"""Give the reasons of many cases as Arrow columns: what :class:`Reasoner` says of each, said of all at once.

The choice is made in machine code, and each distinct text is phrased once. Texts of the file and the choice of facts
hang on each case alone, so the same cases give the same columns however they are cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from forecast.cases import Contributions
from forecast.explanations import wording
from forecast.explanations.points import to_points
from forecast.explanations.reasons import AGE_AND_SEX, TELLING
from forecast.explanations.saying import Saying
from forecast.explanations.strength import places, strengths_of
from forecast.explanations.texts import Texts, texts_of

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Floats, Ints
    from forecast.explanations.choice import Places
    from forecast.settings import Settings
    from forecast.tables.description import Feature

REASON = pa.struct(
    [
        ("feature", pa.string()),
        ("fact", pa.string()),
        ("direction", pa.string()),
        ("strength", pa.string()),
        ("points", pa.float64()),
        ("theme", pa.string()),
    ]
)
ROWS = 512
"""Cases whose points are made at a time: they stay in the cache."""
RAISES, LOWERS, NEITHER = range(3)


class ReasonArrays(NamedTuple):
    """The reasons of n cases for one level: start and remainder (float64), and lists of :data:`REASON`."""

    start: pa.Array
    reasons: pa.ListArray
    remainder: pa.Array


class _Chosen(NamedTuple):
    """The facts that n cases show, one after the other: place of the feature (F: the cap), tenths of points, case.

    ``counts``: (n,) how many each case shows. ``start``: points. ``shown``: (n,) tenths.
    """

    feature: Places
    tenths: Ints
    case: Ints
    counts: Ints
    start: float
    shown: Ints


@dataclass(frozen=True)
class BulkReasoner:
    """Turns contributions of one level into columns of reasons, for features in catalogue order; may be shared."""

    features: Sequence[Feature]
    settings: Settings

    def arrays(
        self, frame: pd.DataFrame, contributions: Contributions, recorded: pd.DataFrame | None = None
    ) -> ReasonArrays:
        """Return the reasons of n cases, those that :meth:`Reasoner.reasons` gives."""
        chosen = self._chosen(contributions)
        points, strengths = chosen.tenths / 10, strengths_of(self.settings, self._texts)
        columns = [
            spread(self._names, chosen.feature),
            self._facts(frame, chosen, recorded),
            spread(self._directions, _directions(chosen, len(self.features))),
            spread(pa.array([word for _, word in strengths], pa.string()), places(points, strengths)),
            pa.array(points),
            spread(self._themes, chosen.feature),
        ]
        offsets = np.concatenate([[0], np.cumsum(chosen.counts)]).astype(np.int32)
        items = pa.StructArray.from_arrays(columns, fields=list(REASON))
        told = np.bincount(chosen.case, chosen.tenths, minlength=len(frame))  # whole numbers: exact in any order
        remainder = (chosen.shown - round(10 * chosen.start) - told) / 10 + 0.0
        return ReasonArrays(
            pa.array(np.full(len(frame), chosen.start)),
            pa.ListArray.from_arrays(pa.array(offsets), items),
            pa.array(remainder),
        )

    def _chosen(self, contributions: Contributions) -> _Chosen:
        """Choose the facts of all cases, some cases at a time."""
        from forecast.explanations.choice import NOBODY, choose

        n, most = len(contributions.cap), self.settings.reasons_shown
        always = np.array([wording.always_named(f) for f in self.features], dtype=bool)
        rule = (most, bool(always.sum() > AGE_AND_SEX), round(10 * TELLING))
        width = most + int(always.sum())
        feature, tenths = np.full((n, width + 1), NOBODY, dtype=np.int32), np.zeros((n, width + 1), dtype=np.int64)
        cap, shown, start = np.empty(n), np.empty(n), 0.0
        for low in range(0, n, ROWS):
            at = slice(low, low + ROWS)
            some = Contributions(contributions.features, contributions.base, contributions.values[at],
                                 contributions.cap[at])  # fmt: skip
            points = to_points(some)
            choose(np.ascontiguousarray(points.values), always, rule, feature[at, :width], tenths[at, :width])
            cap[at], shown[at], start = points.cap, points.shown, round(float(points.start[0]), 1)
        tenths[:, width] = np.rint(cap * 10).astype(np.int64)
        feature[tenths[:, width] != 0, width] = len(self.features)
        shows = feature != NOBODY
        case = np.repeat(np.arange(n), shows.sum(axis=1))
        return _Chosen(feature[shows], tenths[shows], case, shows.sum(axis=1), start, _tenths(shown))

    def _facts(self, frame: pd.DataFrame, chosen: _Chosen, recorded: pd.DataFrame | None) -> pa.Array:
        """Return the fact of each item that is shown; each distinct one is phrased once."""
        order = np.argsort(chosen.feature, kind="stable")
        edges = np.searchsorted(chosen.feature[order], np.arange(len(self.features) + 2))
        place = np.empty(len(order), dtype=np.int64)
        texts: list[str] = []
        for j, feature in enumerate(self.features):
            items = order[edges[j] : edges[j + 1]]
            if len(items):
                quoted = recorded[feature.name] if recorded is not None and feature.name in recorded.columns else None
                said, at = self._said(j, frame[feature.name], chosen.case[items], quoted)
                place[items] = at + len(texts)
                texts += said
        place[order[edges[-2] :]] = len(texts)
        return spread(pa.array([*texts, self._texts["reason.cap"]], pa.string()), place)

    def _said(self, j: int, values: pd.Series, cases: Ints, quoted: pd.Series | None) -> tuple[list[str], Ints]:
        """Return the texts of a feature at some cases, and the place of each case's text among them."""
        if quoted is None and self.features[j].numeric:
            return self._sayings[j].numbers(values.to_numpy(dtype=np.float64)[cases])
        texts = None if quoted is None else quoted.iloc[cases].tolist()
        return self._sayings[j].words(values.iloc[cases].tolist(), texts)

    @cached_property
    def _texts(self) -> Texts:
        return texts_of(self.settings)

    @cached_property
    def _sayings(self) -> tuple[Saying, ...]:
        return tuple(Saying(partial(_fact, feature, self._texts)) for feature in self.features)

    @cached_property
    def _names(self) -> pa.Array:
        return pa.array([*(f.name for f in self.features), ""], pa.string())

    @cached_property
    def _themes(self) -> pa.Array:
        themes = [wording.theme(f, texts=self._texts) for f in self.features]
        return pa.array([*themes, self._texts["reason.cap"]], pa.string())

    @cached_property
    def _directions(self) -> pa.Array:
        return pa.array([self._texts[f"reason.{name}"] for name in ("raises", "lowers", "neither")], pa.string())


def spread(words: pa.Array, places: Ints | Places) -> pa.Array:
    """Return for each place the text that stands there; several times as quick as to take them one by one."""
    return pa.DictionaryArray.from_arrays(pa.array(places), words).cast(pa.string())


def _fact(feature: Feature, texts: Texts, value: object, recorded: str | None) -> str:
    return wording.fact(feature, value, recorded, texts=texts)


def _directions(chosen: _Chosen, cap: int) -> Ints:
    """Return the place of each reason's direction among the words for it; the cap lowers, whatever it is."""
    way: Ints = np.where(chosen.tenths > 0, RAISES, np.where(chosen.tenths < 0, LOWERS, NEITHER))
    way[chosen.feature == cap] = LOWERS
    return way


def _tenths(points: Floats) -> Ints:
    """Return points in tenths, rounded as Python rounds to one decimal: by what the number exactly is."""
    tenths = points * 10
    found = np.rint(tenths).astype(np.int64)
    close = np.flatnonzero(np.abs(tenths - np.floor(tenths) - 0.5) < NEARLY_HALF)
    found[close] = [round(10 * round(value, 1)) for value in points[close].tolist()]
    return found


NEARLY_HALF = 1e-6
"""Distance from a half, in tenths, within which multiplying by ten may decide a rounding."""
