"""Tests of results as text."""

from __future__ import annotations

import dataclasses

from forecast.cli.results import evaluations_text, trained_text
from forecast.training.train import Trained


def test_every_model_of_every_level_has_its_figures(trained: Trained):
    text = evaluations_text(trained.evaluations)
    assert text.count("boosting (chosen)") == 2
    assert text.count("base-rate") == 2
    for e in trained.evaluations:
        assert f"{e.words}: {e.cases:,} cases of {e.people:,} people, {e.events:,} with the outcome" in text


def test_notes_and_the_tracked_run_are_named_where_there_are_any(trained: Trained):
    assert "Tracked" not in trained_text(trained)
    assert "Note:" not in trained_text(trained)
    text = trained_text(dataclasses.replace(trained, run_id="run-1", notes=["one", "two"]))
    assert "Note: one\nNote: two" in text
    assert "Tracked as run run-1" in text


def test_where_things_lie_is_said(trained: Trained):
    text = trained_text(trained)
    assert f"Bundle {trained.model_id} in {trained.folder}" in text
    assert str(trained.folder / "report.html") in text
