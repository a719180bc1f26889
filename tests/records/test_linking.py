"""The nominals of a small force are linked: the same bytes every time, load after load, and bad input is refused."""

from __future__ import annotations

import filecmp
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forecast.ledger import Ledger
from forecast.problems import Problem
from forecast.records.check import check_records, work_folder
from forecast.records.linking import database, store
from forecast.records.linking.events import DECIDED, replayed
from forecast.records.linking.find import Options
from forecast.records.linking.identity import LINKED, MERGED, SPLIT
from forecast.records.linking.link import LinkResult, link_people
from forecast.records.linking.model import _database
from forecast.synthetic.force import write_force

STATE = (store.IDENTITIES, store.NOMINALS, store.PAIRS, store.PERSON_IDS, store.REVIEW)


class Force:
    """A force in a folder, linked once."""

    def __init__(self, folder: Path) -> None:
        self.raw, self.folder = folder / "raw", folder
        write_force(self.raw, 100, 5, duplicates=0.2)
        self.truth = self.raw / "truth" / "nominals.parquet"
        self.ledger = Ledger(folder / "ledger.jsonl")
        self.result = link_people(self.raw, folder / "one", self.ledger, Options(truth=self.truth))
        self.state = store.read_state(folder / "one")


@pytest.fixture(scope="module")
def force(tmp_path_factory: pytest.TempPathFactory) -> Force:
    return Force(tmp_path_factory.mktemp("force"))


@pytest.fixture
def ledger(force: Force, tmp_path: Path) -> Ledger:
    """A copy of the ledger after the first load."""
    for name in ("ledger.jsonl", "ledger.jsonl.head"):
        shutil.copyfile(force.folder / name, tmp_path / name)
    return Ledger(tmp_path / "ledger.jsonl")


def changed_copy(force: Force, folder: Path, nominals: pa.Table) -> Path:
    """Return the raw records with another table of nominals."""
    shutil.copytree(force.raw, folder, ignore=shutil.ignore_patterns("truth"))
    pq.write_table(nominals, folder / "nominals.parquet")
    return folder


def nominals_of(force: Force) -> pa.Table:
    return pq.read_table(force.raw / "nominals.parquet")


def again(force: Force, raw: Path, out: Path, ledger: Ledger, **asked: Any) -> LinkResult:
    return link_people(raw, out, ledger, Options(identities=force.folder / "one", **asked))


def test_most_duplicates_are_linked_and_hardly_anybody_else(force: Force) -> None:
    found = force.result.score
    assert found is not None
    assert found.pairs.true > 50
    assert found.pairs.precision is not None
    assert found.pairs.precision > 0.95
    assert found.pairs.recall is not None
    assert found.pairs.recall > 0.75
    assert all(linked <= 1 for _, linked in found.lookalikes.values())


def test_the_linked_records_pass_the_check_and_every_row_is_accounted_for(force: Force, tmp_path: Path) -> None:
    result = check_records(force.folder / "one" / "records", out=tmp_path / "checked")
    assert not result.problems
    records = force.result.account["records"]
    assert records["rows_out"]["persons"] == records["rows_in"]["persons"] - records["persons_rows_merged"]
    persons = pq.read_table(tmp_path / "checked" / "persons.parquet")["person_id"].to_pylist()
    assert sorted(persons) == sorted(set(force.state.of.values()))
    events = pq.read_table(tmp_path / "checked" / "custody_events.parquet")["person_id"].unique().to_pylist()
    assert set(events) <= set(persons)


def test_names_that_do_not_fit_into_memory_go_where_only_the_owner_may_look_and_are_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with work_folder(tmp_path / "out") as work:
        assert work.parent == tmp_path
        assert (work.stat().st_mode & 0o777) == 0o700
        with _database(work) as api:
            con = api.duckdb_con
            con.execute("SET memory_limit = '20MB'")
            con.execute("CREATE TABLE names AS SELECT md5(i::text) || i AS name FROM range(800000) t(i)").fetchall()
            assert [path.name for path in work.iterdir()] == ["spill"]
            assert list((work / "spill").iterdir())
            with pytest.raises(duckdb.PermissionException):
                con.execute(f"COPY names TO '{tmp_path}/names.csv'")
    assert [path.name for path in tmp_path.rglob("*")] == ["here"]


