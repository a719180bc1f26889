"""Tests of what costs do: errors in HART's words, how they move with the costs, and the report's section."""

from __future__ import annotations

import dataclasses
import datetime
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from forecast.cases import OutcomeScale
from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.costs import (
    SensitivityRow,
    costs_section,
    error_kinds,
    error_name,
    of_100,
    sensitivity,
    sensitivity_plot,
)
from forecast.evaluation.report import ReportContext, render_report
from forecast.models.bands import Costs, CutOffs

TWO = OutcomeScale(("none", "any"), 24, ("arrested again within 2 years",))
THREE = OutcomeScale(
    ("none", "any", "serious"), 24, ("arrested again within 2 years", "arrested for a serious offence within 2 years")
)
COSTS = Costs(((0, 4, 12), (1, 0, 4), (2, 1, 0)), "Supt A. Example", datetime.date(2026, 11, 3), "agreed by the board")


def world(cases: int = 1500, levels: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities, outcomes and persons with three cases each."""
    generator = np.random.default_rng(3)
    z, u = generator.normal(size=cases), generator.random(cases)
    any_ = 1 / (1 + np.exp(-z))
    p = np.column_stack([any_, any_ / (1 + np.exp(1.2 - z))])[:, :levels]
    return p, (u[:, None] < p).sum(axis=1), np.arange(cases) // 3


@pytest.fixture(scope="module")
def rows() -> list[SensitivityRow]:
    p, y, who = world()
    return sensitivity(p, y, rule=COSTS, bands=THREE.bands, persons=who, replicates=60)


def test_the_chosen_costs_stand_among_the_others_once_by_rising_ratio(rows: list[SensitivityRow]):
    assert [row.cost_ratio for row in rows] == [1, 1.5, 2, 3, 4, 6]
    assert [row.cost_ratio for row in rows if row.chosen] == [4]
    p, y, _ = world()
    with_cutoffs = sensitivity(p, y, rule=CutOffs((0.4, 0.2)), bands=THREE.bands)
    assert [row.cost_ratio for row in with_cutoffs if row.chosen] == pytest.approx([2.75])
    assert len(with_cutoffs) == 7


def test_the_chosen_row_counts_the_errors_of_the_rule_itself(rows: list[SensitivityRow]):
    p, y, _ = world()
    band = COSTS.bands(p)
    row = next(row for row in rows if row.chosen)
    assert (row.cautious, row.dangerous) == ((band > y).sum(), (band < y).sum())
    assert row.very_cautious == ((band == 2) & (y == 0)).sum()
    assert row.very_dangerous == ((band == 0) & (y == 2)).sum()
    assert [share.value for share in row.shares] == pytest.approx((np.bincount(band, minlength=3) / len(y)).tolist())


def test_as_being_too_low_costs_more_nobody_moves_down_and_errors_trade(rows: list[SensitivityRow]):
    def never_falls(values: list[float | None]) -> bool:
        return all(a <= b for a, b in pairwise(values) if a is not None and b is not None)

    assert never_falls([row.shares[2].value for row in rows])
    assert never_falls([-(row.shares[0].value or 0) for row in rows])
    assert never_falls([row.cautious for row in rows])
    assert never_falls([row.very_cautious for row in rows])
    assert never_falls([-row.dangerous for row in rows])
    assert never_falls([-(row.very_dangerous or 0) for row in rows])
    assert never_falls([row.error_ratio.value for row in rows])
    assert rows[0].cautious < rows[-1].cautious
    assert rows[0].dangerous > rows[-1].dangerous


def test_intervals_contain_their_figures_and_are_missing_where_nobody_says_whose_cases_these_are(
    rows: list[SensitivityRow],
):
    for figure in (figure for row in rows for figure in (*row.shares, row.error_ratio)):
        assert figure.low <= figure.value <= figure.high  # type: ignore[operator]
    p, y, _ = world()
    bare = sensitivity(p, y, rule=COSTS, bands=THREE.bands)[0]
    assert (bare.shares[0].low, bare.shares[0].note) == (None, bare.error_ratio.note)
    assert bare.shares[0].note


def test_errors_have_the_names_that_harts_makers_gave_them():
    named = [[error_name(i, j, 3) for j in range(3)] for i in range(3)]
    assert named == [
        ["right", "dangerous", "very dangerous"],
        ["cautious", "right", "dangerous"],
        ["very cautious", "cautious", "right"],
    ]
    assert [[error_name(i, j, 2) for j in range(2)] for i in range(2)] == [
        ["right", "dangerous"],
        ["cautious", "right"],
    ]


def test_kinds_of_error_are_counted_and_the_very_ones_also_among_their_own_forecast(rows: list[SensitivityRow]):
    table = rows[0].table
    found = {kind.name: kind for kind in error_kinds(table)}
    assert list(found) == ["cautious", "very cautious", "dangerous", "very dangerous"]
    assert found["dangerous"].cases == rows[0].dangerous
    assert found["dangerous"].of_all.value == pytest.approx(rows[0].dangerous / table.cases)
    very = found["very dangerous"]
    assert isinstance(very.of_forecast, Estimate)
    assert very.of_forecast.value == pytest.approx(very.cases / table.forecast_counts[0])
    p, y, _ = world(levels=1)
    two = sensitivity(p, y, rule=CutOffs((0.4,)), bands=TWO.bands)[0]
    assert [kind.name for kind in error_kinds(two.table)] == ["cautious", "dangerous"]
    assert (two.very_cautious, two.very_dangerous) == (None, None)


def test_of_100_people_are_whole_and_add_up():
    assert of_100([1, 1, 1]) == [34, 33, 33]
    assert of_100([0, 0, 7]) == [0, 0, 100]
    assert of_100([0, 0, 0]) is None


def test_the_section_shows_matrix_signature_errors_and_other_costs():
    p, y, who = world()
    made = costs_section(COSTS, p, y, THREE, persons=who, replicates=60)
    assert (made.name, made.title) == ("bands", "Costs and bands")
    text = " ".join(re.sub(r"<[^>]+>", " ", made.html).split())
    for words in (
        "a ratio of costs is not a ratio of errors",
        "costs 4.00 times as much",
        "signed by supt a. example on 3 november 2026. why: agreed by the board.",
        "very dangerous",
        "of 100 people with this forecast",
        "as chosen",
    ):
        assert words in text.lower(), words
    assert "not signed" not in text.lower()
    ElementTree.fromstring(f"<page>{made.html}</page>")  # every element is closed


@pytest.mark.parametrize("levels", [1, 2], ids=["K=2", "K=3"])
def test_costs_that_nobody_signed_are_said_loudly_to_be_unsigned(levels: int):
    p, y, who = world(levels=levels)
    rule = CutOffs((0.4, 0.2)[:levels], reason="a <trial> & no more")
    made = costs_section(rule, p, y, (TWO, THREE)[levels - 1], persons=who, replicates=60)
    assert "These costs are not signed." in made.html
    assert "Why: a &lt;trial&gt; &amp; no more." in made.html
    assert ("very cautious" in made.html) == (levels == 2)
    ElementTree.fromstring(f"<page>{made.html}</page>")


def test_a_band_in_which_nobody_is_is_named():
    p, y, _ = world()
    assert "Nobody is in HIGH." in costs_section(CutOffs((0.4, 0.9999)), p, y, THREE).html


def test_the_same_cases_give_the_same_section_and_picture(rows: list[SensitivityRow]):
    assert sensitivity_plot(rows) == sensitivity_plot(rows)
    p, y, who = world(600)
    first, again = (costs_section(COSTS, p, y, THREE, persons=who, replicates=60).html for _ in range(2))
    assert first == again


def test_the_report_shows_the_matrix_once_where_it_has_this_section(context: ReportContext):
    p, y, who = world(600, levels=1)
    made = costs_section(CutOffs((0.4,)), p, y, TWO, persons=who, replicates=60)
    html = render_report(dataclasses.replace(context, sections=(made,)))
    assert html.count("What each pair of band and outcome costs") == 1
    assert html.count('href="#bands"') == 2
    assert html.count('id="bands"') == 1
