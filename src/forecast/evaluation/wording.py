"""Put results into sentences: plain, without blame or cause, every figure with its interval or a word why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.evaluation.bootstrap import TOO_FEW, Estimate
from forecast.evaluation.names import FOREST, MADE_UP_FOREST, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from forecast.evaluation.groups import GroupEvaluation
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

LARGE_GAP, FEW_IN_100, LARGE_PART = 0.03, 0.01, 0.25
"""A group is far off at 3 in 100, or at 1 in 100 that is a quarter of its base rate: a convention of this report."""


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


def comparison_sentences(e: LevelEvaluation, made_up: bool = False) -> Iterator[str]:
    """Say than which models the forecast is better, alike or worse, by the paired differences of Brier scores.

    ``made_up``: the cases are of people who do not exist; the forest after HART then gets a sentence of its own.
    """
    verdicts: dict[int, list[str]] = {-1: [], 0: [], 1: []}
    for other, difference in e.differences.items():
        figure = difference["brier"]
        if figure.value is None or figure.low is None:
            yield f"{_called(other)}: cannot be compared ({figure.note})."
        elif made_up and other == FOREST and above(figure, 0) < 0:
            yield MADE_UP_FOREST
        else:
            verdicts[above(figure, 0)].append(shown(other))
    for verdict, words in ((-1, "Better than"), (0, "Cannot be told apart from"), (1, "Worse than")):
        if verdicts[verdict]:
            yield f"{words}: {'; '.join(verdicts[verdict])}."


def _called(model: str) -> str:
    name = shown(model)
    return f"{name[:1].upper()}{name[1:]}"


def score_sentence(e: LevelEvaluation, name: str, score: ScoreEvaluation) -> str:
    """Compare the ranking with that of another instrument on the same cases."""
    verdict = {1: "better than", -1: "worse than", 0: "not clearly better or worse than"}[above(score.difference, 0)]
    return (
        f"Ranking {verdict} that of “{name}”, on the {score.cases:,} cases that have one: "
        f"AUC {spread(score.chosen_auc)} against {spread(score.auc)}, difference {spread(score.difference)}."
    )


def level_warnings(e: LevelEvaluation) -> Iterator[str]:
    """Say what in an evaluation should make its reader pause, beside :func:`large_misses`."""
    if above(e.models[e.chosen]["calibration_intercept"], 0):
        yield _average(e)
    equals = [other for other, d in e.differences.items() if above(d["brier"], 0) >= 0]
    if equals:
        yield f"The forecast is not clearly better than {listed(shown(name) for name in equals)}."
    off = [f"{a} “{g.value}”, forecast {_gap_words(gap)}" for a, g, gap in _group_gaps(e) if not _large(g, gap)]
    if off:
        yield (
            f"Smaller differences between what followed and the forecast, in these groups: {'; '.join(off)}. Where "
            "many groups are compared, about one interval in twenty misses by chance."
        )
    few = [f"{a} “{g.value}” ({g.cases:,})" for a, gs in e.groups.items() for g in gs if not g.judged]
    if few:
        yield f"{TOO_FEW.capitalize()} (cases): {', '.join(few)}. How good the forecast is there is not known."


def large_misses(evaluations: Sequence[LevelEvaluation], words: Mapping[str, str]) -> list[str]:
    """Say for which groups the forecast is far off on average, the largest miss of all levels first.

    ``words``: by level, what is forecast.
    """
    found = [
        (abs(gap.value or 0.0), a, g, gap, words.get(e.level, e.words))
        for e in evaluations
        for a, g, gap in _group_gaps(e)
        if _large(g, gap)
    ]
    return [
        f"For {a} “{g.value}” the forecast was {_gap_words(gap)}: it said {in_100(g.metrics['mean_forecast'], 1)}, and "
        f"{in_100(g.metrics['base_rate'], 1)} were {said} ({g.cases:,} cases)."
        for _, a, g, gap, said in sorted(found, key=lambda each: -each[0])
    ]


def _group_gaps(e: LevelEvaluation) -> Iterator[tuple[str, GroupEvaluation, Estimate]]:
    """Return the groups, by attribute, in which forecast and outcome clearly differ on average."""
    for attribute, members in e.groups.items():
        for member in (m for m in members if m.judged):
            gap = member.metrics["observed_minus_forecast"]
            if above(gap, 0):
                yield attribute, member, gap


def _large(group: GroupEvaluation, gap: Estimate) -> bool:
    size, rate = abs(gap.value or 0.0), group.metrics["base_rate"].value or 0.0
    return size >= LARGE_GAP or (size >= FEW_IN_100 and size >= LARGE_PART * rate)


def _gap_words(gap: Estimate) -> str:
    """Word a gap that an interval puts on one side of zero: "too low by 2.1 of 100 (0.3 to 4.2)"."""
    value, low, high = (end or 0.0 for end in (gap.value, gap.low, gap.high))
    if low > 0:
        return f"too low by {in_100(gap, 1)}"
    return f"too high by {in_100(Estimate(-value, -high, -low), 1)}"


def listed(words: Iterator[str] | Sequence[str]) -> str:
    """Join words as "a, b and c"."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"
