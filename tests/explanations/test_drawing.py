"""Tests of drawings as SVG and PNG."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree

from forecast.explanations.drawing import STYLES, Bar, Drawing, Line, Words, wrap

SHAPES = (
    Bar(10, 10, 50, 12, "raises"),
    Bar(10, 30, 20, 12, "lowers"),
    Line(10, 5, 40),
    Words(10, 60, 'income $x$ & <b>"5"</b> Łódź'),
)
DRAWING = Drawing(200, 80, SHAPES, "A title & more", "What is <drawn>.")
SVG = "{http://www.w3.org/2000/svg}"


def test_an_svg_is_xml_with_a_title_and_the_text_as_it_is():
    root = ElementTree.fromstring(DRAWING.svg())
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "A title & more"  # type: ignore[union-attr]
    assert root.find(f"{SVG}desc").text == "What is <drawn>."  # type: ignore[union-attr]
    assert [e.text for e in root.iter(f"{SVG}text")] == ['income $x$ & <b>"5"</b> Łódź']


def test_an_svg_reaches_nothing_outside_and_has_the_same_bytes_again():
    text = DRAWING.svg()
    assert text.count("http") == 1  # the name of the format itself
    assert text == Drawing(200, 80, SHAPES, "A title & more", "What is <drawn>.").svg()


def test_a_png_has_two_pixels_for_each_and_the_same_bytes_again(tmp_path: Path):
    for name in ("a.png", "b.png"):
        DRAWING.write_png(tmp_path / name)
    content = (tmp_path / "a.png").read_bytes()
    assert struct.unpack(">II", content[16:24]) == (400, 160)
    assert content == (tmp_path / "b.png").read_bytes()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_two_directions_differ_in_lightness_and_in_pattern_and_are_neither_red_nor_green():
    raises, lowers = STYLES["raises"], STYLES["lowers"]
    assert raises[2] != lowers[2]
    assert (luminance(lowers[0]) + 0.05) / (luminance(raises[0]) + 0.05) > 4.5
    for fill, _, _ in (raises, lowers):
        red, green, blue = (int(fill[i : i + 2], 16) for i in (1, 3, 5))
        assert red <= 1.6 * max(green, blue)
        assert green <= 1.3 * max(red, blue)


def test_words_wrap_to_the_width():
    lines = wrap("a fact with quite a few words in it", 100, 14)
    assert len(lines) > 1
    assert all(0.55 * 14 * len(line) <= 100 for line in lines)
    assert wrap("", 100, 14) == [""]
