"""Ask whether the forecast punishes exposure: the same people, policed as usual and with twice the look in one area.

In the synthetic force true offending is known. Each *world* gives cases of one test period with forecasts, what the
records say followed, and what truly did. Where police look more, more of the same offending becomes arrests: a forecast
of arrest that is right in each world then rises in that area although people there offend no more. How far it does is
what this measures. Intervals resample true people, over all worlds at once, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.bootstrap import Estimate, estimate, person_codes, person_weights
from forecast.evaluation.page import section
from forecast.evaluation.svg import draw
from forecast.explanations.drawing import AMBER, GREY, NAVY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from forecast.cases import Bools, Floats, Ints
    from forecast.evaluation.page import Section

AREA, ELSEWHERE = "the area", "elsewhere"
MEASURES = ("forecast", "arrested again", "truly offended", "true offences")
STRATA = ((0, 0), (1, 3), (4, 10_000))
"""True offences in the window: none, 1 to 3, 4 or more."""


@dataclass(frozen=True)
class World:
    """The cases of one test period, n each: the true person, whether they live in the area, the forecast (a
    probability), whether an arrest followed on record, and how many true offences did.
    """

    name: str
    people: Sequence[object]
    inside: Bools
    forecast: Floats
    arrested: Bools
    offences: Ints


@dataclass(frozen=True)
class Row:
    """Means of a world in one place: cases, and the measures with intervals (shares as probabilities)."""

    world: str
    place: str
    cases: int
    figures: Mapping[str, Estimate]


@dataclass(frozen=True)
class Stratum:
    """Mean forecast of people of the area with so many true offences in the window, by world."""

    label: str
    cases: tuple[int, ...]
    forecast: tuple[Estimate, ...]


@dataclass(frozen=True)
class Feedback:
    """What came of it; ``rise`` holds, by measure, the last world less the first in the area, and less elsewhere's."""

    rows: tuple[Row, ...]
    strata: tuple[Stratum, ...]
    rise: Mapping[str, Estimate]
    rise_beyond: Mapping[str, Estimate]
    replicates: int

    @property
    def verdict(self) -> str:
        """Say in a sentence what the figures say."""
        forecast, truth = self.rise_beyond["forecast"], self.rise_beyond["truly offended"]
        return (
            f"With twice the look in the area, the mean forecast of its people changed by {points(forecast)} points in "
            f"100 more than elsewhere; the share of them who truly offended by {points(truth)} points, and true "
            f"offences a case by {number(self.rise_beyond['true offences'])}. "
            + ("The forecast follows the looking, not the offending alone." if _above(forecast) and not _above(truth)
               else "That the forecast follows the looking alone cannot be told from chance.")
        )  # fmt: skip


def number(e: Estimate) -> str:
    """Return a difference of counts with its interval."""
    return f"{e.value or 0.0:+.2f} ({e.low or 0.0:+.2f} to {e.high or 0.0:+.2f})"


def points(e: Estimate) -> str:
    """Return a share as points in 100 with its interval."""
    value, low, high = (100 * (x or 0.0) for x in (e.value, e.low, e.high))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _above(e: Estimate) -> bool:
    return (e.low or 0.0) > 0


def feedback(worlds: Sequence[World], *, replicates: int, seed: int) -> Feedback:
    """Measure worlds against each other; the first is policing as usual, the last the one of interest."""
    codes = person_codes(np.concatenate([np.asarray(w.people, dtype=object) for w in worlds]))
    ends = np.cumsum([0, *(len(w.people) for w in worlds)])
    means: dict[Key, list[float]] = {key: [] for key in _keys(worlds)}
    for weights in _with_point(codes, replicates, seed):
        for key, rows in means.items():
            rows.append(_mean(worlds, ends, weights, key))
    found = {key: np.array(rows) for key, rows in means.items()}
    return _collected(worlds, found, replicates)


def _with_point(codes: Ints, replicates: int, seed: int) -> Iterator[Floats]:
    yield np.ones(len(codes))
    for block in person_weights(codes, replicates, seed):
        yield from block


