"""Plan the tables of a tree's contributions: which leaves share a table, and which comparisons choose its entry.

A row meets a tree only through the answers to its comparisons. The answers that reach a set of leaves (those of the
splits among them, and of the path down to them) make an index of a few bits; the contributions of these leaves for
each index fit into a table. A small tree is one such group of leaves; a larger one falls into several.

On the path down, two comparisons of one column in the same direction are one: the stricter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.models.tree_text import Tree

MOST_BITS = 10
"""Comparisons of a group of leaves: a table has 2 ** bits entries a feature. A leaf far down may have more, alone."""

Comparison = tuple[int, float, int]
"""Column, threshold, and 1 if a missing value counts as at most the threshold."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the path down asks of one column: at most ``high``, more than ``low``; ``share`` of the training cases."""

    low: Comparison | None = None
    high: Comparison | None = None
    share: float = 1.0

    def also(self, step: Comparison, share: float, *, left: bool) -> Limits:
        """Return the limits after one more comparison of the column."""
        column, threshold, nan = step
        if left:
            known = self.high or step
            return Limits(self.low, (column, min(known[1], threshold), known[2] & nan), self.share * share)
        known = self.low or step
        return Limits((column, max(known[1], threshold), known[2] | nan), self.high, self.share * share)


@dataclass(frozen=True, slots=True)
class Asked:
    """The same in bits of a group's index: satisfied where ``index & need == want``."""

    need: int = 0
    want: int = 0
    share: float = 1.0

    def also(self, bit: int, share: float, *, left: bool) -> Asked:
        """Return what is asked after one more comparison of the column."""
        mask = 1 << bit
        return Asked(self.need | mask, self.want | (mask if left else 0), self.share * share)


@dataclass(slots=True)
class Group:
    """Leaves that share a table: the comparisons behind each bit, and what each leaf asks of each column."""

    bits: dict[Comparison, int] = field(default_factory=dict)
    leaves: list[tuple[int, dict[int, Asked]]] = field(default_factory=list)

    def bit(self, comparison: Comparison) -> int:
        """Return the bit of a comparison, a new one if it has none."""
        return self.bits.setdefault(comparison, len(self.bits))


def groups_of(tree: Tree) -> Iterator[Group]:
    """Yield the groups of a tree from left to right; that of a tree of one leaf asks nothing."""
    below = _splits_below(tree)
    waiting: list[tuple[int, dict[int, Limits]]] = [(0 if len(tree.column) else ~0, {})]
    while waiting:
        node, path = waiting.pop()
        bits = sum((limits.low is not None) + (limits.high is not None) for limits in path.values())
        if node < 0 or bits + below[node] <= MOST_BITS:
            yield _group(tree, node, path)
            continue
        step, column = _comparison(tree, node), int(tree.column[node])
        for child, left in ((int(tree.right[node]), False), (int(tree.left[node]), True)):
            known, share = path.get(column, Limits()), tree.cases(child) / tree.cases(node)
            waiting.append((child, path | {column: known.also(step, share, left=left)}))


def _group(tree: Tree, top: int, path: dict[int, Limits]) -> Group:
    """Return the group of all leaves below a node."""
    group = Group()
    asked: dict[int, Asked] = {}
    for column, limits in path.items():
        here = Asked(share=limits.share)
        for comparison, left in ((limits.high, True), (limits.low, False)):
            if comparison is not None:
                here = here.also(group.bit(comparison), 1.0, left=left)
        asked[column] = here
    waiting = [(top, asked)]
    while waiting:
        node, asked = waiting.pop()
        if node < 0:
            group.leaves.append((~node, asked))
            continue
        bit, column = group.bit(_comparison(tree, node)), int(tree.column[node])
        for child, left in ((int(tree.right[node]), False), (int(tree.left[node]), True)):
            known, share = asked.get(column, Asked()), tree.cases(child) / tree.cases(node)
            waiting.append((child, asked | {column: known.also(bit, share, left=left)}))
    return group


def _comparison(tree: Tree, node: int) -> Comparison:
    return int(tree.column[node]), float(tree.threshold[node]), int(tree.nan_left[node])


def _splits_below(tree: Tree) -> list[int]:
    """Return for each split how many there are in its branch, itself included."""
    below, waiting = [1] * len(tree.column), [0] if len(tree.column) else []
    order: list[int] = []
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += [int(child) for child in (tree.left[node], tree.right[node]) if child >= 0]
    for node in reversed(order):
        below[node] += sum(below[int(child)] for child in (tree.left[node], tree.right[node]) if child >= 0)
    return below
