"""Draw decision curves, precision against recall, smooth calibration, groups side by side, and the run of months."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecast.evaluation.names import shown
from forecast.evaluation.plots import DASHES, WIDE, short
from forecast.evaluation.svg import draw
from forecast.explanations.drawing import AMBER, GREY, INK, NAVY, PALE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.evaluation.bootstrap import Estimate
    from forecast.evaluation.decision import DecisionCurves, PrecisionRecall
    from forecast.evaluation.months import Part
    from forecast.evaluation.smooth import SmoothCalibration
    from forecast.evaluation.within import GroupCalibration

ACROSS = 4
"""Small pictures side by side."""

WIDTH, HEIGHT, LEFT, TOP = 132, 165, 40, 150
"""Room of a small picture, which is 100 by 100: people in 100 both ways."""

MOST_TICKS = 12


def best(figures: Mapping[str, Estimate], chosen: str, most: int, *, lower: bool = True) -> tuple[str, ...]:
    """Return the names of the ``most`` best others, best first; a picture with more lines could not be read."""
    known = {name: e.value for name, e in figures.items() if name != chosen and e.value is not None}
    sign = 1 if lower else -1
    return tuple(sorted(known, key=lambda name: (sign * known[name], name))[:most])


def decision_plot(d: DecisionCurves, others: Sequence[str], *, name: str) -> str:
    """Draw net benefit, as outcomes found in 100 people, by threshold."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        x = [100 * t for t in d.thresholds]
        low, high = ([100 * v for v in band] for band in (d.low, d.high))
        axes.fill_between(x, low, high, color=PALE, linewidth=0, label="95 % interval of the forecast")
        axes.axhline(0, color=INK, linewidth=1, label="flag nobody")
        axes.plot(x, [100 * v for v in d.everyone], color=GREY, linestyle="--", linewidth=1.2, label="flag everybody")
        for i, other in enumerate(others):
            axes.plot(x, [100 * v for v in d.models[other]], color=(AMBER, GREY)[i % 2],
                      linestyle=DASHES[(i + 1) % len(DASHES)], linewidth=1.4, label=short(shown(other)))  # fmt: skip
        axes.plot(x, [100 * v for v in d.models[d.chosen]], color=NAVY, linewidth=2.2, label=short(shown(d.chosen)))
        top = max(100 * max(d.models[d.chosen]), 1.0)
        axes.set(xlim=(min(x), max(x)), ylim=(-0.18 * top, 1.15 * top), xlabel="Threshold: flag from so many in 100",
                 ylabel="Net benefit per 100 people")  # fmt: skip
        axes.legend(loc="upper right")

    label = "Net benefit by threshold for the forecast, other models, flagging everybody and flagging nobody."
    return draw(paint, (WIDE * 0.9, 3.3), name=name, label=label)


def precision_plot(pr: PrecisionRecall, chosen: str, others: Sequence[str], *, name: str) -> str:
    """Draw precision by recall; the dotted line is what flagging by lot would give."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.axhline(pr.base_rate, color=GREY, linestyle=":", linewidth=1.2, label="by lot: the base rate")
        for i, other in enumerate(o for o in others if pr.curves[o]):
            axes.plot(*zip(*pr.curves[other], strict=True), color=(AMBER, GREY)[i % 2],
                      linestyle=DASHES[2 * i % len(DASHES)], linewidth=1.4, label=short(shown(other)))  # fmt: skip
        if pr.curves[chosen]:
            axes.plot(*zip(*pr.curves[chosen], strict=True), color=NAVY, linewidth=2.2, label=short(shown(chosen)))
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="Recall: share found of those with the outcome",
                 ylabel="Precision: share of the flagged")  # fmt: skip
        axes.legend(loc="lower left" if pr.base_rate > 0.3 else "upper right")

    label = "Precision by recall for the forecast and other models; average precisions are in the table."
    return draw(paint, (WIDE * 0.7, 3.3), name=name, label=label)


def smooth_plot(smooth: SmoothCalibration, *, name: str) -> str:
    """Draw the smooth curve of what followed by forecast, with its band."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        _smooth(axes, smooth)
        axes.set(xlabel="Forecast: people in 100", ylabel="What followed: people in 100")
        axes.legend(loc="upper left")

    label = "Smooth curve of what followed by forecast, with its 95 % band, beside the line of perfect calibration."
    return draw(paint, (WIDE * 0.6, 3.4), name=name, label=label)


def _smooth(axes: Axes, smooth: SmoothCalibration) -> None:
    axes.plot([0, 100], [0, 100], color=GREY, linestyle="--", linewidth=1, label="what was forecast")
    x = [100 * v for v in smooth.forecast]
    low, high = ([100 * v for v in edge] for edge in (smooth.low, smooth.high))
    axes.fill_between(x, low, high, color=PALE, linewidth=0, label="95 % band")
    axes.plot(x, [100 * v for v in smooth.observed], color=NAVY, linewidth=2, label="what followed")
    axes.set(xlim=(0, 100), ylim=(0, 100))


