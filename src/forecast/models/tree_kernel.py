"""Fill the tables of trees' contributions and add them up for rows, in machine code; see `tree_tables` for the arrays.

The formula: in the path-dependent game (Lundberg et al. 2020), a leaf of value v, whose path asks something of the
columns D, is worth v times the product over D of 1 or 0 (columns that are known: satisfied or not) and of the share of
the training cases that went the path's way (columns that are not known). The Shapley value of a column in such a
product needs, for each set S of satisfied columns, only two numbers; both are made for all S by doubling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.features.compiled import compiled

if TYPE_CHECKING:
    from forecast.cases import Floats, Ints

ROWS = 512
"""Rows that meet one tree before the next: their numbers and sums stay in the cache, and so does the tree's table."""
NEARLY_ZERO = float(np.float32(1e-35))
"""LightGBM takes what is no further from zero as zero."""


@compiled
def fill(
    leaves: tuple[Ints, Floats, Ints],
    asked: tuple[Ints, Ints, Ints, Floats],
    groups: tuple[Ints, Ints, Ints],
    table: Floats,
    worth: Floats,
) -> None:
    """Add the contributions of all leaves to ``table``, and the value of the leaf that is reached to ``worth``.

    ``leaves``: group, value, and (leaves + 1,) first row of ``asked``; ``asked``: place in the group's features, need,
    want, share; ``groups``: bits, and where the group's parts of ``table``, (features, 2 ** bits) flat, and of
    ``worth``, (2 ** bits), begin. Both are given as zeros.
    """
    group, value, first = leaves
    place, need, want, share = asked
    bits, begin, door = groups
    for leaf in range(len(group)):
        low, columns = first[leaf], first[leaf + 1] - first[leaf]
        known, rest = _products(share, low, columns)
        size = 1 << bits[group[leaf]]
        start = begin[group[leaf]]
        for index in range(size):
            held = np.int64(0)
            for c in range(columns):
                held |= np.int64((index & need[low + c]) == want[low + c]) << c
            others = len(known) - 1 - held
            if others == 0:
                worth[door[group[leaf]] + index] = value[leaf]
            for c in range(columns):
                mine = 1 << c
                if held & mine:
                    gain = (1.0 - share[low + c]) * known[held & ~mine] * rest[others]
                else:
                    gain = -share[low + c] * known[held] * rest[others & ~mine]
                table[start + place[low + c] * size + index] += value[leaf] * gain


@compiled
def _products(share: Floats, low: int, columns: int) -> tuple[Floats, Floats]:
    """Return for each set of columns what its members give if they are satisfied, and the product of their shares.

    The first: the sum over its subsets T of |T|! (d - |T| - 1)! / d! times the shares of the members outside T.
    """
    size = 1 << columns
    rest, known, weight = np.ones(size), np.zeros(size), np.empty(columns)
    sums = np.zeros((size, columns + 1))
    sums[0, 0] = 1.0
    for t in range(columns):
        weight[t] = 1.0 / columns if t == 0 else weight[t - 1] * t / (columns - t)
    for s in range(size):
        if s > 0:
            c = 0
            while not (s >> c) & 1:
                c += 1
            less = s & (s - 1)
            rest[s] = rest[less] * share[low + c]
            sums[s, 0] = sums[less, 0] * share[low + c]
            for t in range(1, columns + 1):
                sums[s, t] = sums[less, t] * share[low + c] + sums[less, t - 1]
        for t in range(columns):
            known[s] += weight[t] * sums[s, t]
    return known, rest


@compiled
def add(
    matrix: Floats,
    span: tuple[int, int],
    used: Ints,
    comparisons: tuple[Ints, Ints, Floats, Ints],
    parts: tuple[Ints, Ints, Ints, Floats],
    values: tuple[Ints, Ints, Floats],
    found: Floats,
    margins: Floats,
) -> None:
    """Write the contributions of rows of ``matrix`` (n, M) into ``found`` (features, n), added group after group.

    And into ``margins`` (boosters, n) the values of the leaves, added as LightGBM adds them: the same bits as its own.

    ``span``: first row, and the one after the last; whole arrays are given, so that there is one kind of array only to
    compile for. ``used``: the columns of the matrix that trees read. ``comparisons``: (groups + 1,) first of each
    group; column (a position in ``used``), threshold, and whether a missing value counts as at most that. ``parts``:
    (groups + 1,) first of each group's features; features; where its part of the table begins; the table. ``values``:
    the booster of each group; where its values begin; the value of the leaf reached, 0 if it is not of the group.
    """
    first, column, threshold, nan_below = comparisons
    begin, feature, start, table = parts
    booster, door, worth = values
    block = min(ROWS, span[1] - span[0])
    numbers, sums = np.empty((len(used), block)), np.empty((len(found), block))
    reached = np.empty((len(margins), block))
    index = np.empty(block, dtype=np.uint16)
    for low in range(span[0], span[1], ROWS):
        rows = min(ROWS, span[1] - low)
        for r in range(rows):
            for u in range(len(used)):
                x = matrix[low + r, used[u]]
                numbers[u, r] = 0.0 if abs(x) <= NEARLY_ZERO else x
        sums[:, :] = 0.0
        reached[:, :] = 0.0
        for g in range(len(first) - 1):
            index[:] = 0
            for b in range(first[g], first[g + 1]):
                u, limit, bit = column[b], threshold[b], np.uint16(1 << (b - first[g]))
                if nan_below[b]:
                    for r in range(rows):
                        index[r] |= np.uint16(0) if numbers[u, r] > limit else bit
                else:
                    for r in range(rows):
                        index[r] |= bit if numbers[u, r] <= limit else np.uint16(0)
            size, own, enter = 1 << (first[g + 1] - first[g]), booster[g], door[g]
            for r in range(rows):
                reached[own, r] += worth[enter + index[r]]
            for k in range(begin[g], begin[g + 1]):
                f, at = feature[k], start[g] + (k - begin[g]) * size
                for r in range(rows):
                    sums[f, r] += table[at + index[r]]
        for f in range(len(found)):
            for r in range(rows):
                found[f, low + r] = sums[f, r]
        for own in range(len(margins)):
            for r in range(rows):
                margins[own, low + r] = reached[own, r]
