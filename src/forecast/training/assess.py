"""Evaluate forecasts of tested cases and gather what the report says; used by training and by `forecast evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.cases import PERSON_ID
from forecast.evaluation.evaluate import evaluate_level
from forecast.evaluation.report import ReportContext
from forecast.progress import SILENT, Progress

if TYPE_CHECKING:
    from forecast.cases import Cases, Floats
    from forecast.evaluation.results import LevelEvaluation
    from forecast.models.bands import CutOffs
    from forecast.settings import Settings
    from forecast.tables.description import Description


@dataclass(frozen=True)
class Tested:
    """Cases that no model had seen, with every model's (n, K-1) probabilities; ``chosen`` names the bundle's model."""

    cases: Cases
    probability: Mapping[str, Floats]
    chosen: str
    cutoffs: CutOffs
    constant: tuple[str, ...] = ()
    """Models that forecast the same for everybody."""


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
) -> ReportContext:
    """Gather what the report says about the tested cases."""
    phrases = {f.name: f.phrase for f in description.features}
    scale, cutoffs = description.scale, tested.cutoffs
    return ReportContext(
        title=title,
        table_title=description.head.title,
        source=description.head.source,
        words=dict(zip(scale.reached, scale.words, strict=True)),
        evaluations=evaluations,
        flow=[*tested.cases.counts.items(), ("tested", len(tested.cases))],
        cautions=[*description.head.cautions, *_feature_cautions(description)],
        importance={level: [(phrases[n], v) for n, v in values] for level, values in importance.items()},
        exceptions=[(e.columns, e.reason, e.allowed_by) for e in description.exceptions],
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
    )


def _feature_cautions(description: Description) -> list[str]:
    """Gather the features' cautions, those with the same words together."""
    by_words: dict[str, list[str]] = {}
    for feature in description.features:
        if feature.caution:
            by_words.setdefault(feature.caution, []).append(feature.phrase)
    return [f"{', '.join(phrases)}: {words}." for words, phrases in by_words.items()]


def metrics_of(evaluations: Sequence[LevelEvaluation]) -> dict[str, Any]:
    """Return each model's metrics by level as {level: {model: {metric: [value, low, high]}}}."""
    return {
        e.level: {
            name: {metric: [x.value, x.low, x.high] for metric, x in figures.items()}
            for name, figures in e.models.items()
        }
        for e in evaluations
    }
