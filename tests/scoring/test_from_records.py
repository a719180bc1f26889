"""Tests that records are scored as their table would be, whatever pieces they come in, and nobody is dropped."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.arrange import arrange
from forecast.records.moments import moments
from forecast.records.partitions import iter_people, load_records
from forecast.records.pieces import iter_pieces
from forecast.records.records import Records
from forecast.records.schema import TABLES
from forecast.scoring.batch import score_file
from forecast.scoring.from_records import NOT_SCORED, RecordScorer
from forecast.settings import Settings
from tests.scoring.of_records import WINDOW, World, make_world


@pytest.fixture(scope="module")
def world(records_folder: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(records_folder, tmp_path_factory.mktemp("world"), settings)


@pytest.fixture(scope="module")
def records(records_folder: Path) -> Records:
    return load_records(records_folder)


@pytest.fixture(scope="module")
def scorer(world: World, settings: Settings) -> RecordScorer:
    return RecordScorer.open(world.bundle(), settings)


@pytest.fixture(scope="module")
def whole(scorer: RecordScorer, records: Records) -> pa.Table:
    """Every moment of the small force, scored."""
    return scorer.score(records)


def only_scored(table: pa.Table) -> pa.Table:
    return table.filter(pc.is_null(table[NOT_SCORED]))


def with_persons(records: Records, **columns: list[object]) -> Records:
    """Return records whose persons have other values in a column."""
    persons = records.persons
    for name, values in columns.items():
        place = persons.column_names.index(name)
        persons = persons.set_column(
            place, persons.schema.field(name), pa.array(values, persons.schema.field(name).type)
        )
    return dataclasses.replace(records, persons=persons)


@pytest.mark.parametrize("kind", ["boosting", "forest", "ogrs3"])
def test_scoring_records_gives_the_bits_that_scoring_their_table_gives(
    kind: str, world: World, records: Records, settings: Settings, tmp_path: Path
):
    bundle = world.bundle(kind)
    score_file(bundle, world.cases, tmp_path / "scores.parquet", settings)
    from_table = pq.read_table(tmp_path / "scores.parquet").combine_chunks()
    made = only_scored(RecordScorer.open(bundle, settings).score(records, **WINDOW)).combine_chunks()
    assert len(made) == len(from_table) > 200
    for name in from_table.column_names:
        assert made[name].equals(from_table[name]), name


def test_a_row_comes_out_for_each_moment_that_goes_in(whole: pa.Table, records: Records):
    arranged = arrange(records)
    every = moments(arranged)
    assert len(whole) == len(every)
    assert (
        whole["custody_id"].to_pylist()
        == arranged.records.custody_events["custody_id"].take(pa.array(every.event_row)).to_pylist()
    )
    np.testing.assert_array_equal(whole["as_of"].cast(pa.int64()).to_numpy(), every.as_of)
    columns = set(whole.column_names) - {"custody_id", "person_id", "as_of", NOT_SCORED, "note"}
    scored = pc.is_null(whole[NOT_SCORED])
    for name in columns:
        assert pc.is_valid(whole[name]).equals(scored), name


@pytest.mark.parametrize(("events_each", "most"), [(1, 8), (7, 8), (60, 8), (1_000_000, None)])
def test_pieces_of_any_size_give_the_same_rows(
    events_each: int, most: int | None, scorer: RecordScorer, records_folder: Path, whole: pa.Table
):
    pieces = islice(iter_people(records_folder, events_each=events_each), most)
    made = pa.concat_tables(scorer.score(piece) for piece in pieces)
    assert len(made) > 0
    assert made.equals(whole.slice(0, len(made)))
    assert most is not None or len(made) == len(whole)


def test_what_features_do_not_read_need_not_be_there(scorer: RecordScorer, records_folder: Path, whole: pa.Table):
    made = pa.concat_tables(scorer.score(p) for p in iter_pieces(records_folder, scorer.reads, 1000))
    assert made.equals(whole)


def test_the_order_of_people_and_rows_changes_nothing(scorer: RecordScorer, records: Records, whole: pa.Table):
    random = np.random.default_rng(1)
    mixed = {t.name: getattr(records, t.name) for t in TABLES}
    mixed = {name: table.take(pa.array(random.permutation(len(table)))) for name, table in mixed.items()}
    assert scorer.score(Records(**mixed)).equals(whole)


def test_threads_that_share_a_scorer_give_the_same_rows(
    world: World, settings: Settings, records_folder: Path, whole: pa.Table
):
    scorer = RecordScorer.open(world.bundle(), settings)
    with ThreadPoolExecutor(4) as pool:
        made = pa.concat_tables(pool.map(scorer.score, iter_people(records_folder, events_each=700)))
    assert made.equals(whole)


def test_windows_are_half_open(scorer: RecordScorer, records: Records, whole: pa.Table):
    times = whole["as_of"].cast(pa.int64()).to_numpy()
    t = int(np.sort(times)[len(times) // 2])
    before, since = scorer.score(records, before=t), scorer.score(records, since=t)
    assert before["as_of"].cast(pa.int64()).to_numpy().max() < t
    assert since["as_of"].cast(pa.int64()).to_numpy().min() == t
    assert len(before) + len(since) == len(whole)
    assert len(scorer.score(records, since=t, before=t)) == 0
    assert scorer.score(records, since=t, before=t).schema == whole.schema == scorer.schema
    again = pa.concat_tables([before, since]).sort_by([("person_id", "ascending"), ("as_of", "ascending"),
                                                       ("custody_id", "ascending")])  # fmt: skip
    assert again.equals(whole.combine_chunks())


def test_nobody_under_age_or_without_a_date_of_birth_gets_a_forecast_and_none_is_dropped(
    scorer: RecordScorer, records: Records, whole: pa.Table
):
    old = only_scored(whole)
    young, unborn, kept = pc.unique(old["person_id"]).to_pylist()[:3]
    people, born = records.persons["person_id"].to_pylist(), records.persons["born_on"].to_pylist()
    last = max(born_on for born_on in born if born_on is not None)
    changed = [last if p == young else None if p == unborn else b for p, b in zip(people, born, strict=True)]
    made = scorer.score(with_persons(records, born_on=changed))
    assert len(made) == len(whole)
    why = dict(zip(made["custody_id"].to_pylist(), made[NOT_SCORED].to_pylist(), strict=True))

    def of(person: str) -> pa.Table:
        return made.filter(pc.equal(made["person_id"], person))

    assert all(text.startswith("row-age-missing: ") for text in of(unborn)[NOT_SCORED].to_pylist())
    assert any((text or "").startswith("row-under-18: ") for text in of(young)[NOT_SCORED].to_pylist())
    assert of(kept).equals(whole.filter(pc.equal(whole["person_id"], kept)))
    assert set(why.values()) - {None}
    assert of(unborn)["p_any"].null_count == len(of(unborn))


def test_people_whose_records_are_in_quarantine_are_marked_with_what_is_said_of_them(
    scorer: RecordScorer, records: Records, whole: pa.Table
):
    person = only_scored(whole)["person_id"][0].as_py()
    made = scorer.score(records, refused={person: "made-up: a reason", "nobody": "made-up: another"})
    theirs = made.filter(pc.equal(made["person_id"], person))
    assert set(theirs[NOT_SCORED].to_pylist()) == {"made-up: a reason"}
    assert theirs["p_any"].null_count == theirs["reasons_any"].null_count == len(theirs) > 0
    others = pc.not_equal(made["person_id"], person)
    assert made.filter(others).equals(whole.filter(others))


def test_what_the_description_refuses_is_refused(world: World, records: Records, settings: Settings, whole: pa.Table):
    bundle = world.bundle()
    features = tuple(
        dataclasses.replace(f, high=0.0) if f.name == "arrests" else f for f in bundle.description.features
    )
    strict = dataclasses.replace(bundle, description=dataclasses.replace(bundle.description, features=features))
    made = RecordScorer.open(strict, settings).score(records)
    assert len(made) == len(whole)
    texts = set(made[NOT_SCORED].to_pylist())
    assert any(text is not None and text.startswith("row-out-of-range: 'arrests' is ") for text in texts)
    left = only_scored(made)
    assert 0 < len(left) < len(only_scored(whole))
    same = only_scored(whole).filter(pc.is_in(only_scored(whole)["custody_id"], left["custody_id"].combine_chunks()))
    assert left["p_any"].combine_chunks().equals(same["p_any"].combine_chunks())


def test_scores_without_reasons_are_the_same_scores(
    world: World, records: Records, settings: Settings, whole: pa.Table
):
    made = RecordScorer.open(world.bundle(), settings, reasons=False).score(records)
    assert made.equals(whole.select(made.column_names))
    assert not [name for name in made.column_names if name.startswith("reasons")]


def test_a_model_of_a_table_is_refused_for_records(bundle_of: Callable[[str], ModelBundle], settings: Settings):
    bundle = bundle_of("logistic")
    with pytest.raises(Problem) as found:
        RecordScorer.open(bundle, settings)
    assert found.value.code == "score-not-records"


def test_a_model_of_another_catalogue_is_refused(world: World, settings: Settings):
    bundle = world.bundle()
    data = bundle.manifest["data"]
    made = {**data["made"], "catalogue": {**data["made"]["catalogue"], "arrests": "another"}}
    other = dataclasses.replace(bundle, manifest={**bundle.manifest, "data": {**data, "made": made}})
    with pytest.raises(Problem) as found:
        RecordScorer.open(other, settings)
    assert found.value.code == "model-other-catalogue"
    assert "arrests" in found.value.sentence
