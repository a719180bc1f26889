"""Tests of the leak proof: it holds for the catalogue, and it catches every kind of pipeline that sees the future."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from forecast.features.catalogue import whole_set
from forecast.features.compute import compute, prepare
from forecast.features.copies import LATEST, set_times, times
from forecast.features.prove import (
    Compute,
    Proof,
    _shares,
    leaking,
    prove,
    prove_records,
    sentences,
)
from forecast.features.spec import FeatureSet
from forecast.features.tamper import PLANTS
from forecast.problems import Problem, Problems
from forecast.records.arrange import Arranged, arrange
from forecast.records.moments import Moments, moments
from forecast.records.partitions import iter_people, load_records
from forecast.records.schema import TABLES
from tests.features.making import Rows, event, histories, offence, one_person, records

EVERYTHING = FeatureSet("everything", whole_set("extended+hart+sanctions").features)


@pytest.fixture(scope="module")
def honest() -> Compute:
    prepared = prepare(EVERYTHING)
    return lambda arranged, picked: compute(arranged, picked, prepared)


@pytest.fixture(scope="module")
def force(records_folder: Path) -> Arranged:
    return arrange(load_records(records_folder))


def careless(honest: Compute, change: Callable[[Arranged], Arranged]) -> Compute:
    """Return a pipeline that computes from records that it misreads."""
    return lambda arranged, picked: honest(change(arranged), picked)


def with_offences(arranged: Arranged, table: pa.Table) -> Arranged:
    changed = dataclasses.replace(arranged.records, offences=table)
    return arrange(changed)


def known_when_committed(arranged: Arranged) -> Arranged:
    """Misread offences as known from the arrest on, as a pipeline without recording times does."""
    events, table = arranged.records.custody_events, arranged.records.offences
    arrest = times(events, "arrested_at", LATEST)[arranged.offence_stay]
    return with_offences(arranged, set_times(table, "recorded_at", arrest))


def proven_when_committed(arranged: Arranged) -> Arranged:
    """Misread proofs as known when the offence was committed, as a pipeline that only asks whether does."""
    table = arranged.records.offences
    proven = ~pc.is_null(table["proven_at"]).to_numpy()
    return with_offences(arranged, set_times(table, "proven_at", times(table, "committed_at", LATEST), proven))


def the_last_proof(arranged: Arranged) -> Arranged:
    """Misread the proof of every version of an offence as that of its last version."""
    table = arranged.records.offences
    proven = times(table, "proven_at", LATEST)
    of = table["offence_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    last = np.zeros(of.max() + 1, dtype=np.int64)
    last[of] = np.arange(len(table))  # rows of a person are in the order of recording, so the last one stays
    known = proven[last[of]] != LATEST
    return with_offences(arranged, set_times(table, "proven_at", proven[last[of]], known))


def only_the_last_version(arranged: Arranged) -> Arranged:
    """Misread the latest version of an offence as if it had stood from the beginning."""
    table = arranged.records.offences
    ids, recorded = table["offence_id"], times(table, "recorded_at", LATEST)
    first = table.group_by("offence_id").aggregate([("recorded_at", "min")])
    place = pc.index_in(ids, value_set=first["offence_id"].combine_chunks()).to_numpy()
    begun = times(first, "recorded_at_min", LATEST)[place]
    stands = pc.is_null(table["superseded_at"]).to_numpy()
    assert (recorded >= begun).all()
    return with_offences(arranged, set_times(table, "recorded_at", begun).filter(pa.array(stands)))


def orders_as_they_stand_now(arranged: Arranged) -> Arranged:
    """Leave out every order that was ever replaced or withdrawn, as a database that keeps no versions does."""
    orders = arranged.records.orders
    standing = orders.filter(orders["superseded_at"].is_null())
    return arrange(dataclasses.replace(arranged.records, orders=standing))


def reports_as_they_stand_now(arranged: Arranged) -> Arranged:
    """Leave out every report that was ever withdrawn."""
    reports = arranged.records.intelligence
    standing = reports.filter(reports["superseded_at"].is_null())
    return arrange(dataclasses.replace(arranged.records, intelligence=standing))


def the_last_reason(arranged: Arranged) -> Arranged:
    """Misread the reason of every version of a custody event as that of its last version."""
    events = arranged.records.custody_events
    last = np.zeros(len(events), dtype=np.int64)
    last[arranged.stay] = np.arange(len(events))  # rows are in the order of recording, so the last one stays
    reasons = events["reason"].take(pa.array(last[arranged.stay]))
    place = events.column_names.index("reason")
    changed = events.set_column(place, events.schema.field("reason"), reasons)
    return dataclasses.replace(arranged, records=dataclasses.replace(arranged.records, custody_events=changed))


def at_the_instant(honest: Compute) -> Compute:
    """Return a pipeline that takes 'recorded by the moment' for 'recorded before it'."""
    return lambda arranged, picked: honest(arranged, Moments(picked.person, picked.event_row, picked.as_of + 1))


@pytest.mark.parametrize("name", ["extended", "hart", "sanctions"])
def test_no_feature_of_the_catalogue_sees_the_future(name: str, force: Arranged) -> None:
    every = whole_set(name)
    prepared = prepare(every)
    proof = prove(
        force,
        lambda arranged, picked: compute(arranged, picked, prepared),
        cases=400,
        unversioned=every.unversioned,
    )
    assert proof.holds
    assert proof.checked == 400
    assert (*proof.features, *proof.unproven) == (
        *(f.name for f in every.features if not f.unversioned),
        *(f.name for f in every.features if f.unversioned),
    )
    assert sentences(proof)[0].startswith(f"No feature saw the future: {len(proof.features)} features")
    proof.raise_leaks()


@settings(max_examples=40, deadline=None)
@given(rows=histories())
def test_full_cut_and_tampered_records_give_the_same_bits(honest: Compute, rows: Rows) -> None:
    arranged = arrange(records(rows))
    if len(moments(arranged)):
        proof = prove(arranged, honest, cases=50)
        assert proof.leaks == ()


def test_a_feature_that_leaks_on_purpose_is_caught_and_named(force: Arranged, honest: Compute) -> None:
    proof = prove(force, leaking(honest), cases=100)
    assert {leak.feature for leak in proof.leaks} == {"leaks_on_purpose"}
    assert {leak.against for leak in proof.leaks} >= {"the record cut at the moment"}
    with pytest.raises(Problem) as found:
        proof.raise_leaks()
    assert found.value.code == "features-leak"
    assert "leaks_on_purpose" in found.value.sentence
    assert "LEAK: 'leaks_on_purpose'" in sentences(proof)[0]


@pytest.mark.parametrize(
    ("mistake", "caught_by"),
    [
        (known_when_committed, "back-dated facts recorded later"),
        (known_when_committed, "offences added to the custody event later"),
        (only_the_last_version, "rows edited later"),
        (the_last_reason, "rows edited later"),
        (the_last_proof, "rows edited later"),
        (proven_when_committed, "the record cut at the moment"),
        (orders_as_they_stand_now, "rows edited later"),
        (orders_as_they_stand_now, "rows withdrawn later"),
        (reports_as_they_stand_now, "rows withdrawn later"),
    ],
)
def test_a_pipeline_that_ignores_recording_is_caught(
    mistake: Callable[[Arranged], Arranged], caught_by: str, force: Arranged, honest: Compute
) -> None:
    proof = prove(force, careless(honest, mistake), cases=100)
    assert caught_by in {leak.against for leak in proof.leaks}
    with pytest.raises((Problem, Problems)):
        proof.raise_leaks()


def test_a_pipeline_that_counts_the_very_instant_is_caught(force: Arranged, honest: Compute) -> None:
    proof = prove(force, at_the_instant(honest), cases=100)
    assert "facts recorded at the same instant" in {leak.against for leak in proof.leaks}


_KINDS = {"arrests", "offences", "harm", "PriorIntelCount"}


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("facts recorded at the same instant", _KINDS),
        ("back-dated facts recorded later", _KINDS),
        ("rows edited later", {"arrests", "harm", "years_since_arrest", "years_since_offence", "bail_now"}),
        ("rows withdrawn later", _KINDS),
        ("offences added to the custody event later", {"now_offences", "now_harm"}),
    ],
)
def test_every_plant_adds_facts_that_the_features_would_show_if_they_were_known(
    name: str, shows: set[str], force: Arranged, honest: Compute
) -> None:
    """Move the moment two days on: then what was planted is known, and the figures must change."""
    from forecast.features.copies import copy_moments
    from forecast.features.prove import _computed, _differences

    every = moments(force)
    priors = np.flatnonzero(np.diff(force.event_starts)[every.person] > 3)
    copies = copy_moments(force, every.take(priors[-50:]))

    def later(arranged: Arranged, picked: Moments) -> pa.Table:
        return honest(arranged, Moments(picked.person, picked.event_row, picked.as_of + 2 * 86_400_000_000))

    found = _differences(_computed(copies, later), _computed(PLANTS[name](copies), later), name)
    assert shows <= {difference.feature for difference in found}


def test_every_plant_is_tested_for_what_it_shows() -> None:
    shown = test_every_plant_adds_facts_that_the_features_would_show_if_they_were_known.pytestmark[0].args[1]
    assert [name for name, _ in shown] == list(PLANTS)


def test_late_recording_is_reported_where_it_matters(honest: Compute) -> None:
    """An offence of 1 May comes on record on 1 July; at an arrest on 1 June it is not known, however old it is."""
    day = 86_400_000_000
    start = 1_200_000_000_000_000
    rows = one_person(
        [event("a", start), event("b", start + 30 * day)],
        [
            offence("a1", "a", start),
            offence("a2", "a", start, recorded_at=start + 60 * day),
            offence("b1", "b", start + 30 * day),
        ],
    )
    proof = prove(arrange(records(rows)), honest)
    assert proof.holds
    assert proof.late["offences"] == 1
    assert "arrests" not in proof.late


def test_the_force_has_late_recording_that_would_change_features(force: Arranged, honest: Compute) -> None:
    assert prove(force, honest, cases=1_000).late


def test_the_proof_says_nothing_of_what_rests_on_persons(force: Arranged) -> None:
    every = whole_set("hart")
    prepared = prepare(every)
    proof = prove(force, lambda a, m: compute(a, m, prepared), cases=20, unversioned=every.unversioned)
    assert {"Gender", "CustodyAge", "CustodyPostcodeOutwardTop24", "CustodyMosaicCodeTop28"} <= set(proof.unproven)
    assert not set(proof.unproven) & set(proof.features)
    said = sentences(proof)[1]
    assert "CustodyPostcodeOutwardTop24" in said
    assert said.endswith("of which the records keep no versions: for them the proof says nothing.")


def test_without_a_moment_nothing_is_said_to_hold(honest: Compute) -> None:
    proof = prove(arrange(records({})), honest)
    assert not proof.holds
    assert sentences(proof) == ["No moment was checked, so nothing is proven."]


def kept(folder: Path, rows: Rows) -> Path:
    """Write records as a check does, in one row group a table."""
    folder.mkdir()
    for schema in TABLES:
        pq.write_table(getattr(records(rows), schema.name), folder / f"{schema.name}.parquet")
    return folder


@pytest.mark.parametrize(
    "rows",
    [{}, one_person([]), one_person([event("a", 1_200_000_000_000_000, reason="bail")])],
    ids=["no rows", "a person without events", "nothing but a return on bail"],
)
def test_records_without_a_moment_are_a_problem(rows: Rows, honest: Compute, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        prove_records(kept(tmp_path / "records", rows), honest)
    assert caught.value.code == "cases-none"


@pytest.mark.parametrize(
    ("path", "code"),
    [("missing", "file-missing"), ("file", "records-not-canonical"), ("folder", "records-not-canonical")],
)
def test_what_is_no_folder_of_records_is_a_problem(path: str, code: str, honest: Compute, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Problem) as caught:
        prove_records(tmp_path / path, honest)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("sizes", "cases", "shares"),
    [([10, 10, 10], 10, [3, 3, 4]), ([1, 0, 2], 300, [1, 0, 2]), ([5, 1, 1], 3, [2, 0, 1]), ([7], 0, [0])],
)
def test_shares_add_up_and_no_part_gives_more_than_it_has(sizes: list[int], cases: int, shares: list[int]) -> None:
    assert _shares(sizes, cases) == shares


def test_the_proof_over_parts_adds_up(records_folder: Path, honest: Compute, monkeypatch: pytest.MonkeyPatch) -> None:
    from forecast.features import prove as module

    monkeypatch.setattr(module, "iter_people", lambda folder: iter_people(folder, events_each=3_000))
    proof: Proof = prove_records(records_folder, leaking(honest), cases=200)
    assert proof.checked == 200
    named = [leak for leak in proof.leaks if leak.against == "the record cut at the moment"]
    assert len(named) == 1
    assert named[0].moments > 150


def test_the_same_seed_checks_the_same_moments(force: Arranged, honest: Compute) -> None:
    first, again, other = (prove(force, leaking(honest), cases=30, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.leaks[0].custody_id != other.leaks[0].custody_id or first != other
