"""Draw how facts move the forecasts of some cases: all leading facts at once, and each against its own value.

Dots are drawn as one small image within the SVG, so that thousands of them do not swell the report.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation.page import section
from forecast.evaluation.plots import WIDE, short
from forecast.evaluation.svg import draw
from forecast.explanations.drawing import GREY, INK, NAVY, PALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.cases import Bools, Floats, Ints
    from forecast.evaluation.page import Section
    from forecast.tables.description import Feature

MOST_ROWS, MOST_PICTURES, MOST_VALUES = 15, 6, 8
"""Facts in the summary, facts with a picture of their own, values of a category in such a picture."""
LOW, MIDDLE, HIGH = "#f2b54a", "#8f8f8f", "#14305c"
"""From light to dark, amber to navy: told apart in grey print and with any colour vision."""
DOTS_PER_INCH = 170
EDGE = 99.5
"""Per cent of the values that a picture's axis reaches to; the few beyond are drawn at its end."""


@dataclass(frozen=True)
class Moved:
    """How the forecasts of one level are moved: people in 100, (n, F), beside the features of the same n cases."""

    words: str
    points: Floats
    frame: pd.DataFrame
    features: Sequence[Feature]

    def leading(self, most: int) -> Ints:
        """Return the features that move the forecasts most, largest mean size first, those that never do left out."""
        size = np.abs(self.points).mean(axis=0) if len(self.points) else np.zeros(len(self.features))
        order = np.argsort(-size, kind="stable")[:most]
        return order[size[order] > 0]


def contributions_section(levels: Sequence[Moved]) -> Section:
    """Return the section with both pictures for each level in which facts move anything."""
    parts = []
    for k, moved in enumerate(levels):
        if len(moved.leading(1)):
            drawn = {"summary": summary_plot(moved, name=f"moved-{k}"), "each": each_plot(moved, name=f"each-{k}")}
            parts.append({"words": moved.words, "cases": len(moved.points), **drawn})
    return section("moved", "How facts move the forecasts", "contributions", parts=[_safe(part) for part in parts])


def _safe(part: dict[str, Any]) -> dict[str, Any]:
    from markupsafe import Markup

    return part | {name: Markup(part[name]) for name in ("summary", "each")}


def summary_plot(moved: Moved, *, name: str) -> str:
    """Draw a row of dots, one a case, for each leading fact: where it lies and how high its value is."""
    leading = moved.leading(MOST_ROWS)

    def paint(figure: Figure) -> None:
        figure.set_dpi(DOTS_PER_INCH)
        axes = figure.subplots()
        axes.axvline(0, color=GREY, linewidth=0.8)
        reach = float(np.ptp(moved.points[:, leading])) or 1.0
        for row, j in enumerate(leading):
            _row(axes, moved, int(j), row, reach)
        axes.set_yticks(range(len(leading)), [_two_lines(moved.features[j].phrase) for j in leading])
        axes.set_ylim(len(leading) - 0.4, -0.6)
        axes.grid(False, axis="y")
        axes.set_xlabel("Forecast down (left) or up, people in 100")
        _legend(figure)

    label = (
        "How far each of the leading facts moves the forecast of each case; the table of importance gives the means."
    )
    return draw(paint, (WIDE, 1.2 + 0.32 * len(leading)), name=name, label=label)


def _two_lines(phrase: str) -> str:
    return "\n".join(textwrap.wrap(phrase, 36, max_lines=2, placeholder="…"))


def _row(axes: Axes, moved: Moved, j: int, row: int, reach: float) -> None:
    points, ranks = moved.points[:, j], _ranks(moved.features[j], moved.frame[moved.features[j].name])
    height = row + _spread(points, reach)
    known = ~np.isnan(ranks)
    marks: dict[str, Any] = {"s": 5, "linewidths": 0, "rasterized": True}
    axes.scatter(points[~known], height[~known], color="#b9bec6", zorder=2, **marks)
    axes.scatter(points[known], height[known], c=_colours(ranks[known]), zorder=3, **marks)


def _ranks(feature: Feature, values: pd.Series) -> Floats:
    """Return where a value lies among all, 0 to 1; NaN for what is missing, and for a category, which has no order."""
    if not feature.numeric:
        return np.full(len(values), np.nan)
    numbers = values.astype("float64")
    ranks = numbers.rank(method="average").to_numpy(dtype=np.float64)
    low, high = (np.nanmin(ranks), np.nanmax(ranks)) if numbers.notna().any() else (0.0, 0.0)
    if high == low:
        return np.where(np.isnan(ranks), np.nan, 0.5)
    return np.asarray((ranks - low) / (high - low), dtype=np.float64)


def _colours(ranks: Floats) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("moved", [LOW, MIDDLE, HIGH])(ranks)


