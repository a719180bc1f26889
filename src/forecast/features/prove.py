"""Prove that no feature sees the future: the same figures come from the full record and from what was known then.

For random forecast moments the features are computed from

* the **full** record, as it stands at the end of the data,
* the record **cut** at ``as_of``: only rows recorded strictly before it (and the presenting event with the offences
  recorded by then), every value that became known later taken out,
* the full record with **planted** facts that nobody could have known: recorded at the very instant, back-dated but
  recorded later, later versions of rows that were on record.

All must be equal to the bit. A difference names the feature, the moment and both values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.features.copies import TABLES, Copies, Tamper, copy_moments, set_times, times
from forecast.problems import Problem, raise_all
from forecast.progress import SILENT, Progress
from forecast.records.arrange import arrange
from forecast.records.instants import DAY_US
from forecast.records.moments import Moments, moments
from forecast.records.partitions import iter_people
from forecast.records.schema import CUSTODY_EVENTS, OFFENCES, PERSONS

if TYPE_CHECKING:
    from forecast.cases import Bools, Ints
    from forecast.records.arrange import Arranged
    from forecast.records.schema import Table

Compute = Callable[["Arranged", "Moments"], pa.Table]
"""Features of moments: a table with a row a moment, in their order, keys included."""
LATEST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Difference:
    """A feature that is not the same from what was known at the time: it saw the future."""

    feature: str
    against: str
    moments: int
    custody_id: str
    full: Any
    known: Any


@dataclass(frozen=True)
class Proof:
    """What the proof found over ``checked`` moments and ``features`` columns.

    ``leaks``: differences; none when nothing saw the future. ``late``: by feature, at how many of the moments its
    value would be another if late recording were ignored, that is, if facts counted from when they happened.
    """

    checked: int
    features: tuple[str, ...]
    leaks: tuple[Difference, ...]
    late: dict[str, int] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether no feature saw the future."""
        return not self.leaks

    def raise_leaks(self) -> None:
        """Raise ``features-leak`` for each feature that saw the future, once."""
        by_name: dict[str, Difference] = {}
        for leak in self.leaks:
            by_name.setdefault(leak.feature, leak)
        raise_all(
            [
                Problem("features-leak", feature=d.feature, count=f"{d.moments:,}", checked=f"{self.checked:,}",
                        against=d.against, custody=d.custody_id, full=d.full, known=d.known)
                for d in by_name.values()
            ]
        )  # fmt: skip


def prove(arranged: Arranged, compute: Compute, *, cases: int = 2_000, seed: int = 1) -> Proof:
    """Check ``compute`` at up to ``cases`` random moments of the records; see the module for what is compared."""
    every = moments(arranged)
    rng = np.random.default_rng(seed)
    picked = every.take(np.sort(rng.permutation(len(every))[:cases]))
    copies = copy_moments(arranged, picked)
    full = _computed(copies, compute)
    leaks: list[Difference] = []
    for name, tamper in (("the record cut at the moment", cut), *PLANTS.items()):
        leaks += _differences(full, _computed(tamper(copies), compute), name)
    ignoring = _computed(without_late_recording(copies), compute)
    late = {d.feature: d.moments for d in _differences(full, ignoring, "late recording ignored")}
    return Proof(len(picked), tuple(_features(full)), tuple(leaks), late)


