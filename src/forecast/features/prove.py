"""Prove that no feature sees the future: the same figures come from the full record and from what was known then.

For random forecast moments the features are computed from

* the **full** record, as it stands at the end of the data,
* the record **cut** at ``as_of``: only rows recorded strictly before it (and the presenting event with the offences
  recorded by then), every value that became known later taken out,
* the full record with **planted** facts that nobody could have known: recorded at the very instant, back-dated but
  recorded later, later versions and withdrawals of rows that were on record, late offences of the presenting event.

All must be equal to the bit. A difference names the feature, the moment and both values. Of `persons` the records keep
no versions, so nothing can be cut or planted there: features that rest on it are compared like the others, but counted
apart, as not proven.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.features.copies import Copies, copy_moments
from forecast.features.tamper import PLANTS, cut, without_late_recording
from forecast.problems import Problem, raise_all
from forecast.progress import SILENT, Progress
from forecast.records.arrange import arrange
from forecast.records.moments import Moments, moments
from forecast.records.partitions import iter_people

if TYPE_CHECKING:
    from forecast.cases import Bools
    from forecast.records.arrange import Arranged

Compute = Callable[["Arranged", "Moments"], pa.Table]
"""Features of moments: a table with a row a moment, in their order, keys included."""

UNPROVEN = (
    "sex, postcode, Mosaic code and date of birth are taken as they stand in `persons`, of which the records keep no "
    "versions: for them the proof says nothing."
)


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

    ``unproven``: columns of which it says nothing, since they rest on records without versions; not in ``features``.
    ``leaks``: differences; none when nothing saw the future. ``late``: by feature, at how many of the moments its
    value would be another if late recording were ignored, that is, if facts counted from when they happened.
    """

    checked: int
    features: tuple[str, ...]
    leaks: tuple[Difference, ...]
    late: dict[str, int] = field(default_factory=dict)
    unproven: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether moments were checked and no feature saw the future at any of them."""
        return self.checked > 0 and not self.leaks

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


def prove(
    arranged: Arranged,
    compute: Compute,
    *,
    cases: int = 2_000,
    seed: int = 1,
    unversioned: frozenset[str] = frozenset(),
) -> Proof:
    """Check ``compute`` at up to ``cases`` random moments of the records; see the module for what is compared.

    ``unversioned``: names of features that rest on records without versions; the proof does not claim them.
    Without a moment nothing is computed, and the proof does not hold.
    """
    every = moments(arranged)
    if not min(cases, len(every)):
        return Proof(0, (), ())
    rng = np.random.default_rng(seed)
    picked = every.take(np.sort(rng.permutation(len(every))[:cases]))
    copies = copy_moments(arranged, picked)
    full = _computed(copies, compute)
    leaks: list[Difference] = []
    for name, tamper in (("the record cut at the moment", cut), *PLANTS.items()):
        leaks += _differences(full, _computed(tamper(copies), compute), name)
    ignoring = _computed(without_late_recording(copies), compute)
    late = {d.feature: d.moments for d in _differences(full, ignoring, "late recording ignored")}
    names = _features(full)
    proven = tuple(name for name in names if name not in unversioned)
    return Proof(len(picked), proven, tuple(leaks), late, tuple(name for name in names if name in unversioned))


def prove_records(
    folder: Path,
    compute: Compute,
    *,
    cases: int = 2_000,
    seed: int = 1,
    unversioned: frozenset[str] = frozenset(),
    progress: Progress = SILENT,
) -> Proof:
    """Check ``cases`` random moments (all, if there are fewer) of the accepted records in ``folder``.

    Some people are read at a time, and each part has its share. Raise ``file-missing`` or ``records-not-canonical``
    for what is no folder of accepted records, and ``cases-none`` for records without any forecast moment.
    """
    sizes = _moments_of_parts(folder, progress)
    shares = _shares(sizes, cases)
    progress.begin("proving", sum(shares))
    proof = Proof(0, (), ())
    for number, (part, share) in enumerate(zip(iter_people(folder), shares, strict=True)):
        if share:
            made = prove(arrange(part), compute, cases=share, seed=seed + number, unversioned=unversioned)
            proof = _joined(proof, made)
        progress.advance(share)
    return proof


def _moments_of_parts(folder: Path, progress: Progress) -> list[int]:
    """Return how many forecast moments each part of the records has; raise ``cases-none`` if there are none at all."""
    if not folder.exists():
        raise Problem("file-missing", path=folder)
    progress.begin("counting moments")
    sizes, events = [], 0
    for part in iter_people(folder):
        nothing = {name: getattr(part, name).slice(0, 0) for name in ("offences", "intelligence", "orders")}
        sizes.append(len(moments(arrange(replace(part, **nothing)))))
        events += len(part.custody_events)
        progress.advance(len(part.custody_events))
    if not sum(sizes):
        raise Problem("cases-none", path=folder, steps=f"rows of custody events: {events:,}; forecast moments: 0")
    return sizes


def _shares(sizes: Sequence[int], cases: int) -> list[int]:
    """Divide ``cases`` over parts by their sizes: they add up to ``cases``, or to all if there are fewer."""
    total = sum(sizes)
    cases = min(cases, total)
    until = [cases * end // total for end in itertools.accumulate(sizes)]
    return [end - start for start, end in itertools.pairwise([0, *until])]


def _joined(first: Proof, second: Proof) -> Proof:
    """Add up two proofs over different moments; of a leak found in both, the first example stays."""
    leaks = {(d.feature, d.against): d for d in first.leaks}
    for d in second.leaks:
        seen = leaks.get((d.feature, d.against))
        leaks[d.feature, d.against] = d if seen is None else replace(seen, moments=seen.moments + d.moments)
    late = {name: first.late.get(name, 0) + second.late.get(name, 0) for name in {**first.late, **second.late}}
    checked = first.checked + second.checked
    return Proof(checked, second.features, tuple(leaks.values()), late, second.unproven)


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
    """Say in words what the proof found, and of which features it says nothing."""
    if not proof.checked:
        return ["No moment was checked, so nothing is proven."]
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
    if proof.unproven:
        said.append(f"Not proven, for {len(proof.unproven)} more ({', '.join(proof.unproven)}): {UNPROVEN}")
    return said
