"""Turn features into a matrix of numbers, and remember which column belongs to which feature.

A design is fitted on training rows only, is plain data (it is kept as JSON), and never gives LightGBM a
categorical column: a category becomes one column for each value; of an open list (no declared levels) only values
with enough training cases get one, and all others count together as none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.splines import curve, knots_of

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.tables.description import Feature

FEWEST_CASES = 20
"""Training cases from which a value of an open list gets a column of its own."""
MOST_VALUES = 200
"""Columns that an open list may get, its commonest values."""
FEW_VALUES = 12
"""Up to so many distinct numbers, a linear model gets a step at each of them; above, at quantiles."""
STEPS = 5
"""Of a number with few values, so many of the smallest may get a step beside the line."""
WORTH_A_STEP = 0.01
"""Share of cases at or above a value from which it gets one."""
SIDE_BY_SIDE = 8
"""Columns written to a matrix at a time."""
CROWDED = 0.05
"""From this share of cases at its smallest value on, a spline gives that value a step of its own."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the matrix: the feature it belongs to and how it is made from it.

    ``how``: "value" (the number), "is" (1 where the category is ``value``), "missing" (1 where it is missing),
    "from" (1 where the number is ``value`` or more), "recency" (1 / (1 + years), 0 where it is missing or at least
    ``value``: it never happened), "spline" (the restricted cubic over ``knots`` that bends at the knot ``value``).
    ``fill`` stands for a missing number where training never saw one missing; ``low`` and ``high`` keep a number
    within what training saw.
    """

    feature: str
    how: str
    value: str | float | None = None
    fill: float | None = None
    low: float | None = None
    high: float | None = None
    knots: tuple[float, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the column as plain data; what is not given is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Column:
        """Build a column from plain data; what an older bundle does not have keeps its default."""
        knots = content.get("knots")
        return cls(**{**content, "knots": None if knots is None else tuple(knots)})


@dataclass(frozen=True, slots=True)
class Design:
    """The columns of a matrix for the given features, in order."""

    features: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def owner(self) -> Ints:
        """Return for each column the position of its feature, (M,)."""
        place = {name: i for i, name in enumerate(self.features)}
        return np.array([place[c.feature] for c in self.columns], dtype=np.int64)

    def matrix(self, frame: pd.DataFrame) -> Floats:
        """Return the (n, M) matrix of a features frame; a missing number stays NaN."""
        made = np.empty((len(frame), len(self.columns)), dtype=np.float64)
        values = by_name(frame)
        for low in range(
            0, len(self.columns), SIDE_BY_SIDE
        ):  # whole lines of the cache are written, not single numbers
            some = self.columns[low : low + SIDE_BY_SIDE]
            made[:, low : low + len(some)] = np.array([_values(c, values[c.feature]) for c in some]).T
        return made

    def by_feature(self, per_column: Floats) -> Floats:
        """Add up (n, M) values a column to (n, F) values a feature."""
        summed = np.zeros((len(self.features), len(per_column)))
        np.add.at(summed, self.owner, per_column.T)
        return summed.T

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return for each feature that can have one which rows hold a value that training did not see.

        For a category: a value without a column, declared nowhere or rare in training. For a number: none at all,
        where it was never missing in training.
        """
        numbers = {column.feature: column for column in self.columns if column.how in ("value", "recency")}
        known: dict[str, set[str]] = {name: set() for name in self.features if name not in numbers}
        for column in self.columns:
            if column.how == "is":
                known[column.feature].add(str(column.value))
        unseen = {name: _missing(frame[name]) | frame[name].isin(values) for name, values in known.items()}
        made = {name: ~np.asarray(mask, dtype=bool) for name, mask in unseen.items()}
        values = by_name(frame) if numbers else {}
        filled = [name for name, column in numbers.items() if column.fill is not None]
        return made | {name: _missing(values[name]) for name in filled}

    def to_json(self) -> dict[str, Any]:
        """Return the design as plain data."""
        return {"features": list(self.features), "columns": [c.to_json() for c in self.columns]}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Design:
        """Build a design from plain data."""
        return cls(tuple(content["features"]), tuple(Column.from_json(c) for c in content["columns"]))


def by_name(frame: pd.DataFrame) -> dict[str, pd.Series | Floats]:
    """Return the columns of a frame, numbers as arrays: taken all at once, which is quicker than one by one."""
    plain = np.array([kind == np.float64 for kind in frame.dtypes], dtype=bool)
    names = frame.columns.to_numpy(dtype=object)
    numbers = (frame if plain.all() else frame.loc[:, plain]).to_numpy(dtype=np.float64)
    found: dict[str, pd.Series | Floats] = {name: frame[name] for name in names[~plain]}
    return found | dict(zip(names[plain], numbers.T, strict=True))


def _missing(values: pd.Series | Floats) -> Bools:
    missing: Bools = np.isnan(values) if isinstance(values, np.ndarray) else values.isna().to_numpy(dtype=bool)
    return missing


