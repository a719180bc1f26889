"""Show how steady reasons are, as a page and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.page import section, write_study
from forecast.evaluation.svg import draw
from forecast.explanations.drawing import AMBER, NAVY
from forecast.files import sha256
from forecast.studies.stability import MEASURES, LevelStability, Stability

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from forecast.evaluation.bootstrap import Estimate
    from forecast.evaluation.page import Section
    from forecast.settings import Settings
    from forecast.training.material import Material

SHARES = tuple(name for name in MEASURES if name not in ("moved", "forecast"))
LOOKS = ((NAVY, ""), (AMBER, "//"), ("#c3cbd6", ".."))
"""Colour and hatch of each kind of change."""
HOW = (
    "Reasons of {cases:,} cases that no fit has seen, one a person. Fitted again: {refits} models, each trained and "
    "calibrated on a resample of the training people. Intervals: 95 % over resamples of cases and, where models were "
    "fitted again, of these models too."
)


def how(found: Stability) -> str:
    """Return in a sentence how it was measured."""
    return HOW.format(cases=found.cases, refits=found.refits)


def shown(name: str, e: Estimate) -> str:
    """Return a figure with its interval: shares as numbers of 100 cases, changes as people in 100."""
    factor, digits = (100.0, 0) if name in SHARES else (1.0, 1)
    if e.value is None:
        return "-"
    if e.low is None or e.high is None:
        return f"{factor * e.value:.{digits}f}"
    return f"{factor * e.value:.{digits}f} ({factor * e.low:.{digits}f} to {factor * e.high:.{digits}f})"


def rows(level: LevelStability) -> list[tuple[str, ...]]:
    """Return a row a measure: what it is, then its figure under each change."""
    return [
        (words + (", of 100 cases" if name in ("top", "theme") else ", of 100" if name in SHARES else ""),
         *(shown(name, figures[name]) for figures in level.figures.values()))
        for name, words in MEASURES.items()
    ]  # fmt: skip


def stability_section(found: Stability) -> Section:
    """Return the study as a part of a page: a picture and a table a level."""
    from markupsafe import Markup

    levels = [
        {"level": level, "rows": rows(level), "picture": Markup(_picture(level)),
         "contested": shown("top", level.contested)}
        for level in found.levels
    ]  # fmt: skip
    return section("stability", "How steady the reasons are", "stability", found=found, levels=levels, how=how(found))


def _picture(level: LevelStability) -> str:
    """Draw the shares under each change, with their intervals."""
    changes = list(level.figures)

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        height = 0.8 / len(changes)
        for i, (change, (colour, hatch)) in enumerate(zip(changes, LOOKS, strict=True)):
            ends = np.array([_ends(level.figures[change][name]) for name in SHARES])
            places = np.arange(len(SHARES)) + i * height
            spread = [ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]]
            axes.barh(places, ends[:, 0], height * 0.9, xerr=spread, color=colour, hatch=hatch, edgecolor="white",
                      label=change, error_kw={"elinewidth": 1.0})  # fmt: skip
        axes.set_yticks([j + height for j in range(len(SHARES))], [MEASURES[name] for name in SHARES])
        axes.invert_yaxis()
        axes.set(xlim=(0, 105), xlabel="of 100")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=1)

    label = f"How steady reasons are for forecasts that people were {level.words}; the table gives the figures."
    return draw(paint, (6.6, 3.6), name=f"stability-{level.level}", label=label)


def _ends(e: Estimate) -> tuple[float, float, float]:
    """Return a share and its interval as numbers of 100; without an interval, the figure alone."""
    value = e.value or 0.0
    return 100 * value, 100 * (value if e.low is None else e.low), 100 * (value if e.high is None else e.high)


def write_stability(found: Stability, material: Material, settings: Settings, path: Path) -> None:
    """Write the study as a page."""
    technical = {
        "Experiment": material.experiment.name,
        "Model": found.model,
        "Data": f"{material.path.name}, sha256 {sha256(material.path)}",
        "Seed": str(material.experiment.seed),
        "Reasons shown": str(settings.reasons_shown),
        "Bootstrap": f"{settings.bootstrap_replicates} resamples of cases, one a person, and of refits",
    }
    lead = f"{material.description.head.title}. Source: {material.description.head.source}"
    write_study(path, [stability_section(found)], title="Stability of reasons", lead=lead, technical=technical)
