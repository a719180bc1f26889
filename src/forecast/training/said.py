"""Say in words how an experiment was split and what a reader of its figures must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.training.overlap import overlapping_cases
from forecast.training.parts import OVERLAPPING, WEIGHTED, shown_name
from forecast.training.splits import returning_people

if TYPE_CHECKING:
    from forecast.tables.description import Description
    from forecast.training.assess import Tested
    from forecast.training.material import Material
    from forecast.training.splits import Fold


def notes_of(material: Material) -> list[str]:
    """Say what a reader must know about the split."""
    notes = [note for fold in material.repeats[0] for note in _fold_notes(fold, material)]
    if material.experiment.split != "folds":
        tested = sum(len(fold.test) for fold in material.repeats[0])
        weighted = material.experiment.chosen_weighted
        returning = int(returning_people(material.cases, material.repeats[0], weighted=weighted).sum())
        if returning:
            notes.append(f"{returning:,} of {tested:,} tested cases are of people who are in the training part too.")
    if material.description.follow_up != "complete":
        reason = material.description.raw["outcome"]["follow_up_reason"]
        notes.append(f"Cases without complete follow-up are kept: {reason}.")
    return notes


def _fold_notes(fold: Fold, material: Material) -> list[str]:
    notes = []
    where = f"{fold.label}: " if len(material.repeats[0]) > 1 else ""
    late = 0 if fold.censored is None else len(fold.censored)
    if fold.purged + late:
        weighted = [name for name in material.experiment.models if name.endswith(WEIGHTED)]
        use = (
            f" ({', '.join(weighted)} learns from {late:,} of them, weighted for what was not known yet)"
            if late
            else ""
        )
        notes.append(
            f"{where}{fold.purged + late:,} cases were purged: their outcome was not complete when the test period "
            f"began{use}."
        )
    if fold.overlapping:
        notes.append(
            f"{where}Overlapping, not evidence: this repeats the years of the published design. The outcomes of "
            f"{fold.overlapping:,} training cases reach into the test period, so the figures flatter the forecast."
        )
    return [*notes, *_overlapping_notes(fold, material)]


def _overlapping_notes(fold: Fold, material: Material) -> list[str]:
    """Say what models that stand beside only to repeat the published overlap were fitted on."""
    names = [shown_name(name) for name in material.experiment.models if name.endswith(OVERLAPPING)]
    if not names:
        return []
    seen = overlapping_cases(material.cases, fold, material.description.closing_months)
    late = len(seen) - len(fold.train) + fold.overlapping
    return [
        f"{', '.join(names)}: fitted on all {len(seen):,} cases before the test, as the published years overlapped. "
        f"The outcomes of {late:,} of them reach into the test period, so its figures flatter it."
    ]


def repeat_notes(tested: Sequence[Tested], description: Description) -> list[str]:
    """Say how far the plain figures move when the folds are drawn anew."""
    if len(tested) < 2:
        return []
    notes = []
    for k, level in enumerate(description.scale.reached):
        scores = [
            float(np.mean((t.probability[t.chosen][:, k] - t.cases.outcomes[level].to_numpy()) ** 2)) for t in tested
        ]
        notes.append(
            f"Folds drawn {len(scores)} times: Brier score of '{level}' from {min(scores):.4f} to {max(scores):.4f}, "
            f"mean {np.mean(scores):.4f}; intervals are of the first draw."
        )
    return notes


def steps_of(material: Material) -> list[tuple[str, int]]:
    """Return what became of the cases that are not tested, where there is one training and one test part."""
    if material.experiment.split not in ("time", "flag"):
        return []
    fold = material.repeats[0][0]
    late = 0 if fold.censored is None else len(fold.censored)
    rest = len(material.cases) - len(fold.train) - len(fold.test) - fold.purged - late
    steps = [("fitted and calibrated on", len(fold.train))]
    steps += [("outcome not complete when the test began: only for weighted models", late)] if late else []
    steps += [("purged: outcome not complete when the test began", fold.purged)] if fold.purged else []
    return steps + ([("outside the training and the test period", rest)] if rest else [])


def split_sentence(material: Material) -> str:
    """Say in a sentence how the figures were come by."""
    experiment, folds = material.experiment, material.repeats[0]
    if experiment.split == "folds":
        return (
            f"{len(folds)} folds by person: each person's forecast comes from models fitted and calibrated on the "
            "other folds. The bundle's model is then fitted on all cases."
        )
    last = folds[-1]
    if experiment.split == "rolling":
        tested = sum(len(fold.test) for fold in folds)
        return (
            f"Time again and again: {len(folds)} fits, each tested on the cases that followed it ({tested:,} in all) "
            f"and never on earlier ones. The bundle's model is that of the last fit, on {len(last.train):,} cases."
        )
    how = "the table's own flag" if experiment.split == "flag" else f"time, {last.label}"
    warning = "Overlapping, not evidence. " if last.overlapping else ""
    late = last.purged + (0 if last.censored is None else len(last.censored))
    purged = f" {late:,} cases between them were purged." if late else ""
    return (
        f"{warning}By {how}: {len(last.train):,} cases to fit and calibrate, {len(last.test):,} to test."
        f"{purged} The bundle's model is the one that was tested."
    )