Key = tuple[int, str, str, tuple[int, int] | None]


def _keys(worlds: Sequence[World]) -> list[Key]:
    every: list[Key] = [(w, p, m, None) for w in range(len(worlds)) for p in (AREA, ELSEWHERE) for m in MEASURES]
    return every + [(w, AREA, "forecast", stratum) for w in range(len(worlds)) for stratum in STRATA]


def _mean(worlds: Sequence[World], ends: Ints, weights: Floats, key: Key) -> float:
    w, place, measure, stratum = key
    world, own = worlds[w], weights[ends[w] : ends[w + 1]]
    among = (world.inside == (place == AREA)) * own
    if stratum is not None:
        among = among * ((world.offences >= stratum[0]) & (world.offences <= stratum[1]))
    values = {"forecast": world.forecast, "arrested again": world.arrested, "truly offended": world.offences > 0,
              "true offences": world.offences}[measure]  # fmt: skip
    total = among.sum()
    return float(among @ values / total) if total > 0 else float("nan")


def _collected(worlds: Sequence[World], found: Mapping[Key, Floats], replicates: int) -> Feedback:
    rows = [
        Row(world.name, place, int((world.inside == (place == AREA)).sum()),
            {m: estimate(found[w, place, m, None]) for m in MEASURES})
        for w, world in enumerate(worlds) for place in (AREA, ELSEWHERE)
    ]  # fmt: skip
    last = len(worlds) - 1
    inside = {m: found[last, AREA, m, None] - found[0, AREA, m, None] for m in MEASURES}
    outside = {m: found[last, ELSEWHERE, m, None] - found[0, ELSEWHERE, m, None] for m in MEASURES}
    strata = [
        Stratum(
            _label(one),
            tuple(int((w.inside & (w.offences >= one[0]) & (w.offences <= one[1])).sum()) for w in worlds),
            tuple(estimate(found[i, AREA, "forecast", one]) for i in range(len(worlds))),
        )
        for one in STRATA
    ]
    return Feedback(
        tuple(rows),
        tuple(strata),
        {m: estimate(values) for m, values in inside.items()},
        {m: estimate(inside[m] - outside[m]) for m in MEASURES},
        replicates,
    )


def _label(stratum: tuple[int, int]) -> str:
    low, high = stratum
    return "none" if high == 0 else f"{low} or more" if high > 1_000 else f"{low} to {high}"


def feedback_section(found: Feedback, words: str) -> Section:
    """Return the study as a part of a page."""
    from markupsafe import Markup

    picture = Markup(_picture(found))
    return section("exposure", "Does the forecast punish exposure?", "feedback", f=found, words=words, picture=picture)


def _picture(found: Feedback) -> str:
    """Draw forecast, arrests and truth in the area and elsewhere, world by world."""
    shown = (
        ("forecast", NAVY, "o", "-"),
        ("arrested again", AMBER, "s", "--"),
        ("truly offended", GREY, "^", ":"),
    )

    def paint(figure: Figure) -> None:
        for axes, place in zip(figure.subplots(1, 2, sharey=True), (AREA, ELSEWHERE), strict=True):
            rows = [row for row in found.rows if row.place == place]
            for name, colour, mark, dash in shown:
                values = [100 * (row.figures[name].value or 0.0) for row in rows]
                axes.plot(range(len(rows)), values, color=colour, marker=mark, linestyle=dash, label=name)
            axes.set(title=place.capitalize(), ylim=(0, 100), xlim=(-0.3, len(rows) - 0.7))
            axes.set_xticks(range(len(rows)), [f"{chr(65 + i)}" for i in range(len(rows))])
        figure.axes[0].set_ylabel("People in 100")
        figure.axes[1].legend(loc="lower right")

    label = (
        "Mean forecast, share arrested again and share who truly offended, in the area and elsewhere, in each world."
    )
    return draw(paint, (6.6, 3.0), name="exposure", label=label)
