"""Lay out in sections what :mod:`forecast.evaluation.further` measured: tables, pictures and what they mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from forecast.evaluation import compare, further_plots, wording
from forecast.evaluation.decision import stretches
from forecast.evaluation.gaps import RATE_WORDS
from forecast.evaluation.months import trend_words
from forecast.evaluation.page import section
from forecast.evaluation.proxy import ALMOST_NOTHING, proxy_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.evaluation.compare import Comparison, Difference
    from forecast.evaluation.decision import DecisionCurves
    from forecast.evaluation.further import Further, FurtherLevel
    from forecast.evaluation.gaps import Gap
    from forecast.evaluation.page import Section
    from forecast.evaluation.within import GroupCalibration

MOST_LINES = 3
"""Other models drawn beside the chosen one; the tables have them all."""

SUMMARY = "models"
"""The anchor of the short table of models, for the first page."""


def front_section(f: Further) -> Section:
    """Return the short table of all models, for the first page."""
    return section(
        SUMMARY,
        "All models at a glance",
        "models",
        c=f.comparison,
        words={level.level: level.words for level in f.levels},
        ranked=ranked_models(f.comparison),
    )


def further_sections(f: Further) -> list[Section]:
    """Return the sections that follow the levels; those that have nothing to tell are left out."""
    names = {level.level: level.words for level in f.levels}
    made = [
        section("comparison", "Comparison of all models", "compare", c=f.comparison, words=names, **_compared(f)),
        section(
            "use", "From which threshold the forecast is of use", "decision", levels=[_use(f, x) for x in f.levels]
        ),
        section("smooth", "Calibration, smoothly and within groups", "smooth", levels=[_smooth(x) for x in f.levels]),
    ]
    if any(level.months or level.apart for level in f.levels):
        made.append(section("months", "Over the test period", "months", levels=[_months(f, x) for x in f.levels]))
    if any(level.gaps for level in f.levels):
        made.append(section("gaps", "Error gaps between groups", "gaps", parts=_gap_parts(f), replicates=f.replicates))
    if f.proxies:
        made.append(section("proxies", "What the features tell of protected attributes", "proxy", **_proxy(f)))
    return made


def _picture(svg: str) -> Any:
    from markupsafe import Markup

    return Markup(svg)


def _named(kind: str, level: str) -> str:
    return f"{kind}-{re.sub(r'[^A-Za-z0-9]+', '-', level)}"


def ranked_models(c: Comparison) -> list[str]:
    """Return the models, the chosen one first and then by ranked probability score, best first."""
    others = [name for name in c.models if name != c.chosen]
    return [c.chosen, *sorted(others, key=lambda name: (c.models[name]["rps"].value or 0.0, name))]


def verdict_words(difference: Difference | None) -> str:
    """Say what a difference means for the forecast: "better: the interval excludes zero"."""
    if difference is None:
        return ""
    known = difference.verdict in (compare.BETTER, compare.WORSE)
    return f"{difference.verdict}: the interval excludes zero" if known else difference.verdict


def _compared(f: Further) -> dict[str, Any]:
    c = f.comparison
    return {"ranked": ranked_models(c), "said": verdict_words, "shares": [100 * share for share in c.upper_shares]}


def _best(f: Further, level: FurtherLevel) -> tuple[str, ...]:
    figures = {name: found["brier"] for name, found in f.comparison.level(level.level).models.items()}
    return further_plots.best(figures, f.chosen, MOST_LINES)


def _use(f: Further, level: FurtherLevel) -> dict[str, Any]:
    others = _best(f, level)
    return {
        "level": level,
        "others": others,
        "useful": useful_words(level.decision),
        "decision": _picture(further_plots.decision_plot(level.decision, others, name=_named("decision", level.level))),
        "precision": _picture(
            further_plots.precision_plot(level.precision, f.chosen, others, name=_named("precision", level.level))
        ),
        "rows": _decision_rows(level.decision),
        "ranked": sorted(
            level.precision.average_precision,
            key=lambda name: (name != f.chosen, -(level.precision.average_precision[name].value or 0.0)),
        ),
    }


def useful_words(d: DecisionCurves) -> str:
    """Say at which thresholds the forecast clearly beats flagging everybody and flagging nobody."""
    found = stretches(d.useful, d.thresholds)
    if not found:
        return "At no threshold is the forecast clearly of more use than flagging everybody or nobody."
    spans = wording.listed([f"{100 * a:.0f}" if a == b else f"{100 * a:.0f} to {100 * b:.0f}" for a, b in found])
    return (
        f"Flagging by the forecast is clearly of more use than flagging everybody or nobody at thresholds of {spans} "
        "in 100; elsewhere the interval of the difference includes zero."
    )


def _decision_rows(d: DecisionCurves) -> list[dict[str, float]]:
    """Return every tenth threshold, per 100 people."""
    return [
        {
            "threshold": 100 * threshold,
            "ours": 100 * d.models[d.chosen][i],
            "low": 100 * d.low[i],
            "high": 100 * d.high[i],
            "everyone": 100 * d.everyone[i],
        }
        for i, threshold in enumerate(d.thresholds)
        if round(100 * threshold) % 10 == 0
    ]


def _smooth(level: FurtherLevel) -> dict[str, Any]:
    groups: dict[str, list[GroupCalibration]] = {}
    for group in level.within:
        groups.setdefault(group.attribute, []).append(group)
    return {
        "level": level,
        "picture": _picture(further_plots.smooth_plot(level.smooth, name=_named("smooth", level.level))),
        "attributes": [
            (
                attribute,
                _picture(further_plots.within_plot(members, name=_named(f"within-{attribute}", level.level))),
                members,
            )
            for attribute, members in groups.items()
            if len(members) > 1  # one group alone is nearly everybody
        ],
    }


def _months(f: Further, level: FurtherLevel) -> dict[str, Any]:
    auc = f.comparison.level(level.level).models[f.chosen]["auc"].value
    drawn = any(part.judged for part in level.months)
    return {
        "level": level,
        "said": trend_words(level.months) if level.months else "",
        "picture": _picture(further_plots.months_plot(level.months, auc, name=_named("months", level.level)))
        if drawn
        else None,
    }


def _gap_parts(f: Further) -> list[dict[str, Any]]:
    """Return the gaps under headings, by attribute: each level's own, then those of the bands."""
    parts = [
        (f"{x.words}, flagged at {100 * x.cutoff:.1f} in 100 or more", x.gaps, f"Outcome: {x.words}") for x in f.levels
    ]
    parts += [("bands", f.band_gaps, "Bands")] if f.band_gaps else []
    return [{"heading": heading, "about": about, "gaps": _by_attribute(gaps)} for about, gaps, heading in parts]


def _by_attribute(gaps: Sequence[Gap]) -> dict[str, list[tuple[str, Gap]]]:
    found: dict[str, list[tuple[str, Gap]]] = {}
    for gap in gaps:
        if len(gap.groups) > 1:
            found.setdefault(gap.attribute, []).append((RATE_WORDS[gap.rate], gap))
    return found


def _proxy(f: Further) -> dict[str, Any]:
    told = [p for p in f.proxies if p.telling and (p.auc.value or 0.0) >= ALMOST_NOTHING]
    return {"proxies": f.proxies, "told": told, "said": {p.attribute: proxy_words(p.auc) for p in f.proxies}}
