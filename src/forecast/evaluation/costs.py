"""Show what costs do: the errors behind the bands in HART's words, and how bands and errors move with the costs.

A ratio of costs is not a ratio of errors, so both are shown, on cases that the model had not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation.bootstrap import Estimate, estimate
from forecast.evaluation.hart_table import NO_PEOPLE, HartTable, hart_table
from forecast.evaluation.metrics import ratio
from forecast.evaluation.page import section
from forecast.evaluation.plots import WIDE
from forecast.evaluation.svg import draw
from forecast.explanations.drawing import AMBER, INK, NAVY, PALE
from forecast.explanations.points import whole
from forecast.models.bands import signature
from forecast.models.costs import Costs, ratio_of_costs, scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from forecast.cases import Floats, Ints, OutcomeScale
    from forecast.evaluation.page import Section
    from forecast.models.bands import BandRule

RATIOS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Ratios of costs that the sensitivity table shows, besides the chosen one."""

SAME = 1e-3
"""Relative distance within which a ratio of the list is the chosen one itself."""


@dataclass(frozen=True)
class SensitivityRow:
    """Bands and errors at one ratio of costs (see `costs.ratio_of_costs`); ``chosen`` marks the costs as they are."""

    cost_ratio: float
    chosen: bool
    table: HartTable
    shares: tuple[Estimate, ...]

    @property
    def cautious(self) -> int:
        """Cases with a forecast above what followed."""
        return sum(count for i, row in enumerate(self.table.counts) for count in row[:i])

    @property
    def dangerous(self) -> int:
        """Cases with a forecast below what followed."""
        return sum(count for i, row in enumerate(self.table.counts) for count in row[i + 1 :])

    @property
    def very_cautious(self) -> int | None:
        """Cases with the highest forecast and the lowest outcome; None where there are two bands only."""
        return self.table.counts[-1][0] if len(self.table.bands) > 2 else None

    @property
    def very_dangerous(self) -> int | None:
        """Cases with the lowest forecast and the highest outcome; None where there are two bands only."""
        return self.table.counts[0][-1] if len(self.table.bands) > 2 else None

    @property
    def error_ratio(self) -> Estimate:
        """Cautious errors to one dangerous error."""
        return self.table.figures["ratio"]


def sensitivity(
    probability: Floats,
    outcome: Ints,
    ratios: Sequence[float] = RATIOS,
    *,
    rule: BandRule,
    bands: Sequence[str],
    persons: Any = None,
    replicates: int = 1000,
    seed: int = 1,
) -> list[SensitivityRow]:
    """Return bands and errors at the chosen costs and where being too low costs more or less, by rising ratio.

    ``probability`` (n, K-1); ``outcome`` (n,) 0 to K-1; ``persons`` (n,) for intervals, see `hart_table`. Only what
    being too low costs is changed, all of it by the same factor; each case's band can only rise with the ratio.
    """
    matrix = rule.cost_matrix()
    own = ratio_of_costs(matrix)
    others = [each for each in ratios if abs(each / own - 1) > SAME]
    rows = []
    for each in sorted([own, *others]):
        used = rule if each == own else Costs(scaled(matrix, each / own))
        forecast = used.bands(probability)
        table = hart_table(forecast, outcome, bands, persons=persons, replicates=replicates, seed=seed)
        rows.append(SensitivityRow(each, each == own, table, _shares(table)))
    return rows


def _shares(table: HartTable) -> tuple[Estimate, ...]:
    """Return each band's share of the cases, lowest first."""
    return tuple(_share(table, table.draws[:, band, :].sum(axis=1)) for band in range(len(table.bands)))


def _share(table: HartTable, part: Floats) -> Estimate:
    """Return (1 + B,) counts as a share of all cases."""
    found = estimate(ratio(part, table.draws.sum(axis=(1, 2))))
    if len(part) == 1 and found.value is not None:
        return Estimate(found.value, None, None, NO_PEOPLE)
    return found


def error_name(band: int, outcome: int, bands: int) -> str:
    """Name a cell of the table as HART's makers did: right, cautious (too high), dangerous (too low), or very so."""
    if band == outcome:
        return "right"
    very = "very " if bands > 2 and abs(band - outcome) == bands - 1 else ""
    return very + ("cautious" if band > outcome else "dangerous")


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """A kind of error: cases, its share of all, and for the very ones the share of those with that forecast."""

    name: str
    meaning: str
    cases: int
    of_all: Estimate
    of_forecast: Estimate | None


def error_kinds(table: HartTable) -> list[ErrorKind]:
    """Return the errors of a table in HART's words, cautious ones first."""
    bands, draws, figures = table.bands, table.draws, table.figures
    low, high = bands[0], bands[-1]
    found = [
        ("cautious", "forecast higher than what followed", np.tril(draws, -1).sum(axis=(1, 2)), None),
        ("very cautious", f"forecast {high}, the lowest outcome followed", draws[:, -1, 0], high),
        ("dangerous", "forecast lower than what followed", np.triu(draws, 1).sum(axis=(1, 2)), None),
        ("very dangerous", f"forecast {low}, the highest outcome followed", draws[:, 0, -1], low),
    ]
    return [
        ErrorKind(name, meaning, round(float(part[0])), _share(table, part), figures[name] if among else None)
        for name, meaning, part, among in found
        if not among or len(bands) > 2
    ]


