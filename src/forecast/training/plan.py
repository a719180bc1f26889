"""Show the folds of an experiment before anything is fitted: as a table, as a line of text each, as a picture."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.evaluation.svg import draw
from forecast.explanations.drawing import AMBER, GREY, INK, NAVY, PALE
from forecast.files import whole_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from forecast.evaluation.page import Section
    from forecast.training.material import Material
    from forecast.training.splits import Fold

WIDE = 7.6
LOOKS: dict[str, dict[str, Any]] = {
    "fitted and calibrated on": {"facecolor": NAVY, "edgecolor": NAVY},
    "overlapping, not evidence": {"facecolor": "none", "edgecolor": NAVY, "hatch": "xxxx"},
    "used with weights": {"facecolor": "#8ea3c2", "edgecolor": NAVY, "hatch": "||||"},
    "purged": {"facecolor": "none", "edgecolor": GREY, "hatch": "////"},
    "embargo": {"facecolor": PALE, "edgecolor": GREY, "hatch": "\\\\\\\\"},
    "tested on": {"facecolor": AMBER, "edgecolor": AMBER},
}
"""How the spans of a fold look, told apart by hatching too; in the order in which they follow one another."""
TRAINED, OVERLAPPING, WEIGHTED, PURGED, EMBARGO, TESTED = LOOKS
MARKS = {TRAINED: "#", OVERLAPPING: "x", WEIGHTED: "+", PURGED: "-", EMBARGO: "!", TESTED: "T"}
"""How they look in a line of text."""
LINE = 60
MOST_ROWS = 60
EPOCH = datetime.date(1970, 1, 1).toordinal()
"""The day from which matplotlib counts."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a fold: ``[begin, end)`` in days or in cases, what is done with it, and how many cases that is."""

    kind: str
    begin: datetime.date | int
    end: datetime.date | int
    cases: int | None


def spans_of(fold: Fold, train_before: datetime.date | None = None) -> list[Span]:
    """Return the stretches of a fold, in time where it has times, else by number of cases."""
    trained, tested = len(fold.train), len(fold.test)
    if fold.period is None:
        return [Span(TRAINED, 0, trained, trained), Span(TESTED, trained, trained + tested, tested)]
    p = fold.period
    stop = min(p.origin, train_before or p.origin)
    settled = min(max(p.settled, p.since), stop)
    made = [Span(TRAINED, p.since, settled, trained - fold.overlapping)]
    if fold.overlapping:
        made.append(Span(OVERLAPPING, settled, stop, fold.overlapping))
    else:
        made += [Span(WEIGHTED, settled, p.cutoff, len(fold.censored))] if fold.censored is not None else []
        made += [Span(PURGED, settled, p.cutoff, fold.purged)] if fold.censored is None else []
    made += [Span(EMBARGO, p.cutoff, p.origin, None)] if p.cutoff < p.origin else []
    made.append(Span(TESTED, p.origin, p.end, tested))
    return [span for span in made if span.begin < span.end]  # type: ignore[operator]  # both are of one kind


def header(folds: Sequence[Fold]) -> tuple[str, ...]:
    """Return the names of the columns of :func:`rows`."""
    timed = ("embargoed", "test: known people", "test: new people") if folds[0].period else ()
    return ("fold", "train", *(("weighted",) if folds[0].censored is not None else ()), "test", "purged", *timed)


def rows(folds: Sequence[Fold]) -> list[tuple[str, ...]]:
    """Return the folds as rows of a table: how many cases each part has, and of which people it tests."""
    made = []
    for f in folds:
        timed = (f.embargoed, f.returning, len(f.test) - f.returning) if f.period else ()
        weighted = (len(f.censored),) if f.censored is not None else ()
        counts = (len(f.train), *weighted, len(f.test), f.purged, *timed)
        made.append((f.label, *(f"{count:,}" for count in counts)))
    return made


