"""Lay out the report: one template environment, and sections that other modules make of what they measured."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.evaluation import names, wording
from forecast.files import whole_files
from forecast.problems import need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment
    from markupsafe import Markup

NOT_SIGNED = "not signed"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a heading of its own: ``name`` is its anchor, ``html`` what stands below the title."""

    name: str
    title: str
    html: Markup


def section(name: str, title: str, template: str, **values: Any) -> Section:
    """Return a section made of `sections/TEMPLATE.html` and the values it shows."""
    from markupsafe import Markup

    html = environment().get_template(f"sections/{template}.html").render(**values)
    return Section(name, title, Markup(html))


def write_study(
    path: Path, sections: Sequence[Section], *, title: str, lead: str, technical: Mapping[str, str]
) -> None:
    """Write sections as a page of their own, one HTML file that needs nothing beside it, whole or not at all."""
    page = environment().get_template("study.html")
    html = page.render(title=title, lead=lead, sections=sections, technical=technical)
    with whole_files(path) as [temporary]:
        temporary.write_text(without_addresses(html), encoding="utf-8", newline="\n")


def without_addresses(html: str) -> str:
    """Return a page that reaches nothing outside; an address in a title or note stays readable as text."""
    return re.sub(r"https?://", "", html)


def environment() -> Environment:
    """Return the environment of the report's templates, with its filters and sentences."""
    need("jinja2", "train")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=wording.number, bounds=wording.bounds, spread=wording.spread, model=names.shown)
    made.globals.update(
        base_rate_sentence=wording.base_rate_sentence,
        ranking_sentence=wording.ranking_sentence,
        calibration_sentence=wording.calibration_sentence,
        reads_sentence=names.reads_sentence,
        comparison_sentences=wording.comparison_sentences,
        score_sentence=wording.score_sentence,
        listed=wording.listed,
        unknowns=wording.UNKNOWNS,
        not_signed=NOT_SIGNED,
    )
    return made
