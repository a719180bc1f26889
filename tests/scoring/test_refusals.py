"""Tests of people whose records lie in quarantine, and of those who have no custody event."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem
from forecast.records.check import check_records
from forecast.scoring.refusals import Refusals, find_quarantine, read_refusals
from tests.scoring.force import Force, code_of, hidden, manifest_of, read, written

LOOSE = "max_refused = 0.5\n"


def spoilt(force_folder: Path, folder: Path) -> dict[str, str]:
    """Write the raw records of the small force with some faults; return who has which."""
    shutil.copytree(force_folder, folder, ignore=shutil.ignore_patterns("truth"))
    mapping = folder / "records.toml"
    mapping.write_text(LOOSE + mapping.read_text("utf-8"), "utf-8")
    persons, events = (pd.read_parquet(folder / f"{name}.parquet") for name in ("persons", "custody_events"))
    counts = events["person_id"].value_counts()
    one, twice = counts.index[counts == 1][:3].tolist(), counts.index[counts == 2][:2].tolist()
    who = {
        "only event": one[0],  # the only custody event goes to quarantine
        "row of persons": one[1],  # the person's own row does, and so the event with it
        "one of two": twice[0],
        "no event": "P9999999",
    }
    bad = events["person_id"].isin([who["only event"]]) | (
        (events["person_id"] == who["one of two"]) & ~events.duplicated("person_id")
    )
    events.loc[bad, "reason"] = "curiosity"
    persons.loc[persons["person_id"] == who["row of persons"], "recorded_at"] = pd.NaT
    extra = persons.iloc[[0]].assign(person_id=who["no event"])
    pd.concat([persons, extra]).to_parquet(folder / "persons.parquet")
    events.to_parquet(folder / "custody_events.parquet")
    return who


@pytest.fixture(scope="module")
def raw(force_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("raw") / "force"
    return folder, spoilt(force_folder, folder)


def rows_of(out: Path, person: str) -> list[dict[str, Any]]:
    return [row for row in read(out).to_pylist() if row["person_id"] == person]


def test_people_in_quarantine_are_marked_and_never_dropped(
    force: Force, raw: tuple[Path, dict[str, str]], tmp_path: Path
):
    done = force.score(tmp_path / "scores.parquet", raw[0], reasons=False)
    who, people = raw[1], manifest_of(done)["people"]
    [only] = rows_of(done.out, who["only event"])
    assert (only["as_of"], only["p_any"]) == (None, None)
    assert only["not_scored"].startswith("record-")
    assert only["custody_id"] is not None
    [row] = rows_of(done.out, who["row of persons"])
    assert row["not_scored"].startswith("record-")
    both = rows_of(done.out, who["one of two"])
    assert len(both) == 2
    assert all(each["not_scored"] is not None for each in both)
    assert people["in"] == sum(count for name, count in people.items() if name != "in")
    assert done.rows == len(read(done.out)) == done.scored + done.refused


def test_people_without_a_custody_event_are_counted_and_never_listed(
    force: Force, raw: tuple[Path, dict[str, str]], tmp_path: Path
):
    done = force.score(tmp_path / "scores.parquet", raw[0], reasons=False)
    assert rows_of(done.out, raw[1]["no event"]) == []
    assert manifest_of(done)["people"]["without_custody_event"] == 1
    assert "1 have no custody event: no forecast is made, and none of them is listed." in done.sentences()
    for content in written(tmp_path).values():
        assert raw[1]["no event"].encode() not in content


def test_raw_records_are_scored_as_checked_ones_and_their_quarantine_is_kept(
    force: Force, raw: tuple[Path, dict[str, str]], tmp_path: Path
):
    done = force.score(tmp_path / "scores.parquet", raw[0], reasons=False)
    assert done.quarantine == tmp_path / "scores.quarantine"
    check_records(raw[0], out=tmp_path / "records", quarantine=tmp_path / "bad")
    assert written(done.quarantine) == written(tmp_path / "bad")
    checked = force.score(tmp_path / "checked.parquet", tmp_path / "records", reasons=False,
                          quarantine=tmp_path / "bad")  # fmt: skip
    assert checked.out.read_bytes() == done.out.read_bytes()
    assert checked.people == done.people
    assert hidden(tmp_path) == []


def test_the_rest_of_the_output_is_as_if_the_others_were_not_there(
    force: Force, raw: tuple[Path, dict[str, str]], tmp_path: Path
):
    spoilt_rows = read(force.score(tmp_path / "a.parquet", raw[0], reasons=False).out).to_pylist()
    whole = read(force.score(tmp_path / "b.parquet", reasons=False).out).to_pylist()
    touched = set(raw[1].values())
    assert [row for row in spoilt_rows if row["person_id"] not in touched] == [
        row for row in whole if row["person_id"] not in touched
    ]


def test_too_many_faults_stop_the_run_and_leave_the_quarantine(
    force: Force, raw: tuple[Path, dict[str, str]], tmp_path: Path
):
    strict = Path(shutil.copytree(raw[0], tmp_path / "strict"))
    mapping = strict / "records.toml"
    mapping.write_text(mapping.read_text("utf-8").replace(LOOSE, "max_refused = 0.0\n"), "utf-8")
    (tmp_path / "out").mkdir()
    with pytest.raises(Exception) as found:
        force.score(tmp_path / "out" / "scores.parquet", strict)
    problems = getattr(found.value, "items", [found.value])
    assert {problem.code for problem in problems} == {"records-too-many-refused"}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scores.quarantine"]


def test_the_quarantine_is_found_beside_the_records_and_named_otherwise(force: Force, tmp_path: Path):
    assert find_quarantine(force.records, None) == force.quarantine.absolute()
    alone = Path(shutil.copytree(force.records, tmp_path / "records"))
    with pytest.raises(Problem) as found:
        find_quarantine(alone, None)
    assert found.value.code == "score-quarantine-missing"
    assert "54 rows" in found.value.sentence
    assert find_quarantine(alone, force.quarantine) == force.quarantine
    assert code_of(lambda: find_quarantine(alone, alone.parent)) == "score-quarantine-other"


def test_no_quarantine_refuses_nobody(force: Force):
    assert read_refusals(None, force.records) == Refusals()


def test_each_person_has_the_code_and_the_sentence_of_the_first_fault(force: Force):
    found = read_refusals(force.quarantine, force.records)
    rows = pd.read_parquet(force.quarantine / "offences.parquet")
    assert set(found.people) == set(rows["person_id"])
    assert set(found.people.values()) == {"record-offence-unknown: The offence code is not in the taxonomy."}
    assert (found.rows, found.nobody, found.events, found.only_here) == (len(rows), 0, (), frozenset())


def renamed(folder: Path) -> tuple[Path, Path]:
    """Write a tiny force that calls its columns otherwise; return it and its mapping."""
    folder.mkdir()
    pd.DataFrame({"Nominal": [1.0, 2.0, 3.0], "Seen": "2010-01-01T10:00:00Z", "DOB": "1980-05-05"}).to_csv(
        folder / "persons.csv", index=False
    )
    pd.DataFrame(
        {
            "Custody": ["C1", "C2", "C3"],
            "Nominal": [1.0, 2.0, 3.0],
            "arrested_at": "2010-02-01T10:00:00Z",
            "recorded_at": "2010-02-01T11:00:00Z",
            "reason": "offence",
        }
    ).to_parquet(folder / "custody_events.parquet")
    pd.DataFrame(
        {
            "offence_id": ["O1", "O2", "O3", "O4"],
            "Custody": ["C1", "C2", "C3", "C9"],
            "Nominal": [1.0, 2.0, None, None],
            "code": ["8N", "99999", "8N", "8N"],
            "committed_at": "2010-02-01T09:00:00Z",
            "recorded_at": "2010-02-01T11:00:00Z",
        }
    ).to_parquet(folder / "offences.parquet")
    mapping = folder / "ours.toml"
    mapping.write_text(
        'max_refused = 1.0\n[persons.columns]\nperson_id = "Nominal"\nrecorded_at = "Seen"\nborn_on = "DOB"\n'
        '[custody_events.columns]\nperson_id = "Nominal"\ncustody_id = "Custody"\n'
        '[offences.columns]\nperson_id = "Nominal"\ncustody_id = "Custody"\n',
        "utf-8",
    )
    return folder, mapping


def test_columns_of_other_names_and_ids_written_as_numbers_are_understood(tmp_path: Path):
    folder, mapping = renamed(tmp_path / "raw")
    table = pd.read_csv(folder / "persons.csv").astype({"Nominal": int})
    table.to_csv(folder / "persons.csv", index=False)
    check_records(folder, mapping, out=tmp_path / "records", quarantine=tmp_path / "bad").raise_problems()
    with pytest.raises(Problem) as problem:
        read_refusals(tmp_path / "bad", tmp_path / "records")
    assert problem.value.code == "score-quarantine-column"
    found = read_refusals(tmp_path / "bad", tmp_path / "records", mapping)
    # 2: a code that is unknown; 3: a row without a person whose custody event is theirs; the fourth names nobody.
    assert sorted(found.people) == ["2", "3"]
    assert (found.rows, found.nobody) == (3, 1)


@pytest.fixture
def own(force: Force, tmp_path: Path) -> Path:
    """A copy of the small force's accepted records and their quarantine."""
    return Path(shutil.copytree(force.folder, tmp_path / "own"))


