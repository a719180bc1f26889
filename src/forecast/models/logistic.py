"""Fit and keep logistic models: with steps for numbers, straight on two features, or the base rate alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.files import to_json
from forecast.models.design import Design, Maker, fit_design, stepped_columns, straight_columns

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Floats
    from forecast.tables.description import Feature


@dataclass(frozen=True)
class Logistic:
    """Coefficients for each level reached, over columns that are centred at the training mean.

    A missing number counts as the training mean; the column that marks it carries what missing means.
    """

    design: Design
    means: Floats
    coefficients: tuple[Floats, ...]
    intercepts: tuple[float, ...]
    kind: str = "logistic"

    @property
    def features(self) -> tuple[str, ...]:
        """The features, in the order of the description."""
        return self.design.features

    def _terms(self, frame: pd.DataFrame, level: int) -> Floats:
        centred = self.design.matrix(frame) - self.means
        terms: Floats = np.where(np.isnan(centred), 0.0, centred) * self.coefficients[level]
        return terms

    def margins(self, frame: pd.DataFrame) -> Floats:
        """Return uncalibrated log-odds, (n, K-1)."""
        levels = range(len(self.intercepts))
        return np.column_stack([self.intercepts[k] + self._terms(frame, k).sum(axis=1) for k in levels])

    def contributions(self, frame: pd.DataFrame, level: int) -> tuple[float, Floats]:
        """Return (base, (n, F)) for one level: coefficient times distance from the training mean."""
        return self.intercepts[level], self.design.by_feature(self._terms(frame, level))

    def unknown(self, frame: pd.DataFrame) -> dict[str, Bools]:
        """Return for each open-list feature which rows hold a value that training never saw."""
        return self.design.unknown(frame)

    def save(self, folder: Path) -> None:
        """Write `logistic.json`."""
        content = {
            "design": self.design.to_json(),
            "means": self.means.tolist(),
            "coefficients": [c.tolist() for c in self.coefficients],
            "intercepts": list(self.intercepts),
        }
        (folder / "logistic.json").write_text(to_json(content), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> Logistic:
        """Read what :meth:`save` wrote; ``threads`` is not needed here."""
        content = json.loads((folder / "logistic.json").read_text("utf-8"))
        return cls(
            Design.from_json(content["design"]),
            np.array(content["means"]),
            tuple(np.array(c) for c in content["coefficients"]),
            tuple(content["intercepts"]),
        )


def fit_logistic(
    features: Sequence[Feature],
    frame: pd.DataFrame,
    happened: Bools,
    *,
    penalty: float = 1.0,
    straight: bool = False,
    make: Maker = stepped_columns,
    weights: Floats | None = None,
) -> Logistic:
    """Fit a ridge-penalised logistic model for each column of ``happened`` (n, K-1).

    ``penalty``: strength of the ridge on standardised columns (scikit-learn's 1/C). With no features this is the
    base-rate model. ``make``: the columns that each feature gets; ``straight``: a line for each number. ``weights``:
    (n, K-1), what each case counts for at each level.
    """
    design = fit_design(features, frame, straight_columns if straight else make)
    matrix = design.matrix(frame)
    absent = np.isnan(matrix)
    means = np.where(absent, 0.0, matrix).sum(axis=0) / np.maximum((~absent).sum(axis=0), 1)
    centred = np.where(absent, 0.0, matrix - means)
    spread = centred.std(axis=0)
    spread[spread < 1e-12] = 1.0
    counts = [None] * happened.shape[1] if weights is None else list(weights.T)
    scaled = centred / spread
    fitted = [_fit_level(scaled, column, penalty, count) for column, count in zip(happened.T, counts, strict=True)]
    return Logistic(design, means, tuple(c / spread for c, _ in fitted), tuple(b for _, b in fitted))


def _fit_level(matrix: Floats, happened: Bools, penalty: float, weights: Floats | None) -> tuple[Floats, float]:
    """Return coefficients of standardised columns, and the intercept."""
    if not matrix.shape[1]:
        rate = float(np.average(happened, weights=weights))
        return np.empty(0), float(np.log(rate / (1 - rate)))
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", max_iter=200, tol=1e-8)
    if weights is not None:  # cases that count for nothing only cost time
        matrix, happened, weights = matrix[weights > 0], happened[weights > 0], weights[weights > 0]
    model.fit(matrix, happened, sample_weight=weights)
    return np.asarray(model.coef_[0]), float(model.intercept_[0])
