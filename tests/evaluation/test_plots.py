"""Tests of the figures: they can be drawn, they are text, and they say the same every time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from forecast.evaluation import plots
from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.results import Histogram, LevelEvaluation

FIGURES: dict[str, Callable[[LevelEvaluation], str]] = {
    "reliability": lambda e: plots.reliability_plot(e.reliability, e.histogram, words=e.words),
    "roc": lambda e: plots.roc_plot(e.curves, chosen=e.chosen),
    "outcome": lambda e: plots.outcome_plot(e.histogram, words=e.words),
    "comparison": lambda e: plots.comparison_plot({n: m["brier"] for n, m in e.models.items()}, chosen=e.chosen),
    "groups": lambda e: plots.group_plot(e.groups, e.models[e.chosen]["auc"]),
    "importance": lambda _: plots.importance_plot([("Earlier arrests", 0.4), ("Age", 0.2)], unit="log-odds"),
}


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_the_same_bytes_each_time_and_reaches_nothing_outside(
    figure: str, evaluation: LevelEvaluation
) -> None:
    text = FIGURES[figure](evaluation)
    assert text == FIGURES[figure](evaluation)
    assert text.startswith('<svg role="img" aria-label="')
    assert "http" not in text


def test_a_group_that_is_not_judged_says_so_in_the_figure(evaluation: LevelEvaluation) -> None:
    assert "too few to judge" in FIGURES["groups"](evaluation)
    assert ">tiny (n = " in FIGURES["groups"](evaluation)


@pytest.mark.filterwarnings("error")
def test_nothing_to_draw_is_no_fault() -> None:
    nothing = Histogram((0.0, 0.5, 1.0), (0, 0), (0, 0))
    none = Estimate(None, None, None, "no value")
    for text in (
        plots.reliability_plot((), nothing, words="x"),
        plots.roc_plot({"a": ()}, chosen="a"),
        plots.outcome_plot(nothing, words="x"),
        plots.comparison_plot({"a": none}, chosen="a"),
        plots.group_plot({}, none),
        plots.importance_plot([], unit="x"),
    ):
        assert text.startswith("<svg")


def test_a_long_name_is_cut() -> None:
    assert plots.short("x" * 50, 10) == "x" * 9 + "…"
    assert plots.short("short") == "short"
