"""Turn a drawing into SVG text that can stand inside an HTML page: same input, same bytes, no outside address."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from forecast.explanations.drawing import AMBER, GREY, INK, NAVY, PALE
from forecast.problems import need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.figure import Figure

_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "forecast",
    "text.parse_math": False,  # a column may be called "income $"
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that widths are the same on every machine
    "font.size": 9.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e9ee",
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.7,
    "text.color": INK,
}


def draw(paint: Callable[[Figure], None], size: tuple[float, float], *, name: str, label: str) -> str:
    """Return the SVG that ``paint`` draws on a figure of ``size`` (inches).

    ``name`` keeps ids apart when several drawings share a page; ``label`` is the text for those who cannot see it.
    Raises the problem ``extra-missing`` when matplotlib is not there.
    """
    need("matplotlib", "train")
    from matplotlib.figure import Figure

    with _look():
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        text = io.StringIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(text, format="svg", metadata=nothing, transparent=True)
    return embed(text.getvalue(), name=name, label=label)


@contextmanager
def _look() -> Iterator[None]:
    """Use matplotlib's own defaults and ours, whatever the user's matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_LOOK)
        yield


def embed(text: str, *, name: str, label: str) -> str:
    """Strip from a matplotlib SVG file what an HTML page does not need, and give it a role and a label."""
    body = text[text.index("<svg") :]
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
    width, height = box.groups() if box else ("400", "300")
    body = re.sub(r"^<svg[^>]*>", "", body)
    body = re.sub(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>", "", body, flags=re.S)  # it would style the whole page
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body).replace("xlink:href", "href")
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.S)
    body = _named_ids(body, name)
    look = "stroke-linejoin:round;stroke-linecap:butt"
    opening = f'{_opening(width, height, label)} width="{width}pt" height="{height}pt" style="{look}">'
    return opening + re.sub(r"\s*\n\s*", "\n", body).strip()


def _opening(width: str, height: str, label: str) -> str:
    return f'<svg role="img" aria-label="{escape(label, quote=True)}" viewBox="0 0 {width} {height}"'


def _named_ids(body: str, name: str) -> str:
    """Keep only the ids that something refers to, and put the drawing's name before them."""
    used = set(re.findall(r'href="#([^"]+)"', body)) | set(re.findall(r"url\(#([^)]+)\)", body))

    def renamed(found: re.Match[str]) -> str:
        return f' id="{name}-{found.group(1)}"' if found.group(1) in used else ""

    body = re.sub(r' id="([^"]*)"', renamed, body)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)


MARKS = {
    "flagged_with": f'fill="{NAVY}" stroke="{NAVY}"',
    "flagged_without": f'fill="#ffffff" stroke="{NAVY}" stroke-width="2.5"',
    "missed": f'fill="{AMBER}" stroke="{AMBER}"',
    "rest": f'fill="{PALE}" stroke="{PALE}"',
}
"""How the four kinds of people look in :func:`hundred_people`, in the order of the confusion's cells."""


def hundred_people(counts: Sequence[int], *, label: str) -> str:
    """Return one hundred small figures, twenty a row, of the four kinds in :data:`MARKS`; ``counts`` add up to 100."""
    marks = [mark for mark, count in zip(MARKS.values(), counts, strict=True) for _ in range(count)]
    people = "".join(_person(i, mark) for i, mark in enumerate(marks))
    return f'{_opening("440", "140", label)} width="440" height="140">{people}</svg>'


def sample_mark(kind: str) -> str:
    """Return one small figure of a kind, for a legend."""
    return f'<svg aria-hidden="true" viewBox="0 0 20 26" width="16" height="20">{_person(0, MARKS[kind])}</svg>'


def _person(place: int, mark: str) -> str:
    x, y = 10 + 22 * (place % 20), 28 * (place // 20)
    return f'<g {mark}><circle cx="{x}" cy="{y + 6}" r="4"/><path d="M{x - 6} {y + 24}v-6a6 6 0 0 1 12 0v6z"/></g>'
