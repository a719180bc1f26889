"""Set a disclosure sheet as one HTML file that needs nothing beside it: for screens, telephones and paper."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from forecast.explanations.drawing import STYLES
from forecast.explanations.wording import sentence
from forecast.problems import need

if TYPE_CHECKING:
    from markupsafe import Markup

    from forecast.explanations.texts import Texts
    from forecast.scoring.sheet_form import Sheet

WIDE, HIGH = 120, 9
"""Pixels of the room for a bar; none is in the middle."""


def sheet_html(sheet: Sheet, texts: Texts) -> str:
    """Return the sheet as HTML; raise ``extra-missing`` where jinja2 is not installed."""
    need("jinja2", "sheet")
    from jinja2 import Environment, StrictUndefined

    template = (resources.files("forecast.scoring") / "sheet.html").read_text("utf-8")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(template).render(sheet=sheet, texts=texts, bar=bar, sentence=sentence) + "\n"


def bar(points: int, most: int) -> Markup:
    """Return a small bar to the right (raises) or left (lowers) of none; the number beside it says the same."""
    from markupsafe import Markup

    long = max(abs(points) / most * (WIDE / 2 - 1), 1.5)
    middle = WIDE / 2
    x = middle if points > 0 else middle - long
    fill, outline, striped = STYLES["raises" if points > 0 else "lowers"]
    stripes = "".join(f'<path d="M{x + at:.1f} 0v{HIGH}"/>' for at in range(3, int(long), 4)) if striped else ""
    return Markup(
        f'<svg aria-hidden="true" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" stroke="{outline}">'
        f'<rect x="{x:.1f}" y=".5" width="{long:.1f}" height="{HIGH - 1}" fill="{fill}"/>{stripes}'
        f'<path d="M{middle:g} 0v{HIGH}" stroke="#4b525c"/></svg>'
    )
