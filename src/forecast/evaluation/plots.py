"""Draw the figures of the report; every function returns SVG text that can stand inside an HTML page.

Forecasts and rates are drawn as people in 100. Nothing is told by colour alone: shape, dash and lightness repeat it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from forecast.evaluation.svg import draw
from forecast.explanations.drawing import AMBER, GREY, INK, NAVY, PALE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.evaluation.bootstrap import Estimate
    from forecast.evaluation.calibration import Bin
    from forecast.evaluation.groups import GroupEvaluation
    from forecast.evaluation.results import Histogram

    Point = tuple[float, float]

WIDE = 6.6
"""Inches that fit between the margins of an A4 page."""

DASHES = ("--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))
NAME_LENGTH = 38
MOST_BARS = 25
MOST_CURVES = 5
"""ROC curves drawn beside that of the chosen model: those with the largest areas."""


def short(text: str, length: int = NAME_LENGTH) -> str:
    """Cut a name that is too long for a drawing."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def reliability_plot(bins: Sequence[Bin], spread: Histogram, *, words: str, name: str = "reliability") -> str:
    """Draw mean forecast against share observed with 95 % bars, and below it how many cases have which forecast."""

    def paint(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [4, 1]})
        above.plot([0, 100], [0, 100], color=GREY, linestyle="--", linewidth=1, label="what was forecast")
        x = [100 * b.mean_forecast for b in bins]
        y = [100 * b.observed for b in bins]
        bars = [[v - 100 * b.low for v, b in zip(y, bins, strict=True)],
                [100 * b.high - v for v, b in zip(y, bins, strict=True)]]  # fmt: skip
        above.errorbar(x, y, yerr=bars, fmt="o", color=NAVY, markersize=5, elinewidth=1.4, label="what followed, 95 %")
        above.legend(loc="upper left")
        above.set(xlim=(0, 100), ylim=(0, 100), ylabel="What followed: people in 100")
        _counts(below, spread)

    label = f"Mean forecast against the share who were {words}, with 95 % intervals; the table below gives the figures."
    return draw(paint, (WIDE * 0.75, 4.5), name=name, label=label)


def _counts(axes: Axes, spread: Histogram) -> None:
    edges = [100 * e for e in spread.edges]
    total = [a + b for a, b in zip(spread.with_outcome, spread.without_outcome, strict=True)]
    axes.bar(edges[:-1], total, width=edges[1] - edges[0], align="edge", color=PALE, edgecolor=GREY, linewidth=0.6)
    axes.set(xlabel="Forecast: people in 100", ylabel="Cases")
    axes.locator_params(axis="y", nbins=3)


def roc_plot(curves: Mapping[str, Sequence[Point]], *, chosen: str, name: str = "roc") -> str:
    """Draw the ROC curves of the chosen model and of what it is compared with; empty curves are left out."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, label=" chance")
        others = _best_ranking(curves, chosen)
        for i, other in enumerate(others):
            axes.plot(*zip(*curves[other], strict=True), color=(AMBER, GREY)[i % 2],
                      linestyle=DASHES[i % len(DASHES)], linewidth=1.5, label=" " + short(other))  # fmt: skip
        if len(curves[chosen]) > 2:
            axes.plot(*zip(*curves[chosen], strict=True), color=NAVY, linewidth=2.2, label=" " + short(chosen))
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="False positive rate", ylabel="True positive rate (recall)")
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], labels[::-1], loc="lower right")

    label = "ROC curves: true against false positive rate for each model and score; their areas are in the tables."
    return draw(paint, (WIDE * 0.62, 3.8), name=name, label=label)


def _best_ranking(curves: Mapping[str, Sequence[Point]], chosen: str) -> list[str]:
    """Return the names of the others with the largest areas, in the order given; more lines could not be told apart."""
    others = [one for one in curves if one != chosen and len(curves[one]) > 2]  # two points are the chance line
    areas = {one: sum((b[0] - a[0]) * (a[1] + b[1]) for a, b in pairwise(curves[one])) for one in others}
    kept = set(sorted(others, key=lambda one: -areas[one])[:MOST_CURVES])
    return [one for one in others if one in kept]


def outcome_plot(spread: Histogram, *, words: str, name: str = "outcome") -> str:
    """Draw the forecasts of people with the outcome upwards and of those without it downwards."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        left = [100 * e for e in spread.edges[:-1]]
        width = left[1] - left[0]
        axes.bar(left, spread.with_outcome, width=width, align="edge", color=NAVY, edgecolor="white", linewidth=0.5)
        down = [-count for count in spread.without_outcome]
        axes.bar(left, down, width=width, align="edge", color="white", edgecolor=AMBER, hatch="////", linewidth=0.8)
        axes.axhline(0, color=INK, linewidth=0.8)
        most = max(1, *spread.with_outcome, *spread.without_outcome)
        axes.set(xlim=(0, 100), ylim=(-1.2 * most, 1.2 * most), xlabel="Forecast: people in 100", ylabel="Cases")
        axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
        axes.text(1, 1.06 * most, f"were {short(words, 60)}", color=NAVY, va="center", weight="bold")
        axes.text(1, -1.06 * most, "were not", color="#8a5510", va="center", weight="bold")

    label = f"Histogram of forecasts for those who were {words} (upwards) and those who were not (downwards)."
    return draw(paint, (WIDE * 0.85, 2.7), name=name, label=label)


