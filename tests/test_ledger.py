"""Tests of the ledger: nothing in it can be changed without being found, and nothing complete is ever lost."""

from __future__ import annotations

import datetime
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.ledger import GENESIS, Head, Ledger
from forecast.problems import Problem

START = datetime.datetime(2026, 5, 3, 9, 30, tzinfo=datetime.UTC)


def filled(folder: Path, count: int = 4) -> Ledger:
    ledger = Ledger(folder / "ledger.jsonl", lambda: START)
    for i in range(count):
        ledger.append("promoted", "A. Person", {"model": f"m{i}", "why": "better"})
    return ledger


def lines(ledger: Ledger) -> list[bytes]:
    return ledger.path.read_bytes().splitlines(keepends=True)


def test_each_entry_names_the_hash_of_the_one_before_it(tmp_path: Path):
    entries = filled(tmp_path).entries()
    assert [e.n for e in entries] == [1, 2, 3, 4]
    assert [e.previous for e in entries] == [GENESIS, *(e.sha256 for e in entries[:-1])]
    assert entries[2].what == {"model": "m2", "why": "better"}
    assert (entries[0].at, entries[0].who, entries[0].kind) == (START, "A. Person", "promoted")


def test_the_file_is_plain_lines_with_the_time_in_utc(tmp_path: Path):
    text = lines(filled(tmp_path, 1))[0].decode()
    assert text.startswith('{"at": "2026-05-03T09:30:00.000000+00:00", "kind": "promoted", "n": 1, "previous": "000')


def test_an_empty_ledger_is_whole_and_has_no_entries(tmp_path: Path):
    ledger = Ledger(tmp_path / "none.jsonl")
    assert ledger.entries() == ()
    assert ledger.verify() is None
    assert ledger.head() == Head()


@pytest.mark.parametrize("who", ["", "  ", "\t\n"])
def test_an_entry_by_nobody_is_refused_and_nothing_is_written(tmp_path: Path, who: str):
    ledger = filled(tmp_path)
    before = ledger.path.read_bytes()
    with pytest.raises(Problem) as caught:
        ledger.append("promoted", who, {})
    assert caught.value.code == "ledger-nobody"
    assert ledger.path.read_bytes() == before


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    ledger = filled(tmp_path_factory.mktemp("whole"), 3)
    ledger.append("stage", "Ödön Naïve", {"why": "a \\ backslash, a \u2028 line, a \r return", "number": 0.1})
    return ledger


@settings(max_examples=300, deadline=None)
@given(head=st.booleans(), place=st.integers(0, 10_000), by=st.integers(1, 255), how=st.sampled_from("=+-"))
def test_any_edit_of_a_single_byte_is_found(whole: Ledger, head: bool, place: int, by: int, how: str):
    path = whole.head_path if head else whole.path
    kept = path.read_bytes()
    place %= len(kept)
    other = bytes([kept[place] ^ by])
    middle = {"=": other, "+": other + kept[place : place + 1], "-": b""}[how]
    try:
        path.write_bytes(kept[:place] + middle + kept[place + 1 :])
        problem = whole.verify()
    finally:
        path.write_bytes(kept)
    assert problem is not None
    assert problem.code == "ledger-broken"
    assert whole.verify() is None


def test_an_edited_entry_is_named(tmp_path: Path):
    ledger = filled(tmp_path)
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b'"model": "m1"', b'"model": "m9"'))
    problem = ledger.verify()
    assert problem is not None
    assert problem.facts["n"] == 2
    assert "its content is not what its hash was made of" in problem.sentence
    with pytest.raises(Problem, match="broken at entry 2"):
        ledger.entries()


@pytest.mark.parametrize(
    ("order", "n"),
    [((0, 2, 3), 2), ((1, 2, 3), 1), ((0, 2, 1, 3), 2), ((0, 1, 1, 2, 3), 3), ((0, 1), 3), ((), 1)],
    ids=["removed", "first removed", "reordered", "repeated", "cut off", "emptied"],
)
def test_lines_removed_reordered_or_cut_off_are_found_where_it_breaks(tmp_path: Path, order: tuple[int, ...], n: int):
    ledger = filled(tmp_path)
    kept = lines(ledger)
    ledger.path.write_bytes(b"".join(kept[i] for i in order))
    problem = ledger.verify()
    assert problem is not None
    assert (problem.code, problem.facts["n"]) == ("ledger-broken", n)


def test_a_cut_off_end_is_not_appended_to(tmp_path: Path):
    ledger = filled(tmp_path)
    ledger.path.write_bytes(b"".join(lines(ledger)[:2]))
    before = ledger.path.read_bytes()
    with pytest.raises(Problem, match="the end is cut off: the head counts 4 entries"):
        ledger.append("promoted", "A. Person", {})
    assert ledger.path.read_bytes() == before


