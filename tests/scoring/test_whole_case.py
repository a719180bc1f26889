"""Tests of all that is said of a case, and of its outputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.scoring.corrections import Corrected
from forecast.scoring.one import explain_case, explain_record
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


def test_after_a_correction_the_record_is_counted_as_it_is_and_tried_as_it_is_left(
    record_bundle: ModelBundle, checked: Path, settings: Settings
):
    records, custody_id = person_with_history(checked / "records")
    gone = records.custody_events.sort_by("recorded_at")["custody_id"][0].as_py()
    before = case_of_records(record_bundle, checked / "records", custody_id, settings)
    after = case_of_records(record_bundle, checked / "records", custody_id, settings, without=gone)
    assert isinstance(after.corrected, Corrected)
    assert after.corrected.before == before.explained
    assert after.used == before.used
    assert dict(after.used.counts)["custody_events"] == len(set(records.custody_events["custody_id"].to_pylist()))
    assert gone not in {change.record for change in after.trial.changes}


def test_the_picture_of_a_correction_says_so(
    case: WholeCase, bundle: ModelBundle, file: Path, table: pd.DataFrame, settings: Settings
):
    changed = case_of_table(bundle, file, table["case_id"][2], settings, {"priors": "40"})
    texts = [e.text or "" for e in ElementTree.fromstring(changed.drawing().svg()).iter()]
    said = " ".join(texts)
    assert "With a change: earlier arrests on record: '" in said
    assert "Nothing on record was changed." in said
    assert any(text.startswith(f"The forecast of case {table['case_id'][2]} and its reasons. With a") for text in texts)
    assert "With a change" not in case.drawing().svg()


def test_a_person_with_a_refused_row_has_no_explained_forecast_either(
    record_bundle: ModelBundle, checked: Path, settings: Settings, tmp_path: Path
):
    refused = pq.read_table(checked / "quarantine" / "offences.parquet")["person_id"].to_pylist()
    events = pq.read_table(checked / "records" / "custody_events.parquet").to_pylist()
    custody_id = next(e["custody_id"] for e in events if e["person_id"] in refused)
    alone = Path(shutil.copytree(checked / "records", tmp_path / "alone" / "records"))
    named = checked / "quarantine"
    for call in (
        lambda: case_of_records(record_bundle, checked / "records", custody_id, settings),
        lambda: case_of_records(record_bundle, alone, custody_id, settings, quarantine=named),
        lambda: explain_record(record_bundle, checked / "records", custody_id, settings),
    ):
        with pytest.raises(Problem) as found:
            call()
        assert found.value.code == "one-refused"
        assert found.value.facts["refusal"] == "record-offence-unknown"
    for nowhere in (
        lambda: case_of_records(record_bundle, alone, custody_id, settings),
        lambda: explain_record(record_bundle, alone, custody_id, settings),
    ):
        with pytest.raises(Problem) as found:
            nowhere()
        assert found.value.code == "score-quarantine-missing"


def test_a_record_without_a_name_is_not_left_out(record_bundle: ModelBundle, checked: Path, settings: Settings):
    _, custody_id = person_with_history(checked / "records")
    with pytest.raises(Problem) as found:
        case_of_records(record_bundle, checked / "records", custody_id, settings, without="")
    assert found.value.code == "correction-record-unknown"


def test_outputs_in_two_folders_are_written_both_or_none(case: WholeCase, tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "file").write_text("no folder", "utf-8")
    (tmp_path / "one" / "e.json").write_text("old", "utf-8")
    with pytest.raises(Problem) as found:
        write_outputs(case, {"json": tmp_path / "one" / "e.json", "picture": tmp_path / "file" / "p.svg"})
    assert found.value.facts["path"] == tmp_path / "file" / "p.svg"
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["e.json"]
    assert (tmp_path / "one" / "e.json").read_text("utf-8") == "old"
    write_outputs(case, {"json": tmp_path / "one" / "e.json", "picture": tmp_path / "two" / "p.svg"})
    assert (tmp_path / "two" / "p.svg").is_file()
    assert json.loads((tmp_path / "one" / "e.json").read_text("utf-8"))["case_id"] == case.explained.case_id


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
