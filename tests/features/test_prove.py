"""Tests of the leak proof: it holds for the catalogue, and it catches every kind of pipeline that sees the future."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings

from forecast.features.catalogue import whole_set
from forecast.features.compute import compute, prepare
from forecast.features.copies import LATEST, set_times, times
from forecast.features.prove import (
    Compute,
    Proof,
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
from tests.features.making import Rows, event, histories, offence, one_person, records

EVERYTHING = FeatureSet("everything", (*whole_set("extended").features, *whole_set("hart").features))


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


def at_the_instant(honest: Compute) -> Compute:
    """Return a pipeline that takes 'recorded by the moment' for 'recorded before it'."""
    return lambda arranged, picked: honest(arranged, Moments(picked.person, picked.event_row, picked.as_of + 1))


@pytest.mark.parametrize("name", ["extended", "hart"])
def test_no_feature_of_the_catalogue_sees_the_future(name: str, force: Arranged) -> None:
    prepared = prepare(whole_set(name))
    proof = prove(force, lambda arranged, picked: compute(arranged, picked, prepared), cases=400)
    assert proof.holds
    assert proof.checked == 400
    assert proof.features == whole_set(name).names
    assert sentences(proof)[0].startswith("No feature saw the future")
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
        (only_the_last_version, "rows edited later"),
    ],
    ids=["recording times ignored", "only the last version kept"],
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


def test_every_plant_adds_facts_that_the_features_would_show_if_they_were_known(
    force: Arranged, honest: Compute
) -> None:
    """Move the moment two days on: then what was planted is known, and the figures must change."""
    from forecast.features.copies import copy_moments
    from forecast.features.prove import _computed, _differences

    every = moments(force)
    priors = np.flatnonzero(np.diff(force.event_starts)[every.person] > 3)
    copies = copy_moments(force, every.take(priors[-50:]))

    def later(arranged: Arranged, picked: Moments) -> pa.Table:
        return honest(arranged, Moments(picked.person, picked.event_row, picked.as_of + 2 * 86_400_000_000))

    for name, plant in PLANTS.items():
        assert _differences(_computed(copies, later), _computed(plant(copies), later), name), name


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


def test_the_proof_over_parts_adds_up(records_folder: Path, honest: Compute, monkeypatch: pytest.MonkeyPatch) -> None:
    from forecast.features import prove as module

    monkeypatch.setattr(module, "iter_people", lambda folder: iter_people(folder, events_each=3_000))
    proof: Proof = prove_records(records_folder, leaking(honest), cases=200)
    assert 200 <= proof.checked <= 220
    named = [leak for leak in proof.leaks if leak.against == "the record cut at the moment"]
    assert len(named) == 1
    assert named[0].moments > 150


def test_the_same_seed_checks_the_same_moments(force: Arranged, honest: Compute) -> None:
    first, again, other = (prove(force, leaking(honest), cases=30, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.leaks[0].custody_id != other.leaks[0].custody_id or first != other
