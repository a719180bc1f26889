"""Tests of a worker's work, called as Spark calls it but in this process."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import load_bundle
from forecast.problems import Problem, Problems
from forecast.records.partitions import load_records
from forecast.scoring import spark_worker
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.spark import part_file
from forecast.scoring.spark_worker import Job, from_text, pack, reported, to_text, unpack, versions
from forecast.settings import Settings
from tests.features.making import event, offence, one_person, records
from tests.scoring.spark_world import cut, packed_here


@pytest.fixture
def job(settings: Settings) -> Job:
    return Job(settings, reasons=True, since=None, before=None, refused=None, events_each=100)


def unpacked(job: Job, bundle: Path, folder: Path) -> Path:
    """Pack a job and unpack the archive, as Spark does on each machine."""
    folder.mkdir()
    pack(job, bundle, folder / "job.zip")
    with zipfile.ZipFile(folder / "job.zip") as file:
        file.extractall(folder)
    return folder


def test_a_worker_writes_what_a_local_run_gives(
    job: Job, bundle_folder: Path, records_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    folder, part = unpacked(job, bundle_folder, tmp_path / "job"), part_file(tmp_path, 3)
    whole = load_records(records_folder)
    person = whole.persons["person_id"][7].as_py()
    rows, problems = reported(folder, cut(packed_here(whole), 41), part)
    expected = RecordScorer.open(load_bundle(bundle_folder, threads=1), settings).score(whole)
    assert (rows, problems) == (len(expected), "")
    assert rows > 100
    assert person in expected["person_id"].to_pylist()
    assert pq.read_table(part).equals(expected)
    assert [path.name for path in tmp_path.glob("part*")] == ["part-000003.parquet"]


def test_the_job_comes_through_the_archive_as_it_was(bundle_folder: Path, settings: Settings, tmp_path: Path) -> None:
    job = Job(settings, reasons=False, since=5, before=7, refused={"é": "code: sentence"}, events_each=9)
    assert unpack(unpacked(job, bundle_folder, tmp_path / "job"))[0] == job


def test_a_force_s_own_texts_travel_with_the_job(
    job: Job, bundle_folder: Path, settings: Settings, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text("# nothing said otherwise\n", encoding="utf-8")
    job = dataclasses.replace(job, settings=dataclasses.replace(settings, texts=own))
    folder = unpacked(job, bundle_folder, tmp_path / "job")
    texts = unpack(folder)[0].settings.texts
    assert texts == folder / "texts.toml"
    assert texts.read_bytes() == own.read_bytes()


def test_a_bundle_that_was_changed_on_the_way_is_reported_and_nothing_written(
    job: Job, bundle_folder: Path, tmp_path: Path
) -> None:
    folder = unpacked(job, bundle_folder, tmp_path / "job")
    name = next(iter(load_bundle(bundle_folder, threads=1).manifest["files"]))
    (folder / "bundle" / name).write_bytes(b"other")
    rows, problems = reported(folder, [], part_file(tmp_path, 0))
    assert (rows, [each.code for each in from_text(problems)]) == (0, ["bundle-corrupt"])
    assert not part_file(tmp_path, 0).exists()


def test_a_machine_with_other_versions_is_reported(
    job: Job, bundle_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = unpacked(job, bundle_folder, tmp_path / "job")
    monkeypatch.setattr(spark_worker, "versions", lambda: {**versions(), "numpy": "1.0"})
    [problem] = from_text(reported(folder, [], part_file(tmp_path, 0))[1])
    assert problem.code == "spark-versions"
    assert "numpy 1.0 in place of" in problem.sentence


def test_a_problem_of_one_worker_stops_the_others_with_the_same_problem(
    job: Job, bundle_folder: Path, tmp_path: Path
) -> None:
    folder = unpacked(job, bundle_folder, tmp_path / "job")
    orphan = records(one_person([event("c", 1)], [offence("o", "of nobody", 2)]))
    sound = records(one_person([event("c", 1)]))
    first = reported(folder, cut(packed_here(orphan), 10), part_file(tmp_path, 0))
    second = reported(folder, cut(packed_here(sound), 10), part_file(tmp_path, 1))
    assert [each.code for each in from_text(first[1])] == ["records-orphans"]
    assert second == first
    assert not list(tmp_path.glob("part*.parquet"))


def test_a_part_that_cannot_be_written_is_reported(job: Job, bundle_folder: Path, tmp_path: Path) -> None:
    folder = unpacked(job, bundle_folder, tmp_path / "job")
    sound = records(one_person([event("c", 1)]))
    [problem] = from_text(reported(folder, cut(packed_here(sound), 10), part_file(tmp_path / "nowhere", 1))[1])
    assert problem.code == "score-no-room"


def test_problems_come_back_from_text_in_the_same_words() -> None:
    some = Problem("file-missing", path=Path("a b"))
    number = Problem("setting-range", path="p", key="k", found=3, low=0.5, high=None)
    for found in (some, Problems([some, number])):
        back = from_text(to_text(found))
        items = found.items if isinstance(found, Problems) else (found,)
        assert [(each.code, str(each)) for each in back] == [(each.code, str(each)) for each in items]
        assert json.loads(to_text(found))
