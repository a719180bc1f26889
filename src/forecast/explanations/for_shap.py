"""Hand contributions to researchers as a `shap.Explanation`, so that shap's own plots show the same values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.explanations.points import to_points
from forecast.problems import need

if TYPE_CHECKING:
    import pandas as pd
    import shap

    from forecast.cases import Contributions, Floats

CAP = "lowered to the level before"
"""The row of what lowering a level to the one before it took away, where there are such cases."""


def shap_explanation(contributions: Contributions, frame: pd.DataFrame, *, points: bool = False) -> shap.Explanation:
    """Return contributions of the n cases in ``frame`` as shap's own type: base values and values add up to the figure.

    In log-odds, or with ``points`` in people in 100. Where the level of a case had to be lowered to the one before it,
    a last column says by how much. ``data`` holds numbers (of a category its place among the values in ``frame``),
    ``display_data`` what stands in ``frame``. Raises the problem ``extra-missing`` where shap is not installed.
    """
    need("shap", "dev")
    import shap

    shown = frame[list(contributions.features)]
    codes = np.column_stack([_numbers(shown[name]) for name in shown])
    display = shown.to_numpy(dtype=object)
    if points:
        made = to_points(contributions)
        base, values, cap = made.start, made.values, made.cap
    else:
        base, values, cap = np.full(len(frame), contributions.base), contributions.values, contributions.cap
    names = list(contributions.features)
    if cap.any():
        values, codes = np.column_stack([values, cap]), np.column_stack([codes, cap])
        display, names = np.column_stack([display, cap.astype(object)]), [*names, CAP]
    return shap.Explanation(
        np.ascontiguousarray(values), base_values=base, data=codes, display_data=display, feature_names=names
    )


def _numbers(values: pd.Series) -> Floats:
    """Return a column as numbers: those of a category count its values in the order of the alphabet."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=np.float64)
    codes = pd.Categorical(values, categories=sorted(values.dropna().unique())).codes.astype(np.float64)
    return np.where(codes < 0, np.nan, codes)
