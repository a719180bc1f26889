"""Explain boosted trees exactly and quickly: path-dependent TreeSHAP (Lundberg et al. 2020) looked up in tables.

A tree of 7 splits answers a row in 7 bits, so it has at most 128 sets of contributions: computed once, they are kept.
A row's contributions are then a few comparisons and additions a tree, in float64 and in one fixed order: the same bits
whatever rows stand beside it, and however many threads work.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.models.tree_plan import Group, groups_of
from forecast.models.tree_text import Tree, trees_of

if TYPE_CHECKING:
    import lightgbm as lgb

    from forecast.cases import Floats, Ints

MOST_BYTES = 512 << 20
"""Memory that the tables of one model may take: trees of 8 leaves need one MB, 600 trees of 31 leaves some 200."""
BITS_OF_AN_INDEX = 16
"""The kernel's index is a 16-bit number."""
ROWS_A_THREAD = 256
"""Rows from which another thread pays."""


@dataclass(frozen=True, slots=True)
class TreeTables:
    """The tables of a sum of trees; the arrays are those of :func:`forecast.models.tree_kernel.add`."""

    base: float
    features: int
    used: Ints
    comparisons: tuple[Ints, Ints, Floats, Ints]
    parts: tuple[Ints, Ints, Ints, Floats]
    values: tuple[Ints, Ints, Floats]
    boosters: int

    @property
    def size(self) -> int:
        """How many bytes the tables take."""
        return int(self.parts[3].nbytes + self.values[2].nbytes)

    def contributions(self, matrix: Floats, threads: int = 1) -> Floats:
        """Return what each feature adds for the rows of a matrix, (n, F), each feature's numbers side by side."""
        return self.explained(matrix, threads)[1]

    def explained(self, matrix: Floats, threads: int = 1) -> tuple[Floats, Floats]:
        """Return each booster's margin, (boosters, n), to the bit as LightGBM has it, and contributions, (n, F)."""
        from forecast.models.tree_kernel import add

        found, margins = np.empty((self.features, len(matrix))), np.empty((self.boosters, len(matrix)))
        matrix = np.ascontiguousarray(matrix)

        def run(low: int, high: int) -> None:
            add(matrix, (low, high), self.used, self.comparisons, self.parts, self.values, found, margins)

        workers = min(threads or len(os.sched_getaffinity(0)), max(1, len(matrix) // ROWS_A_THREAD))
        edges = [len(matrix) * i // workers for i in range(workers + 1)]
        if workers == 1:
            run(0, len(matrix))
        else:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(run, edges[:-1], edges[1:]))
        return margins, found.T


def tables_of(
    boosters: Sequence[lgb.Booster], owner: Ints, features: int, most_bytes: int = MOST_BYTES
) -> TreeTables | None:
    """Return the tables of the mean of some boosters; ``owner``: (M,) which of the features each column belongs to.

    None where they do what is not read here (:func:`forecast.models.tree_text.trees_of`), or the tables would be too
    large: LightGBM's own `pred_contrib` then has to serve.
    """
    read = [trees_of(booster) for booster in boosters]
    trees = [(place, tree) for place, some in enumerate(read) if some is not None for tree in some]
    if any(some is None for some in read):
        return None
    plan = _Plan(owner, features, most_bytes // np.dtype(np.float64).itemsize)
    for place, tree in trees:
        for group in groups_of(tree):
            if not plan.take(tree, group, place):
                return None
    return plan.filled(sum(tree.mean for _, tree in trees), len(boosters))


class _Plan:
    """Lists that grow with the groups, until they become arrays."""

    def __init__(self, owner: Ints, count: int, room: int) -> None:
        self.owner, self.count, self.room = owner.tolist(), count, room
        self.size, self.doors = 0, 0
        self.bits: list[int] = []
        self.first, self.begin, self.start, self.asked_from = [0], [0], list[int](), [0]
        self.comparisons: list[tuple[int, float, int]] = []
        self.features: list[int] = []
        self.boosters, self.door = list[int](), list[int]()
        self.leaves: list[tuple[int, float]] = []
        self.asked: list[tuple[int, int, int, float]] = []

    def take(self, tree: Tree, group: Group, booster: int) -> bool:
        """Add a group; say whether its table fits."""
        places: dict[int, int] = {}
        for leaf, asked in group.leaves:
            for column, ask in asked.items():
                place = places.setdefault(self.owner[column], len(places))
                self.asked.append((place, ask.need, ask.want, ask.share))
            self.asked_from.append(len(self.asked))
            self.leaves.append((len(self.bits), float(tree.value[leaf])))
        self.start.append(self.size)
        self.door.append(self.doors)
        self.boosters.append(booster)
        self.size += len(places) << len(group.bits)
        self.doors += 1 << len(group.bits)
        self.bits.append(len(group.bits))
        self.comparisons += group.bits
        self.features += places
        self.first.append(len(self.comparisons))
        self.begin.append(len(self.features))
        return self.size + self.doors <= self.room and len(group.bits) <= BITS_OF_AN_INDEX

    def filled(self, base: float, boosters: int) -> TreeTables:
        """Return the tables."""
        from forecast.models.tree_kernel import fill

        table, worth = np.zeros(self.size), np.zeros(self.doors)
        column, threshold, nan_below = _columns(self.comparisons, 3)
        place, need, want, share = _columns(self.asked, 4)
        group, value = _columns(self.leaves, 2)
        start, door = _whole(self.start), _whole(self.door)
        fill(
            (_whole(group), value, _whole(self.asked_from)),
            (_whole(place), _whole(need), _whole(want), share),
            (_whole(self.bits), start, door),
            table,
            worth,
        )
        table /= boosters
        used, position = np.unique(_whole(column), return_inverse=True)
        comparisons = _whole(self.first), _whole(position), threshold, _whole(nan_below)
        parts = _whole(self.begin), _whole(self.features), start, table
        values = _whole(self.boosters), door, worth
        return TreeTables(base / boosters, self.count, used, comparisons, parts, values, boosters)


def _columns(rows: Sequence[tuple[float, ...]], width: int) -> list[Floats]:
    """Return the columns of a list of rows, (width) arrays."""
    return [np.ascontiguousarray(c) for c in np.array(rows, dtype=np.float64).reshape(-1, width).T]


def _whole(numbers: Sequence[int] | Floats | Ints) -> Ints:
    return np.asarray(numbers, dtype=np.int64)
