"""Assemble cases from records: features, outcomes, audit attributes and keys in one place, saved as Parquet.

Records are read some people at a time, so memory stays flat. Beside the cases lies their table description, so that
every command that works on a described table works on them.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.features.catalogue import load_set
from forecast.features.compute import Prepared, compute, prepare
from forecast.files import refuse_existing, sha256, whole_files
from forecast.outcomes.build import follow
from forecast.outcomes.flow import Flow, Step, begin_flow, merged
from forecast.outcomes.sensitivity import base_rates
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.records.ages import whole_years
from forecast.records.arrange import Arranged, arrange
from forecast.records.instants import instant
from forecast.records.moments import Moments, moments
from forecast.records.partitions import iter_people, load_records
from forecast.records.portrait import Portrait
from forecast.records.result import declared_end
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS
from forecast.records.taxonomy import Taxonomy, load_taxonomy
from forecast.tables.cases_description import (
    AUDIT_AGE,
    AUDIT_DIVERTED,
    AUDIT_ETHNICITY,
    AUDIT_SEX,
    OUTCOME,
    cases_description,
)
from forecast.tables.description import build
from forecast.tables.origin import Origin
from forecast.tables.reader import read_cases
from forecast.tables.toml_text import to_toml

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases
    from forecast.features.spec import FeatureSet
    from forecast.tables.assembly import Assembly

ROW_GROUP = 100_000


@dataclass(frozen=True)
class Assembled:
    """What an assembly wrote: the cases, their description, and how custody events became cases."""

    cases: Path
    description: Path
    steps: tuple[Step, ...]
    rows: int
    complete: int
    observed_until: datetime.date
    known_from: str
    """What ``observed_until`` rests on."""
    rates: tuple[dict[str, Any], ...] = ()


def assemble(records: Path, assembly: Assembly, *, progress: Progress = SILENT) -> Cases:
    """Return the cases of accepted records, as the rest of the house takes them; nothing is kept on disk."""
    import tempfile

    from forecast.tables.library import load

    with tempfile.TemporaryDirectory(prefix="forecast-cases-") as folder:
        made = write_cases(records, Path(folder) / "cases.parquet", assembly, progress=progress)
        return read_cases(load(str(made.description)), made.cases, progress=progress)[0]


def write_cases(
    records: Path,
    out: Path,
    assembly: Assembly,
    *,
    rates: bool = False,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Assembled:
    """Write the cases of accepted records to ``out`` (.parquet) and their description beside it (.toml).

    ``rates``: also measure base rates under other choices; for this all records are held in memory.
    Raises ``records-not-canonical`` for unchecked records, ``protected-feature`` for a protected or contested
    feature without an exception, ``cases-none`` when nothing is left, and what the sets and definitions raise.
    """
    if out.suffix != ".parquet":
        raise Problem("cases-format", path=out)
    described = out.with_suffix(".toml")
    if assembly.path and described.exists() and described.samefile(assembly.path):
        raise Problem("output-is-input", path=described)
    for path in (out, described):
        refuse_existing(path, overwrite)
    features = _features(assembly)
    until, known_from = _observed_until(records, assembly)
    content = cases_description(assembly, features, until, out.name)
    build(content, assembly.path or described)  # its problems are raised before any long work
    maker = _Maker(assembly, prepare(features), load_taxonomy(), instant(until))
    progress.begin("features and outcomes", _events(records))
    with whole_files(out, described) as [table, text]:
        if rates:
            maker.measure_rates(records)
        _write(maker, iter_people(records), table, records, progress)
        text.write_text(_heading(records) + to_toml(content), encoding="utf-8")
    return Assembled(out, described, maker.steps, maker.rows, maker.complete, until, known_from, maker.rates)


def _features(assembly: Assembly) -> FeatureSet:
    features = load_set(assembly.head.features, assembly.exceptions)
    left_out = assembly.head.leave_out
    return features.only([name for name in features.names if name not in left_out]) if left_out else features


def _observed_until(records: Path, assembly: Assembly) -> tuple[datetime.date, str]:
    """Return the first day that the records do not cover, and who says so."""
    if assembly.head.observed_until is not None:
        return assembly.head.observed_until, "the assembly file"
    if (declared := declared_end(records)) is not None:
        return declared, "ends_before of the records' mapping"
    return last_recording(records) + datetime.timedelta(days=1), "the last recording, for nobody said it"


def last_recording(records: Path) -> datetime.date:
    """Return the day of the last recording in the records' custody events and offences."""
    latest = []
    for table in (CUSTODY_EVENTS, OFFENCES):
        path = records / f"{table.name}.parquet"
        if not path.is_file():
            raise Problem("records-not-canonical", path=records, detail=f"there is no {path.name}")
        column = pq.read_table(path, columns=["recorded_at"])["recorded_at"]
        if len(column):
            latest.append(pc.max(column).as_py().date())
    if not latest:
        raise Problem("cases-none", path=records, steps="there is no custody event on record")
    day: datetime.date = max(latest)
    return day


def _events(records: Path) -> int:
    return int(pq.read_metadata(records / f"{CUSTODY_EVENTS.name}.parquet").num_rows)


def _heading(records: Path) -> str:
    return f"# Written with the cases, from the records in {records.name}; docs/tables.md explains the keys.\n\n"


