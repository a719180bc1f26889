"""Say in words how an experiment was split and what a reader of its figures must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forecast.cases import PERSON_ID

if TYPE_CHECKING:
    from forecast.tables.description import Description
    from forecast.training.assess import Tested
    from forecast.training.material import Material


def notes_of(material: Material) -> list[str]:
    """Say what a reader must know about the split."""
    notes = []
    for fold in material.repeats[0]:
        if fold.purged:
            notes.append(
                f"{fold.purged:,} cases were purged: their outcome was not complete when the test period began."
            )
        if fold.overlapping:
            notes.append(
                "Overlapping, not evidence: this repeats the years of the published design, not its model. The "
                f"outcomes of {fold.overlapping:,} training cases reach into the test period, so the figures flatter "
                "the forecast."
            )
    if material.experiment.split != "folds":
        fold = material.repeats[0][0]
        persons = material.cases.keys[PERSON_ID]
        both = persons.iloc[fold.test].isin(persons.iloc[fold.train])
        if both.any():
            notes.append(
                f"{int(both.sum()):,} of {len(both):,} tested cases are of people who are in the training part too."
            )
    if material.description.follow_up != "complete":
        reason = material.description.raw["outcome"]["follow_up_reason"]
        notes.append(f"Cases without complete follow-up are kept: {reason}.")
    return notes


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
    if material.experiment.split == "folds":
        return []
    fold = material.repeats[0][0]
    rest = len(material.cases) - len(fold.train) - len(fold.test) - fold.purged
    steps = [("fitted and calibrated on", len(fold.train))]
    steps += [("purged: outcome not complete when the test began", fold.purged)] if fold.purged else []
    return steps + ([("outside the training and the test period", rest)] if rest else [])


def split_sentence(material: Material) -> str:
    """Say in a sentence how the figures were come by."""
    experiment, first = material.experiment, material.repeats[0]
    if experiment.split == "folds":
        return (
            f"{len(first)} folds by person: each person's forecast comes from models fitted and calibrated on the "
            "other folds. The bundle's model is then fitted on all cases."
        )
    how = "the table's own flag" if experiment.split == "flag" else f"time, {first[0].label}"
    warning = "Overlapping, not evidence. " if first[0].overlapping else ""
    purged = f" {first[0].purged:,} cases between them were purged." if first[0].purged else ""
    return (
        f"{warning}By {how}: {len(first[0].train):,} cases to fit and calibrate, {len(first[0].test):,} to test."
        f"{purged} The bundle's model is the one that was tested."
    )
