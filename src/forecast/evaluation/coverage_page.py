"""Show in the report whether interval and sets of outcomes covered what they promise, with one picture."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.coverage import FEW_BINS
from forecast.evaluation.svg import draw
from forecast.evaluation.wording import bounds, number, spread
from forecast.explanations.drawing import AMBER, NAVY, PALE
from forecast.models.calibration import sigmoid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.evaluation.bootstrap import Estimate
    from forecast.evaluation.coverage import Coverage, IntervalCoverage
    from forecast.evaluation.page import Section
    from forecast.models.intervals import Intervals
    from forecast.models.support import Support

AIM = (0.93, 0.97)
"""Where the coverage of a 95 % interval should lie."""
TITLE = 34
"""Letters a line above a panel."""


INSIDE, OUTSIDE, CANNOT_TELL = "inside 93 to 97", "outside 93 to 97", "cannot be told with so few bins"


def coverage_verdict(share: Estimate, bins: int) -> str:
    """Return whether a share of so many bins lies where that of a 95 % interval should.

    Outside is said only where chance would hardly do it, that is where the share's own interval leaves out 95.
    """
    if share.value is None or share.low is None or share.high is None or bins < FEW_BINS:
        return CANNOT_TELL
    if AIM[0] <= share.value <= AIM[1]:
        return INSIDE
    return OUTSIDE if share.high < 0.95 or share.low > 0.95 else CANNOT_TELL


def level_verdicts(found: Coverage, words: Mapping[str, str]) -> str:
    """Judge each level by itself, in one sentence."""
    told = [
        f"{words[level]}: {spread(one.share, 1, 100)}, {coverage_verdict(one.share, len(one.bins))}"
        for level, one in found.intervals.items()
    ]
    return f"Each outcome by itself, in 100 bins: {'; '.join(told)}."


def coverage_sentence(found: Coverage) -> str:
    """Say how the interval did over all levels, and what so many bins can tell."""
    share = found.together
    if share.value is None or share.low is None or share.high is None:
        return f"Whether the interval covers what it promises cannot be told: {share.note}."
    verdict = "as a 95 % interval should, within 93 to 97" if AIM[0] <= share.value <= AIM[1] else _beside(share)
    bins = min(len(one.bins) for one in found.intervals.values())
    counted = f"{number(100 * share.value, 1)} of 100 bins ({bounds(share, 1, 100)})"
    return (
        "In bins of at least 400 later cases, what followed lay within the interval, widened by the chance of "
        f"counting, in {counted}: {verdict}. There are {bins} bins that do not overlap, so the figure is no surer than "
        "its own interval."
    )


def _beside(share: Estimate) -> str:
    value, low, high = (each or 0.0 for each in (share.value, share.low, share.high))
    side = "fewer" if value < AIM[0] else "more"
    clear = "chance alone would hardly do that" if high < 0.95 or low > 0.95 else "which so few bins may do by chance"
    return f"{side} than the 93 to 97 of a 95 % interval, {clear}"


def coverage_section(
    found: Coverage, words: Mapping[str, str], *, intervals: Intervals, support: Support, vacuous_in_training: float
) -> Section:
    """Return the section; ``words`` for each level reached, the others from the forecast's uncertainty."""
    from markupsafe import Markup

    from forecast.evaluation.page import section

    widths = {
        level: [
            (100 * _share(c.knots[j]), *(part[j] for part in (c.models, c.calibration, c.shape)),
             float(c.half_widths[j]), c.record[j])
            for j in _some(len(c.knots))
        ]
        for level, c in zip(words, intervals.curves, strict=True)
    }  # fmt: skip
    return section(
        "coverage",
        "How sure the figures are",
        "coverage",
        found=found,
        words=words,
        sentence=coverage_sentence(found),
        by_level=level_verdicts(found, words),
        verdict=coverage_verdict,
        picture=Markup(coverage_plot(found.intervals, words)),
        widths=widths,
        support=support,
        vacuous_in_training=vacuous_in_training,
    )


def _share(log_odds: float) -> float:
    return float(sigmoid(np.array(log_odds)))


def _some(count: int, most: int = 7) -> list[int]:
    """Return up to seven places spread over so many."""
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})


def coverage_plot(intervals: Mapping[str, IntervalCoverage], words: Mapping[str, str]) -> str:
    """Draw for each level what followed less what was forecast, bin by bin, over interval and widened interval."""

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, max(1, len(intervals)), squeeze=False)[0]
        for axes, (level, one) in zip(panels, intervals.items(), strict=False):
            _panel(axes, one)
            axes.set_title(textwrap.fill(words[level], TITLE))
        panels[0].set_ylabel("Followed less forecast: people in 100")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

    label = "For each bin of later cases, what followed less what was forecast; the tables below give the figures."
    return draw(paint, (3.3 * max(1, len(intervals)), 3.5), name="coverage", label=label)


def _panel(axes: Axes, one: IntervalCoverage) -> None:
    x = [100 * b.forecast for b in one.bins]

    def band(low: str, high: str, colour: str, label: str) -> None:
        bottom, top = ([100 * (getattr(b, end) - b.forecast) for b in one.bins] for end in (low, high))
        axes.fill_between(x, bottom, top, color=colour, linewidth=0, label=label)

    band("widened_low", "widened_high", "#eceff4", "with the chance of counting")
    band("low", "high", PALE, "interval")
    axes.axhline(0, color=NAVY, linewidth=0.8)
    for inside, colour, mark, label in ((True, NAVY, "o", "covered"), (False, AMBER, "D", "not covered")):
        chosen = [b for b in one.bins if b.covered == inside]
        axes.plot([100 * b.forecast for b in chosen], [100 * (b.observed - b.forecast) for b in chosen], mark,
                  color=colour, markersize=3.5, label=label)  # fmt: skip
    axes.set_xlabel("Forecast: people in 100")
