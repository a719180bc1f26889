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

from forecast.features.copies import Copies, copy_moments
from forecast.features.tamper import PLANTS, cut, without_late_recording
from forecast.problems import Problem, raise_all
from forecast.progress import SILENT, Progress
from forecast.records.arrange import arrange
from forecast.records.moments import Moments, moments
from forecast.records.partitions import iter_people
from forecast.records.schema import CUSTODY_EVENTS

if TYPE_CHECKING:
    from forecast.cases import Bools
    from forecast.records.arrange import Arranged

Compute = Callable[["Arranged", "Moments"], pa.Table]
"""Features of moments: a table with a row a moment, in their order, keys included."""


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
