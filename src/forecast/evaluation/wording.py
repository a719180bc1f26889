"""Put results into sentences: plain, without blame or cause, every figure with its interval or a word why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.evaluation.bootstrap import TOO_FEW, Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from forecast.evaluation.results import LevelEvaluation, ScoreEvaluation

UNKNOWNS = (
    "What is not in the record: what has changed in the person's life, what support there is, what the victim or the "
    "officer in the case knows.",
    "Which person is meant. It describes people with a record like this one; of 40 in 100, nobody knows which 40.",
    "What was never recorded. The outcome is what got into the records, which depends on what is reported and where "
    "police look, and not only on what people do.",
    "What a decision would change. It describes what followed under the usual handling of these cases.",
    "Times, places and practices other than those it was tested on; it grows old as they change.",
)
"""What the forecast does not know; the report prints these and what the caller adds."""


def number(value: float, digits: int = 2) -> str:
    """Write a number with a true minus sign and thousands parted by a comma; never "-0"."""
    text = f"{value:,.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text.replace("-", "−")


def bounds(figure: Estimate, digits: int = 2, scale: float = 1.0) -> str:
    """Write the interval as "0.70 to 0.73", or the note why there is none."""
    if figure.low is None or figure.high is None:
        return figure.note or "no interval"
    return f"{number(scale * figure.low, digits)} to {number(scale * figure.high, digits)}"


def spread(figure: Estimate, digits: int = 2, scale: float = 1.0) -> str:
    """Write a figure with its interval: "0.71 (0.70 to 0.73)"."""
    if figure.value is None:
        return f"no value ({figure.note})"
    return f"{number(scale * figure.value, digits)} ({bounds(figure, digits, scale)})"


def in_100(figure: Estimate, digits: int = 0) -> str:
    """Write a share as people in 100 with its interval: "45 of 100 (44 to 47)"."""
    if figure.value is None:
        return spread(figure)
    return f"{number(100 * figure.value, digits)} of 100 ({bounds(figure, digits, 100)})"


def above(figure: Estimate, line: float) -> int:
    """Return 1 or -1 when the whole interval lies above or below ``line``, else 0 (no interval included)."""
    if figure.low is None or figure.high is None:
        return 0
    return int(figure.low > line) - int(figure.high < line)


def base_rate_sentence(e: LevelEvaluation) -> str:
    """Say how often the outcome happened."""
    return (
        f"In the test, {in_100(e.base_rate)} were {e.words} ({e.events:,} of {e.cases:,} cases, {e.people:,} people)."
    )


def ranking_sentence(e: LevelEvaluation) -> str:
    """Say what the AUC means."""
    return (
        f"Take one person who was {e.words} and one who was not: the forecast was higher for the first in "
        f"{in_100(e.models[e.chosen]['auc'])} such pairs. Tossing a coin gives 50."
    )


def calibration_sentence(e: LevelEvaluation) -> str:
    """Say whether forecasts are right on average, and whether high and low ones are."""
    return f"{_average(e)} {_slope(e.models[e.chosen])}"


def _average(e: LevelEvaluation) -> str:
    verdict = {
        1: "The forecast was too low on average",
        -1: "The forecast was too high on average",
        0: "On average the forecast was not clearly too high or too low",
    }[above(e.models[e.chosen]["calibration_intercept"], 0)]
    return f"{verdict}: it said {in_100(e.mean_forecast, 1)}, and {in_100(e.base_rate, 1)} followed."


def _slope(found: Mapping[str, Estimate]) -> str:
    figure = found["calibration_slope"]
    if figure.low is None:
        return f"Whether high and low forecasts are right cannot be told here ({figure.note})."
    verdict = {
        1: "High forecasts were too low and low ones too high",
        -1: "High forecasts were too high and low ones too low",
        0: "No clear sign that high forecasts were too high, or low ones too low",
    }[above(figure, 1)]
    return f"{verdict} (calibration slope {spread(figure)}; 1 is right)."


def comparison_sentences(e: LevelEvaluation) -> Iterator[str]:
    """Say of each other model whether the forecast is better, by the paired difference of Brier scores."""
    for other, difference in e.differences.items():
        figure = difference["brier"]
        if figure.value is None or figure.low is None:
            yield f"“{other}”: cannot be compared ({figure.note})."
            continue
        verdict = {1: "worse than", -1: "better than", 0: "not clearly better or worse than"}[above(figure, 0)]
        yield f"{verdict.capitalize()} “{other}”: Brier score differs by {spread(figure, 4)}."


def score_sentence(e: LevelEvaluation, name: str, score: ScoreEvaluation) -> str:
    """Compare the ranking with that of another instrument on the same cases."""
    verdict = {1: "better than", -1: "worse than", 0: "not clearly better or worse than"}[above(score.difference, 0)]
    return (
        f"Ranking {verdict} that of “{name}”, on the {score.cases:,} cases that have one: "
        f"AUC {spread(score.chosen_auc)} against {spread(score.auc)}, difference {spread(score.difference)}."
    )


def level_warnings(e: LevelEvaluation) -> Iterator[str]:
    """Say what in an evaluation should make its reader pause."""
    if above(e.models[e.chosen]["calibration_intercept"], 0):
        yield _average(e)
    equals = [other for other, d in e.differences.items() if above(d["brier"], 0) >= 0]
    if equals:
        yield f"The forecast is not clearly better than {listed(f'“{name}”' for name in equals)}."
    off = list(_group_gaps(e))
    if off:
        yield (
            f"What followed differs from the forecast in these groups: {'; '.join(off)}. Where many groups are "
            "compared, about one interval in twenty misses by chance."
        )
    few = [f"{a} “{g.value}” ({g.cases:,})" for a, gs in e.groups.items() for g in gs if not g.judged]
    if few:
        yield f"{TOO_FEW.capitalize()} (cases): {', '.join(few)}. How good the forecast is there is not known."


def _group_gaps(e: LevelEvaluation) -> Iterator[str]:
    """Word the groups in which forecast and outcome clearly differ on average."""
    for attribute, members in e.groups.items():
        for member in (m for m in members if m.judged):
            gap = member.metrics["observed_minus_forecast"]
            if above(gap, 0):
                yield f"{attribute} “{member.value}”, {_gap_words(gap)}"


def _gap_words(gap: Estimate) -> str:
    """Word a gap that an interval puts on one side of zero: "forecast too low by 2.1 of 100 (0.3 to 4.2)"."""
    value, low, high = (end or 0.0 for end in (gap.value, gap.low, gap.high))
    if low > 0:
        return f"forecast too low by {in_100(gap, 1)}"
    return f"forecast too high by {in_100(Estimate(-value, -high, -low), 1)}"


def listed(words: Iterator[str] | Sequence[str]) -> str:
    """Join words as "a, b and c"."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"
