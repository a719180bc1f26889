"""Gather the report's sections beyond the levels: models, costs, the forest's tables, limits, sample size, groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import AS_OF, PERSON_ID
from forecast.evaluation.contribution_plots import Moved, contributions_section
from forecast.evaluation.costs import costs_section
from forecast.evaluation.coverage import Coverage, coverage
from forecast.evaluation.coverage_page import coverage_section
from forecast.evaluation.further import Further, measure_further
from forecast.evaluation.further_sections import front_section, further_sections
from forecast.evaluation.hart_section import hart_section
from forecast.evaluation.sample_size import SampleSize, sample_size, sample_size_section
from forecast.explanations.points import to_points
from forecast.models.forest import Forest
from forecast.progress import SILENT, Progress
from forecast.training.assess import explained_cases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from forecast.evaluation.page import Section
    from forecast.models.forecaster import Forecaster
    from forecast.settings import Settings
    from forecast.tables.description import Description
    from forecast.training.assess import Tested

COSTS_REPLICATES = 200


@dataclass(frozen=True)
class Pages:
    """The report's further parts: ``front`` for its first page, and what was measured for them."""

    front: Sequence[Section]
    sections: Sequence[Section]
    further: Further | None
    coverage: Coverage | None
    sizes: Mapping[str, SampleSize]


def pages_of(
    tested: Tested,
    description: Description,
    settings: Settings,
    *,
    seed: int,
    forecaster: Forecaster | None = None,
    brief: bool = False,
    progress: Progress = SILENT,
) -> Pages:
    """Measure and lay out what the report says of tested cases beyond each level.

    ``forecaster``: the bundle's model, to draw how facts move its forecasts of these cases. ``brief`` leaves out what
    takes longest: that, the comparison of models, decision curves, months, groups and proxies.
    """
    scale, cases = description.scale, tested.cases
    words = dict(zip(scale.reached, scale.words, strict=True))
    happened = cases.outcomes.to_numpy(dtype=bool)
    persons = cases.keys[PERSON_ID].to_numpy()
    costs = costs_section(tested.cutoffs, tested.probability[tested.chosen], happened.sum(axis=1), scale,
                          persons=persons, replicates=COSTS_REPLICATES, seed=seed)  # fmt: skip
    sections = [costs, *([hart_section(tested.forest, target=tested.forest_target)] if tested.forest else [])]
    limits = _coverage(tested, description)
    if limits is not None:
        sections.append(_coverage_section(tested, limits, words))
    sizes = _sizes(tested, words)
    sections += [sample_size_section(sizes)] if sizes else []
    if brief:
        return Pages([], sections, None, limits, sizes)
    features = tested.fitted.model.features if tested.fitted is not None else None
    further = measure_further(cases, tested.probability, tested.chosen, description, settings, cutoffs=tested.cutoffs,
                              seed=seed, progress=progress, constant=tested.constant, features=features)  # fmt: skip
    drawn = [] if forecaster is None else _moved(forecaster, tested, description, seed)
    return Pages([front_section(further)], [*sections, *drawn, *further_sections(further)], further, limits, sizes)


def _moved(forecaster: Forecaster, tested: Tested, description: Description, seed: int) -> list[Section]:
    """Draw contributions; not of a forest, which takes long to explain, nor where no feature is read."""
    names = forecaster.model.features
    if isinstance(forecaster.model, Forest) or not names or not len(tested.cases):
        return []
    frame = explained_cases(forecaster, tested.cases, seed)
    features = [description.feature(name) for name in names]
    parts = zip(description.scale.words, forecaster.explained(frame)[1], strict=True)
    return [contributions_section([Moved(words, to_points(made).values, frame, features) for words, made in parts])]


def _coverage(tested: Tested, description: Description) -> Coverage | None:
    known = tested.uncertainty
    if known is None or tested.limits is None:
        return None
    as_of = tested.cases.keys[AS_OF]
    return coverage(
        tested.limits,
        tested.cases.outcomes.to_numpy(dtype=bool),
        tested.cases.keys[PERSON_ID].to_numpy(),
        scale=description.scale,
        sets=known.sets,
        as_of=as_of if as_of.notna().all() else None,
    )


def _coverage_section(tested: Tested, found: Coverage, words: Mapping[str, str]) -> Section:
    known = tested.uncertainty
    assert known is not None
    return coverage_section(
        found, words, intervals=known.intervals, support=known.support, vacuous_in_training=known.sets.vacuous
    )


def _sizes(tested: Tested, words: Mapping[str, str]) -> Mapping[str, SampleSize]:
    """Return by the words of each level how many cases are needed and how many there were."""
    learnt = tested.learnt
    if learnt is None:
        return {}
    people = int(np.unique(learnt.cases.keys[PERSON_ID].to_numpy().astype(str)).size)
    return {
        said: sample_size(
            parameters=learnt.parameters,
            happened=learnt.cases.outcomes[level].to_numpy(dtype=bool),
            probability=learnt.probability[:, k],
            people=people,
        )
        for k, (level, said) in enumerate(words.items())
    }
