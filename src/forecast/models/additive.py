"""Fit and keep an additive model of trees: a glass box, for it is its own table of shapes.

Trees with one split (or, for a pair of features, two) are fitted by LightGBM and then added up, feature by feature, to
step functions: for each column its steps and what is added between them, for each pair a grid. The tables are the
model: they are what is kept, read and forecast from, and a contribution is what stands in them (Lou, Caruana and
Gehrke 2012, without their smoothing; pairs are found by the gain of second splits).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.files import to_json
from forecast.models.boosting import BoostingOptions, fit_boosters, threads_for
from forecast.models.design import Design, fit_design, tree_columns, trends

if TYPE_CHECKING:
    import lightgbm as lgb
    import pandas as pd

    from forecast.cases import Bools, Floats
    from forecast.tables.description import Feature

SEARCH_ROUNDS = 60
"""Trees that are fitted to find pairs."""


@dataclass(frozen=True)
class Shape:
    """What one column, or a pair of columns, adds to the log-odds.

    ``knots``: for each column the ends of its steps, (S,); a number up to the first is in step 0, beyond the last in
    step S, and a missing one in step S + 1. ``values``: what is added, (S + 2,) or a grid of two such sides. They are
    centred: over the training cases they add nothing on average.
    """

    columns: tuple[int, ...]
    knots: tuple[Floats, ...]
    values: Floats

    def at(self, matrix: Floats) -> Floats:
        """Return what the shape adds to each row of an (n, M) matrix, (n,)."""
        steps = tuple(_steps(matrix[:, c], ends) for c, ends in zip(self.columns, self.knots, strict=True))
        added: Floats = self.values[steps]
        return added

    def to_json(self) -> dict[str, Any]:
        """Return the shape as plain data."""
        return {
            "columns": list(self.columns),
            "knots": [k.tolist() for k in self.knots],
            "values": self.values.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Shape:
        """Build a shape from plain data."""
        knots = tuple(np.array(k, dtype=np.float64) for k in content["knots"])
        return cls(tuple(content["columns"]), knots, np.array(content["values"], dtype=np.float64))


@dataclass(frozen=True)
class Additive:
    """For each level reached a starting point and the shapes that are added to it."""

    design: Design
    bases: tuple[float, ...]
    shapes: tuple[tuple[Shape, ...], ...]
    kind: str = "additive"

    @property
    def features(self) -> tuple[str, ...]:
        """The features, in the order of the description."""
        return self.design.features

    def margins(self, frame: pd.DataFrame) -> Floats:
        """Return uncalibrated log-odds, (n, K-1)."""
        matrix = self.design.matrix(frame)
        levels = [
            base + sum((shape.at(matrix) for shape in shapes), start=np.zeros(len(matrix)))
            for base, shapes in zip(self.bases, self.shapes, strict=True)
        ]
        return np.column_stack(levels)

    def contributions(self, frame: pd.DataFrame, level: int) -> tuple[float, Floats]:
        """Return (base, (n, F)) for one level: what stands in the tables, a pair's half to each of the two."""
        matrix = self.design.matrix(frame)
        owner, made = self.design.owner, np.zeros((len(matrix), len(self.features)))
        for shape in self.shapes[level]:
            added = shape.at(matrix) / len(shape.columns)
            for column in shape.columns:
                made[:, owner[column]] += added
        return self.bases[level], made

    def of(self, feature: str, level: int) -> tuple[Shape, ...]:
        """Return the tables of one level that a feature has a part in: what there is to draw."""
        place, owner = self.features.index(feature), self.design.owner
        return tuple(shape for shape in self.shapes[level] if place in owner[list(shape.columns)])

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return for each open-list feature which rows hold a value that training never saw."""
        return self.design.unknown(frame)

    def save(self, folder: Path) -> None:
        """Write `additive.json`: the tables."""
        content = {
            "design": self.design.to_json(),
            "bases": list(self.bases),
            "shapes": [[shape.to_json() for shape in shapes] for shapes in self.shapes],
        }
        (folder / "additive.json").write_text(to_json(content), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> Additive:
        """Read what :meth:`save` wrote; ``threads`` is not needed here."""
        content = json.loads((folder / "additive.json").read_text("utf-8"))
        shapes = tuple(tuple(Shape.from_json(shape) for shape in level) for level in content["shapes"])
        return cls(Design.from_json(content["design"]), tuple(content["bases"]), shapes)


def fit_additive(
    features: Sequence[Feature],
    frame: pd.DataFrame,
    happened: Bools,
    *,
    options: BoostingOptions,
    pairs: int = 0,
    seed: int,
    threads: int = 0,
    weights: Floats | None = None,
) -> Additive:
    """Fit an additive model for each column of ``happened`` (n, K-1), with up to ``pairs`` pairs of features.

    ``options``: as for boosting; its ``leaves`` are not used. ``weights``: (n, K-1), what each case counts for.
    """
    design = fit_design(features, frame, tree_columns)
    matrix = design.matrix(frame)
    threads = threads_for(matrix, threads)
    signs = trends(design, features) if options.monotone else []
    fitted: list[tuple[float, tuple[Shape, ...]]] = []
    for k in range(happened.shape[1]):
        outcome = happened[:, k : k + 1]
        count = None if weights is None else weights[:, k : k + 1]
        given = _Given(matrix, outcome, count, tuple(signs), seed * 1000 + k * 100, threads)
        kept = _pairs(given, design, options, pairs) if pairs else []
        trees = given.boosters(dataclasses.replace(options, leaves=3 if kept else 2), _groups(design, kept))
        fitted.append(_tabulated(trees, matrix))
    return Additive(design, tuple(base for base, _ in fitted), tuple(shapes for _, shapes in fitted))


@dataclass(frozen=True)
class _Given:
    """What all fits of one level share."""

    matrix: Floats
    happened: Bools
    weights: Floats | None
    signs: tuple[int, ...]
    seed: int
    threads: int

    def boosters(self, options: BoostingOptions, groups: list[list[int]] | None) -> tuple[lgb.Booster, ...]:
        """Fit boosters of trees that use columns of one group only; none given: any."""
        more = {} if groups is None or options.leaves == 2 else {"interaction_constraints": groups}
        made = fit_boosters(
            self.matrix,
            self.happened,
            options,
            weights=self.weights,
            signs=self.signs,
            seed=self.seed,
            threads=self.threads,
            more=more,
        )
        return made[0]


def _pairs(given: _Given, design: Design, options: BoostingOptions, most: int) -> list[tuple[int, int]]:
    """Return the pairs of features whose second splits gain most in a short fit without bounds."""
    search = dataclasses.replace(options, leaves=3, rounds=SEARCH_ROUNDS, boosters=1, learning_rate=0.1)
    owner, gains = design.owner, dict[tuple[int, int], float]()
    for root in _roots(given.boosters(search, None)):
        for child in (root.get("left_child", {}), root.get("right_child", {})):
            if "split_feature" in child:
                pair = sorted((int(owner[root["split_feature"]]), int(owner[child["split_feature"]])))
                if pair[0] != pair[1]:
                    gains[pair[0], pair[1]] = gains.get((pair[0], pair[1]), 0.0) + float(child["split_gain"])
    return sorted(sorted(gains), key=lambda pair: -gains[pair])[:most]


def _groups(design: Design, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the columns that may meet in a tree: those of one feature, and those of each pair."""
    places = [np.flatnonzero(design.owner == f).tolist() for f in range(len(design.features))]
    return [*([c] for columns in places for c in columns), *(places[one] + places[two] for one, two in pairs)]


