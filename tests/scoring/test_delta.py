"""Tests of delta runs: whose records are new, and how far a score is from the last one."""

from __future__ import annotations

import datetime
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forecast.files import to_json
from forecast.problems import Problem
from forecast.records.schema import TABLES, TIME
from forecast.scoring.batch import companions
from forecast.scoring.delta import changed_people, first_new_moment, known_until, open_previous
from forecast.scoring.work import Work
from tests.scoring.force import DAY, Force, as_of, code_of, manifest_of, read, stopped_after, written

LEVELS = ("any", "serious")
LATER = datetime.date(2017, 11, 1)


@pytest.fixture
def yesterday(force: Force, tmp_path: Path) -> Path:
    """The scores of the force as its records stood on a day."""
    return force.score(tmp_path / "yesterday.parquet", as_of(force.records, tmp_path / "before", DAY)).out


def latest(table: pa.Table) -> dict[str, dict[str, object]]:
    """Return the last scored row of each person."""
    rows = [row for row in table.to_pylist() if row["not_scored"] is None]
    return {row["person_id"]: row for row in sorted(rows, key=lambda row: (row["as_of"], row["custody_id"]))}


def test_only_new_moments_are_scored_and_each_as_in_a_whole_run(force: Force, yesterday: Path, tmp_path: Path):
    delta = read(force.score(tmp_path / "delta.parquet", since_run=yesterday).out)
    whole = read(force.score(tmp_path / "whole.parquet").out)
    start = pa.scalar(datetime.datetime.combine(DAY, datetime.time(), datetime.UTC), TIME)
    assert 0 < len(delta) < len(whole)
    assert delta.select(whole.column_names).equals(whole.filter(pc.greater_equal(whole["as_of"], start)))


def test_the_change_is_from_the_last_score_of_the_run_before(force: Force, yesterday: Path, tmp_path: Path):
    delta, last = read(force.score(tmp_path / "delta.parquet", since_run=yesterday).out), latest(read(yesterday))
    compared = 0
    for row in delta.to_pylist():
        before = last.get(row["person_id"])
        if row["not_scored"] is not None or before is None:
            assert row["previous_case"] is None
            assert row["change_any"] is None
            continue
        compared += 1
        assert row["previous_case"] == before["custody_id"]
        for level in LEVELS:
            assert row[f"previous_p_{level}"] == before[f"p_{level}"]
            change = 100 * (row[f"p_{level}"] - before[f"p_{level}"])
            assert row[f"change_{level}"] == pytest.approx(change, abs=0.05 + 1e-9)
    assert compared > 20


def test_everybody_is_accounted_for_in_a_delta_run(force: Force, yesterday: Path, tmp_path: Path):
    done = force.score(tmp_path / "delta.parquet", since_run=yesterday)
    people = manifest_of(done)["people"]
    new = set(changed_people(force.records, manifest_of_path(yesterday)["known_until"]).to_pylist())
    assert people["in"] - people["without_new_records"] == len(new)
    assert people["without_moment"] > 0, "new records, but no new custody event"
    listed = set(read(done.out)["person_id"].to_pylist())
    assert listed <= new
    assert people["without_moment"] + people["without_custody_event"] == len(new - listed)
    assert any("have new records, but no new custody event" in sentence for sentence in done.sentences())


