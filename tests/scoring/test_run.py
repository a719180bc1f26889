"""Tests of scoring runs on records: everybody accounted for, the same bytes whatever happened on the way."""

from __future__ import annotations

import dataclasses
import datetime
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forecast.features.compute import compute, prepare
from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.arrange import arrange
from forecast.records.moments import moments
from forecast.records.partitions import load_records
from forecast.scoring import batch, run
from forecast.scoring.batch import score_file
from forecast.scoring.delta import known_until
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.lock import locked
from forecast.scoring.of_records import RecordsJob
from forecast.scoring.work import Work
from forecast.settings import Settings
from tests.scoring.force import DAY, Force, Stopped, code_of, hidden, manifest_of, read, stopped_after, written

LEVELS = ("any", "serious")


@pytest.fixture(scope="module")
def whole(checked: Path, record_bundle: ModelBundle, settings: Settings, tmp_path_factory: Any) -> dict[str, bytes]:
    """What an uninterrupted run writes."""
    force = Force(checked, record_bundle, dataclasses.replace(settings, score_events=2_000))
    folder = tmp_path_factory.mktemp("whole")
    force.score(folder / "scores.parquet")
    return written(folder)


def test_scores_are_those_of_the_record_scorer_on_all_records_at_once(force: Force, tmp_path: Path):
    from forecast.scoring.refusals import find_quarantine, read_refusals

    done = force.score(tmp_path / "scores.parquet")
    refusals = read_refusals(find_quarantine(force.records, None), force.records)
    scorer = RecordScorer.open(force.bundle, force.settings)
    assert read(done.out).equals(scorer.score(load_records(force.records), refused=refusals.people))


def test_probabilities_are_the_forecasts_of_the_bundle(force: Force, tmp_path: Path):
    found = read(force.score(tmp_path / "scores.parquet", reasons=False).out)
    scorer = RecordScorer.open(force.bundle, force.settings)
    arranged = arrange(load_records(force.records))
    matrix = compute(arranged, moments(arranged), prepare(scorer.prepared.feature_set))
    assert found["custody_id"].to_pylist() == matrix["custody_id"].to_pylist()
    made = force.bundle.forecaster.forecast(scorer.reader.frame(matrix)[0])
    scored = pc.is_null(found["not_scored"]).to_numpy()
    for k, level in enumerate(LEVELS):
        assert found[f"p_{level}"].filter(pa.array(scored)).to_pylist() == made.probability[scored, k].tolist()


def test_every_person_and_every_moment_is_accounted_for(force: Force, tmp_path: Path):
    done = force.score(tmp_path / "scores.parquet", since=datetime.date(2012, 1, 1))
    manifest, found = manifest_of(done), read(done.out)
    people = manifest["people"]
    assert people["in"] == pq.read_metadata(force.records / "persons.parquet").num_rows
    assert people["in"] == sum(count for name, count in people.items() if name != "in")
    assert people["without_moment"] > 0
    assert manifest["moments"]["in"] == len(found) == done.scored + done.refused
    assert manifest["not_scored_by_code"] == done.by_code
    assert sum(done.by_code.values()) == found["not_scored"].is_valid().to_numpy().sum() == done.refused
    assert found["p_any"].is_null().equals(found["not_scored"].is_valid())
    assert len(set(found["custody_id"].to_pylist())) == len(found)


def test_a_period_is_half_open(force: Force, tmp_path: Path):
    parts = []
    for number, (since, before) in enumerate(((None, DAY), (DAY, None), (None, None))):
        done = force.score(tmp_path / f"{number}.parquet", since=since, before=before)
        parts.append(set(read(done.out)["custody_id"].to_pylist()))
    assert parts[0] | parts[1] == parts[2]
    assert not parts[0] & parts[1]
    assert parts[0]
    assert parts[1]


