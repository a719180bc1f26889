"""Hold the evaluation of one level of outcome, as plain values that turn into JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecast.evaluation.bootstrap import Estimate

if TYPE_CHECKING:
    from forecast.evaluation.calibration import Bin
    from forecast.evaluation.confusions import Confusion
    from forecast.evaluation.groups import GroupEvaluation

NOT_A_PROBABILITY = "not a probability, so no Brier score"


@dataclass(frozen=True, slots=True)
class ScoreGroup:
    """Another instrument's score beside the chosen forecast, on the cases of one group that have it.

    Cut-offs are those of the whole :class:`ScoreEvaluation`. No figures where the group is not ``judged``.
    """

    value: str
    cases: int
    people: int
    events: int
    judged: bool
    note: str = ""
    auc: Estimate | None = None
    chosen_auc: Estimate | None = None
    confusion: Confusion | None = None
    chosen_confusion: Confusion | None = None


@dataclass(frozen=True, slots=True)
class ScoreEvaluation:
    """Another instrument's score, on the cases where it is present.

    ``auc`` is the score's, ``chosen_auc`` the chosen model's on the same cases, ``difference`` the second less the
    first, paired. ``confusion`` and ``chosen_confusion`` are there when a cut was declared: the chosen model is then
    cut where it flags as many of these cases as the score does, and ``groups``, by attribute, has both for each group.
    """

    cases: int
    people: int
    events: int
    auc: Estimate
    chosen_auc: Estimate
    difference: Estimate
    confusion: Confusion | None = None
    chosen_confusion: Confusion | None = None
    groups: Mapping[str, tuple[ScoreGroup, ...]] = field(default_factory=dict)
    note: str = NOT_A_PROBABILITY


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cases by forecast: ``edges`` (k + 1,), counts (k,) with and without the outcome."""

    edges: tuple[float, ...]
    with_outcome: tuple[int, ...]
    without_outcome: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LevelEvaluation:
    """How good the forecasts of one level are, and for whom.

    ``models``: by model and metric. ``differences``: chosen less other, by other model and metric, paired.
    ``scores``: other instruments. ``reliability``, ``histogram``, ``confusions``, ``groups`` are of the chosen model;
    ``curves`` holds the ROC points (false positive rate, true positive rate) of every model and score.
    ``means``: plain means over the groups of an attribute, by attribute, model and metric.
    """

    level: str
    words: str
    chosen: str
    cases: int
    people: int
    events: int
    base_rate: Estimate
    mean_forecast: Estimate
    models: Mapping[str, Mapping[str, Estimate]]
    differences: Mapping[str, Mapping[str, Estimate]]
    scores: Mapping[str, ScoreEvaluation]
    reliability: tuple[Bin, ...]
    histogram: Histogram
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    confusions: tuple[Confusion, ...]
    groups: Mapping[str, tuple[GroupEvaluation, ...]]
    means: Mapping[str, Mapping[str, Mapping[str, Estimate]]]
    replicates: int
    seed: int

    def mean_of_groups(self, metric: str, attribute: str, model: str | None = None) -> Estimate:
        """Return the plain mean of a metric over the groups of an attribute, "not recorded" and too small left out.

        The chosen model has every group metric, the others "brier". Raises ``KeyError`` for what was not measured.
        """
        return self.means[attribute][model or self.chosen][metric]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, texts and numbers; a figure that does not exist is ``None``."""
        result: dict[str, Any] = plain(self)
        return result


def plain(value: Any) -> Any:
    """Turn dataclasses, mappings and tuples into what JSON knows, NaN into ``None``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
