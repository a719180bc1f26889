"""Keep the trees of a forest as flat arrays, in a skops file that asks its reader to trust no type at all.

skops can keep scikit-learn's own `Tree`, but only for readers who trust that type, and its node indices are never
checked: a changed file could crash the process. Plain arrays need no trust, and what they hold is checked here.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from forecast.problems import Problem, need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from forecast.cases import Bools, Ints

LEAF = -1
"""Stands in ``left``, ``right`` and ``feature`` of a leaf, and in ``vote`` of an inner node."""
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a zip file can hold; it stands in for the time of writing, so that bytes are the same."""

TYPES = {
    "starts": np.int64,
    "left": np.int32,
    "right": np.int32,
    "feature": np.int16,
    "threshold": np.float64,
    "missing_left": np.bool_,
    "cases": np.int32,
    "vote": np.int8,
}


@dataclass(frozen=True, eq=False)
class Trees:
    """T trees of N nodes in all, one after the other; a child comes after its parent and is counted within its tree.

    ``starts``: (T + 1,) first node of each tree. The others are (N,): ``left``, ``right``: children; a number goes
    left where it is at most ``threshold``, a missing one where ``missing_left`` says so; ``feature``: column of the
    matrix; ``cases``: drawn cases that reached the node, as often as they were drawn; ``vote``: class of a leaf.
    """

    starts: Ints
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int16]
    threshold: npt.NDArray[np.float64]
    missing_left: Bools
    cases: npt.NDArray[np.int32]
    vote: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def leaves(self) -> Bools:
        """Which nodes are leaves, (N,)."""
        found: Bools = self.left == LEAF
        return found


def leaf_votes(tree: Any) -> npt.NDArray[np.int8]:
    """Return for each node of a scikit-learn tree its heaviest class; of classes that weigh the same the higher."""
    weights = tree.value[:, 0, :]
    heaviest = weights.shape[1] - 1 - np.argmax(weights[:, ::-1], axis=1)
    return np.asarray(heaviest, dtype=np.int8)


def one_tree(tree: Any) -> Trees:
    """Return a scikit-learn tree as flat arrays."""
    leaf = tree.children_left == LEAF
    found: dict[str, Any] = {
        "starts": [0, tree.node_count],
        "left": tree.children_left,
        "right": tree.children_right,
        "feature": np.where(leaf, LEAF, tree.feature),
        "threshold": np.where(leaf, 0.0, np.nan_to_num(tree.threshold)),  # infinite: all numbers to one side
        "missing_left": ~leaf & (np.asarray(tree.missing_go_to_left) != 0),
        "cases": np.rint(tree.weighted_n_node_samples),
        "vote": np.where(leaf, leaf_votes(tree), LEAF),
    }
    return Trees(**{name: np.asarray(found[name]).astype(kind) for name, kind in TYPES.items()})


def joined(parts: Sequence[Trees]) -> Trees:
    """Return the trees of several parts, in their order."""
    sizes = np.concatenate([np.diff(part.starts) for part in parts])
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    rest = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Trees)[1:]}
    return Trees(starts, **rest)


def write_trees(trees: Trees, path: Path) -> None:
    """Write the trees with skops; the same trees give the same bytes."""
    need("sklearn", "train")
    need("skops", "train")
    from skops import io as skops

    path.write_bytes(_settled(skops.dumps({name: getattr(trees, name) for name in TYPES})))


def _settled(content: bytes) -> bytes:
    """Return a skops file without what differs from one run to the next: addresses in memory, and the time.

    Not compressed: what zlib makes of the same bytes differs between its builds, and a model is named by its bytes.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        schema = json.loads(source.read("schema.json"))
        names: dict[str, str] = {}
        _renumber(schema, names, [0])
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as target:
            _add(target, "schema.json", json.dumps(schema, indent=1).encode())
            for old, new in names.items():
                _add(target, new, source.read(old))
    return made.getvalue()


def _renumber(node: Any, names: dict[str, str], count: list[int]) -> None:
    """Number the objects of a skops schema in the order in which they stand, and name their files after that."""
    if isinstance(node, list):
        for each in node:
            _renumber(each, names, count)
    elif isinstance(node, dict):
        if "__id__" in node:
            count[0] += 1
            node["__id__"] = count[0]
        if "file" in node:
            node["file"] = names.setdefault(node["file"], f"{len(names) + 1}.npy")
        for each in node.values():
            _renumber(each, names, count)


def _add(target: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, FIRST_DATE)
    target.writestr(entry, content)


def read_trees(path: Path, columns: int, classes: int) -> Trees:
    """Read what :func:`write_trees` wrote, trusting no type, and check that every node leads somewhere."""
    need("sklearn", "train")
    need("skops", "train")
    from skops import io as skops
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        found = skops.load(path, trusted=[])
    except UntrustedTypesFoundException as error:
        detail = f"{path.name} holds other things than plain arrays"
        raise Problem("bundle-corrupt", path=path.parent, detail=detail) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise Problem("bundle-corrupt", path=path.parent, detail=f"{path.name} cannot be read") from error
    if fault := _fault(found, columns, classes):
        raise Problem("bundle-corrupt", path=path.parent, detail=f"{path.name}: {fault}")
    return Trees(**found)


def _fault(found: Any, columns: int, classes: int) -> str:
    """Say what is wrong with the content of a file, or nothing."""
    if not isinstance(found, dict) or set(found) != set(TYPES):
        return "it does not hold the arrays of a forest"
    for name, kind in TYPES.items():
        if not isinstance(found[name], np.ndarray) or found[name].dtype != kind or found[name].ndim != 1:
            return f"'{name}' is not what it should be"
    trees = Trees(**found)
    nodes = len(trees.left)
    if len(trees) < 1 or trees.starts[0] != 0 or trees.starts[-1] != nodes or (np.diff(trees.starts) < 1).any():
        return "its trees do not follow one another"
    if any(len(getattr(trees, name)) != nodes for name in TYPES if name != "starts"):
        return "its arrays differ in length"
    return "" if _sound(trees, columns, classes) else "its nodes do not make trees"


def _sound(trees: Trees, columns: int, classes: int) -> bool:
    """Whether each node but the first of its tree is the child of exactly one earlier node, and all values exist."""
    leaf, sizes = trees.leaves, np.diff(trees.starts)
    place = np.arange(len(leaf)) - np.repeat(trees.starts[:-1], sizes)
    inner, size = ~leaf, np.repeat(sizes, sizes)
    children = [trees.left[inner], trees.right[inner]]
    if any((c <= place[inner]).any() or (c >= size[inner]).any() for c in children):
        return False
    start = np.repeat(trees.starts[:-1], sizes)[inner]
    parents = np.bincount(np.concatenate([start + c for c in children]).astype(np.int64), minlength=len(leaf))
    return bool(
        (parents == (place > 0)).all()
        and (trees.right[leaf] == LEAF).all()
        and ((trees.feature[inner] >= 0) & (trees.feature[inner] < columns)).all()
        and np.isfinite(trees.threshold).all()
        and ((trees.vote[leaf] >= 0) & (trees.vote[leaf] < classes)).all()
        and (trees.cases > 0).all()
    )