@pytest.mark.parametrize("events", [500, 1_000_000])
@pytest.mark.parametrize("threads", [1, 3])
def test_neither_parts_nor_threads_change_a_byte(
    force: Force, tmp_path: Path, whole: dict[str, bytes], events: int, threads: int
):
    cut = dataclasses.replace(force.settings, score_events=events, threads=threads)
    force.score(tmp_path / "scores.parquet", settings=cut)
    assert written(tmp_path) == whole
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("parts", [1, 3])
def test_a_resumed_run_gives_the_bytes_of_an_uninterrupted_one(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, bytes], parts: int
):
    out = tmp_path / "scores.parquet"
    stopped_after(parts, force, out, monkeypatch)
    assert written(tmp_path) == {}
    assert len(list(Work(out).parts.glob("*.json"))) == parts
    assert code_of(lambda: force.score(out)) == "score-unfinished"
    made = []
    monkeypatch.setattr(RecordsJob, "made", _watched(RecordsJob.made, made))
    force.score(out, resume=True)
    assert written(tmp_path) == whole
    assert hidden(tmp_path) == []
    assert len(made) == 6 - parts  # five pieces of people, and the quarantine


def _watched(original: Callable[..., Any], calls: list[Any]) -> Callable[..., Any]:
    def called(self: RecordsJob, piece: Any) -> Any:
        calls.append(piece)
        return original(self, piece)

    return called


@pytest.mark.parametrize("damage", ["cut off", "changed", "unfinished"])
def test_a_damaged_part_is_made_again(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, bytes], damage: str
):
    out = tmp_path / "scores.parquet"
    stopped_after(2, force, out, monkeypatch)
    part = Work(out).parts / "000000.scores.parquet"
    content = part.read_bytes()
    if damage == "unfinished":
        part.rename(part.with_name(part.name + ".part"))
    else:
        part.write_bytes(content[:-7] if damage == "cut off" else bytes([content[0] ^ 1]) + content[1:])
    force.score(out, resume=True)
    assert written(tmp_path) == whole


@pytest.mark.parametrize("last", ["nothing", "scores.parquet", "refused.parquet", "scores.manifest.json"])
def test_a_run_that_ended_while_its_files_took_their_names_is_resumed(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, bytes], last: str
):
    out = tmp_path / "scores.parquet"

    def put(pairs: Any) -> None:
        for source, path in pairs:
            if last == "nothing":
                raise Stopped
            if source.exists():
                source.replace(path)
            if path.name == last:
                raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(run, "put", put)
        with pytest.raises(Stopped):
            force.score(out)
    assert code_of(lambda: force.score(out)) == ("score-unfinished" if last == "nothing" else "output-exists")
    force.score(out, resume=True)
    assert written(tmp_path) == whole
    assert hidden(tmp_path) == []


def test_a_complete_run_is_not_done_again_by_a_resume(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, bytes]
):
    first = force.score(tmp_path / "scores.parquet", resume=True)  # nothing to resume: it begins
    monkeypatch.setattr(batch, "run_parts", None)
    again = force.score(tmp_path / "scores.parquet", resume=True)
    assert again == dataclasses.replace(first, notes=(*first.notes, batch.ALL_DONE))
    assert written(tmp_path) == whole
    (tmp_path / "scores.parquet").write_bytes(whole["scores.parquet"][:-1])
    assert code_of(lambda: force.score(tmp_path / "scores.parquet", resume=True)) == "output-exists"


