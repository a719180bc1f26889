"""Follow a forecast through the test period, month by month of the forecast moment, and new and returning people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.evaluation import kernels
from forecast.evaluation.bootstrap import TOO_FEW, Estimate, estimates, resampled
from forecast.evaluation.groups import find_groups
from forecast.evaluation.metrics import ratio
from forecast.evaluation.ranked import Ranked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from forecast.cases import Bools, Floats, Ints
    from forecast.evaluation.groups import Group
    from forecast.progress import Progress
    from forecast.settings import Settings

MOST_MONTHS = 48
"""Beyond so many months the period is cut into quarters, so that a picture can hold it."""

FIGURES = ("auc", "brier", "base_rate", "mean_forecast", "observed_minus_forecast")


@dataclass(frozen=True, slots=True)
class Part:
    """The forecast in one part of the cases; no ``figures`` where it is not judged."""

    value: str
    cases: int
    people: int
    events: int
    judged: bool
    note: str = ""
    figures: Mapping[str, Estimate] = field(default_factory=dict)


def periods(as_of: Any) -> pd.Series[str] | None:
    """Return the month ("2013-07") of each moment, over a long time its quarter ("2013-Q3"); ``None`` without any."""
    moments = pd.to_datetime(pd.Series(np.asarray(as_of, dtype=object)), errors="coerce")
    if moments.notna().sum() == 0:
        return None
    months = moments.dt.to_period("M")
    if months.nunique() <= MOST_MONTHS:
        return months.dt.strftime("%Y-%m")
    return moments.dt.to_period("Q").dt.strftime("%Y-Q%q")


def by_part(
    labels: Any,
    y: Bools,
    p: Floats,
    people: Ints,
    *,
    settings: Settings,
    replicates: int,
    seed: int,
    progress: Progress,
) -> tuple[Part, ...]:
    """Measure forecasts p (n,) of outcomes y (n,) in each part of the cases, labels (n,), by label.

    A part with too few cases, or too few with or without the outcome, is not judged, as for groups.
    """
    groups = find_groups(pd.DataFrame({"part": labels}), y, people, settings)
    measures = {group.value: _measure(group, y, p) for group in groups if group.judged}
    found = resampled(measures, people, replicates=replicates, seed=seed, progress=progress)
    return tuple(
        Part(
            group.value,
            len(group.rows),
            group.people,
            group.events,
            group.judged,
            figures=estimates(found[group.value]) if group.judged else {},
            note="" if group.judged else TOO_FEW,
        )
        for group in groups
    )


def _measure(group: Group, y: Bools, p: Floats) -> Callable[[Floats], dict[str, Floats]]:
    ranked = Ranked(p[group.rows], y[group.rows])
    happened, forecast = ranked.y, ranked.p
    each = np.column_stack([(forecast - happened) ** 2, happened, forecast, np.ones(len(forecast))])

    def measure(weights: Floats) -> dict[str, Floats]:
        mine = weights[:, group.rows]
        sums = np.empty((len(mine), 4))
        kernels.kernel(kernels.sums)(mine, each, sums)
        brier, observed, expected = (ratio(sums[:, i], sums[:, 3]) for i in range(3))
        figures = (ranked.auc(mine), brier, observed, expected, observed - expected)
        return dict(zip(FIGURES, figures, strict=True))

    return measure


def trend_words(parts: Sequence[Part]) -> str:
    """Say in how many of the judged parts what followed lay clearly above or below what was forecast."""
    judged = [part.figures["observed_minus_forecast"] for part in parts if part.judged]
    if not judged:
        return "No part of the period has enough cases to be judged."
    high = sum(figure.low is not None and figure.low > 0 for figure in judged)
    low = sum(figure.high is not None and figure.high < 0 for figure in judged)
    return (
        f"Of {len(judged)} parts of the period with enough cases, the forecast was clearly too low in {high} and "
        f"clearly too high in {low}; of as many intervals about {max(1, round(0.05 * len(judged)))} would miss by "
        "chance."
    )