def manifest_of_path(out: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(companions(out)[1].read_text("utf-8"))
    return found


def test_deltas_are_chained(force: Force, yesterday: Path, tmp_path: Path):
    (tmp_path / "runs").mkdir()
    middle = force.score(tmp_path / "runs" / "middle.parquet", as_of(force.records, tmp_path / "then", LATER),
                         since_run=yesterday).out  # fmt: skip
    last = force.score(tmp_path / "last.parquet", since_run=middle).out
    direct = read(force.score(tmp_path / "direct.parquet", since_run=yesterday).out)
    start = pa.scalar(datetime.datetime.combine(LATER, datetime.time(), datetime.UTC), TIME)
    found = read(last)
    assert found["custody_id"].equals(direct.filter(pc.greater_equal(direct["as_of"], start))["custody_id"])
    before = latest(pa.concat_tables([read(yesterday), read(middle).select(read(yesterday).column_names)]))
    known = [row for row in found.to_pylist() if row["previous_case"] is not None]
    assert known
    assert all(row["previous_case"] == before[row["person_id"]]["custody_id"] for row in known)
    in_yesterday = set(read(yesterday)["custody_id"].to_pylist())
    assert any(row["previous_case"] in in_yesterday for row in known), "the chain was not needed"
    assert manifest_of_path(last)["previous"] == {
        "file": "runs/middle.parquet",
        "sha256": manifest_of_path(middle)["output_sha256"],
    }


def test_nothing_new_gives_an_empty_run(force: Force, tmp_path: Path):
    first = force.score(tmp_path / "first.parquet")
    second = force.score(tmp_path / "second.parquet", since_run=first.out)
    assert second.rows == 0
    assert second.people["without_new_records"] == second.people["in"] == first.people["in"]


@pytest.mark.parametrize("parts", [1, 4])
def test_a_delta_run_is_resumed_to_the_same_bytes(
    force: Force, yesterday: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    out = tmp_path / "a" / "delta.parquet"
    stopped_after(parts, force, out, monkeypatch, since_run=yesterday)
    assert written(tmp_path / "a") == {}
    assert len(list(Work(out).parts.glob("*.json"))) == parts
    force.score(out, since_run=yesterday, resume=True)
    force.score(tmp_path / "b" / "delta.parquet", since_run=yesterday)
    assert written(tmp_path / "a") == written(tmp_path / "b")


def test_what_came_after_the_period_of_the_run_before_is_new(force: Force, tmp_path: Path):
    first = force.score(tmp_path / "first.parquet", before=DAY, reasons=False)
    second = force.score(tmp_path / "second.parquet", since_run=first.out, reasons=False)
    whole = read(force.score(tmp_path / "whole.parquet", reasons=False).out)
    found = read(second.out)
    assert 0 < len(found) < len(whole)
    parts = [read(first.out), found.select(whole.column_names)]
    order = [("person_id", "ascending"), ("as_of", "ascending"), ("custody_id", "ascending")]
    assert pa.concat_tables(parts).sort_by(order).equals(whole)
    assert force.score(tmp_path / "third.parquet", since_run=second.out, reasons=False).rows == 0


def mended(force: Force, folder: Path) -> Path:
    """Write the force's accepted records as if no row of them had been refused."""
    shutil.copytree(force.records, folder)
    check = json.loads((folder / "check.json").read_text("utf-8"))
    for total in check["totals"]:
        total["quarantined"] = 0
    (folder / "check.json").write_text(to_json(check), "utf-8")
    return folder


def test_who_was_not_scored_for_rows_in_quarantine_is_scored_once_they_are_mended(force: Force, tmp_path: Path):
    first = force.score(tmp_path / "first.parquet", reasons=False)
    refused = read(first.out).filter(pc.starts_with(read(first.out)["not_scored"], "record-"))
    records = mended(force, tmp_path / "mended")
    second = force.score(tmp_path / "second.parquet", records, quarantine=None, since_run=first.out, reasons=False)
    whole = read(force.score(tmp_path / "whole.parquet", records, quarantine=None, reasons=False).out)
    found = read(second.out)
    assert second.scored > 10
    assert found["custody_id"].equals(refused["custody_id"])
    expected = whole.filter(pc.is_in(whole["custody_id"], value_set=refused["custody_id"].combine_chunks()))
    assert found.select(whole.column_names).equals(expected)
    assert second.people["in"] - second.people["without_new_records"] == len(refused["person_id"].unique())
    third = force.score(tmp_path / "third.parquet", records, quarantine=None, since_run=second.out, reasons=False)
    assert (third.rows, third.people["without_new_records"]) == (0, third.people["in"])


def test_mended_records_open_only_the_period_of_the_runs_before(force: Force, tmp_path: Path):
    first = force.score(tmp_path / "first.parquet", since=DAY, reasons=False)
    records = mended(force, tmp_path / "mended")
    second = force.score(tmp_path / "second.parquet", records, quarantine=None, since_run=first.out, reasons=False)
    start = datetime.datetime.combine(DAY, datetime.time(), datetime.UTC)
    assert second.rows == first.by_code["record-offence-unknown"] > 0
    assert pc.min(read(second.out)["as_of"]).as_py() >= start


def changed(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


def without_known(path: Path) -> None:
    manifest = companions(path)[1]
    content = json.loads(manifest.read_text("utf-8"))
    del content["known_until"]
    manifest.write_text(to_json(content), "utf-8")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (changed, "it was changed after it was written"),
        (without_known, "its manifest is not that of a run on records"),
        (lambda path: companions(path)[1].unlink(), "yesterday.manifest.json is not there"),
        (lambda path: path.unlink(), "yesterday.parquet is not there"),
        (lambda path: path.write_text("x", "utf-8"), "it cannot be read"),
    ],
)
def test_a_run_before_that_cannot_be_relied_upon_is_a_problem(
    force: Force, yesterday: Path, tmp_path: Path, damage: object, said: str
):
    assert callable(damage)
    damage(yesterday)
    with pytest.raises(Problem) as found:
        force.score(tmp_path / "delta.parquet", since_run=yesterday)
    assert found.value.code == "score-previous"
    assert said in found.value.sentence
    assert not (tmp_path / "delta.parquet").exists()


def test_a_changed_link_of_a_chain_is_a_problem(force: Force, yesterday: Path, tmp_path: Path):
    middle = force.score(tmp_path / "middle.parquet", as_of(force.records, tmp_path / "then", LATER),
                         since_run=yesterday).out  # fmt: skip
    assert len(open_previous(middle, LEVELS).outputs) == 2
    force.score(yesterday, tmp_path / "before", overwrite=True, reasons=False)
    with pytest.raises(Problem) as found:
        open_previous(middle, LEVELS)
    assert "it is not the run that a later one followed" in found.value.sentence


def test_a_run_before_of_other_levels_is_a_problem(yesterday: Path):
    with pytest.raises(Problem) as found:
        open_previous(yesterday, ("any", "violent"))
    assert "'violent'" in found.value.sentence


def test_the_run_before_is_never_the_output(force: Force, yesterday: Path):
    before = yesterday.read_bytes()
    assert code_of(lambda: force.score(yesterday, since_run=yesterday, overwrite=True)) == "output-is-input"
    assert yesterday.read_bytes() == before


def at(day: int) -> datetime.datetime:
    return datetime.datetime(2017, 1, day, tzinfo=datetime.UTC)


def tiny(folder: Path, offences: list[tuple[str, datetime.datetime, datetime.datetime | None]]) -> Path:
    """Write records of which only persons and times matter."""
    folder.mkdir()
    for table in TABLES:
        rows = {column.name: pa.array([], column.type) for column in table.columns}
        if table.name == "offences":
            people, recorded, superseded = zip(*offences, strict=True)
            rows |= {"person_id": pa.array(people), "recorded_at": pa.array(recorded, TIME)}
            rows["superseded_at"] = pa.array(superseded, TIME)
            rows = {name: rows[name] for name in ("person_id", "recorded_at", "superseded_at")}
        pq.write_table(pa.table(rows), folder / f"{table.name}.parquet")
    return folder


def test_strictly_later_rows_are_new_and_so_are_withdrawals(tmp_path: Path):
    known = known_until(tiny(tmp_path / "a", [("A", at(1), None), ("B", at(3), None), ("C", at(2), at(3))]))
    assert known["offences"] == {"recorded_at": at(3).isoformat(), "superseded_at": at(3).isoformat()}
    now = tiny(
        tmp_path / "b",
        [("A", at(1), at(4)), ("B", at(3), None), ("C", at(2), at(3)), ("C", at(3), None), ("D", at(4), None)],
    )
    assert sorted(changed_people(now, known).to_pylist()) == ["A", "D"]


def test_where_nothing_was_known_everything_is_new(tmp_path: Path):
    now = tiny(tmp_path / "a", [("A", at(1), None), ("B", at(3), at(4))])
    assert sorted(changed_people(now, {}).to_pylist()) == ["A", "B"]
    assert first_new_moment({}) is None


def test_a_moment_is_new_from_the_next_microsecond_on():
    known = {"custody_events": {"recorded_at": at(3).isoformat(), "superseded_at": None}}
    assert first_new_moment(known) == int(at(3).timestamp()) * 1_000_000 + 1