def lines(folds: Sequence[Fold], train_before: datetime.date | None = None) -> list[str]:
    """Return the folds as lines of text on one axis of time; nothing for folds without times."""
    every = [spans_of(fold, train_before) for fold in folds if fold.period]
    if not every:
        return []
    days = [_number(edge) for spans in every for span in spans for edge in (span.begin, span.end)]
    first, step = min(days), max((max(days) - min(days)) / LINE, 1)
    made = []
    for fold, spans in zip(folds, every, strict=True):
        text = [" "] * (LINE + 1)
        for span in spans:
            begin, end = (round((_number(edge) - first) / step) for edge in (span.begin, span.end))
            text[begin : max(end, begin + 1)] = MARKS[span.kind] * max(end - begin, 1)
        made.append(f"{fold.label}  {''.join(text).rstrip()}")
    kinds = [kind for kind in LOOKS if any(span.kind == kind for spans in every for span in spans)]
    begins, ends = (datetime.date.fromordinal(round(edge)) for edge in (first, max(days)))
    return [f"From {begins} to {ends}: {', '.join(f'{MARKS[kind]} {kind}' for kind in kinds)}", *made]


def plan_picture(folds: Sequence[Fold], train_before: datetime.date | None = None, *, name: str = "plan") -> str:
    """Draw a row a fold as SVG: its stretches in time with their numbers of cases, or a bar of cases by use."""
    shown = list(folds)[:MOST_ROWS]
    every = [spans_of(fold, train_before) for fold in shown]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for row, spans in enumerate(every):
            for span in spans:
                _bar(axes, row, span)
        _axes(axes, shown)
        kinds = [kind for kind in LOOKS if any(span.kind == kind for spans in every for span in spans)]
        _legend(figure, kinds)

    label = f"Plan of {len(folds)} folds: {'; '.join(_said(f, s) for f, s in zip(shown, every, strict=True))}."
    return draw(paint, (WIDE, 1.0 + 0.42 * len(shown)), name=name, label=label)


def write_picture(material: Material, path: Path) -> None:
    """Write the plan of an experiment's first draw of folds as an SVG file of its own."""
    text = plan_picture(material.repeats[0], material.experiment.train_before)
    look = 'xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans, Verdana, sans-serif"'
    with whole_files(path) as [temporary]:
        temporary.write_text(text.replace("<svg ", f"<svg {look} ", 1) + "\n", encoding="utf-8", newline="\n")


def plan_section(material: Material) -> Section:
    """Return the plan as a section of the report: the picture, and the table under it."""
    from markupsafe import Markup

    from forecast.evaluation.page import section

    folds = material.repeats[0]
    return section(
        "plan",
        "How it was tested",
        "plan",
        picture=Markup(plan_picture(folds, material.experiment.train_before)),
        header=header(folds),
        rows=rows(folds),
        timed=folds[0].period is not None,
        embargo=material.experiment.embargo_days,
        months=material.description.closing_months,
        draws=len(material.repeats),
        hidden=max(len(folds) - MOST_ROWS, 0),
    )


def _number(edge: datetime.date | int) -> int:
    return edge.toordinal() if isinstance(edge, datetime.date) else edge


def _said(fold: Fold, spans: Sequence[Span]) -> str:
    parts = [f"{span.kind} {'' if span.cases is None else f'{span.cases:,} '}".strip() for span in spans]
    return f"{fold.label}, {', '.join(parts)}"


def _bar(axes: Any, row: int, span: Span) -> None:
    at = [_number(edge) - (EPOCH if isinstance(edge, datetime.date) else 0) for edge in (span.begin, span.end)]
    axes.barh(row, at[1] - at[0], left=at[0], height=0.56, linewidth=0.6, **LOOKS[span.kind])
    if span.cases is None:
        return
    dark = span.kind == TRAINED
    box = {"facecolor": NAVY if dark else "#ffffff", "edgecolor": "none", "pad": 1.2, "alpha": 0.92}
    axes.text(
        sum(at) / 2, row, f"{span.cases:,}", ha="center", va="center", fontsize=8, clip_on=False,
        color="#ffffff" if dark else INK, bbox=box,
    )  # fmt: skip


def _axes(axes: Any, folds: Sequence[Fold]) -> None:
    axes.set_yticks(range(len(folds)), [fold.label for fold in folds])
    axes.set_ylim(len(folds) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    if folds[0].period is None:
        axes.set_xlim(left=0)
        axes.set_xlabel("Cases")
        axes.xaxis.set_major_formatter("{x:,.0f}")
    else:
        axes.xaxis_date()
        axes.set_xlabel("Day of the forecast (numbers: cases)")


def _legend(figure: Any, kinds: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    patches = [Patch(label=kind, linewidth=0.6, **LOOKS[kind]) for kind in kinds]
    figure.legend(handles=patches, loc="outside upper left", ncols=min(len(patches), 5), columnspacing=1.2)
