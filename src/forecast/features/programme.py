"""Compile a set of features into plain arrays that the kernel runs.

The kernel keeps, for the person at hand, additive *slots* (counts, sums of weights; whole numbers all of them) and,
for some classes, the earliest and the latest time. A fact is of a *sort* (a custody reason, an offence code, the start
of an order, ...); for each sort and each list (ever, the three windows, presenting) there is a list of slots and
amounts to add when such a fact enters it. Columns are then read off, sorted by
:class:`~forecast.features.spec.Op`, so that each kind of column is one plain loop.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.features.classes import (
    ANY,
    ARREST,
    CUSTODY,
    INTELLIGENCE,
    PRISON_END,
    custody_classes,
    order_end_classes,
    order_start_classes,
)
from forecast.features.spec import WINDOWS_US, FeatureSet, FeatureSpec, Kind, Op
from forecast.records.actuarial import PREFIX, SANCTIONS, VIOLENT_NOW
from forecast.records.schema import ORDER_KINDS, REASONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from forecast.cases import Ints

    Int32s = NDArray[np.int32]

EVER, PRESENTING = 0, 1 + len(WINDOWS_US)
LISTS = 2 + len(WINDOWS_US)
EDGES = LISTS
"""Lists of a sort: ever, one a window, presenting; and the classes whose earliest and latest times are kept."""
OPERANDS = 4
RUNNING = "running:"
USES_SANCTIONS, USES_CATEGORIES = "offences:proven", "offences:categories"
"""What a programme may use besides whole tables: sanctions, and the categories of the published scales."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of facts: the classes it belongs to, its weight times 1000, and what it does to orders running."""

    classes: tuple[str, ...]
    weight_milli: int = 0
    running: int = 0
    """+1 for the start of an order, -1 for its end; ``order`` is its kind."""
    order: str = ""


CUSTODY_SORTS = tuple(Sort(custody_classes(reason)) for reason in REASONS)
INTELLIGENCE_SORTS = (Sort((INTELLIGENCE,)),)
START_SORTS = tuple(Sort(order_start_classes(kind), running=1, order=kind) for kind in ORDER_KINDS)
END_SORTS = tuple(Sort(order_end_classes(kind), running=-1, order=kind) for kind in ORDER_KINDS)
SANCTION_SORTS = tuple(Sort((name,)) for name in SANCTIONS)
FIXED_SORTS = (*CUSTODY_SORTS, *INTELLIGENCE_SORTS, *START_SORTS, *END_SORTS, *SANCTION_SORTS)
"""The sorts that do not hang on the taxonomy, in the order of their numbers; those of offences follow."""


class Lists(NamedTuple):
    """What facts of each sort add.

    ``start``: (LISTS + 1, sorts + 1) the entries of list l for sort s are ``[start[l, s], start[l, s + 1])``.
    ``entry``: (entries, 2) slot and amount; in the last list class and 0. ``arrest``: (sorts,) whether it is an arrest.
    """

    start: Ints
    entry: Ints
    arrest: Ints


class Columns(NamedTuple):
    """The columns, sorted by operation: those of operation o are ``[start[o], start[o + 1])``.

    ``operand``: (columns, 4) slots, then edges, as the operation needs them. ``never``: the number for "never".
    ``kind`` and ``place``: to which output array (:class:`~forecast.features.spec.Kind`) and to which row of it.
    """

    start: Ints
    operand: Ints
    never: NDArray[np.float64]
    kind: Ints
    place: Ints


@dataclass(frozen=True)
class Programme:
    """A compiled set: ``slots`` and ``edges`` say how much the kernel keeps; ``uses`` which tables and parts it needs.

    ``groups`` is how many offence groups there are; slots of a group list lie side by side.
    """

    feature_set: FeatureSet
    columns: Columns
    slots: int
    present_from: int
    edges: int
    groups: int
    uses: frozenset[str]
    slot_of: dict[tuple[int, str, bool], int]
    edge_of: dict[str, int]
    widths: tuple[int, ...]

    def lists(self, sorts: Iterable[Sort]) -> Lists:
        """Return what facts of each of ``sorts`` add to the slots of this programme."""
        sorts, entries = list(sorts), list[tuple[int, int]]()
        start = np.zeros((LISTS + 1, len(sorts) + 1), dtype=np.int64)
        for which in range(LISTS + 1):
            start[which, 0] = len(entries)
            for i, sort in enumerate(sorts):
                entries += self._adds(which, sort)
                start[which, i + 1] = len(entries)
        arrest = _ints(int(ARREST in sort.classes) for sort in sorts)
        return Lists(start, np.array(entries, dtype=np.int64).reshape(-1, 2), arrest)

    def _adds(self, which: int, sort: Sort) -> Iterable[tuple[int, int]]:
        if which == EDGES:
            yield from ((self.edge_of[name], 0) for name in sort.classes if name in self.edge_of)
            return
        for name in sort.classes:
            if (slot := self.slot_of.get((which, name, False))) is not None:
                yield slot, 1
            if (slot := self.slot_of.get((which, name, True))) is not None:
                yield slot, sort.weight_milli
        if sort.running and (slot := self.slot_of.get((which, RUNNING + sort.order, False))) is not None:
            yield slot, sort.running


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)


