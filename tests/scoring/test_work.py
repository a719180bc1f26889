"""Tests of the folder that keeps what a run has done."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from forecast.models.bundle import ModelBundle, load_bundle
from forecast.problems import Problem
from forecast.scoring.batch import score_file
from forecast.scoring.lock import LOCK, locked
from forecast.scoring.work import PLAN, Work, differences, digest, put
from forecast.settings import Settings

SECONDS = 3.0
PLANNED: dict[str, Any] = {"model_id": "a", "settings": {"reasons_shown": 6}, "parts": {"chunk_rows": 10}}
TABLES = {"scores": pa.table({"p": [0.1, 0.2]})}


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """The work of a run that was ended after its first part."""
    work = Work(tmp_path / "scores.parquet")
    work.folder.mkdir()
    work.begin(PLANNED, resume=False, restart=False)
    work.keep(0, TABLES, {"rows": {"in": 2}})
    return work


def problem_of(work: Work, plan: dict[str, Any], **said: bool) -> Problem:
    with pytest.raises(Problem) as found:
        work.begin(plan, **{"resume": False, "restart": False, **said})
    return found.value


def test_a_finished_part_is_found_with_its_counts(work: Work):
    part = work.find(0)
    assert part is not None
    assert part.counts == {"rows": {"in": 2}}
    assert part.files["scores"].is_file()
    assert work.find(1) is None


def test_the_work_of_an_ended_run_is_neither_used_nor_lost_without_a_word(work: Work):
    problem = problem_of(work, PLANNED)
    assert problem.code == "score-unfinished"
    assert "--resume" in problem.next_step
    assert "--restart" in problem.next_step
    assert work.find(0) is not None


def test_the_same_run_is_resumed(work: Work):
    work.begin(PLANNED, resume=True, restart=False)
    assert work.find(0) is not None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model_id": "b"}, "model_id"),
        ({"settings": {"reasons_shown": 5}}, "settings.reasons_shown"),
        ({"parts": {"chunk_rows": 20}}, "parts.chunk_rows"),
        ({"since": "2017-01-01"}, "since"),
    ],
)
def test_another_run_is_not_resumed_and_what_differs_is_named(work: Work, change: dict[str, Any], named: str):
    problem = problem_of(work, PLANNED | change, resume=True)
    assert problem.code == "score-other-run"
    assert f"differ in: {named}." in problem.sentence
    assert work.find(0) is not None


def test_a_restart_throws_the_work_away(work: Work):
    work.begin(PLANNED | {"model_id": "b"}, resume=False, restart=True)
    assert work.find(0) is None
    assert json.loads((work.folder / PLAN).read_text("utf-8"))["model_id"] == "b"


def test_a_plan_that_cannot_be_read_is_not_resumed(work: Work):
    (work.folder / PLAN).write_text("{", "utf-8")
    assert problem_of(work, PLANNED, resume=True).code == "score-other-run"


def test_a_run_that_did_nothing_yet_needs_no_word(tmp_path: Path):
    work = Work(tmp_path / "scores.parquet")
    work.folder.mkdir()
    work.begin(PLANNED, resume=False, restart=False)
    work.begin(PLANNED | {"model_id": "b"}, resume=False, restart=False)
    assert not work.begun()


@pytest.mark.parametrize("damage", ["cut off", "changed", "gone", "no counts", "counts cut off"])
def test_a_damaged_part_is_not_found(work: Work, damage: str):
    file, counts = work.parts / "000000.scores.parquet", work.parts / "000000.json"
    whole = file.read_bytes()
    if damage == "cut off":
        file.write_bytes(whole[:-10])
    elif damage == "changed":
        file.write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
    elif damage == "gone":
        file.unlink()
    elif damage == "no counts":
        counts.unlink()
    else:
        counts.write_text(counts.read_text("utf-8")[:-5], "utf-8")
    assert work.find(0) is None
    work.keep(0, TABLES, {"rows": {"in": 2}})
    assert file.read_bytes() == whole


def test_differences_name_the_path_of_each_value():
    one = {"a": 1, "b": {"c": 2, "d": 3}, "e": [1]}
    assert sorted(differences(one, {"a": 1, "b": {"c": 4}, "e": [2]})) == ["b.c", "b.d", "e"]
    assert not list(differences(one, one))


def test_a_run_has_the_same_name_however_it_is_cut_into_parts():
    assert digest(PLANNED) == digest(PLANNED | {"parts": {"chunk_rows": 99}})
    assert digest(PLANNED) != digest(PLANNED | {"model_id": "b"})


def test_files_take_their_names_and_those_of_an_older_run_go(tmp_path: Path):
    (tmp_path / "new").write_text("new", "utf-8")
    (tmp_path / "refused").write_text("older", "utf-8")
    put([(tmp_path / "new", tmp_path / "out"), (tmp_path / "none", tmp_path / "refused")])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_removed_last_is_the_lock(work: Work, monkeypatch: pytest.MonkeyPatch):
    with locked(work.folder):
        removed: list[str] = []
        unlink = Path.unlink
        monkeypatch.setattr(Path, "unlink", lambda path, **how: (removed.append(path.name), unlink(path, **how)))
        work.remove()
    assert removed == [PLAN, LOCK]
    assert not work.folder.exists()


def test_work_that_another_run_has_begun_is_left_to_it(work: Work, monkeypatch: pytest.MonkeyPatch):
    """Between the end of the lock and that of the folder another run may come in."""
    unlink = Path.unlink

    def another_comes(path: Path, **how: Any) -> None:
        unlink(path, **how)
        if path.name == LOCK:
            path.write_text("theirs", "utf-8")

    with locked(work.folder):
        monkeypatch.setattr(Path, "unlink", another_comes)
        work.remove()
    assert [path.name for path in work.folder.iterdir()] == [LOCK]


def runs(bundle: Path, table: Path, out: Path, settings: Settings) -> Counter[str]:
    """Score into one output for some seconds, and count how the runs ended."""
    loaded, ended, until = load_bundle(bundle, threads=1), Counter[str](), time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            score_file(loaded, table, out, settings, reasons=False, overwrite=True)
            ended["done"] += 1
        except Problem as problem:
            ended[problem.code] += 1
    return ended


def test_processes_that_score_into_one_output_only_ever_find_it_locked(
    bundle: ModelBundle, table_file: Path, settings: Settings, tmp_path: Path
):
    arguments = (bundle.folder, table_file, tmp_path / "scores.parquet", settings)
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        found = [each.result() for each in [pool.submit(runs, *arguments) for _ in range(3)]]
    total = sum(found, Counter[str]())
    assert total.keys() <= {"done", "score-locked"}
    assert total["done"] > 0
    assert total["score-locked"] > 0
    assert not Work(tmp_path / "scores.parquet").folder.exists()
