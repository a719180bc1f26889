"""Read a LightGBM booster's trees into arrays, from its own text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import lightgbm as lgb

    from forecast.cases import Floats, Ints

CATEGORICAL, DEFAULT_LEFT = 1, 2
"""Bits of LightGBM's `decision_type`; the two bits above them are the kind of missing value."""
MISSING_NONE, MISSING_NAN = 0, 2


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of L leaves and L - 1 splits; a child below zero is the leaf ``~child``.

    ``column``, ``threshold``: (L - 1,) a number of at most the threshold goes left; ``nan_left``: (L - 1,) where a
    missing one goes. ``split_cases``, ``leaf_cases``: training cases that came by.
    """

    column: Ints
    threshold: Floats
    nan_left: Ints
    left: Ints
    right: Ints
    value: Floats
    split_cases: Floats
    leaf_cases: Floats

    def cases(self, node: int) -> float:
        """Return how many training cases came to a split, or to a leaf (below zero)."""
        return float(self.split_cases[node] if node >= 0 else self.leaf_cases[~node])

    @property
    def mean(self) -> float:
        """The mean of the leaves over the training cases: where an explanation starts."""
        if len(self.value) == 1:
            return float(self.value[0])
        return float((self.leaf_cases / self.split_cases[0]) @ self.value)


def trees_of(booster: lgb.Booster) -> list[Tree] | None:
    """Return a booster's trees; None if it does what is not read here.

    That is: categories, "zero is missing", linear leaves, averages of trees, several classes, splits without cases.
    """
    head, *texts = booster.model_to_string().split("\nTree=")
    if "num_tree_per_iteration=1\n" not in head or "average_output" in head:
        return None
    trees = [_tree(text) for text in texts]
    return None if any(tree is None for tree in trees) else [tree for tree in trees if tree is not None]


def _tree(text: str) -> Tree | None:
    """Read the text of one tree; None for one of a kind that is not read."""
    said = dict(line.split("=", 1) for line in text.split("\n\n", 1)[0].splitlines()[1:] if "=" in line)
    if said.get("num_cat", "0") != "0" or said.get("is_linear", "0") != "0":
        return None
    if said["num_leaves"] == "1":
        none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        return Tree(none, nothing, none, none, none, _floats(said["leaf_value"]), nothing, np.ones(1))
    kind, threshold = _ints(said["decision_type"]), _floats(said["threshold"])
    missing = kind >> 2
    if (kind & CATEGORICAL).any() or not np.isin(missing, (MISSING_NONE, MISSING_NAN)).all():
        return None
    # where no number was missing in training, LightGBM takes a missing one as 0
    nan_left = np.where(missing == MISSING_NAN, kind & DEFAULT_LEFT > 0, threshold >= 0.0).astype(np.int64)
    column, left, right = (_ints(said[name]) for name in ("split_feature", "left_child", "right_child"))
    cases = _floats(said["internal_count"]), _floats(said["leaf_count"])
    tree = Tree(column, threshold, nan_left, left, right, _floats(said["leaf_value"]), *cases)
    return tree if (tree.split_cases > 0).all() else None


def _floats(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)


def _ints(text: str) -> Ints:
    return np.array(text.split(), dtype=np.int64)
