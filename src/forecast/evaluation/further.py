"""Measure what the report tells beyond each level's own evaluation, and lay it out in sections.

The comparison of all models, decision curves, precision and recall, smooth calibration, calibration within groups, the
run of months, error gaps between groups and the audit of proxies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.cases import AS_OF, PERSON_ID
from forecast.evaluation.bootstrap import person_codes
from forecast.evaluation.compare import Comparison, compare_models
from forecast.evaluation.decision import DecisionCurves, PrecisionRecall, decision_curves, precision_recall
from forecast.evaluation.gaps import Gap, band_rates, error_gaps, level_rates
from forecast.evaluation.groups import find_groups
from forecast.evaluation.months import Part, by_part, periods
from forecast.evaluation.proxy import ProxyAudit, proxy_audit
from forecast.evaluation.results import plain
from forecast.evaluation.smooth import SmoothCalibration, smooth_calibration
from forecast.evaluation.within import GroupCalibration, calibration_within
from forecast.progress import SILENT, Progress
from forecast.tables.sensitive import sensitivity

if TYPE_CHECKING:
    from forecast.cases import Bools, Cases, Floats, Ints
    from forecast.evaluation.groups import Group
    from forecast.models.bands import BandRule
    from forecast.settings import Settings
    from forecast.tables.description import Audit, Description

HEAVY_REPLICATES = 200
"""Resamples, at most, behind figures that cost much; each says beside it how many it had."""

TARGET_RATIO = 2.0
"""Cautious errors for each dangerous one at which models are compared, unless the caller says otherwise."""


@dataclass(frozen=True, slots=True)
class FurtherLevel:
    """What is measured of the chosen model's forecasts of one level; ``months`` is empty where no case has a date.

    ``apart``: by title of a column that only splits the cases (people who are in the training part too), its parts.
    """

    level: str
    words: str
    cutoff: float
    decision: DecisionCurves
    precision: PrecisionRecall
    smooth: SmoothCalibration
    within: tuple[GroupCalibration, ...]
    months: tuple[Part, ...]
    apart: Mapping[str, tuple[Part, ...]]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Further:
    """All that this module measures: ``sections()`` in :mod:`forecast.evaluation.further_sections` lays it out."""

    chosen: str
    comparison: Comparison
    levels: tuple[FurtherLevel, ...]
    band_gaps: tuple[Gap, ...]
    proxies: tuple[ProxyAudit, ...]
    replicates: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, texts and numbers; a figure that does not exist is ``None``."""
        result: dict[str, Any] = plain(self)
        return result


@dataclass(frozen=True)
class _Material:
    """What every measure needs."""

    y: Bools
    probability: Mapping[str, Floats]
    chosen: str
    people: Ints
    groups: tuple[tuple[Group, ...], ...]
    settings: Settings
    seed: int
    progress: Progress

    @property
    def few(self) -> dict[str, Any]:
        """How to resample where it costs much."""
        replicates = min(HEAVY_REPLICATES, self.settings.bootstrap_replicates)
        return {"replicates": replicates, "seed": self.seed, "progress": self.progress}


def measure_further(
    cases: Cases,
    probability: Mapping[str, Floats],
    chosen: str,
    description: Description,
    settings: Settings,
    *,
    cutoffs: BandRule,
    seed: int,
    progress: Progress = SILENT,
    constant: Collection[str] = (),
    features: Sequence[str] | None = None,
    target_ratio: float = TARGET_RATIO,
) -> Further:
    """Measure tested cases with every model's (n, K-1) probabilities.

    Parameters
    ----------
    chosen : the name of the model that is to be used.
    description : of the table; says which columns of ``cases.protected`` are declared attributes.
    cutoffs : turns probabilities into bands, and has the cut-off of each level at which its errors are shown.
    constant : models that forecast the same for everybody.
    features : names of the chosen model's features, for the audit of proxies; by default all of the description.
    target_ratio : cautious errors for each dangerous one at which models are compared.

    Raises
    ------
    Problem
        ``model-unknown`` when ``chosen`` is not among the models.
    """
    y = cases.outcomes.to_numpy(dtype=bool)
    persons = cases.keys[PERSON_ID].to_numpy()
    comparison = compare_models(
        probability,
        y,
        persons,
        chosen,
        target_ratio=target_ratio,
        replicates=settings.bootstrap_replicates,
        seed=seed,
        progress=progress,
        levels=description.scale.reached,
        constant=constant,
    )
    people = person_codes(persons)
    declared = [audit for audit in description.audit if audit.name in cases.protected]
    frame = cases.protected[[audit.name for audit in declared]].rename(columns={a.name: a.title for a in declared})
    groups = tuple(find_groups(frame, y[:, k], people, settings) for k in range(y.shape[1]))
    m = _Material(y, probability, chosen, people, groups, settings, seed, progress)
    return Further(
        chosen=chosen,
        comparison=comparison,
        levels=tuple(_level(m, k, cases, description, cutoffs) for k in range(y.shape[1])),
        band_gaps=_band_gaps(m, cutoffs),
        proxies=_proxies(m, cases, declared, description, features),
        replicates=m.few["replicates"],
    )


