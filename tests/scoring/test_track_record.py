"""Tests of what is said of a model's test."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from forecast.explanations.texts import load_texts
from forecast.models.bundle import ModelBundle
from forecast.scoring.track_record import EVALUATION, track_record

TEXTS = load_texts()
AUC = {"value": 0.8, "low": 0.79, "high": 0.81}
BIN = {"cases": 90, "lowest": 0.3, "highest": 0.4, "observed": 0.36, "low": 0.31, "high": 0.42}
OF_100 = {"false_positives": {"value": 18.7}, "false_negatives": {"value": 9.3}}


def bundle_with(bundle: ModelBundle, folder: Path, **changes: Any) -> ModelBundle:
    """Return the bundle with an evaluation of its level `any` in ``folder``."""
    entry = {
        "level": "any",
        "chosen": "boosting",
        "models": {"boosting": {"auc": AUC}},
        "reliability": [BIN, BIN | {"lowest": 0.5, "highest": 0.6}],
        "confusions": [{"cutoff": 0.4, "of_100": OF_100}],
    }
    (folder / EVALUATION).write_text(json.dumps([entry | changes]), "utf-8")
    return dataclasses.replace(bundle, folder=folder, manifest={**bundle.manifest, "files": {EVALUATION: ""}})


def test_people_with_such_a_figure_pairs_and_errors_are_said(bundle: ModelBundle, tmp_path: Path):
    words = bundle.scale.words[0]
    assert track_record(bundle_with(bundle, tmp_path), 0, 0.35, TEXTS) == (
        f"Of those with a figure of 30 to 40 in 100, 36 in 100 were {words} (95 times of 100 between 31 and 42).",
        f"Take one person who was {words} and one who was not. In 80 of 100 such pairs the first had the higher "
        "figure (95 times of 100 between 79 and 81). Guessing gives 50.",
        f"Say a line is drawn at 40 in 100. Of 100 people, 19 were over it and were not {words}. 9 were under it "
        "and were.",
    )


@pytest.mark.parametrize("probability", [0.1, 0.45, 0.9])
def test_nothing_is_said_of_people_with_such_a_figure_where_the_test_had_none(
    bundle: ModelBundle, tmp_path: Path, probability: float
):
    said = track_record(bundle_with(bundle, tmp_path), 0, probability, TEXTS)
    assert not [line for line in said if line.startswith("Of those")]


def test_a_figure_without_an_interval_is_said_without_one(bundle: ModelBundle, tmp_path: Path):
    plain = {"boosting": {"auc": {"value": 0.8, "low": None, "high": None}}}
    said = " ".join(track_record(bundle_with(bundle, tmp_path, models=plain), 0, 0.9, TEXTS))
    assert "In 80 of 100 such pairs the first had the higher figure. Guessing gives 50." in said


def test_without_an_evaluation_the_manifest_tells_and_without_both_nothing_is_said(bundle: ModelBundle):
    without = dataclasses.replace(bundle, manifest={**bundle.manifest, "files": {}})
    [said] = track_record(without, 0, 0.5, TEXTS)
    assert f"In {round(100 * bundle.manifest['metrics']['any']['boosting']['auc'][0])} of 100 such pairs" in said
    bare = dataclasses.replace(bundle, manifest={**bundle.manifest, "files": {}, "metrics": {}})
    assert track_record(bare, 0, 0.5, TEXTS) == ()


def test_a_level_that_the_evaluation_does_not_hold_falls_back_on_the_manifest(bundle: ModelBundle, tmp_path: Path):
    [said] = track_record(bundle_with(bundle, tmp_path), 1, 0.1, TEXTS)
    assert bundle.scale.words[1] in said