def of_100(counts: Sequence[int]) -> list[int] | None:
    """Return whole numbers of 100 people for the cases in one row of the table; None where there are none."""
    total = sum(counts)
    return None if not total else [int(n) for n in whole(100 * np.array(counts, dtype=float) / total, 100)]


def costs_section(
    rule: BandRule,
    probability: Floats,
    outcome: Ints,
    scale: OutcomeScale,
    *,
    persons: Any = None,
    ratios: Sequence[float] = RATIOS,
    replicates: int = 1000,
    seed: int = 1,
) -> Section:
    """Return the report's section on costs and bands, measured on cases that the model had not seen.

    ``probability`` (n, K-1), ``outcome`` (n,) 0 to K-1, ``persons`` (n,); the chosen costs are ``rule``.
    """
    from markupsafe import Markup

    measured = {"bands": scale.bands, "persons": persons, "replicates": replicates, "seed": seed}
    rows = sensitivity(probability, outcome, ratios, rule=rule, **measured)
    chosen = next(row for row in rows if row.chosen)
    wide = len(scale.bands)
    return section(
        "bands",
        "Costs and bands",
        "costs",
        rule=rule,
        signature=signature(rule),
        matrix=rule.cost_matrix(),
        scale=scale,
        outcomes=_outcome_words(scale),
        table=chosen.table,
        of_100=[of_100(counts) for counts in chosen.table.counts],
        names=[[error_name(i, j, wide) for j in range(wide)] for i in range(wide)],
        kinds=error_kinds(chosen.table),
        chosen=chosen,
        rows=rows,
        empty=[b for b, n in zip(scale.bands, chosen.table.forecast_counts, strict=True) if not n],
        picture=Markup(sensitivity_plot(rows)),
    )


def _outcome_words(scale: OutcomeScale) -> list[str]:
    """Say what each outcome is: what its level says, and not more than that."""
    words = [f"not {scale.words[0]}", *scale.words]
    return [*(f"{text}, and nothing graver" if 0 < k < len(words) - 1 else text for k, text in enumerate(words))]


SHADES = ((PALE, ""), ("#8fa3c0", "//"), (NAVY, ""))
"""Fill and hatching of the bands, lowest first, and repeated where there are more than three."""


def sensitivity_plot(rows: Sequence[SensitivityRow], *, name: str = "costs") -> str:
    """Draw the shares of the bands and the errors in 100 people against the ratio of costs."""

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _band_panel(left, rows)
        _error_panel(right, rows)
        own = next(row.cost_ratio for row in rows if row.chosen)
        for axes in (left, right):
            axes.axvline(own, color=INK, linestyle=":", linewidth=1.4)
            axes.set_xscale("log")
            others = [row.cost_ratio for row in rows if not row.chosen]
            _ticks(axes, others if any(0.8 < each / own < 1.25 for each in others) else [*others, own])
            axes.set(ylim=(0, None), xlabel="Ratio of costs (dotted: the chosen one)")
        left.set_ylim(0, 100)

    label = "Shares of the bands, and errors in 100 people, by ratio of costs; the table below gives the figures."
    return draw(paint, (WIDE, 3.3), name=name, label=label)


def _band_panel(axes: Axes, rows: Sequence[SensitivityRow]) -> None:
    x = [row.cost_ratio for row in rows]
    below = np.zeros(len(rows))
    for band, title in enumerate(rows[0].table.bands):
        top = below + [100 * (row.shares[band].value or 0.0) for row in rows]
        fill, hatch = SHADES[-1] if band == len(rows[0].shares) - 1 else SHADES[band % 2]
        axes.fill_between(x, below, top, facecolor=fill, hatch=hatch, edgecolor="white", linewidth=0, label=title)
        below = top
    axes.set(title="Bands", ylabel="People in 100")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=3, frameon=False)


def _error_panel(axes: Axes, rows: Sequence[SensitivityRow]) -> None:
    x = [row.cost_ratio for row in rows]
    look = {
        "cautious": (NAVY, "-", "o"),
        "dangerous": (AMBER, "-", "s"),
        "very cautious": (NAVY, "--", "o"),
        "very dangerous": (AMBER, "--", "s"),
    }
    for kind in (one.name for one in error_kinds(rows[0].table)):
        y = [100 * (next(k.of_all.value for k in error_kinds(row.table) if k.name == kind) or 0.0) for row in rows]
        colour, line, mark = look[kind]
        axes.plot(x, y, color=colour, linestyle=line, marker=mark, markersize=3.5, linewidth=1.6, label=kind)
    axes.set(title="Errors", ylabel="People in 100")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2, frameon=False)


def _ticks(axes: Axes, at: Sequence[float]) -> None:
    axes.set_xticks(list(at), [f"{each:.3g}" for each in at])
    axes.minorticks_off()
