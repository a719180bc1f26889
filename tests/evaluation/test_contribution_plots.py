"""Tests of the pictures of contributions: which facts they show, where, and that they stay small and the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.evaluation import contribution_plots
from forecast.evaluation.contribution_plots import (
    MOST_PICTURES,
    MOST_ROWS,
    MOST_VALUES,
    Moved,
    _categories,
    _ranks,
    _spread,
    contributions_section,
    each_plot,
    summary_plot,
)
from forecast.tables.description import Feature

NUMBER = Feature("priors", "number", "earlier arrests")
YEARS = Feature("years", "number", "years since the latest arrest", missing_words="never, as far as is on record")
KIND = Feature("kind", "category", "kind of offence")


def moved(cases: int = 300, more: int = 20) -> Moved:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "priors": rng.poisson(3, cases).astype(float),
            "years": np.where(rng.random(cases) < 0.3, np.nan, rng.exponential(3, cases)),
            "kind": np.array(["theft", "drugs", None], dtype=object)[rng.integers(0, 3, cases)],
        }
        | {f"more{i}": rng.normal(size=cases) for i in range(more)}
    )
    features = [NUMBER, YEARS, KIND, *(Feature(f"more{i}", "number", f"further fact {i}") for i in range(more))]
    size = np.array([8.0, 5.0, 3.0, *np.linspace(1, 0, more)])
    return Moved("arrested again", rng.normal(size=(cases, 3 + more)) * size, frame, features)


@pytest.mark.parametrize("draw", [summary_plot, each_plot])
def test_a_picture_is_the_same_bytes_each_time_and_of_modest_size(draw: object) -> None:
    assert callable(draw)
    text = draw(moved(2000), name="x")
    assert text == draw(moved(2000), name="x")
    assert text.startswith('<svg role="img" aria-label="')
    assert "://" not in text
    assert "data:image/png;base64" in text
    assert len(text) < 250_000


def test_the_summary_names_the_leading_facts_alone() -> None:
    text = summary_plot(moved(), name="x")
    shown = [feature.phrase for feature in moved().features if f">{feature.phrase}<" in text]
    assert "earlier arrests" in shown
    assert len(shown) == MOST_ROWS
    assert "further fact 19" not in text


def test_facts_that_move_nothing_are_not_drawn() -> None:
    still = moved(more=1)
    assert still.leading(10).tolist() == [0, 1, 2, 3]
    still.points[:, 1] = 0.0
    assert 1 not in still.leading(10)
    assert "years since" not in summary_plot(still, name="x")


def test_each_leading_fact_has_a_picture_with_its_missing_cases_apart() -> None:
    text = each_plot(moved(), name="x")
    titles = [feature.phrase for feature in moved().features if f">{feature.phrase}<" in text]
    assert len(titles) == MOST_PICTURES
    assert ">never<" in text
    assert ">missing<" in text  # of the category, which has no words of its own
    assert ">theft<" in text


def test_colour_tells_the_place_among_all_values_and_spares_what_has_none() -> None:
    ranks = _ranks(NUMBER, pd.Series([5.0, np.nan, 1.0, 900.0]))
    np.testing.assert_allclose(ranks, [0.5, np.nan, 0.0, 1.0])
    assert np.isnan(_ranks(KIND, pd.Series(["theft", None]))).all()
    np.testing.assert_array_equal(_ranks(NUMBER, pd.Series([2.0, 2.0, np.nan])), [0.5, 0.5, np.nan])


def test_a_crowd_of_dots_lies_evenly_about_the_middle_of_its_row() -> None:
    heights = _spread(np.zeros(101), 1.0)
    assert len(np.unique(heights)) == 101
    assert heights.sum() == pytest.approx(0.0, abs=1e-9)
    assert np.abs(heights).max() <= 0.5
    np.testing.assert_array_equal(_spread(np.array([-1.0, 0.0, 1.0]), 2.0), np.zeros(3))


def test_rare_values_of_a_category_share_the_last_place() -> None:
    values = pd.Series([f"v{i}" for i in range(12) for _ in range(12 - i)] + [None])
    where, names = _categories(values, values.isna().to_numpy(dtype=bool))
    assert names == [*(f"v{i}" for i in range(MOST_VALUES - 1)), "others"]
    assert where[-2] == MOST_VALUES - 1
    assert np.isnan(where[-1])


def test_the_section_tells_of_each_level_that_anything_moves() -> None:
    flat = Moved("arrested for a serious offence", np.zeros((300, 23)), moved().frame, moved().features)
    made = contributions_section([moved(), flat])
    assert made.html.count("<figure>") == 2
    assert "Arrested again" in made.html
    assert "serious" not in made.html
    assert "300" in made.html


@pytest.mark.filterwarnings("error")
def test_values_that_are_all_missing_or_all_the_same_can_be_drawn() -> None:
    frame = pd.DataFrame({"priors": [2.0] * 5, "years": [np.nan] * 5, "kind": pd.Series([None] * 5, dtype=object)})
    points = np.array([[1.0, -2.0, 0.5]] * 5)
    one = Moved("arrested again", points, frame, [NUMBER, YEARS, KIND])
    for draw in (summary_plot, each_plot):
        assert draw(one, name="x").startswith("<svg")
    alone = Moved("arrested again", points[:1], frame.iloc[:1], [NUMBER, YEARS, KIND])
    assert contribution_plots.summary_plot(alone, name="x").startswith("<svg")
