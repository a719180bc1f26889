"""Tests of the pictures of a force: what they count is what was counted, and they say the same every time."""

from __future__ import annotations

import dataclasses
from typing import Any

from forecast.evaluation.force_plots import concentration, force_pictures
from forecast.evaluation.report import ReportContext, render_report

AGES = {"M": [0] * 18 + [90, 60, 30] + [0] * 60, "F": [0] * 18 + [9, 6, 3] + [0] * 60}
PORTRAIT: dict[str, Any] = {
    "ages": AGES,
    "months": {"2008-01": 12, "2008-02": 7, "2009-01": 9},
    "events_each": [[1, 80], [2, 15], [30, 5]],
}


def test_the_pictures_are_the_same_bytes_each_time_and_reach_nothing_outside() -> None:
    first = force_pictures(PORTRAIT)
    assert first == force_pictures(PORTRAIT)
    assert [title for title, _, _ in first] == [
        "Age at arrest",
        "Custody events a month",
        "How few people have how many events",
    ]
    assert all(svg.startswith('<svg role="img" aria-label="') and "http" not in svg for _, svg, _ in first)


def test_the_concentration_is_that_of_the_counts() -> None:
    _, caption = concentration(PORTRAIT["events_each"])
    # 5 of 100 people have 150 of 260 events; 20 of 100 have 180
    assert "top 5 % 58 %" in caption
    assert "top 20 % 69 %" in caption
    assert "100 people, 260 events" in caption


def test_nothing_counted_gives_no_picture() -> None:
    assert force_pictures({}) == []
    assert force_pictures({"ages": {}, "months": {"2008-01": 3}, "events_each": []}) == []


def test_the_report_shows_the_force_where_the_cases_come_from_one(context: ReportContext) -> None:
    assert "The force behind the cases" not in render_report(context)
    page = render_report(dataclasses.replace(context, portrait=PORTRAIT))
    assert page.count("force-") > 2
    assert "The force behind the cases" in page