def _level(m: _Material, k: int, cases: Cases, description: Description, cutoffs: BandRule) -> FurtherLevel:
    words = description.scale.words[k]
    m.progress.begin(f"Further figures: {words}", (6 + len(_apart(cases, description))) * m.few["replicates"])
    y, p = m.y[:, k], m.probability[m.chosen][:, k]
    models = {name: values[:, k] for name, values in m.probability.items()}
    labels = periods(cases.keys[AS_OF]) if AS_OF in cases.keys else None
    parts = {"settings": m.settings, **m.few}
    return FurtherLevel(
        level=description.scale.reached[k],
        words=words,
        cutoff=float(cutoffs.values[k]),
        decision=decision_curves(models, y, m.people, m.chosen, **m.few),
        precision=precision_recall(models, y, m.people, **m.few),
        smooth=smooth_calibration(p, y, m.people, **m.few),
        within=calibration_within(m.groups[k], y, p, m.people, **m.few),
        months=() if labels is None else by_part(labels.to_numpy(), y, p, m.people, **parts),
        apart={
            name: by_part(cases.protected[name].to_numpy(), y, p, m.people, **parts)
            for name in _apart(cases, description)
        },
        gaps=error_gaps(
            level_rates(y, p, float(cutoffs.values[k])),
            m.groups[k],
            m.people,
            least=m.settings.small_group_events,
            **m.few,
        ),
    )


def _apart(cases: Cases, description: Description) -> list[str]:
    """Return the columns beside the declared attributes: they split the cases and are nobody's attribute."""
    declared = {audit.name for audit in description.audit}
    return [str(name) for name in cases.protected.columns if name not in declared]


def _band_gaps(m: _Material, cutoffs: BandRule) -> tuple[Gap, ...]:
    """Return the gaps of bands and of errors between bands, where there are more than two bands."""
    if m.y.shape[1] < 2:
        return ()
    m.progress.begin("Error gaps of bands", m.few["replicates"])
    bands = cutoffs.bands(m.probability[m.chosen])
    rates = band_rates(m.y.sum(axis=1), bands, m.y.shape[1] + 1)
    return error_gaps(rates, m.groups[0], m.people, least=m.settings.small_group_events, **m.few)


def _proxies(
    m: _Material, cases: Cases, declared: Sequence[Audit], description: Description, names: Sequence[str] | None
) -> tuple[ProxyAudit, ...]:
    features = [
        feature
        for feature in description.features
        if feature.name in cases.features and (names is None or feature.name in names)
    ]
    m.progress.begin("Auditing proxies", len(declared) * m.few["replicates"])
    found = []
    for audit in declared:
        what = _kind(audit)
        own = {f.name for f in features if f.source == audit.source or (what and f.sensitive == what)}
        if own and not what:  # cut from a feature that is no protected attribute: nothing is hidden there
            continue
        found.append(
            proxy_audit(
                audit.title,
                cases.protected[audit.name],
                cases.features,
                features,
                cases.keys[PERSON_ID].to_numpy(),
                without=own,
                settings=m.settings,
                **m.few,
            )
        )
    return tuple(found)


def _kind(audit: Audit) -> str:
    """Return which protected attribute a declared column is, by its names, or an empty text."""
    return sensitivity(audit.name) or sensitivity(audit.source) or sensitivity(audit.title)