def comparison_plot(figures: Mapping[str, Estimate], *, chosen: str, name: str = "comparison") -> str:
    """Draw the Brier score of each model with its 95 % interval, best first; lower is better."""
    known = {model: e for model, e in figures.items() if e.value is not None}
    ranked = sorted(known, key=lambda model: (known[model].value, model))

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, model in enumerate(ranked):
            _dot(axes, known[model], place, strong=model == chosen)
        if chosen in known:
            axes.axvline(known[chosen].value or 0.0, color=NAVY, linestyle=":", linewidth=1)
        _rows(axes, [short(model) for model in ranked])
        axes.set_xlabel("Brier score (lower is better)")

    label = "Brier score of each model with its 95 % interval; the table below gives the figures."
    return draw(paint, (WIDE, 0.8 + 0.3 * max(1, len(ranked))), name=name, label=label)


def group_plot(groups: Mapping[str, Sequence[GroupEvaluation]], everyone: Estimate, *, name: str = "groups") -> str:
    """Draw for each protected group the AUC and, as people in 100, what followed less what was forecast.

    ``everyone`` is the AUC over all cases, drawn as a line.
    """
    rows: list[tuple[str, GroupEvaluation | None]] = []
    for attribute, members in groups.items():
        rows.append((attribute, None))
        rows.extend((f"{short(member.value)} (n = {member.cases:,})", member) for member in members)

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        members = [member for _, member in rows]
        _group_panel(left, members, "auc", reference=everyone.value)
        _group_panel(right, members, "observed_minus_forecast", reference=0.0, scale=100.0)
        _rows(left, [short(text, 44) for text, _ in rows])
        right.tick_params(axis="y", labelleft=False)
        right.grid(False, axis="y")
        left.set(title="Ranking (AUC)", xlabel="AUC; dotted: everyone")
        right.set(title="Calibration", xlabel="What followed less forecast,\npeople in 100")
        for tick, (_, member) in zip(left.get_yticklabels(), rows, strict=True):
            tick.set_fontweight("bold" if member is None else "normal")

    label = "AUC and calibration of each protected group with 95 % intervals; the table below gives the figures."
    return draw(paint, (WIDE, 1.0 + 0.24 * max(1, len(rows))), name=name, label=label)


def _group_panel(
    axes: Axes, members: Sequence[GroupEvaluation | None], metric: str, *, reference: float | None, scale: float = 1.0
) -> None:
    if reference is not None:
        axes.axvline(reference, color=GREY, linestyle=":", linewidth=1.2)
    for place, member in enumerate(members):
        if member is not None and member.judged:
            _dot(axes, member.metrics[metric], place, strong=True, scale=scale)
        elif member is not None:
            axes.text(0.5, place, member.note, transform=axes.get_yaxis_transform(), color=GREY,
                      ha="center", va="center", style="italic", fontsize=8,
                      backgroundcolor="white")  # fmt: skip


def _dot(axes: Axes, figure: Estimate, place: int, *, strong: bool, scale: float = 1.0) -> None:
    """Draw a figure and its interval on the row ``place``; hollow when not ``strong``."""
    if figure.value is None:
        return
    if figure.low is not None and figure.high is not None:
        ends = [scale * figure.low, scale * figure.high]
        axes.plot(ends, [place, place], color=NAVY if strong else GREY, linewidth=2)
    face, edge = (NAVY, NAVY) if strong else ("white", INK)
    axes.plot([scale * figure.value], [place], "o", markersize=6, markerfacecolor=face, markeredgecolor=edge)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows of a dot plot, first at the top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
    axes.grid(False, axis="y")


def importance_plot(values: Sequence[tuple[str, float]], *, unit: str, name: str = "importance") -> str:
    """Draw a bar for each of the first values, in the order given."""
    values = values[:MOST_BARS]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.barh(range(len(values)), [value for _, value in values], color=NAVY, height=0.62)
        _rows(axes, [short(phrase, 48) for phrase, _ in values])
        axes.set_xlabel(unit)

    label = "How much the columns that move the forecasts most do so on average; the table below gives the figures."
    return draw(paint, (WIDE, 0.9 + 0.27 * max(1, len(values))), name=name, label=label)
