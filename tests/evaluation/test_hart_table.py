"""Tests of the table in HART's layout, of the optimism between tables, and of the section that shows them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from forecast.evaluation.hart_section import RECALLED, ForestTarget, hart_section, labels
from forecast.evaluation.hart_table import HartTable, hart_table, side_by_side

BANDS = ("LOW", "MODERATE", "HIGH")
# Rows are forecasts from LOW up, columns outcomes from LOW up.
CELLS = np.array([[50, 10, 2], [20, 60, 8], [6, 14, 30]])


def cells_to_cases(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(i, j) for (i, j), count in np.ndenumerate(cells) for _ in range(count)]
    return np.array([i for i, _ in pairs]), np.array([j for _, j in pairs])


def table_of(cells: np.ndarray = CELLS, *, seed: int = 1, a_person: int = 2) -> HartTable:
    forecast, actual = cells_to_cases(cells)
    persons = np.random.default_rng(seed).permutation(len(forecast)) // a_person
    return hart_table(forecast, actual, BANDS[-len(cells) :], persons=persons, replicates=80, seed=seed)


def test_the_cells_and_rates_are_those_counted_by_hand():
    table = table_of()
    values = {name: estimate.value for name, estimate in table.figures.items()}
    assert np.array_equal(table.counts, CELLS)
    assert values["accuracy"] == pytest.approx(140 / 200)
    assert values["recall HIGH"] == pytest.approx(30 / 40)
    assert values["recall LOW"] == pytest.approx(50 / 76)
    assert values["precision HIGH"] == pytest.approx(30 / 50)
    assert values["precision MODERATE"] == pytest.approx(60 / 88)
    assert values["very dangerous"] == pytest.approx(2 / 62)
    assert values["very cautious"] == pytest.approx(6 / 50)
    assert values["cautious"] == pytest.approx(40 / 200)
    assert values["dangerous"] == pytest.approx(20 / 200)
    assert values["ratio"] == pytest.approx(2.0)
    assert table.forecast_counts == (62, 88, 50)
    assert table.actual_counts == (76, 84, 40)


def test_shares_add_up_to_one_over_all_cases_over_each_forecast_and_over_each_outcome():
    table = table_of()
    by_forecast, by_actual, shares = (
        np.array([[e.value for e in row] for row in matrix])
        for matrix in (table.of_forecast, table.of_actual, table.shares)
    )
    assert shares.sum() == pytest.approx(1)
    assert by_forecast.sum(axis=1) == pytest.approx(1)
    assert by_actual.sum(axis=0) == pytest.approx(1)
    assert by_forecast[2, 0] == pytest.approx(6 / 50)


def test_two_bands_have_no_very_dangerous_error():
    table = table_of(np.array([[40, 10], [20, 30]]))
    assert table.bands == ("MODERATE", "HIGH")
    assert not [name for name in table.figures if name.startswith("very")]
    assert table.figures["ratio"].value == pytest.approx(2.0)
    assert set(labels(table.bands)) == set(table.figures)


def test_a_case_without_a_forecast_is_left_out_and_counted():
    forecast, actual = cells_to_cases(CELLS)
    table = hart_table(np.append(forecast, [-1, -1]), np.append(actual, [2, 0]), BANDS)
    assert (table.cases, table.left_out) == (200, 2)
    assert np.array_equal(table.counts, CELLS)


def test_a_rate_over_nobody_has_no_value_and_says_so():
    table = hart_table(np.array([1, 1, 2]), np.array([1, 2, 2]), BANDS, persons=np.arange(3), replicates=20)
    assert table.figures["precision LOW"].value is None
    assert table.figures["precision LOW"].note
    assert table.figures["ratio"].value == 0.0


def test_intervals_hold_the_figure_and_are_wider_where_cases_share_people():
    forecast, actual = cells_to_cases(CELLS * 10)
    people = np.arange(len(forecast))
    alone, shared = (
        hart_table(forecast, actual, BANDS, persons=p, replicates=200).figures["accuracy"]
        for p in (people, people // 10)
    )
    assert alone.low < alone.value < alone.high
    assert shared.high - shared.low > 2 * (alone.high - alone.low)


def test_without_people_there_is_no_interval_and_the_reason_stands_with_the_figure():
    figure = hart_table(*cells_to_cases(CELLS), BANDS).figures["accuracy"]
    assert figure.low is None
    assert "whose cases" in figure.note


def test_the_same_seed_gives_the_same_table_and_plain_values():
    assert table_of() == table_of()
    plain = table_of().to_dict()
    assert plain["counts"] == CELLS.tolist()
    assert plain["figures"]["accuracy"]["value"] == pytest.approx(0.7)
    assert "draws" not in plain


def test_the_optimism_is_named_step_by_step_and_in_all():
    strict = CELLS - np.diag([10, 10, 10]) + np.array([[0, 10, 0], [0, 0, 10], [0, 10, 0]])
    tables = {"by case": table_of(), "by person": table_of(strict), "later": table_of(strict * 2, seed=2)}
    steps = side_by_side(tables)
    assert [(s.looser, s.stricter) for s in steps] == [
        ("by case", "by person"),
        ("by person", "later"),
        ("by case", "later"),
    ]
    assert steps[0].figures["accuracy"].value == pytest.approx(30 / 200)
    assert steps[1].figures["accuracy"].value == pytest.approx(0)
    assert steps[2].figures["accuracy"].low < 30 / 200 < steps[2].figures["accuracy"].high


def test_two_tables_of_the_same_forecasts_and_people_differ_by_nothing_in_every_draw():
    (step,) = side_by_side({"one": table_of(), "same": table_of()})
    assert (step.figures["accuracy"].low, step.figures["accuracy"].high) == (0.0, 0.0)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_section_shows_the_tables_the_optimism_and_marks_what_is_recalled():
    tables = {"out of bag by case (as published)": table_of(), "later test": table_of(CELLS[::-1], seed=2)}
    made = hart_section(tables)
    text = text_of(made.html)
    assert made.name == "hart"
    assert "Out of bag by case (as published), less later test" in text
    for values in RECALLED.values():
        assert all(f"{value:.2f}" in text for value in values.values())
    assert made.html.count("recalled, unverified") == len(RECALLED) + 1
    assert "are not accuracies" in text
    assert "98 % accurate" not in text


def test_without_recalled_figures_or_with_two_bands_none_is_shown():
    assert "unverified" not in hart_section({"later test": table_of()}, recalled=False).html
    two = hart_section({"later test": table_of(np.array([[40, 10], [20, 30]]))}).html
    assert "unverified" not in two
    assert "98 %" not in two


TARGET = ForestTarget((1_200, 3_000, 400), False, 2.0, "", ("a", "b", "c"), "boosting", ("b", "c", "d", "e"))


def test_the_section_says_for_which_ratio_sizes_were_found_and_that_nobody_signed_it():
    html = hart_section({"later test": table_of()}, target=TARGET).html
    text = text_of(html)
    assert "1,200 of LOW, 3,000 of MODERATE, 400 of HIGH." in text
    assert "found so that out of bag by person there are 2 cautious errors for each dangerous one" in text
    assert '<div class="box warn">' in html
    assert "This ratio is not signed." in text
    assert "on these data, not HART: it reads 3 features, the chosen model (boosted trees) 4, and 2 of" in text
    assert "tested once" in text


def test_who_signed_the_forest_is_named_and_sizes_that_were_given_are_called_so():
    signed = replace(TARGET, signed_by="A. <Person>")
    text = text_of(hart_section({"later test": table_of()}, target=signed).html)
    assert "The ratio: signed by A. &lt;Person&gt;." in text
    assert "not signed" not in text
    given = text_of(hart_section({"later test": table_of()}, target=replace(TARGET, given=True, ratio=None)).html)
    assert "given in the experiment, not found" in given
    assert "These sizes are not signed." in given
    none = text_of(hart_section({"later test": table_of()}, target=replace(TARGET, ratio=None, chosen="forest")).html)
    assert "no ratio of errors was aimed at" in none
    assert "it is the chosen model and reads 3 features" in none


def test_the_figures_recalled_for_hart_agree_with_one_another():
    for values in RECALLED.values():
        assert values["very dangerous"] < 100 - values["precision LOW"]
        assert values["very cautious"] < 100 - values["precision HIGH"]
        recalls = [values[f"recall {band}"] for band in BANDS]
        assert min(recalls) < values["accuracy"] < max(recalls)