def test_linking_and_reading_nominals_keep_what_does_not_fit_beside_the_output(
    force: Force, tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def connect(work: Path) -> duckdb.DuckDBPyConnection:
        con = database.connect(work)
        [(folder,)] = con.execute("SELECT current_setting('temp_directory')").fetchall()
        opened.append(folder)
        return con

    for module in ("model", "nominals"):
        monkeypatch.setattr(f"forecast.records.linking.{module}.connect", connect)
    again(force, last_renamed(force, tmp_path / "raw"), tmp_path / "two", ledger)
    assert len(opened) == 2
    assert len({*opened}) == 1
    assert Path(opened[0]).parent.parent == tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.jsonl", "ledger.jsonl.head", "raw", "two"]


def last_renamed(force: Force, folder: Path) -> Path:
    """Return the raw records, the last nominal with another surname: one to compare again."""
    nominals = nominals_of(force)
    names = [*nominals["surname"].to_pylist()[:-1], "Zzyzx"]
    return changed_copy(force, folder, nominals.set_column(3, nominals.schema.field("surname"), [names]))


def test_names_stay_in_the_folder_of_the_linking_which_only_its_owner_may_open(force: Force) -> None:
    surnames = {name for name in force.state.nominals["surname"] if isinstance(name, str) and len(name) > 6}
    linking = force.folder / "one" / "linking"
    assert (linking.stat().st_mode & 0o777) == 0o700
    said = (linking / "link.json").read_text("utf-8") + force.ledger.path.read_text("utf-8")
    tables = [*(force.folder / "one" / "records").glob("*.parquet"), linking / "identities.parquet"]
    said += "".join(str(pq.read_table(path).to_pydict()) for path in [*tables, linking / "review.parquet"])
    assert surnames
    assert not [name for name in surnames if name in said.lower()]


def test_the_order_of_rows_does_not_matter_and_a_run_that_is_started_again_writes_the_same_bytes(
    force: Force, tmp_path: Path, ledger: Ledger
) -> None:
    nominals = nominals_of(force)
    backwards = nominals.take(pa.array(range(len(nominals) - 1, -1, -1)))
    raw = changed_copy(force, tmp_path / "raw", backwards)
    head = ledger.head()
    link_people(raw, tmp_path / "out", ledger)
    assert ledger.head() == head
    here, there = (folder / "linking" for folder in (tmp_path / "out", force.folder / "one"))
    for name in STATE:
        assert filecmp.cmp(here / name, there / name, False), name
    ours, theirs = (json.loads((folder / store.LINK_FILE).read_text("utf-8")) for folder in (here, there))
    assert ours == {key: value for key, value in theirs.items() if key != "score"}


def test_the_same_load_again_changes_nothing_and_tells_the_ledger_nothing(
    force: Force, tmp_path: Path, ledger: Ledger
) -> None:
    before = ledger.head()
    made = again(force, force.raw, tmp_path / "two", ledger)
    assert made.account["load"] == 1
    assert made.account["nominals"]["compared"] == 0
    assert ledger.head() == before
    for name in STATE:
        assert filecmp.cmp(tmp_path / "two" / "linking" / name, force.folder / "one" / "linking" / name, False), name
    for path in (force.folder / "one" / "records").iterdir():
        assert filecmp.cmp(path, tmp_path / "two" / "records" / path.name, False), path.name


def test_later_loads_compare_only_what_is_new_and_keep_every_id(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was learnt from all of the force stands in for what its first part teaches: to learn takes seconds.
    monkeypatch.setattr("forecast.records.linking.find.train", lambda nominals, work: force.state.trained)
    nominals, ledger = nominals_of(force), Ledger(tmp_path / "ledger")
    early = nominals.filter(pa.array([i % 5 != 0 for i in range(len(nominals))]))
    first = changed_copy(force, tmp_path / "raw1", early)
    known = set(early["nominal_id"].to_pylist())
    persons = pq.read_table(force.raw / "persons.parquet")
    pq.write_table(persons.filter(pc.is_in(persons["person_id"], pa.array(sorted(known)))), first / "persons.parquet")
    link_people(first, tmp_path / "one", ledger)
    before = store.read_state(tmp_path / "one")
    assert set(before.of) == known
    made = link_people(force.raw, tmp_path / "two", ledger, Options(identities=tmp_path / "one", truth=force.truth))
    after = store.read_state(tmp_path / "two")
    assert made.account["nominals"]["compared"] == made.account["nominals"]["new"] == len(nominals) - len(early)
    assert after.trained == before.trained
    merged = {e.what["from"] for e in ledger.entries() if e.kind == MERGED}
    assert all(after.of[n] == before.of[n] for n in before.of if before.of[n] not in merged)
    assert made.score is not None
    assert made.score.pairs.precision is not None
    assert made.score.pairs.precision > 0.95
    assert any(after.of[n] == after.of[k] for n in set(after.of) - known for k in known)
    assert replayed(ledger, after.lineage, after.of) == after.of
    assert ledger.verify() is None
    fewer = link_people(first, tmp_path / "three", ledger, Options(identities=tmp_path / "two"))
    assert fewer.account["nominals"]["in_load"] < fewer.account["nominals"]["known"] == len(after.of)
    assert store.read_state(tmp_path / "three").of == after.of


def linked_pair(force: Force) -> tuple[str, str]:
    """Return two nominals that the first load linked."""
    persons: dict[str, list[str]] = {}
    for nominal, person in force.state.of.items():
        persons.setdefault(person, []).append(nominal)
    first, second = next(sorted(group) for group in persons.values() if len(group) == 2)
    return first, second


def decided(path: Path, pair: tuple[str, str], same: str) -> Path:
    path.write_text(
        f'[[decisions]]\nfirst = "{pair[0]}"\nsecond = "{pair[1]}"\nsame = {same}\nwho = "Jo Field"\n'
        'why = "seen both"\n',
        "utf-8",
    )
    return path


def test_a_decision_splits_a_person_and_another_one_joins_them_again(
    force: Force, tmp_path: Path, ledger: Ledger
) -> None:
    pair = linked_pair(force)
    person = force.state.of[pair[0]]
    again(force, force.raw, tmp_path / "two", ledger, decisions=decided(tmp_path / "d.toml", pair, "false"))
    two = store.read_state(tmp_path / "two")
    parts = {two.of[pair[0]], two.of[pair[1]]}
    assert len(parts) == 2
    assert person in parts
    assert [e.kind for e in ledger.entries()][-3:] == [DECIDED, SPLIT, LINKED]
    split = ledger.entries()[-2].what
    assert split["from"] == person
    assert split["why"] == "decided by Jo Field: seen both"
    assert ledger.entries()[-3].who == "Jo Field"
    kept = Options(identities=tmp_path / "two", decisions=decided(tmp_path / "d.toml", pair, "true"))
    link_people(force.raw, tmp_path / "three", ledger, kept)
    three = store.read_state(tmp_path / "three")
    assert three.of == force.state.of
    assert [e.kind for e in ledger.entries()][-3:] == [DECIDED, MERGED, LINKED]
    assert ledger.entries()[-2].what["into"] == person
    assert replayed(ledger, three.lineage, three.of) == three.of


def test_a_nominal_whose_name_was_put_right_is_compared_again_and_may_leave(
    force: Force, tmp_path: Path, ledger: Ledger
) -> None:
    pair = linked_pair(force)
    rows = nominals_of(force).to_pylist()
    for row in rows:
        if row["nominal_id"] == pair[1]:
            row |= {
                "forenames": "Quentin",
                "surname": "Zzyzx",
                "born_on": None,
                "pnc_id": None,
                "postcode_sector": None,
            }
    raw = changed_copy(force, tmp_path / "raw", pa.Table.from_pylist(rows, nominals_of(force).schema))
    made = again(force, raw, tmp_path / "two", ledger)
    after = store.read_state(tmp_path / "two")
    assert made.account["nominals"]["compared"] == 1
    assert after.of[pair[0]] != after.of[pair[1]]
    assert ledger.entries()[-2].what["why"] == "what is on record of the nominals has changed"


def test_a_load_that_does_not_follow_the_newest_is_refused(force: Force, tmp_path: Path, ledger: Ledger) -> None:
    pair = linked_pair(force)
    again(force, force.raw, tmp_path / "two", ledger, decisions=decided(tmp_path / "d.toml", pair, "false"))
    other = next(n for n in force.state.of if n not in pair)
    decisions = decided(tmp_path / "e.toml", (pair[0], other), "true")
    with pytest.raises(Problem) as raised:
        again(force, force.raw, tmp_path / "other", ledger, decisions=decisions)
    assert raised.value.code == "link-not-newest"
    with pytest.raises(Problem) as raised:
        again(force, force.raw, tmp_path / "other", Ledger(tmp_path / "none"))
    assert raised.value.code == "link-ledger-gap"
    assert not (tmp_path / "other").exists()


def refused(force: Force, tmp_path: Path, nominals: pa.Table | None, code: str, **asked: Any) -> Problem:
    """Link with these nominals and return the problem; nothing may be left."""
    raw = force.raw if nominals is None else changed_copy(force, tmp_path / "raw", nominals)
    with pytest.raises(Problem) as raised:
        link_people(raw, tmp_path / "out", Ledger(tmp_path / "ledger"), Options(**asked))
    assert raised.value.code == code
    assert not [path for path in tmp_path.iterdir() if path.name not in ("raw", "bad.toml")]
    return raised.value


def test_nominals_that_cannot_be_linked_are_refused(force: Force, tmp_path: Path) -> None:
    nominals = nominals_of(force)
    cases = {
        "link-column-missing": nominals.drop_columns(["surname"]),
        "link-nominal-twice": pa.concat_tables([nominals, nominals.slice(0, 1)]),
        "link-no-births": nominals.set_column(4, "born_on", pa.nulls(len(nominals), pa.date32())),
        "link-nothing-to-learn": nominals.slice(0, 3),
        "link-nominal-nameless": nominals.set_column(0, "nominal_id", pa.nulls(len(nominals), pa.string())),
        "link-nothing": nominals.slice(0, 1),
    }
    for number, (code, table) in enumerate(cases.items()):
        place = tmp_path / str(number)
        place.mkdir()
        assert "nominals" in str(refused(force, place, table, code))


def test_records_without_a_table_of_nominals_are_refused(force: Force, tmp_path: Path) -> None:
    raw = changed_copy(force, tmp_path / "raw", nominals_of(force))
    (raw / "nominals.parquet").unlink()
    with pytest.raises(Problem) as raised:
        link_people(raw, tmp_path / "out", Ledger(tmp_path / "ledger"))
    assert raised.value.code == "link-no-nominals"


def test_the_identities_of_another_force_are_refused(force: Force, tmp_path: Path) -> None:
    nominals = nominals_of(force)
    other = nominals.set_column(
        0, "nominal_id", nominals["nominal_id"].take(pa.array(range(len(nominals) - 1, -1, -1)))
    )
    assert (
        refused(force, tmp_path, other, "link-other-force", identities=force.folder / "one").code == "link-other-force"
    )
    found = refused(force, tmp_path, None, "link-not-identities", identities=force.raw)
    assert str(force.raw) in found.sentence


def test_a_review_above_the_threshold_and_a_missing_package_are_refused(
    force: Force, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(force, tmp_path, None, "link-thresholds", threshold=0.6, review=0.9)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "[link]" in refused(force, tmp_path, None, "extra-missing").next_step


def test_only_an_older_linking_is_replaced_and_only_with_leave(force: Force, tmp_path: Path, ledger: Ledger) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(Problem) as raised:
        link_people(force.raw, out, ledger, Options(overwrite=True))
    assert raised.value.code == "output-not-link"
    with pytest.raises(Problem) as raised:
        again(force, force.raw, force.folder / "one", ledger)
    assert raised.value.code == "output-exists"


def test_what_is_for_review_says_why_and_how_far_the_two_agree(force: Force) -> None:
    rows = pq.read_table(force.folder / "one" / "linking" / "review.parquet").to_pylist()
    assert rows
    assert {row["why"] for row in rows} <= {
        "between the thresholds",
        "two forenames",
        "two PNC ids",
        "two dates of birth",
    }
    assert all(row["first_person"] != row["second_person"] and row["probability"] >= 0.5 for row in rows)
    said = {"the same", "one letter differs", "nearly the same", "different", "not known"}
    assert {row["surname"] for row in rows} <= said