def _tabulated(boosters: Sequence[lgb.Booster], matrix: Floats) -> tuple[float, tuple[Shape, ...]]:
    """Add the trees of some boosters up to a starting point and one shape for each set of columns."""
    by_columns: dict[tuple[int, ...], list[Mapping[str, Any]]] = {}
    for root in _roots(boosters):
        by_columns.setdefault(tuple(sorted(_thresholds([root]))), []).append(root)
    base, shapes = 0.0, []
    for columns, roots in sorted(by_columns.items()):
        shape = _shape(columns, roots, len(boosters))
        mean = float(shape.at(matrix).mean())
        base += mean
        if columns:
            shapes.append(dataclasses.replace(shape, values=shape.values - mean))
    return base, tuple(shapes)


def _shape(columns: tuple[int, ...], roots: Sequence[Mapping[str, Any]], boosters: int) -> Shape:
    """Return the sum of trees on the same columns, by going down each with one point of every step."""
    ends = _thresholds(roots)
    knots = tuple(np.array(sorted(ends[c])) for c in columns)
    points = [np.concatenate([k, [np.inf, np.nan]]) for k in knots]
    grid = dict(zip(columns, np.meshgrid(*points, indexing="ij"), strict=True))
    size = tuple(len(p) for p in points)
    return Shape(columns, knots, sum((_down(root, grid, size) for root in roots), start=np.zeros(size)) / boosters)


def _roots(boosters: Iterable[lgb.Booster]) -> list[Mapping[str, Any]]:
    return [tree["tree_structure"] for booster in boosters for tree in booster.dump_model()["tree_info"]]


def _thresholds(roots: Iterable[Mapping[str, Any]]) -> dict[int, set[float]]:
    found: dict[int, set[float]] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            found.setdefault(int(node["split_feature"]), set()).add(float(node["threshold"]))
            waiting += [node["left_child"], node["right_child"]]
    return found


def _down(node: Mapping[str, Any], grid: Mapping[int, Floats], size: tuple[int, ...]) -> Floats:
    """Return what a tree adds at each point of a grid, by LightGBM's rules for numbers and missing ones."""
    if "split_feature" not in node:
        return np.full(size, float(node["leaf_value"]))
    points = grid[int(node["split_feature"])]
    missing = np.isnan(points)
    number = np.where(missing, 0.0, points)  # without a missing value in training, LightGBM takes it for 0
    left = number <= float(node["threshold"])
    if node["missing_type"] == "NaN":
        left = np.where(missing, bool(node["default_left"]), left)
    return np.where(left, _down(node["left_child"], grid, size), _down(node["right_child"], grid, size))


def _steps(values: Floats, ends: Floats) -> Any:
    """Return the step in which each value lies: as many ends as are smaller, and the last for a missing one."""
    return np.where(np.isnan(values), len(ends) + 1, np.searchsorted(ends, values, side="left"))
