"""Tests of all that is said of a case, and of its outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.scoring.corrections import Corrected
from forecast.scoring.one import explain_case
from forecast.scoring.whole_case import (
    SUFFIXES,
    WholeCase,
    case_of_records,
    case_of_table,
    check_outputs,
    write_outputs,
)
from forecast.settings import Settings
from tests.scoring.people import person_with_history


@pytest.fixture
def file(table: pd.DataFrame, tmp_path: Path) -> Path:
    table.to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path / "cases.csv"


@pytest.fixture
def case(bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings) -> WholeCase:
    return case_of_table(bundle, file, table["case_id"][2], settings)


def test_a_case_without_a_correction_is_the_explained_case(case: WholeCase, file: Path, settings: Settings):
    assert case.explained == explain_case(case.bundle, file, case.explained.case_id, settings)
    assert case.corrected is None
    assert case.used.source == "cases.csv"


def test_after_a_correction_records_and_what_hangs_on_them_are_those_that_are_left(
    record_bundle: ModelBundle, checked: Path, settings: Settings
):
    records, custody_id = person_with_history(checked / "records")
    gone = records.custody_events.sort_by("recorded_at")["custody_id"][0].as_py()
    before = case_of_records(record_bundle, checked / "records", custody_id, settings)
    after = case_of_records(record_bundle, checked / "records", custody_id, settings, without=gone)
    assert isinstance(after.corrected, Corrected)
    assert after.corrected.before == before.explained
    assert dict(after.used.counts)["custody_events"] == dict(before.used.counts)["custody_events"] - 1
    assert gone not in {change.record for change in after.trial.changes}


def test_the_data_of_a_case_are_plain_and_whole(case: WholeCase):
    data = json.loads(json.dumps(case.data(), allow_nan=False))
    assert data["probability"] == case.explained.probability
    assert [step["level"] for step in data["distance"]] == [step.level for step in case.steps]
    assert data["would_change"]["tried"] == case.trial.tried
    assert data["band_signed"] is False


def test_outputs_are_written_all_or_none(case: WholeCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    outputs = {"json": tmp_path / "e.json", "picture": tmp_path / "p.svg"}
    before = sorted(tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forecast.explanations.drawing.Drawing.svg", full)
    with pytest.raises(Problem) as found:
        write_outputs(case, outputs)
    assert found.value.code == "file-unwritable"
    assert sorted(tmp_path.iterdir()) == before
    monkeypatch.undo()
    write_outputs(case, outputs)
    assert {"e.json", "p.svg"} <= {path.name for path in tmp_path.iterdir()}


def test_no_ending_belongs_to_two_outputs_so_that_none_replaces_another():
    endings = [ending for group in SUFFIXES.values() for ending in group]
    assert len(endings) == len(set(endings))


def test_an_output_is_checked_before_any_work(tmp_path: Path):
    (tmp_path / "a.html").write_text("old", "utf-8")
    for outputs, code in (
        ({"sheet": tmp_path / "a.doc"}, "explain-output-format"),
        ({"sheet": tmp_path / "a.html"}, "output-exists"),
    ):
        with pytest.raises(Problem) as found:
            check_outputs(outputs, tmp_path / "cases.csv")
        assert found.value.code == code
    check_outputs({"sheet": tmp_path / "a.html"}, tmp_path / "cases.csv", overwrite=True)
