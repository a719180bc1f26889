"""Hold a drawing as plain shapes, so that one layout becomes SVG text and a PNG with the same look.

Sizes are in pixels of the SVG, y grows downwards. The same shapes give the same bytes.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from forecast.problems import need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

INK, NAVY, AMBER, GREY, PALE = "#1b1f24", "#1d3d6b", "#c07a1c", "#5c636d", "#d5dae1"
"""Told apart by lightness too, so that they survive grey print and colour blindness; text is only in ink and grey."""
FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
WIDE, WIDE_BOLD = 0.55, 0.64
"""Width of a letter of DejaVu Sans as a share of its size, on average and a little more."""
STYLES = {
    "raises": (NAVY, NAVY, ""),
    "lowers": ("#f6dfb8", AMBER, "stripes"),
    "level": (PALE, INK, ""),
    "figure": (INK, INK, ""),
}
"""How a bar looks: filling, outline, pattern."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    style: str


@dataclass(frozen=True, slots=True)
class Line:
    """A thin upright line."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; ``y`` is its base line, ``anchor`` start or end."""

    x: float
    y: float
    text: str
    size: float = 14
    bold: bool = False
    colour: str = INK
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes on white, with a title and a description for those who cannot see them."""

    width: float
    height: float
    shapes: tuple[Bar | Line | Words, ...]
    title: str
    description: str

    def svg(self) -> str:
        """Return the drawing as an SVG file without any outside address, as wide as it is on paper, or narrower."""
        body = "\n".join(_svg_of(shape) for shape in self.shapes)
        size = f'viewBox="0 0 {self.width:g} {self.height:g}" width="{self.width:g}" height="{self.height:g}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t d" {size} '
            f'style="max-width:100%;height:auto" font-family="{FONT}">\n'
            f'<title id="t">{escape(self.title)}</title>\n<desc id="d">{escape(self.description)}</desc>\n'
            f'{_PATTERN}\n<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
        )

    def write_png(self, path: Path) -> None:
        """Write the drawing as PNG, two pixels for each of the SVG; needs matplotlib (extra `train`)."""
        need("matplotlib", "train")
        import matplotlib
        from matplotlib.figure import Figure

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update({"font.family": ["DejaVu Sans"], "hatch.linewidth": 1.2})
            figure = Figure(figsize=(self.width / 100, self.height / 100), dpi=200)
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set_axis_off()
            axes.set(xlim=(0, self.width), ylim=(self.height, 0))
            for shape in self.shapes:
                _paint(axes, shape)
            figure.savefig(path, format="png", metadata={"Software": None})


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return a text in lines that fit into a width at a size of letters."""
    letter = (WIDE_BOLD if bold else WIDE) * size
    return textwrap.wrap(text, max(int(width / letter), 8)) or [""]


_PATTERN = (
    '<defs><pattern id="stripes" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="{STYLES["lowers"][0]}"/><rect width="2.5" height="6" fill="{AMBER}"/>'
    "</pattern></defs>"
)


def _svg_of(shape: Bar | Line | Words) -> str:
    if isinstance(shape, Bar):
        fill, outline, pattern = STYLES[shape.style]
        fill = f"url(#{pattern})" if pattern else fill
        place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
        return f'<rect {place} fill="{fill}" stroke="{outline}" stroke-width="1.5"/>'
    if isinstance(shape, Line):
        place = f'x1="{shape.x:.1f}" y1="{shape.y:.1f}" x2="{shape.x:.1f}" y2="{shape.y + shape.height:.1f}"'
        return f'<line {place} stroke="{GREY}" stroke-width="1"/>'
    look = f'font-size="{shape.size:g}" fill="{shape.colour}"' + (' font-weight="bold"' if shape.bold else "")
    place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" text-anchor="{shape.anchor}"'
    return f"<text {place} {look}>{escape(shape.text)}</text>"


def _paint(axes: Axes, shape: Bar | Line | Words) -> None:
    from matplotlib.patches import Rectangle

    if isinstance(shape, Bar):
        fill, outline, pattern = STYLES[shape.style]
        look: dict[str, Any] = {
            "facecolor": fill,
            "edgecolor": outline,
            "hatch": "////" if pattern else None,
            "linewidth": 1.1,
        }
        axes.add_patch(Rectangle((shape.x, shape.y), shape.width, shape.height, **look))
    elif isinstance(shape, Line):
        axes.plot([shape.x] * 2, [shape.y, shape.y + shape.height], color=GREY, linewidth=0.7)
    else:
        side = "left" if shape.anchor == "start" else "right"
        weight = "bold" if shape.bold else "normal"
        style: dict[str, Any] = {
            "fontsize": 0.72 * shape.size,
            "color": shape.colour,
            "ha": side,
            "va": "baseline",
            "weight": weight,
        }
        axes.text(shape.x, shape.y, shape.text, parse_math=False, **style)


def joined(parts: Sequence[str]) -> str:
    """Return the description of a drawing from the sentences of its rows."""
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts)