def test_another_run_is_not_resumed(force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    out = tmp_path / "scores.parquet"
    stopped_after(1, force, out, monkeypatch)
    with pytest.raises(Problem) as found:
        force.score(out, resume=True, reasons=False)
    assert "options.reasons" in found.value.sentence
    fewer = dataclasses.replace(force.settings, reasons_shown=2, score_events=500)
    with pytest.raises(Problem) as found:
        force.score(out, resume=True, settings=fewer)
    assert "parts.score_events, settings.reasons_shown" in found.value.sentence
    done = force.score(out, restart=True, reasons=False)
    assert manifest_of(done)["reasons"] is False


def test_two_runs_on_one_output_are_kept_apart(force: Force, tmp_path: Path):
    with locked(Work(tmp_path / "scores.parquet").folder):
        assert code_of(lambda: force.score(tmp_path / "scores.parquet")) == "score-locked"
        assert force.score(tmp_path / "other.parquet").scored > 0


def test_records_that_are_changed_meanwhile_are_not_scored(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = Path(shutil.copytree(force.records, tmp_path / "records"))
    original = batch.run_parts

    def changed(*arguments: Any) -> Any:
        os.utime(copy / "offences.parquet", (1, 1))
        return original(*arguments)

    monkeypatch.setattr(batch, "run_parts", changed)
    assert code_of(lambda: force.score(tmp_path / "scores.parquet", copy)) == "score-input-changed"
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


def test_until_when_records_were_known_is_that_of_the_records_that_were_scored(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = Path(shutil.copytree(force.records, tmp_path / "records"))
    before = known_until(copy)
    original = batch.finish

    def changed(*arguments: Any) -> Any:
        rows = pq.read_table(copy / "offences.parquet")
        pq.write_table(rows.slice(0, 1), copy / "offences.parquet")  # a nightly load comes in
        return original(*arguments)

    monkeypatch.setattr(batch, "finish", changed)
    assert manifest_of(force.score(tmp_path / "scores.parquet", copy))["known_until"] == before
    assert known_until(copy) != before


@pytest.mark.parametrize("name", ["scores.parquet", "refused.parquet", "scores.manifest.json"])
def test_a_folder_is_never_replaced_by_a_file(force: Force, tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    assert code_of(lambda: force.score(tmp_path / "scores.parquet", overwrite=True)) == "output-is-folder"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["scores.parquet", "refused.parquet", "scores.manifest.json"])
def test_nothing_is_replaced_without_a_word(force: Force, tmp_path: Path, name: str):
    (tmp_path / name).write_text("mine", "utf-8")
    for resume in (False, True):
        assert code_of(lambda: force.score(tmp_path / "scores.parquet", resume=resume)) == "output-exists"  # noqa: B023
    assert (tmp_path / name).read_text("utf-8") == "mine"
    assert force.score(tmp_path / "scores.parquet", overwrite=True).scored > 0
    assert not (tmp_path / "refused.parquet").exists()  # it belonged to an older run


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"resume": True, "restart": True}, "score-choose"),
        ({"since": DAY, "before": DAY}, "score-choose"),
        ({"engine": "spark", "since_run": Path("a.parquet")}, "score-spark-delta"),
        ({"master": "local[2]"}, "score-choose"),
        ({"engine": "spark", "master": "somewhere"}, "spark-master"),
        ({"quarantine": Path("nowhere")}, "score-quarantine-other"),
        ({"since_run": Path("nowhere.parquet")}, "score-previous"),
    ],
)
def test_options_that_cannot_be_are_problems_before_any_work(
    force: Force, tmp_path: Path, asked: dict[str, Any], code: str
):
    assert code_of(lambda: force.score(tmp_path / "scores.parquet", **asked)) == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("asked", [{"since": DAY}, {"since_run": Path("a.parquet")}, {"engine": "spark"}])
def test_options_of_records_do_not_go_with_a_table(
    force: Force, table_file: Path, tmp_path: Path, asked: dict[str, Any]
):
    assert code_of(lambda: force.score(tmp_path / "s.parquet", table_file, **asked)) == "score-records-option"


def test_what_was_checked_is_kept_where_spark_does_not_work(
    force: Force, force_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from forecast.scoring import of_spark, spark_session

    def fails(*_: Any) -> Any:
        raise Problem("spark-start", master="local[2]", detail="no memory")

    monkeypatch.setattr(spark_session, "check_ready", lambda master: None)
    monkeypatch.setattr(of_spark, "spark_parts", fails)
    out = tmp_path / "scores.parquet"
    assert code_of(lambda: force.score(out, force_folder, engine="spark")) == "spark-start"
    assert (Work(out).input / "records" / "check.json").is_file()
    assert code_of(lambda: force.score(out, force_folder, engine="spark")) == "score-unfinished"


def test_a_model_of_another_table_cannot_score_records(
    bundle: ModelBundle, force: Force, settings: Settings, tmp_path: Path
):
    assert code_of(lambda: score_file(bundle, force.records, tmp_path / "s.parquet", settings)) == "score-not-records"
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_another_catalogue_cannot_score_records(force: Force, tmp_path: Path):
    data = force.bundle.manifest["data"]
    made = data["made"] | {"catalogue": dict.fromkeys(data["made"]["catalogue"], "another")}
    other = dataclasses.replace(force.bundle, manifest={**force.bundle.manifest, "data": {**data, "made": made}})
    call = dataclasses.replace(force, bundle=other).score
    assert code_of(lambda: call(tmp_path / "s.parquet")) == "model-other-catalogue"
    assert list(tmp_path.iterdir()) == []
