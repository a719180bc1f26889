"""Evaluate forecasts of tested cases and gather what the report says; used by training and by `forecast evaluate`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.cases import CASE_ID, PERSON_ID
from forecast.evaluation.evaluate import evaluate_level
from forecast.evaluation.report import ReportContext
from forecast.explanations.reasons import importance
from forecast.models.bundle import versions
from forecast.models.forest import Forest
from forecast.progress import SILENT, Progress
from forecast.tables.origin import Origin

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Cases, Floats, Forecasts
    from forecast.evaluation.hart_section import ForestTarget
    from forecast.evaluation.hart_table import HartTable
    from forecast.evaluation.page import Section
    from forecast.evaluation.results import LevelEvaluation
    from forecast.models.bands import BandRule
    from forecast.models.forecaster import Forecaster
    from forecast.models.uncertainty import Uncertainty
    from forecast.settings import Settings
    from forecast.tables.description import DeclaredException, Description


IMPORTANCE_CASES, IMPORTANCE_OF_A_FOREST = 2_000, 100
"""Cases, at most, over which contributions are averaged; one case of a forest takes about a quarter of a second."""


@dataclass(frozen=True)
class Learnt:
    """Training cases of the last fit with (n, K-1) out-of-fold probabilities of the chosen model."""

    parameters: int
    cases: Cases
    probability: Floats


@dataclass(frozen=True)
class Tested:
    """Cases that no model had seen, with every model's (n, K-1) probabilities; ``chosen`` names the bundle's model."""

    cases: Cases
    probability: Mapping[str, Floats]
    chosen: str
    cutoffs: BandRule
    constant: tuple[str, ...] = ()
    """Models that forecast the same for everybody."""
    fitted: Forecaster | None = None
    """The chosen model, where one fit is the last that made these forecasts."""
    uncertainty: Uncertainty | None = None
    """That of the last fit of the chosen model."""
    limits: Forecasts | None = None
    """The chosen model's forecasts with their intervals and outcome sets, where it has them."""
    learnt: Learnt | None = None
    forest: Mapping[str, HartTable] = field(default_factory=dict)
    """The forest's tables in the published layout, by how the cases were held out."""
    forest_target: ForestTarget | None = None
    """How cautious the forest of those tables was made, and who signed that."""
    reads: Mapping[str, int] = field(default_factory=dict)
    """How many features each model reads."""


def evaluate_levels(
    tested: Tested, description: Description, settings: Settings, seed: int, progress: Progress = SILENT
) -> list[LevelEvaluation]:
    """Evaluate each level reached, beside the baselines and the other instruments that speak about it."""
    titles = {a.name: a.title for a in description.audit}
    groups = tested.cases.protected.rename(columns=titles)
    found = []
    for k, level in enumerate(description.scale.reached):
        instruments = [b for b in description.benchmarks if b.level == level]
        found.append(
            evaluate_level(
                level,
                description.scale.words[k],
                tested.cases.outcomes[level].to_numpy(),
                {name: p[:, k] for name, p in tested.probability.items()},
                tested.cases.keys[PERSON_ID].to_numpy(),
                groups,
                chosen=tested.chosen,
                cutoffs=[tested.cutoffs.values[k]],
                scores={b.title: tested.cases.benchmarks[b.name].to_numpy() for b in instruments},
                score_cuts={b.title: b.cut for b in instruments if b.cut is not None},
                constant=tested.constant,
                settings=settings,
                seed=seed,
                progress=progress,
            )
        )
    return found


