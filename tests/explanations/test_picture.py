"""Tests of the picture of one case."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from forecast.cases import Reason, Reasons
from forecast.explanations.drawing import Bar, Words
from forecast.explanations.picture import picture, rows_of
from forecast.explanations.texts import load_texts
from forecast.explanations.told import Told, told

TEXTS = load_texts()
RAISES, LOWERS = TEXTS["reason.raises"], TEXTS["reason.lowers"]
ITEMS = (
    Reason("arrests", "3 arrests in the last 12 months", RAISES, "a lot", 12.0),
    Reason("age", "Age 59", LOWERS, "some", -6.0),
    Reason("gap", "A fact that is said in so many words that it does not stand in one line", LOWERS, "a little", -2.0),
)
ANY = told(Reasons(34.0, ITEMS, 3.0, 41.0))
SERIOUS = told(Reasons(9.0, ITEMS[1:2], -1.0, 2.0))
LEVELS = [("arrested again within 2 years", ANY), ("arrested again for a serious offence within 2 years", SERIOUS)]


@pytest.mark.parametrize("each", [ANY, SERIOUS], ids=["any", "serious"])
def test_the_rows_add_up_to_the_forecast(each: Told):
    rows = rows_of(each, TEXTS)
    assert sum(row.points for row in rows[:-1]) == rows[-1].points
    assert rows[0].style == "level"
    assert all((row.style == "lowers") == (row.points < 0) for row in rows[1:-1])


@pytest.mark.parametrize("width", [760, 390])
def test_every_fact_its_direction_and_its_number_are_in_words(width: float):
    root = ElementTree.fromstring(picture("C1", LEVELS, TEXTS, width=width).svg())
    texts = [e.text or "" for e in root.iter("{http://www.w3.org/2000/svg}text")]
    said = " ".join(texts)
    for item in ITEMS:
        assert item.fact in said
        assert f"{item.direction} {item.strength}" in said
    assert {"+12", "\u22126", "34", "41", "+3", "2"} <= set(texts)
    assert "Nobody knows which of the 100 this person is." in said


@pytest.mark.parametrize("width", [760, 390])
def test_bars_have_one_scale_for_all_levels_and_stay_within_the_drawing(width: float):
    drawing = picture("C1", LEVELS, TEXTS, width=width)
    bars = [shape for shape in drawing.shapes if isinstance(shape, Bar)][:-2]  # the last two are the legend's
    points = [row.points for _, each in LEVELS for row in rows_of(each, TEXTS) if row.points]
    scales = {round(bar.width / abs(n), 6) for bar, n in zip(bars, points, strict=True)}
    assert len(scales) == 1
    assert all(bar.x >= 0 and bar.x + bar.width <= width for bar in bars)
    assert drawing.height > max(bar.y for bar in bars)


@pytest.mark.parametrize("width", [760, 390])
def test_no_line_of_words_leaves_the_drawing(width: float):
    for shape in picture("C1", LEVELS, TEXTS, width=width).shapes:
        if isinstance(shape, Words):
            long = (0.64 if shape.bold else 0.55) * shape.size * len(shape.text)
            ends = (shape.x, shape.x + long) if shape.anchor == "start" else (shape.x - long, shape.x)
            assert ends[0] >= 0
            assert ends[1] <= width


def test_who_cannot_see_the_bars_reads_the_same():
    drawing = picture("C1", LEVELS, TEXTS)
    assert "3 arrests in the last 12 months, raises the forecast a lot: +12." in drawing.description
    assert "Starting point: 34." in drawing.description
    assert "C1" in drawing.title


def test_a_forecast_without_reasons_is_drawn_too():
    drawing = picture("C1", [("arrested again", Told(58, (), 0, 58))], TEXTS)
    assert [shape.style for shape in drawing.shapes if isinstance(shape, Bar)] == [
        "level",
        "figure",
        "raises",
        "lowers",
    ]


def test_the_same_case_gives_the_same_bytes():
    assert picture("C1", LEVELS, TEXTS).svg() == picture("C1", LEVELS, TEXTS).svg()