def _write(maker: _Maker, parts: Iterator[Any], path: Path, records: Path, progress: Progress) -> None:
    """Write the cases of all parts; what they came from is added to the file at its end."""
    writer = None
    try:
        for part in parts:
            arranged = arrange(part)
            table = maker.cases(arranged)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=ROW_GROUP)
            progress.advance(len(arranged.records.custody_events))
        if writer is None or not maker.rows:
            raise Problem("cases-none", path=records, steps=maker.said())
        writer.add_key_value_metadata(maker.origin(records).metadata())
    finally:
        if writer is not None:
            writer.close()


class _Maker:
    """Makes the cases of some people at a time, and keeps account of all of them."""

    def __init__(self, assembly: Assembly, prepared: Prepared, taxonomy: Taxonomy, data_end: int) -> None:
        self.assembly, self.prepared, self.taxonomy, self.data_end = assembly, prepared, taxonomy, data_end
        self.steps: tuple[Step, ...] = ()
        self.rows = self.complete = 0
        self.rates: tuple[dict[str, Any], ...] = ()
        self.portrait = Portrait(assembly.head.since, assembly.head.before)

    def measure_rates(self, records: Path) -> None:
        """Measure the base rates of the cases under other choices."""
        arranged = arrange(load_records(records))
        chosen = self._chosen(arranged, moments(arranged), begin_flow(arranged))
        frame = base_rates(arranged, chosen, self.taxonomy, self.assembly.definition, self.data_end)
        self.rates = tuple(_plain(row) for row in frame.to_dict("records"))

    def cases(self, arranged: Arranged) -> pa.Table:
        """Return the cases of some people."""
        every = moments(arranged)
        self.portrait.add(arranged, every)
        flow = begin_flow(arranged)
        chosen = self._chosen(arranged, every, flow)
        outcomes = follow(arranged, chosen, self.taxonomy, self.assembly.definition, self.data_end)
        why = "censored: no part of the plain fit, kept for fits that weight for it"
        flow.note("Outcome window not complete", why, ~outcomes.complete)
        self.steps = merged(self.steps, flow.steps)
        self.rows += len(chosen)
        self.complete += int(outcomes.complete.sum())
        table = compute(arranged, chosen, self.prepared)
        for name, column in self._audit(arranged, chosen, outcomes.diverted).items():
            table = table.append_column(name, column)
        for name, column in _outcome_columns(outcomes.to_table()).items():
            table = table.append_column(name, column)
        return table

    def _chosen(self, arranged: Arranged, every: Moments, flow: Flow) -> Moments:
        head = self.assembly.head
        age = whole_years(arranged, every.person, every.as_of)
        steps: list[tuple[str, str, Bools]] = []
        if head.since is not None:
            early = every.as_of < instant(head.since)
            steps.append((f"Before {head.since}", "history only: no forecast moment", early))
        if head.before is not None:
            late = every.as_of >= instant(head.before)
            steps.append((f"From {head.before} on", "after the period that was asked for", late))
        after = every.as_of >= self.data_end
        steps.append(("Recorded after the end of the data", "the records do not cover what follows", after))
        steps.append(("No date of birth", "age unknown: there is no forecast", np.isnan(age)))
        young = age < head.minimum_age
        steps.append((f"Under {head.minimum_age}", "people of that age get no forecast", young))
        keep = np.ones(len(every), dtype=bool)
        for label, why, mask in steps:
            flow.drop(label, why, mask[keep])
            keep &= ~mask
        return every.take(keep)

    def _audit(self, arranged: Arranged, chosen: Moments, diverted: Bools) -> dict[str, pa.Array]:
        persons, rows = arranged.records.persons, pa.array(chosen.person)
        age = whole_years(arranged, chosen.person, chosen.as_of).astype(np.int16)
        return {
            AUDIT_SEX: persons["sex"].take(rows),
            AUDIT_AGE: pa.array(age),
            AUDIT_ETHNICITY: persons["ethnicity"].take(rows),
            AUDIT_DIVERTED: pa.array(np.where(diverted, "diverted", "not diverted")),
        }

    def origin(self, records: Path) -> Origin:
        """Return where the cases came from."""
        flow: list[tuple[str, int]] = [(self.steps[0].label, self.steps[0].left)]
        flow += [(f"left out: {s.label} ({s.why})", s.dropped) for s in self.steps[1:] if not s.noted and s.dropped]
        return Origin(tuple(flow), self.portrait.to_dict(), self._made(records), self.rates)

    def _made(self, records: Path) -> dict[str, Any]:
        definition = self.assembly.definition
        return {
            "features": self.prepared.feature_set.name,
            "catalogue": self.prepared.feature_set.digests(self.taxonomy.version),
            "counted": definition.counted,
            "serious": definition.serious,
            "taxonomy": self.taxonomy.version,
            "records_sha256": {
                table.name: sha256(records / f"{table.name}.parquet") for table in (PERSONS, CUSTODY_EVENTS, OFFENCES)
            },
        }

    def said(self) -> str:
        """Return the steps as a sentence, for a problem."""
        return "; ".join(f"{s.label}: {s.dropped or s.left:,}" for s in self.steps if s.dropped or s is self.steps[0])


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row with None for what does not exist, as JSON knows it."""
    return {str(name): None if isinstance(v, float) and math.isnan(v) else v for name, v in row.items()}


def _outcome_columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {OUTCOME + name: table[name] for name in table.column_names if name != "diverted"}
