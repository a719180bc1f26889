"""Turn the votes of a forest's trees into a LightGBM model, which votes and explains quickly.

For one level, a tree's vote is 1 where its leaf's class is that level or higher, else 0; a sum of such trees counts
the votes exactly. Branches whose leaves all vote alike are drawn together into one leaf: that changes no vote and no
contribution, because a choice between equal values moves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.forest_trees import LEAF

if TYPE_CHECKING:
    import lightgbm as lgb

    from forecast.cases import Bools, Ints
    from forecast.models.forest_trees import Trees

MISSING_IS_NAN = 8
DEFAULT_LEFT = 2
"""Bits of LightGBM's `decision_type`: a missing value is a NaN and goes left where the second bit is set."""
HEADER = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx={last}
objective=regression
feature_names={names}
feature_infos={infos}
tree_sizes={sizes}

"""
FOOTER = "end of trees\n\nparameters:\nend of parameters\n"


def vote_booster(trees: Trees, level: int, columns: int) -> lgb.Booster:
    """Return the booster whose raw score is the number of trees that vote for ``level`` (1 to K-1) or higher.

    It reads float64 that hold float32 values, as the trees were grown on.
    """
    import lightgbm as lgb

    return lgb.Booster(model_str=vote_text(trees, level, columns))


def vote_text(trees: Trees, level: int, columns: int) -> str:
    """Return LightGBM's model text for one level."""
    texts = [f"Tree={i}\n{text}\n\n" for i, text in enumerate(_tree_texts(trees, level))]
    head = HEADER.format(
        last=columns - 1,
        names=" ".join(f"c{j}" for j in range(columns)),
        infos=" ".join(["[-inf:inf]"] * columns),
        sizes=" ".join(str(len(text)) for text in texts),
    )
    return head + "".join(texts) + FOOTER


def _tree_texts(trees: Trees, level: int) -> list[str]:
    """Return the text of each tree, its like-voting branches drawn together."""
    tree = np.repeat(np.arange(len(trees)), np.diff(trees.starts))
    start = trees.starts[tree]
    left, right = start + trees.left, start + trees.right
    low, high = _reach(trees, left, right, trees.vote >= level)
    inner = low != high
    kept_leaf = _tops(trees, inner, left, right)
    number = np.where(inner, _within(inner, tree, trees), ~_within(kept_leaf, tree, trees))
    columns: dict[str, Any] = {
        "split_feature": trees.feature[inner],
        "split_gain": np.zeros(inner.sum(), dtype=np.int64),
        "threshold": trees.threshold[inner],
        "decision_type": MISSING_IS_NAN + DEFAULT_LEFT * trees.missing_left[inner],
        "left_child": number[left[inner]],
        "right_child": number[right[inner]],
    }
    of_leaves: dict[str, Any] = {
        "leaf_value": high[kept_leaf].astype(np.int64),
        "leaf_weight": trees.cases[kept_leaf],
        "leaf_count": trees.cases[kept_leaf],
    }
    of_inner: dict[str, Any] = {
        "internal_value": np.zeros(inner.sum(), dtype=np.int64),
        "internal_weight": trees.cases[inner],
        "internal_count": trees.cases[inner],
    }
    inner_ends = np.searchsorted(tree[inner], np.arange(len(trees) + 1))
    leaf_ends = np.searchsorted(tree[kept_leaf], np.arange(len(trees) + 1))
    parts = [
        *((name, _words(values), inner_ends) for name, values in columns.items()),
        *((name, _words(values), leaf_ends) for name, values in of_leaves.items()),
        *((name, _words(values), inner_ends) for name, values in of_inner.items()),
    ]
    return [_one(parts, t, int(leaf_ends[t + 1] - leaf_ends[t])) for t in range(len(trees))]


def _one(parts: list[tuple[str, list[str], Ints]], t: int, leaves: int) -> str:
    lines = [f"{name}={' '.join(words[ends[t] : ends[t + 1]])}" for name, words, ends in parts]
    if leaves == 1:  # LightGBM's text of a tree without a split has nothing but its value
        lines = [line for line in lines if line.startswith("leaf_value=")]
    return "\n".join([f"num_leaves={leaves}", "num_cat=0", *lines, "is_linear=0", "shrinkage=1", ""])


def _words(values: Any) -> list[str]:
    """Write numbers so that reading gives the same bits."""
    return [repr(value) for value in values.tolist()]


def _reach(trees: Trees, left: Ints, right: Ints, vote: Bools) -> tuple[Bools, Bools]:
    """Return for each node the least and the greatest vote of the leaves below it, (N,) each."""
    low, high = vote & trees.leaves, vote & trees.leaves
    for nodes in reversed(_by_depth(trees, left, right)):
        low[nodes] = low[left[nodes]] & low[right[nodes]]
        high[nodes] = high[left[nodes]] | high[right[nodes]]
    return low, high


def _by_depth(trees: Trees, left: Ints, right: Ints) -> list[Ints]:
    """Return the inner nodes at each depth, from the roots down."""
    found, nodes = [], trees.starts[:-1]
    while len(nodes := nodes[trees.left[nodes] != LEAF]):
        found.append(nodes)
        nodes = np.concatenate([left[nodes], right[nodes]])
    return found


def _tops(trees: Trees, inner: Bools, left: Ints, right: Ints) -> Bools:
    """Return which nodes become leaves: those that all vote alike below a node where they do not, or below none."""
    found = np.zeros(len(inner), dtype=bool)
    found[trees.starts[:-1]] = True
    found[left[inner]] = True
    found[right[inner]] = True
    return found & ~inner


def _within(mask: Bools, tree: Ints, trees: Trees) -> Ints:
    """Return the place of each node among those of its tree that are under the mask."""
    before: Ints = np.cumsum(mask) - mask
    number: Ints = before - before[trees.starts[:-1]][tree]
    return number