def prove_records(
    folder: Path, compute: Compute, *, cases: int = 2_000, seed: int = 1, progress: Progress = SILENT
) -> Proof:
    """Check random moments of the accepted records in ``folder``, some people at a time; each part has its share."""
    total = pq.read_metadata(folder / f"{CUSTODY_EVENTS.name}.parquet").num_rows
    progress.begin("proving", total)
    proof = Proof(0, (), ())
    for number, part in enumerate(iter_people(folder)):
        events = len(part.custody_events)
        share = -(-cases * events // max(total, 1))
        proof = _joined(proof, prove(arrange(part), compute, cases=share, seed=seed + number))
        progress.advance(events)
    return proof


def _joined(first: Proof, second: Proof) -> Proof:
    """Add up two proofs over different moments; of a leak found in both, the first example stays."""
    leaks = {(d.feature, d.against): d for d in first.leaks}
    for d in second.leaks:
        seen = leaks.get((d.feature, d.against))
        leaks[d.feature, d.against] = d if seen is None else replace(seen, moments=seen.moments + d.moments)
    late = {name: first.late.get(name, 0) + second.late.get(name, 0) for name in {**first.late, **second.late}}
    return Proof(first.checked + second.checked, second.features, tuple(leaks.values()), late)


def _computed(copies: Copies, compute: Compute) -> pa.Table:
    """Return the features of the copied moments, in their order."""
    arranged = arrange(copies.records)
    every = moments(arranged)
    custody = arranged.records.custody_events["custody_id"].take(pa.array(every.event_row))
    wanted = pc.index_in(pa.array(copies.custody), value_set=custody.combine_chunks()).to_numpy()
    order = np.argsort(wanted)
    table = compute(arranged, every.take(wanted[order]))
    return table.take(pa.array(np.argsort(order)))


def _features(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name not in ("custody_id", "person_id", "as_of")]


def _differences(full: pa.Table, other: pa.Table, against: str) -> list[Difference]:
    found = []
    for name in _features(full):
        differs = _unequal(full[name], other[name])
        if differs.any():
            first = int(np.flatnonzero(differs)[0])
            custody = full["custody_id"][first].as_py().partition("/")[2]
            values = (full[name][first].as_py(), other[name][first].as_py())
            found.append(Difference(name, against, int(differs.sum()), custody, *values))
    return found


def _unequal(first: pa.ChunkedArray, second: pa.ChunkedArray) -> Bools:
    """Compare to the bit: missing equals missing, and a number equals nothing but itself."""
    if pa.types.is_floating(first.type):
        kind = {2: np.uint16, 4: np.uint32, 8: np.uint64}[first.type.bit_width // 8]
        a, b = (c.to_numpy(zero_copy_only=False) for c in (first, second))
        both_missing = np.isnan(a) & np.isnan(b)
        return np.asarray((np.ascontiguousarray(a).view(kind) != np.ascontiguousarray(b).view(kind)) & ~both_missing)
    same = pc.fill_null(pc.equal(first, second), False).to_numpy()
    both = pc.and_(first.is_null(), second.is_null()).to_numpy()
    return np.asarray(~(same | both))


def cut(copies: Copies) -> Copies:
    """Return the copies as they were on record at each moment: later rows gone, later values empty."""
    for schema in TABLES:
        recorded = times(copies.table(schema), "recorded_at", LATEST)
        at = copies.at(schema)
        copies = copies.kept(schema, (recorded < at) | (copies.own(schema) & (recorded <= at)))
        table, at = copies.table(schema), copies.at(schema)
        for known in dict.fromkeys(c.known for c in schema.columns if c.known):
            later = times(table, known, LATEST) >= at
            for column in (c.name for c in schema.columns if c.known == known):
                place = table.column_names.index(column)
                value = pc.if_else(pa.array(later), pa.scalar(None, table[column].type), table[column])
                table = table.set_column(place, table.schema.field(column), value)
        stood = times(table, "superseded_at", LATEST) >= at
        empty = pa.scalar(None, table["superseded_at"].type)
        place = table.column_names.index("superseded_at")
        value = pc.if_else(pa.array(stood), empty, table["superseded_at"])
        copies = copies.changed(schema, table.set_column(place, table.schema.field("superseded_at"), value),
                                copies.case[schema.name])  # fmt: skip
    return _no_later_life(_with_events(copies))


def _no_later_life(copies: Copies) -> Copies:
    """Empty what is known of a person's later life."""
    table = copies.table(PERSONS)
    for column in ("died_on", "moved_on"):
        place = table.column_names.index(column)
        table = table.set_column(place, table.schema.field(column), pa.nulls(len(table), table[column].type))
    return copies.changed(PERSONS, table, copies.case[PERSONS.name])


def plant_same_instant(copies: Copies) -> Copies:
    """Double every earlier fact, recorded at the very instant of the forecast."""
    return _planted(copies, lambda schema: copies.at(schema), "same-instant")


def plant_back_dated(copies: Copies) -> Copies:
    """Double every earlier fact with its old date, recorded a day after the forecast."""
    return _planted(copies, lambda schema: copies.at(schema) + DAY_US, "back-dated")


def plant_edits(copies: Copies) -> Copies:
    """Replace every offence on record by a version of another kind, recorded an hour after the forecast."""
    schema = OFFENCES
    table, at = copies.table(schema), copies.at(schema)
    recorded, until = times(table, "recorded_at", LATEST), times(table, "superseded_at", LATEST)
    edited = (recorded < at) & (until == LATEST)
    later = at + DAY_US // 24
    rows = table.filter(pa.array(edited))
    codes = pa.array(["00100"] * len(rows), table["code"].type)
    rows = rows.set_column(rows.column_names.index("code"), rows.schema.field("code"), codes)
    rows = set_times(rows, "recorded_at", later[edited])
    case = copies.case[schema.name]
    stamped = set_times(table, "superseded_at", later, edited)
    return copies.changed(schema, stamped, case).added(schema, rows, case[edited])


def _planted(copies: Copies, recorded: Callable[[Table], Ints], tag: str) -> Copies:
    made = copies
    for schema in TABLES:
        table, own = copies.table(schema), copies.own(schema)
        chosen = ~own & (times(table, "recorded_at", LATEST) < copies.at(schema))
        rows = table.filter(pa.array(chosen))
        for key in {schema.key, *({"custody_id"} & set(table.column_names))}:
            ids = pc.binary_join_element_wise(rows[key].combine_chunks(), pa.scalar(tag), "+")
            rows = rows.set_column(rows.column_names.index(key), rows.schema.field(key), ids)
        rows = set_times(rows, "recorded_at", recorded(schema)[chosen])
        no_end = pa.nulls(len(rows), rows["superseded_at"].type)
        rows = rows.set_column(rows.column_names.index("superseded_at"), rows.schema.field("superseded_at"), no_end)
        made = made.added(schema, rows, copies.case[schema.name][chosen])
    return _with_events(made)


def _with_events(copies: Copies) -> Copies:
    """Leave out offences whose custody event is not on record: they are facts of custody only together with it."""
    events = copies.table(CUSTODY_EVENTS)["custody_id"].combine_chunks()
    there: Bools = pc.is_in(copies.table(OFFENCES)["custody_id"], value_set=events).to_numpy()
    return copies.kept(OFFENCES, there)


def without_late_recording(copies: Copies) -> Copies:
    """Take every fact as recorded when it happened, as a pipeline without recording times would."""
    happened = {"custody_events": "arrested_at", "intelligence": "observed_at", "orders": "starts_at"}
    for schema in TABLES:
        table, at, own = copies.table(schema), copies.at(schema), copies.own(schema)
        when = _arrests_of(copies) if schema is OFFENCES else times(table, happened[schema.name], LATEST)
        earlier = ~own & (when < times(table, "recorded_at", LATEST)) & (when < at)
        copies = copies.changed(schema, set_times(table, "recorded_at", when, earlier), copies.case[schema.name])
    return copies


def _arrests_of(copies: Copies) -> Ints:
    """Return for each offence when its event's arrest was; an offence is not known before it."""
    events = copies.table(CUSTODY_EVENTS)
    at = pc.index_in(copies.table(OFFENCES)["custody_id"], value_set=events["custody_id"].combine_chunks())
    arrests: Ints = times(events, "arrested_at", LATEST)[at.to_numpy()]
    return arrests


PLANTS: dict[str, Tamper] = {
    "facts recorded at the same instant": plant_same_instant,
    "back-dated facts recorded later": plant_back_dated,
    "rows edited later": plant_edits,
}


def leaking(compute: Compute, name: str = "leaks_on_purpose") -> Compute:
    """Add a feature that sees the future, custody events on record in all, to show that the proof catches it."""

    def computed(arranged: Arranged, picked: Moments) -> pa.Table:
        table = compute(arranged, picked)
        events = np.diff(arranged.event_starts)[picked.person]
        return table.append_column(name, pa.array(events))

    return computed


def sentences(proof: Proof) -> Sequence[str]:
    """Say in words what the proof found."""
    if proof.holds:
        said = [f"No feature saw the future: {len(proof.features)} features at {proof.checked:,} random moments are "
                "the same to the bit from the full record, from the record cut at the moment, and with planted facts "
                "that nobody could have known."]  # fmt: skip
    else:
        said = [
            f"LEAK: '{d.feature}' differs at {d.moments:,} of {proof.checked:,} moments from {d.against}; "
            f"custody event {d.custody_id}: {d.full} in place of {d.known}."
            for d in proof.leaks
        ]
    return said