def test_a_ledger_without_its_head_or_a_head_without_its_ledger_is_broken(tmp_path: Path):
    ledger = filled(tmp_path)
    head = ledger.head_path.read_bytes()
    ledger.head_path.unlink()
    problem = ledger.verify()
    assert problem is not None
    assert "is gone" in problem.sentence
    ledger.head_path.write_bytes(head)
    ledger.path.unlink()
    problem = ledger.verify()
    assert problem is not None
    assert "the file is gone" in problem.sentence


def test_a_new_chain_with_a_new_head_fits_and_only_a_head_kept_elsewhere_shows_it(tmp_path: Path):
    ledger = filled(tmp_path)
    kept_elsewhere = ledger.head()
    ledger.path.unlink()
    ledger.head_path.unlink()
    forged = filled(tmp_path, 3)
    assert forged.verify() is None
    assert forged.head() != kept_elsewhere


@pytest.mark.parametrize("left", [1, 40, -1], ids=["a byte", "some", "all but the newline"])
def test_half_an_entry_of_a_crash_is_set_aside_and_every_complete_entry_stays(tmp_path: Path, left: int):
    ledger = filled(tmp_path)
    further = filled(tmp_path / "other", 5)
    half = lines(further)[4][:left]
    with ledger.path.open("ab") as handle:
        handle.write(half)
    assert len(ledger.entries()) == 4
    ledger.append("promoted", "A. Person", {"model": "after"})
    assert [e.what["model"] for e in ledger.entries()] == ["m0", "m1", "m2", "m3", "after"]
    assert (tmp_path / "ledger.jsonl.torn").read_bytes() == half + b"\n"


def test_an_entry_whose_head_a_crash_left_behind_counts(tmp_path: Path):
    ledger = filled(tmp_path, 3)
    head = ledger.head_path.read_bytes()
    ledger.append("promoted", "A. Person", {"model": "m3"})
    ledger.head_path.write_bytes(head)
    assert len(ledger.entries()) == 4
    ledger.append("promoted", "A. Person", {"model": "m4"})
    assert [e.what["model"] for e in ledger.entries()] == ["m0", "m1", "m2", "m3", "m4"]


def test_a_crash_before_the_very_first_entry_leaves_an_empty_ledger(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.path.touch()
    assert ledger.entries() == ()
    ledger.append("promoted", "A. Person", {})
    assert len(ledger.entries()) == 1


def append_some(path: Path, who: str, count: int) -> None:
    for i in range(count):
        Ledger(path).append("promoted", who, {"i": i})


def test_processes_that_append_at_once_lose_nothing_and_keep_the_chain(tmp_path: Path):
    path, context = tmp_path / "ledger.jsonl", multiprocessing.get_context("spawn")
    workers = [context.Process(target=append_some, args=(path, f"worker {w}", 20)) for w in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    entries = Ledger(path).entries()
    assert [e.n for e in entries] == list(range(1, 61))
    for w in range(3):
        assert [e.what["i"] for e in entries if e.who == f"worker {w}"] == list(range(20))


def test_time_never_goes_back_even_if_the_clock_does(tmp_path: Path):
    times = iter([START, START - datetime.timedelta(days=2), START + datetime.timedelta(seconds=1)])
    ledger = Ledger(tmp_path / "ledger.jsonl", lambda: next(times))
    for _ in range(3):
        ledger.append("promoted", "A. Person", {})
    assert [e.at - START for e in ledger.entries()] == [datetime.timedelta(seconds=s) for s in (0, 0, 1)]


def test_times_of_any_zone_are_written_in_utc(tmp_path: Path):
    summer = datetime.timezone(datetime.timedelta(hours=1))
    ledger = Ledger(tmp_path / "ledger.jsonl", lambda: datetime.datetime(2026, 7, 1, 0, 30, tzinfo=summer))
    assert str(ledger.append("promoted", "A. Person", {}).at) == "2026-06-30 23:30:00+00:00"


def test_a_place_that_cannot_be_written_is_a_clear_problem(tmp_path: Path):
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(Problem) as caught:
        Ledger(tmp_path / "file" / "ledger.jsonl").append("promoted", "A. Person", {})
    assert caught.value.code == "ledger-unwritable"
    (tmp_path / "folder.jsonl").mkdir()
    problem = Ledger(tmp_path / "folder.jsonl").verify()
    assert problem is not None
    assert problem.code == "ledger-unreadable"