def cut_off(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


@pytest.mark.parametrize("damage", [Path.unlink, cut_off], ids=["gone", "cut off"])
def test_a_quarantine_that_lacks_rows_is_never_relied_upon(force: Force, own: Path, tmp_path: Path, damage: Any):
    damage(own / "quarantine" / "offences.parquet")
    records = own / "records"
    assert code_of(lambda: read_refusals(own / "quarantine", records)) == "score-quarantine-other"
    out = tmp_path / "scores.parquet"
    assert code_of(lambda: force.score(out, records, quarantine=None)) == "score-quarantine-other"
    assert not out.exists()


def not_text(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "person_id", pa.array(range(len(table)))), path)


def garbage(path: Path) -> None:
    path.write_bytes(b"PAR1 nothing PAR1")


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("persons", Path.unlink),
        ("persons", not_text),
        ("persons", garbage),
        ("custody_events", garbage),
        ("offences", garbage),
        ("orders", garbage),
    ],
)
def test_accepted_records_without_a_whole_table_are_a_problem(
    force: Force, own: Path, tmp_path: Path, table: str, damage: Any
):
    damage(own / "records" / f"{table}.parquet")
    out = tmp_path / "scores.parquet"
    with pytest.raises(Problem) as found:
        force.score(out, own / "records", quarantine=None)
    assert found.value.code == "records-not-canonical"
    assert f"{table}.parquet" in found.value.sentence
    assert not out.exists()