def report_context(
    tested: Tested,
    description: Description,
    evaluations: Sequence[LevelEvaluation],
    *,
    title: str,
    split: str,
    importance: Mapping[str, Sequence[tuple[str, float]]],
    technical: Mapping[str, str],
    notes: Sequence[str] = (),
    origin: Origin | None = None,
    steps: Sequence[tuple[str, int]] = (),
    front: Sequence[Section] = (),
    sections: Sequence[Section] = (),
) -> ReportContext:
    """Gather what the report says about the tested cases; ``steps`` stand in the flow between cases and tested ones."""
    origin = origin or Origin()
    phrases = {f.name: f.phrase for f in description.features}
    scale, cutoffs = description.scale, tested.cutoffs
    return ReportContext(
        title=title,
        table_title=description.head.title,
        source=description.head.source,
        words=dict(zip(scale.reached, scale.words, strict=True)),
        evaluations=evaluations,
        flow=[*tested.cases.counts.items(), *steps, ("tested", len(tested.cases))],
        cautions=cautions_of(description),
        importance={level: [(phrases[n], v) for n, v in values] for level, values in importance.items()},
        exceptions=[(e.columns, e.reason, _allowed(e)) for e in description.exceptions],
        costs={
            "matrix": cutoffs.cost_matrix(),
            "signed_by": cutoffs.signed_by,
            "reason": cutoffs.reason,
            "bands": list(scale.bands),
            "outcomes": list(scale.levels),
        },
        split=split,
        notes=notes,
        technical=technical,
        population=description.head.about,
        portrait=origin.portrait,
        front=front,
        sections=sections,
        rates=origin.rates,
        made_up=_made_up(description),
        reads=tested.reads,
        used=None if tested.fitted is None else _columns_of(tested.fitted, description),
    )


def _made_up(description: Description) -> bool:
    """Return whether the table says of its people that they are made up."""
    return any("made up" in words.lower() for words in (description.head.title, *description.head.cautions))


def _columns_of(forecaster: Forecaster, description: Description) -> frozenset[str]:
    """Return the columns that a model reads, under the names of its features too."""
    names = forecaster.model.features
    return frozenset({*names, *(description.feature(name).source for name in names)})


def _allowed(exception: DeclaredException) -> str:
    return f"{exception.allowed_by}, {exception.on:%d %B %Y}" if exception.on else exception.allowed_by


def technical_facts(model: str, *, data: str, bootstrap: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what the appendix of a report says of how it was made."""
    made = {f"Version of {name}": version for name, version in versions().items()}
    return {"Model": model, **(more or {}), "Data": data, "Bootstrap": bootstrap, **made}


def cautions_of(description: Description) -> list[str]:
    """Return what a reader of results must know of the table and of its features, the same words once."""
    by_words: dict[str, list[str]] = {}
    for feature in description.features:
        if feature.caution:
            by_words.setdefault(feature.caution, []).append(feature.phrase)
    features = [f"{', '.join(phrases)}: {words}." for words, phrases in by_words.items()]
    return [*description.head.cautions, *features]


def metrics_of(evaluations: Sequence[LevelEvaluation]) -> dict[str, Any]:
    """Return each model's metrics by level as {level: {model: {metric: [value, low, high]}}}."""
    return {
        e.level: {
            name: {metric: [x.value, x.low, x.high] for metric, x in figures.items()}
            for name, figures in e.models.items()
        }
        for e in evaluations
    }


def global_importance(forecaster: Forecaster, cases: Cases, seed: int) -> list[list[tuple[str, float]]]:
    """Return for each level the features' mean absolute contribution over at most 2,000 cases, of a forest 100."""
    frame = explained_cases(forecaster, cases, seed)
    return [importance(forecaster.contributions(frame, k)) for k in range(cases.outcomes.shape[1])]


def explained_cases(forecaster: Forecaster, cases: Cases, seed: int) -> pd.DataFrame:
    """Return the features of the cases over which contributions are averaged and drawn."""
    most = IMPORTANCE_OF_A_FOREST if isinstance(forecaster.model, Forest) else IMPORTANCE_CASES
    rows = np.arange(len(cases))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return cases.features.iloc[rows].reset_index(drop=True)


def cases_digest(cases: Cases) -> str:
    """Return a hash of which cases these are, whatever their order and whatever else stands in their file."""
    ids = "\n".join(sorted(cases.keys[CASE_ID].astype(str)))
    return hashlib.sha256(ids.encode()).hexdigest()