def within_plot(groups: Sequence[GroupCalibration], *, name: str) -> str:
    """Draw a small calibration picture for each group: bins with 95 % bars, the smooth curve and its band.

    All on one pair of axes, moved apart: as many pairs of axes would take many times as long.
    """
    across = min(ACROSS, len(groups))
    lowest = -HEIGHT * (math.ceil(len(groups) / across) - 1)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, group in enumerate(groups):
            _small(axes, group, x0=WIDTH * (place % across), y0=-HEIGHT * (place // across))
        axes.text(WIDTH * across / 2, lowest - 20, "Forecast: people in 100", ha="center", va="top")
        axes.set(xlim=(-LEFT, WIDTH * across), ylim=(lowest - 40, TOP))
        axes.set_axis_off()

    label = "For each group what followed by forecast; the figures are in the table below."
    inch = WIDE / (LEFT + WIDTH * ACROSS)  # the same both ways, so that the line of what was forecast rises evenly
    size = (inch * (LEFT + WIDTH * across), inch * (TOP + 40 - lowest))
    return draw(paint, size, name=name, label=label)


def _small(axes: Axes, group: GroupCalibration, *, x0: float, y0: float) -> None:
    """Draw one group's picture, 100 by 100, with its corner at (x0, y0)."""
    smooth = group.smooth
    axes.plot([x0, x0, x0 + 100], [y0 + 100, y0, y0], color=GREY, linewidth=0.8)
    axes.plot([x0, x0 + 100], [y0, y0 + 100], color=GREY, linestyle="--", linewidth=1)
    x = [x0 + 100 * v for v in smooth.forecast]
    low, high = ([y0 + 100 * v for v in edge] for edge in (smooth.low, smooth.high))
    axes.fill_between(x, low, high, color=PALE, linewidth=0)
    axes.plot(x, [y0 + 100 * v for v in smooth.observed], color=NAVY, linewidth=1.8)
    for b in group.bins:
        at = x0 + 100 * b.mean_forecast
        axes.plot([at, at], [y0 + 100 * b.low, y0 + 100 * b.high], color=INK, linewidth=1)
        axes.plot([at], [y0 + 100 * b.observed], "o", color=INK, markersize=3)
    axes.text(x0, y0 + 118, short(group.value, 22), va="bottom", fontsize=8.5)
    axes.text(x0, y0 + 105, f"n = {group.cases:,}", va="bottom", fontsize=8)
    for tick in (0, 50, 100):
        axes.text(x0 + tick, y0 - 4, str(tick), ha="center", va="top", fontsize=7.5)
        axes.text(x0 - 3, y0 + tick, str(tick), ha="right", va="center", fontsize=7.5)


def months_plot(parts: Sequence[Part], auc: float | None, *, name: str) -> str:
    """Draw the AUC and what followed less what was forecast along the parts of the test period."""

    def paint(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True)
        if auc is not None:
            above.axhline(auc, color=GREY, linestyle=":", linewidth=1.2)
        _line(above, parts, "auc", 1.0)
        below.axhline(0, color=GREY, linestyle=":", linewidth=1.2)
        _line(below, parts, "observed_minus_forecast", 100.0)
        above.set(ylabel="AUC")
        below.set(ylabel="Followed less\nforecast, in 100")
        step = math.ceil(len(parts) / MOST_TICKS)
        ticks = range(0, len(parts), step)
        below.set_xticks(ticks, [parts[i].value for i in ticks], rotation=45, ha="right")
        below.set_xlim(-0.5, len(parts) - 0.5)

    label = "AUC, and what followed less what was forecast, along the test period; the figures are in the table below."
    return draw(paint, (WIDE, 3.8), name=name, label=label)


def _line(axes: Axes, parts: Sequence[Part], figure: str, scale: float) -> None:
    """Draw a figure as a line with its band; it breaks where a part is not judged."""
    empty = (math.nan, math.nan, math.nan)
    rows = [_numbers(part.figures[figure], scale) if part.judged else empty for part in parts]
    value, low, high = zip(*rows, strict=True)
    x = range(len(parts))
    axes.fill_between(x, low, high, color=PALE, linewidth=0)
    axes.plot(x, value, "o-", color=NAVY, markersize=3.5, linewidth=1.5)


def _numbers(e: Estimate, scale: float) -> tuple[float, float, float]:
    value, low, high = (math.nan if v is None else scale * v for v in (e.value, e.low, e.high))
    return value, low, high