def _spread(points: Floats, reach: float) -> Floats:
    """Return how far from the middle of its row each dot lies, so that a crowd of dots becomes broad."""
    places = np.round(points / reach * 110).astype(np.int64)
    crowd = np.unique(places, return_inverse=True)[1]
    order = np.argsort(crowd, kind="stable")
    starts = np.searchsorted(crowd[order], np.arange(crowd.max() + 1 if len(crowd) else 0))
    turn = np.empty(len(points))
    turn[order] = np.arange(len(points)) - starts[crowd[order]]
    size = np.bincount(crowd, minlength=1)
    side = np.where(turn % 2 == 0, 1, -1) * np.ceil(turn / 2)
    step = 0.8 / max(float(size.max()) if len(crowd) else 1.0, 40.0)
    return np.asarray(side * step)


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    named = (("low value", LOW), ("middle", MIDDLE), ("high value", HIGH), ("missing, or a category", "#b9bec6"))
    dots = [Line2D([], [], marker="o", linestyle="", color=colour, markersize=5) for _, colour in named]
    figure.legend(dots, [words for words, _ in named], loc="outside lower right", ncols=4)


def each_plot(moved: Moved, *, name: str) -> str:
    """Draw for each of the first facts what it adds to the forecast against its value, missing ones apart."""
    leading = moved.leading(MOST_PICTURES)
    rows = -(-len(leading) // 2)

    def paint(figure: Figure) -> None:
        figure.set_dpi(DOTS_PER_INCH)
        panels = figure.subplots(rows, 2, squeeze=False).ravel()
        for axes, j in zip(panels, leading, strict=False):
            feature = moved.features[j]
            _one(axes, feature, moved.frame[feature.name], moved.points[:, j])
            axes.set_title(short(feature.phrase, 50), fontsize=8.5)
        for axes in panels[len(leading) :]:
            axes.set_visible(False)
        figure.supylabel("Forecast up or down, people in 100", fontsize=9, color=INK)

    label = "What each of the leading facts adds to the forecast, against its value."
    return draw(paint, (WIDE, 0.3 + 1.85 * rows), name=name, label=label)


def _one(axes: Axes, feature: Feature, values: pd.Series, points: Floats) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8)
    missing = values.isna().to_numpy(dtype=bool)
    if feature.numeric:
        where, ticks = _numbers(values.to_numpy(dtype=np.float64), missing), None
    else:
        where, ticks = _categories(values, missing)
    wobble = np.random.default_rng(1).uniform(-1, 1, len(points))  # so that equal values do not hide each other
    span = float(np.nanmax(where) - np.nanmin(where)) if (~missing).any() else 1.0
    span = span or 1.0
    marks: dict[str, Any] = {"s": 4, "linewidths": 0, "rasterized": True}
    shift = wobble * (0.25 if ticks else min(0.3, 0.006 * span))
    axes.scatter((where + shift)[~missing], points[~missing], color=NAVY, alpha=0.5, **marks)
    axes.locator_params(axis="y", nbins=5, steps=[1, 2, 5, 10])
    if ticks is not None:
        axes.set_xticks(range(len(ticks)), ticks, fontsize=7.5)
    if missing.any():
        _missing(axes, feature, points[missing], wobble[missing], np.nanmin(where) if (~missing).any() else 0.0, span)


def _missing(axes: Axes, feature: Feature, points: Floats, wobble: Floats, low: float, span: float) -> None:
    """Draw the cases without a value in a strip of their own at the left."""
    middle = low - 0.14 * span
    axes.axvspan(middle - 0.06 * span, middle + 0.06 * span, color=PALE, alpha=0.5, linewidth=0)
    axes.scatter(middle + 0.045 * span * wobble, points, color=INK, alpha=0.4, s=4, linewidths=0, rasterized=True)
    words = "never" if feature.missing_words.startswith("never") else "missing"
    axes.set_xticks([tick for tick in axes.get_xticks() if low <= tick <= low + span])
    axes.text(middle, 1.0, words, transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=7, color=INK)


def _numbers(numbers: Floats, missing: Bools) -> Floats:
    """Return numbers, the few largest drawn in to where most of them end."""
    return np.minimum(numbers, np.percentile(numbers[~missing], EDGE)) if (~missing).any() else numbers


def _categories(values: pd.Series, missing: Bools) -> tuple[Floats, list[str]]:
    """Return a place for each value, commonest first, and the names of the places; all the rare ones share the last."""
    counts = values.value_counts()
    names = sorted(counts.index, key=lambda value: (-counts[value], str(value)))
    place = {value: float(min(i, MOST_VALUES - 1)) for i, value in enumerate(names)}
    shown = [short(str(value), 9) for value in names[:MOST_VALUES]]
    if len(names) > MOST_VALUES:
        shown[-1] = "others"
    return np.where(missing, np.nan, values.map(place).astype("float64").to_numpy(dtype=np.float64)), shown
