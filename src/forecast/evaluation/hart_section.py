"""Show the forest's tables in the report: as published, honestly, and beside what is recalled of HART."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forecast.evaluation.hart_table import side_by_side
from forecast.evaluation.page import section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.evaluation.hart_table import HartTable
    from forecast.evaluation.page import Section

RECALLED_BANDS = ("LOW", "MODERATE", "HIGH")
RECALLED: dict[str, dict[str, float]] = {
    "Construction 2008-12, out of bag": {
        "accuracy": 68.50,
        "recall HIGH": 72.60,
        "recall MODERATE": 70.20,
        "recall LOW": 65.32,
        "precision HIGH": 48.48,
        "precision MODERATE": 70.63,
        "precision LOW": 75.60,
        "very dangerous": 2.38,
        "very cautious": 10.76,
    },
    "Validation 2013": {
        "accuracy": 62.80,
        "recall HIGH": 52.75,
        "recall MODERATE": 67.28,
        "recall LOW": 60.35,
        "precision HIGH": 33.83,
        "precision MODERATE": 63.84,
        "precision LOW": 78.82,
        "very dangerous": 2.40,
        "very cautious": 12.06,
    },
}
"""HART's figures (Urwin 2016; Oswald and others 2018), in 100, recalled from memory and checked against no copy."""


@dataclass(frozen=True, slots=True)
class ForestTarget:
    """How cautious a forest was made, by whose word, and what it reads.

    ``sizes``: cases of each class that a tree draws, lowest class first; ``given``: they stood in the experiment.
    ``ratio``: cautious errors for each dangerous one for which they were found, else None. ``signed_by``: who answers
    for it, empty for nobody. ``reads``: the forest's features; ``chosen_reads``: those of the chosen model.
    """

    sizes: tuple[int, ...]
    given: bool
    ratio: float | None
    signed_by: str
    reads: tuple[str, ...]
    chosen: str
    chosen_reads: tuple[str, ...]

    @property
    def both(self) -> int:
        """Features that both read."""
        return len(set(self.reads) & set(self.chosen_reads))


def hart_section(
    tables: Mapping[str, HartTable], recalled: bool = True, *, target: ForestTarget | None = None
) -> Section:
    """Return the section of the report about the forest's tables, the loosest test first and the strictest last.

    ``recalled`` sets the figures recalled for HART beside them, marked as unverified; only three bands have any.
    ``target``: how cautious the forest was made, None where the forest's experiment is not known.
    """
    bands = next(iter(tables.values())).bands
    return section(
        "hart",
        "The forest after HART: as published, and honestly",
        "hart",
        tables=tables,
        bands=bands[::-1],
        place={band: k for k, band in enumerate(bands)},
        labels=labels(bands),
        optimism=side_by_side(tables),
        recalled=RECALLED if recalled and bands == RECALLED_BANDS else {},
        target=target,
    )


def labels(bands: Sequence[str]) -> dict[str, str]:
    """Return what each figure of a table is called in the report, in the order in which it stands."""
    low, high, down = bands[0], bands[-1], bands[::-1]
    found = {"accuracy": "Of 100 cases, the forecast was what followed (overall accuracy)"}
    found |= {f"recall {b}": f"Of 100 that turned out {b}, forecast {b} (recall)" for b in down}
    found |= {f"precision {b}": f"Of 100 forecast {b}, turned out {b} (precision)" for b in down}
    if len(bands) > 2:
        found["very dangerous"] = f"Of 100 forecast {low}, turned out {high} (very dangerous errors)"
        found["very cautious"] = f"Of 100 forecast {high}, turned out {low} (very cautious errors)"
    return found | {
        "cautious": "Of 100 cases, the forecast was higher than what followed (cautious errors)",
        "dangerous": "Of 100 cases, the forecast was lower than what followed (dangerous errors)",
        "ratio": "Cautious errors for each dangerous one",
    }
