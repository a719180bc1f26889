"""Say what a described table holds: counts, missing values, base rates by group, and what looks like a leak."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.cases import PERSON_ID
from forecast.progress import SILENT, Progress
from forecast.tables.reader import TableReader, read_cases
from forecast.tables.source import open_source
from forecast.tables.suspicion import Suspicion, examine

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases
    from forecast.settings import Settings
    from forecast.tables.description import Description

EXAMINED_ROWS = 200_000
"""Rows of a large file that are examined for leaks, from its beginning."""


@dataclass(frozen=True)
class FeatureSummary:
    """How a feature looks: ``seen`` is its range and mean, or its commonest values."""

    name: str
    kind: str
    missing: int
    seen: str


@dataclass(frozen=True)
class GroupRate:
    """Cases and outcomes of one group of an audit attribute, for one level."""

    attribute: str
    group: str
    level: str
    cases: int
    events: int


@dataclass(frozen=True)
class TableSummary:
    """What :func:`describe` found; ``roles`` says of each suspicious column what the description makes of it."""

    cases: int
    people: int
    flow: dict[str, int]
    refused: pd.DataFrame
    features: list[FeatureSummary]
    rates: list[GroupRate]
    suspicions: list[tuple[str, Suspicion]]
    roles: dict[str, str]
    undeclared: list[str]


def describe(description: Description, path: Path, settings: Settings, *, progress: Progress = SILENT) -> TableSummary:
    """Read the table for learning and summarise it; rows that cannot be read are counted, not raised.

    Every column of the file but the outcomes and those dropped at the door is examined for signs of a leak,
    whether the description uses it or not.
    """
    cases, refused = read_cases(description, path, allow_refused=True, progress=progress)
    roles = _roles(description)
    source = open_source(path, delimiter=description.head.delimiter, missing=description.head.missing)
    return TableSummary(
        cases=len(cases),
        people=cases.keys[PERSON_ID].nunique(),
        flow=dict(cases.counts),
        refused=refused,
        features=[_feature(cases, f.name, f.kind) for f in description.features],
        rates=list(_rates(cases, description)),
        suspicions=_examined(description, path, settings, progress),
        roles=roles,
        undeclared=[name for name in source.columns if name not in roles],
    )


def _roles(d: Description) -> dict[str, str]:
    """Return what the description makes of each column of the file."""
    roles = dict(d.declared())
    roles |= {name: "never read" for block in d.dropped for name in block.columns}
    roles |= {
        name: f"{roles[name]}; declared as a leak" if name in roles else "declared as a leak"
        for b in d.leaks
        for name in b.columns
    }
    return roles


def _feature(cases: Cases, name: str, kind: str) -> FeatureSummary:
    values = cases.features[name]
    missing = int(values.isna().sum())
    if kind == "category":
        common = values.value_counts()
        seen = ", ".join(f"{value} {count}" for value, count in common.head(4).items())
        seen += f", ... ({len(common)} values)" if len(common) > 4 else ""
    elif kind == "flag":
        seen = f"yes {int(values.sum())}, no {int((values == 0).sum())}"
    else:
        seen = (
            f"{values.min():g} to {values.max():g}, mean {values.mean():.2f}" if missing < len(values) else "no value"
        )
    return FeatureSummary(name, kind, missing, seen)


def _rates(cases: Cases, description: Description) -> list[GroupRate]:
    rates = []
    for level in description.scale.reached:
        happened = cases.outcomes[level]
        rates.append(GroupRate("everyone", "", level, len(happened), int(happened.sum())))
        for a in description.audit:
            groups = cases.protected[a.name]
            for group, rows in happened.groupby(groups, sort=True, observed=True, dropna=False):
                group = "not recorded" if pd.isna(group) else group
                rates.append(GroupRate(a.title, str(group), level, len(rows), int(rows.sum())))
    return rates


def _examined(
    description: Description, path: Path, settings: Settings, progress: Progress
) -> list[tuple[str, Suspicion]]:
    """Examine each column of the file's first rows, within the cohort, against each outcome level."""
    source = open_source(path, delimiter=description.head.delimiter, missing=description.head.missing)
    barred = {name for block in description.dropped for name in block.columns}
    outcomes = {level.column for level in description.levels}
    names = [n for n in source.columns if n not in barred | outcomes and n != description.keys.case]
    reader = TableReader(description, path, learning=True, source=source)
    piece = next(source.pieces([*names, *outcomes, *(c.column for c in description.cohort)], EXAMINED_ROWS))
    table, happened = reader.within_cohort(piece)
    found = []
    progress.begin("looking for leaks", len(names))
    for name in names:
        for level, outcome in happened.items():
            found += [(level, s) for s in _examine(name, table, outcome, settings)]
        progress.advance()
    return found


def _examine(name: str, table: pa.Table, outcome: tuple[Bools, Bools], settings: Settings) -> list[Suspicion]:
    known, happened = outcome
    if not 0 < happened[known].sum() < known.sum():
        return []
    return examine(name, table[name].filter(pa.array(known)), np.asarray(happened[known]), settings)
