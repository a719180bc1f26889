"""Write the evaluation report: one HTML file that needs nothing beside it and prints on A4."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation import names, plots, svg, wording
from forecast.evaluation.confusions import CELLS
from forecast.evaluation.force_plots import force_pictures
from forecast.evaluation.page import environment, without_addresses
from forecast.explanations.points import whole
from forecast.files import whole_files
from forecast.problems import need

if TYPE_CHECKING:
    from forecast.evaluation.confusions import Confusion
    from forecast.evaluation.page import Section
    from forecast.evaluation.results import LevelEvaluation

MOST_ROWS = 25
"""Columns in the table of importance."""
FAR_OFF = "Groups for which the forecast is far off"
NO_CAUTION = (
    "None was raised. That is no proof that there is none: the checks look for columns that rank outcomes suspiciously "
    "well."
)


@dataclass(frozen=True, slots=True)
class ReportContext:
    """Everything that a report says, as plain values.

    ``words``: by level, what is forecast ("arrested again within 2 years").
    ``flow``: (label, count) from the rows read to the cases tested. ``importance``: by level, (phrase, value), largest
    first. ``exceptions``: (columns, reason, allowed_by) for each protected attribute used as a feature.
    ``costs``: "matrix" (a row a band, a column an outcome), "signed_by", "reason", and optionally "bands" and
    "outcomes" with their names; empty when there is none. ``technical``: settings, versions, fingerprints.
    ``population``: who the cases are. ``unknowns`` is added to what every forecast does not know.
    """

    title: str
    table_title: str
    source: str
    words: Mapping[str, str]
    evaluations: Sequence[LevelEvaluation]
    flow: Sequence[tuple[str, int]]
    cautions: Sequence[str]
    importance: Mapping[str, Sequence[tuple[str, float]]]
    exceptions: Sequence[tuple[str | Sequence[str], str, str]]
    costs: Mapping[str, Any]
    split: str
    notes: Sequence[str]
    technical: Mapping[str, str]
    population: str = ""
    unknowns: Sequence[str] = ()
    importance_unit: str = "Mean size of the contribution, log-odds"
    rates: Sequence[Mapping[str, Any]] = ()
    """Base rates of any and serious under other choices, with 95 % intervals, where they were measured."""
    front: Sequence[Section] = ()
    """Short sections that stand on the first page, after the warnings: what a reader looks for first."""
    sections: Sequence[Section] = ()
    """Further sections, each made by the module that measured what it shows; they follow the levels."""
    portrait: Mapping[str, Any] = field(default_factory=dict)
    """Counts of the force behind the cases (see `records.portrait`); empty for tables not made from records."""
    made_up: bool = False
    """The cases are of people who do not exist."""
    reads: Mapping[str, int] = field(default_factory=dict)
    """How many features each model reads, where it is known."""
    used: Collection[str] | None = None
    """Columns that the chosen model reads; None where it is not known, so that of exceptions no more can be said."""


def write_report(context: ReportContext, path: Path) -> None:
    """Write the report to ``path``, whole or not at all; the same context gives the same bytes.

    Raises
    ------
    Problem
        ``extra-missing`` when jinja2 or matplotlib is not installed, ``file-unwritable``.
    """
    html = render_report(context)
    with whole_files(path) as [temporary]:
        temporary.write_text(html, encoding="utf-8", newline="\n")


def need_report_tools() -> None:
    """Raise ``extra-missing`` before any long work where jinja2 or matplotlib is not installed."""
    for module in ("jinja2", "matplotlib"):
        need(module, "train")


def render_report(context: ReportContext) -> str:
    """Return the report as HTML text."""
    from markupsafe import Markup

    page = (
        environment()
        .get_template("report.html")
        .render(
            c=context,
            title=context.title,
            lead=f"{context.table_title}. Source: {context.source}",
            levels=[_level(context, e) for e in context.evaluations],
            most_rows=MOST_ROWS,
            exceptions=[_exception(context, *each) for each in context.exceptions],
            warnings=_warnings(context),
            pictures=[(title, Markup(svg), caption) for title, svg, caption in force_pictures(context.portrait)],
        )
    )
    return without_addresses(page)


def _level(context: ReportContext, e: LevelEvaluation) -> dict[str, Any]:
    """Return what the template shows of a level: the evaluation, its words and its drawings."""
    importance = tuple(context.importance.get(e.level, ()))
    told = {name: [g for g in members if g.judged] for name, members in e.groups.items()}
    return {
        "e": e,
        "groups": {name: e.groups[name] for name, judged in told.items() if len(judged) > 1},
        "alone": [name for name, judged in told.items() if len(judged) < 2],
        "rest": sum(value for _, value in importance[MOST_ROWS:]),
        "best": e.models[e.chosen],
        "words": context.words.get(e.level, e.words),
        "importance": importance,
        "drawings": _drawings(e, importance, context.importance_unit),
        "hundreds": [_hundred(e, one) for one in e.confusions],
    }


def _drawings(e: LevelEvaluation, importance: Sequence[tuple[str, float]], unit: str) -> dict[str, Any]:
    from markupsafe import Markup

    def named(kind: str) -> str:
        return f"{kind}-{re.sub(r'[^A-Za-z0-9]+', '-', e.level)}"

    briers = {names.shown(name): found["brier"] for name, found in e.models.items()}
    curves, chosen = {names.shown(name): points for name, points in e.curves.items()}, names.shown(e.chosen)
    drawn = {
        "reliability": plots.reliability_plot(e.reliability, e.histogram, words=e.words, name=named("reliability")),
        "outcome": plots.outcome_plot(e.histogram, words=e.words, name=named("outcome")),
        "roc": plots.roc_plot(curves, chosen=chosen, name=named("roc")),
        "comparison": plots.comparison_plot(briers, chosen=chosen, name=named("comparison")),
    }
    if e.groups:
        drawn["groups"] = plots.group_plot(e.groups, e.models[e.chosen]["auc"], name=named("groups"))
    if importance:
        drawn["importance"] = plots.importance_plot(importance, unit=unit, name=named("importance"))
    return {kind: Markup(text) for kind, text in drawn.items()}


def _hundred(e: LevelEvaluation, confusion: Confusion) -> dict[str, Any]:
    """Return the picture of 100 people at a cut-off, and its legend with whole numbers that add up."""
    from markupsafe import Markup

    if not e.cases:
        return {"confusion": confusion, "picture": None, "legend": ()}
    texts = (
        f"forecast at the cut-off or above, and were {e.words}",
        "forecast at the cut-off or above, but were not",
        f"forecast below the cut-off, but were {e.words}",
        "forecast below the cut-off, and were not",
    )
    shares = [confusion.of_100[cell] for cell in CELLS]
    counts = [int(count) for count in whole(np.array([share.value or 0.0 for share in shares]), 100)]
    label = "Of 100 people: " + "; ".join(f"{count} {text}" for count, text in zip(counts, texts, strict=True))
    kinds = [Markup(svg.sample_mark(kind)) for kind in svg.MARKS]
    return {
        "confusion": confusion,
        "picture": Markup(svg.hundred_people(counts, label=label)),
        "legend": list(zip(kinds, counts, shares, texts, strict=True)),
    }


def _warnings(context: ReportContext) -> list[tuple[str, list[str]]]:
    """Return the warnings of the first page under their headings: groups far off, notes, each level's, the whole."""
    by_level = [(context.words.get(e.level, e.words), list(wording.level_warnings(e))) for e in context.evaluations]
    headed = [
        (FAR_OFF, wording.large_misses(context.evaluations, context.words)),
        ("Notes", list(context.notes)),
        *by_level,
        ("The whole", _general_warnings(context)),
        ("Cautions about the table and its columns", list(context.cautions) or [NO_CAUTION]),
    ]
    return [(heading, texts) for heading, texts in headed if texts]