def test_a_quarantine_is_not_scored(force: Force, tmp_path: Path):
    with pytest.raises(Problem) as found:
        force.score(tmp_path / "scores.parquet", force.quarantine, quarantine=None)
    assert found.value.code == "records-not-canonical"
    assert "it is the quarantine of a check" in found.value.sentence


def test_rows_in_quarantine_that_do_not_say_why_are_a_problem(own: Path):
    path = own / "quarantine" / "offences.parquet"
    pq.write_table(pq.read_table(path).drop_columns("codes"), path)
    assert code_of(lambda: read_refusals(own / "quarantine", own / "records")) == "records-not-canonical"


@pytest.mark.parametrize("text", ["[]", "{}", '{"totals": [{}], "findings": []}', '{"totals": [], "findings": 7}', "{"])
def test_a_check_of_another_shape_is_a_problem(own: Path, text: str):
    (own / "records" / "check.json").write_text(text, "utf-8")
    assert code_of(lambda: find_quarantine(own / "records", None)) == "records-not-canonical"


def test_a_folder_beside_the_records_that_may_not_be_looked_into_is_passed_over(
    own: Path, monkeypatch: pytest.MonkeyPatch
):
    (own / "a").mkdir()
    is_file = Path.is_file

    def looked(path: Path) -> bool:
        if path.parent.name == "a":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", looked)
    assert find_quarantine(own / "records", None) == own / "quarantine"