def compile_set(feature_set: FeatureSet, groups: tuple[str, ...]) -> Programme:
    """Compile a set; ``groups`` are the names of the offence groups, in the order of the taxonomy."""
    compiler = _Compiler(groups)
    computed = [f for f in feature_set.features if f.op != Op.PERSON]
    for f in computed:
        compiler.declare(f)
    compiler.settle()
    places = dict.fromkeys(Kind, 0)
    rows = []
    for f in computed:
        rows.append((f, places[f.kind]))
        places[f.kind] += 1
    rows.sort(key=lambda row: row[0].op)
    counts = np.bincount([f.op for f, _ in rows], minlength=len(Op))
    operands = [compiler.operands(f) for f, _ in rows]
    columns = Columns(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array(operands, dtype=np.int64).reshape(-1, OPERANDS),
        np.array([f.never for f, _ in rows], dtype=np.float64),
        _ints(int(f.kind) for f, _ in rows),
        _ints(place for _, place in rows),
    )
    return Programme(
        feature_set,
        columns,
        len(compiler.slots),
        compiler.present_from,
        len(compiler.edges),
        len(groups),
        _uses(feature_set),
        compiler.slots,
        compiler.edges,
        tuple(places[k] for k in Kind if k != Kind.CATEGORY),
    )


def _uses(feature_set: FeatureSet) -> frozenset[str]:
    """Return the tables that a set reads, and which of the costlier parts of `offences` it needs."""
    found = {table.partition(".")[0] for f in feature_set.features for table in f.reads}
    subjects = {name for f in feature_set.features for name in (f.subject, f.other)}
    if not subjects.isdisjoint(SANCTIONS):
        found.add(USES_SANCTIONS)
    if any(name.startswith(PREFIX) or name == VIOLENT_NOW for name in subjects):
        found.add(USES_CATEGORIES)
    return frozenset(found)


@dataclass
class _Compiler:
    """Hands out slots: those of prior facts first, those of presenting facts last."""

    groups: tuple[str, ...]
    wanted: dict[tuple[int, str, bool], None] = field(default_factory=dict)
    slots: dict[tuple[int, str, bool], int] = field(default_factory=dict)
    edges: dict[str, int] = field(default_factory=dict)
    present_from: int = 0

    def declare(self, f: FeatureSpec) -> None:
        """Note the slots and edges that a feature reads."""
        for key in _slots(f, self.groups):
            self.wanted[key] = None
        for name in _edges(f):
            self.edges.setdefault(name, len(self.edges))

    def settle(self) -> None:
        """Give each slot its number; the slots of all groups of one list are handed out side by side."""
        whole = [w for w in range(LISTS) if all((w, g, False) in self.wanted for g in self.groups)]
        blocks = [(w, g, False) for w in whole for g in self.groups]
        ordered = [*blocks, *(key for key in self.wanted if key not in set(blocks))]
        ordered.sort(key=lambda key: key[0] == PRESENTING)
        self.slots = {key: i for i, key in enumerate(ordered)}
        self.present_from = sum(key[0] != PRESENTING for key in ordered)

    def operands(self, f: FeatureSpec) -> list[int]:
        """Return the slots or edges of a column, in the order that its operation reads them."""
        slots = [self.slots[key] for key in _operand_slots(f, self.groups)]
        edges = [self.edges[name] for name in _edges(f)]
        return [*slots, *edges, *[0] * OPERANDS][:OPERANDS]


def _slots(f: FeatureSpec, groups: tuple[str, ...]) -> list[tuple[int, str, bool]]:
    """Return all the slots that a feature reads."""
    which = 1 + f.window
    if f.op in (Op.KINDS, Op.TOP_SHARE):
        extra = [(which, ANY, False)] if f.op == Op.TOP_SHARE else []
        return [(which, g, False) for g in groups] + extra
    if f.op == Op.PRESENT_KINDS:
        return [(PRESENTING, g, False) for g in groups]
    if f.op == Op.SAME_KIND:
        return [(w, g, False) for w in (which, PRESENTING) for g in groups]
    return _operand_slots(f, groups)


def _operand_slots(f: FeatureSpec, groups: tuple[str, ...]) -> list[tuple[int, str, bool]]:
    """Return the slots that a column names, in order; of a block of groups the first."""
    which, one, five = 1 + f.window, 1, 3
    return {
        Op.COUNT: [(which, f.subject, False)],
        Op.HARM: [(which, f.subject, True)],
        Op.FLAG: [(PRESENTING, f.subject, False)],
        Op.PRESENT_COUNT: [(PRESENTING, f.subject, False)],
        Op.PRESENT_HARM: [(PRESENTING, f.subject, True)],
        Op.RUNNING: [(EVER, RUNNING + f.subject, False)],
        Op.KINDS: [(which, groups[0], False)],
        Op.PRESENT_KINDS: [(PRESENTING, groups[0], False)],
        Op.TOP_SHARE: [(which, groups[0], False), (which, ANY, False)],
        Op.SHARE: [(which, f.subject, False), (which, f.other, False)],
        Op.MEAN_GAP: [(EVER, f.subject, False)],
        Op.TEMPO: [(EVER, f.subject, False)],
        Op.ACCELERATION: [(one, f.subject, False), (five, f.subject, False)],
        Op.FREE: [(EVER, RUNNING + "prison", False)],
        Op.SAME_KIND: [(which, groups[0], False), (PRESENTING, groups[0], False)],
    }.get(f.op, [])


def _edges(f: FeatureSpec) -> tuple[str, ...]:
    """Return the classes whose earliest and latest times a feature reads."""
    if f.op in (Op.SINCE, Op.FIRST_AGE, Op.MEAN_GAP, Op.TEMPO):
        return (f.subject,)
    return (CUSTODY, ANY, PRISON_END) if f.op == Op.FREE else ()