def _general_warnings(context: ReportContext) -> list[str]:
    found = []
    if not context.costs:
        found.append("No cost matrix was given, so no band has been agreed by anyone.")
    elif not context.costs.get("signed_by"):
        found.append("The cost matrix behind the bands is not signed: nobody has yet answered for what errors cost.")
    for each in (_exception(context, *one) for one in context.exceptions):
        by = f"(allowed by {each['allowed_by']})"
        if context.used is None:
            found.append(
                f"Protected attributes are used as features by exception: {wording.listed(each['columns'])} {by}."
            )
        if each["ours"]:
            found.append(
                "The forecast itself uses these protected attributes as features, by exception: "
                f"{wording.listed(each['ours'])} {by}."
            )
        if each["others"]:
            found.append(
                "The forecast does not use these protected attributes; by exception, models beside it may: "
                f"{wording.listed(each['others'])} {by}."
            )
    return found


def _exception(context: ReportContext, columns: str | Sequence[str], reason: str, allowed_by: str) -> dict[str, Any]:
    """Return an exception with its columns parted into those of the chosen model and those of models beside it."""
    all_of = [columns] if isinstance(columns, str) else list(columns)
    used = context.used
    return {
        "columns": all_of,
        "reason": reason,
        "allowed_by": allowed_by,
        "ours": [name for name in all_of if used is not None and name in used],
        "others": [name for name in all_of if used is not None and name not in used],
    }