def _values(column: Column, values: pd.Series | Floats) -> Floats | Bools:
    if column.how == "is":
        return np.asarray(values == column.value, dtype=bool)
    if column.how == "missing":
        return _missing(values)
    numbers = np.asarray(values, dtype=np.float64)
    if column.how == "from":
        return np.where(np.isnan(numbers), np.nan, numbers >= float(column.value or 0.0))
    if column.how == "recency":
        return _recency(numbers, np.inf if column.value is None else float(column.value))
    if column.low is not None:
        numbers = np.clip(numbers, column.low, column.high)
    if column.knots is not None:
        return curve(numbers, column.knots, float(column.value or 0.0))
    return numbers if column.fill is None else np.where(np.isnan(numbers), column.fill, numbers)


def _recency(years: Floats, never: float) -> Floats:
    """Return 1 / (1 + years), and 0 for what never happened: the end of the scale that lies the longest ago."""
    happened = years < never  # false for a missing one
    return np.where(happened, 1 / (1 + np.maximum(np.where(happened, years, 0.0), 0.0)), 0.0)


Maker = Callable[["Feature", "pd.Series"], list[Column]]


def tree_columns(feature: Feature, values: pd.Series) -> list[Column]:
    """Return the columns that trees need for a feature: numbers as they are, a column for each category.

    Trees that never saw a number missing would take a missing one as 0 (LightGBM's rule): it counts as the mean.
    Years since something become its recency, so that "never" has a place on the scale.
    """
    if feature.recency and feature.numeric:
        return [Column(feature.name, "recency", feature.never)]
    if feature.numeric:
        return [Column(feature.name, "value", fill=_fill(values))]
    return _category_columns(feature, values)


def _fill(values: pd.Series) -> float | None:
    return None if values.isna().any() or values.empty else float(values.mean())


def _category_columns(feature: Feature, values: pd.Series) -> list[Column]:
    """Return a column for each declared level, or for each value of an open list that is common enough."""
    if feature.levels:
        return [Column(feature.name, "is", level) for level in feature.levels]
    counts = values.value_counts()
    common = counts[counts >= FEWEST_CASES].head(MOST_VALUES)
    return [Column(feature.name, "is", str(value)) for value in sorted(common.index)]


def straight_columns(feature: Feature, values: pd.Series) -> list[Column]:
    """Return one straight line for a number, the tree columns for a category, and a mark for missing.

    The line ends where training did: a number beyond counts as the largest or smallest that training saw.
    """
    missing = [Column(feature.name, "missing")] if values.isna().any() else []
    if not feature.numeric:
        return _category_columns(feature, values) + missing
    low, high = (None, None) if values.isna().all() else (float(values.min()), float(values.max()))
    return [Column(feature.name, "value", fill=_fill(values), low=low, high=high), *missing]


def stepped_columns(feature: Feature, values: pd.Series) -> list[Column]:
    """Return a straight line with steps for a number: at each value where they are few, else at its deciles."""
    columns = straight_columns(feature, values)
    if feature.numeric and feature.kind != "flag":
        present = values.dropna().to_numpy(dtype=np.float64)
        if not len(present):
            return columns
        distinct = np.unique(present)
        edges = distinct if len(distinct) <= FEW_VALUES else np.unique(np.quantile(present, np.arange(1, 10) / 10))
        columns += [Column(feature.name, "from", float(edge)) for edge in edges if edge > distinct[0]]
    return columns


def spline_columns(feature: Feature, values: pd.Series) -> list[Column]:
    """Return a restricted cubic spline for a number with many values, a line with steps for one with few.

    The smallest value of a count, if many cases have it, gets a step of its own, and the knots are drawn from the rest.
    """
    columns = straight_columns(feature, values)
    present = values.dropna().to_numpy(dtype=np.float64) if feature.numeric else np.empty(0)
    distinct = np.unique(present)
    if len(distinct) <= 2:  # a line says it all
        return columns
    crowded = float(np.mean(present == distinct[0])) > CROWDED
    knots = knots_of(present[present > distinct[0]] if crowded else present) if len(distinct) > FEW_VALUES else ()
    if not knots:
        edges = [edge for edge in distinct[1:STEPS] if np.mean(present >= edge) >= WORTH_A_STEP]
        return columns + [Column(feature.name, "from", float(edge)) for edge in edges]
    low, high = float(distinct[0]), float(distinct[-1])
    step = [Column(feature.name, "from", float(distinct[1]))] if crowded else []
    bends = [Column(feature.name, "spline", knot, low=low, high=high, knots=knots) for knot in knots[:-2]]
    return [*columns, *step, *bends]


def fit_design(features: Sequence[Feature], frame: pd.DataFrame, make: Maker) -> Design:
    """Fit a design on training rows; ``make`` says which columns each feature gets."""
    columns = tuple(column for f in features for column in make(f, frame[f.name]))
    return Design(tuple(f.name for f in features), columns)


def trends(design: Design, features: Sequence[Feature]) -> list[int]:
    """Return for each column which way more of it is declared to move the forecast: 1 up, -1 down, 0 not declared.

    A recency goes the other way than the years that it is made of. A number that was missing in training is left
    free: no constraint on a tree orders the missing value.
    """
    declared = {f.name: {"raises": 1, "lowers": -1}.get(f.direction, 0) for f in features}
    signs = {"recency": -1, "value": 1}
    return [
        0 if c.how == "value" and c.fill is None else signs.get(c.how, 0) * declared[c.feature] for c in design.columns
    ]
