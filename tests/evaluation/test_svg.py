"""Tests of the SVG text that goes into a page."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from forecast.evaluation.svg import draw, hundred_people


def _paint(figure: Figure) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "o")
    axes.set_title("a $b$ < c & d")


def test_a_drawing_is_one_element_with_a_role_a_label_and_no_address() -> None:
    text = draw(_paint, (3, 2), name="one", label='what "it" shows')
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'what "it" shows'
    assert "http" not in text
    assert "<style" not in text
    assert "a $b$ &lt; c &amp; d" in text


def test_two_drawings_on_a_page_share_no_id() -> None:
    one, two = (
        {e.get("id") for e in ElementTree.fromstring(draw(_paint, (3, 2), name=n, label="")).iter() if e.get("id")}
        for n in ("one", "two")
    )
    assert one
    assert not one & two


def test_every_reference_in_a_drawing_leads_to_an_id() -> None:
    root = ElementTree.fromstring(draw(_paint, (3, 2), name="one", label=""))
    ids = {e.get("id") for e in root.iter()}
    assert all(e.get("href", "").removeprefix("#") in ids for e in root.iter() if e.get("href"))


def test_the_users_own_matplotlib_settings_change_nothing() -> None:
    plain = draw(_paint, (3, 2), name="one", label="")
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": False}):
        assert draw(_paint, (3, 2), name="one", label="") == plain
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize("counts", [(25, 25, 25, 25), (0, 0, 0, 100)])
def test_a_hundred_people_are_drawn(counts: tuple[int, ...]) -> None:
    assert hundred_people(counts, label="x").count("<circle") == 100
