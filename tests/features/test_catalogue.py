"""The catalogue says everything that people and checks need to know of a feature, and nothing contested is on."""

from __future__ import annotations

import math

import pytest

from forecast.features.catalogue import SETS, load_set, whole_set
from forecast.features.spec import LOWERS, NEVER_HART, RAISES, UNCLEAR, Allowed, FeatureSpec, Kind, Op
from forecast.problems import Problem, Problems
from forecast.records.schema import TABLES

EVERY = [pytest.param(f, id=f"{name}:{f.name}") for name in SETS for f in whole_set(name).features]
COLUMNS = {f"{t.name}.{c.name}" for t in TABLES for c in t.columns}


@pytest.mark.parametrize("f", EVERY)
def test_a_feature_says_what_it_is(f: FeatureSpec) -> None:
    assert f.phrase
    assert f.phrase[0] == f.phrase[0].lower()
    assert f.unit or f.kind == Kind.CATEGORY
    assert f.missing.startswith(("Missing: ", "Never missing: "))
    assert f.known.endswith(".")
    assert f.direction in (RAISES, LOWERS, UNCLEAR)
    assert f.reads
    assert set(f.reads) <= COLUMNS
    assert f.default_on or f.contested


@pytest.mark.parametrize("f", EVERY)
def test_what_never_happened_is_missing_but_for_the_replica(f: FeatureSpec) -> None:
    if f.op in (Op.SINCE, Op.FIRST_AGE):
        in_hart = f in whole_set("hart").features
        assert f.never == NEVER_HART if in_hart else math.isnan(f.never)
        assert ("100" in f.missing) == in_hart


def test_hart_has_34_predictors_of_which_three_are_off() -> None:
    assert len(whole_set("hart").features) == 34
    off = {"CustodyPostcodeOutwardTop24", "CustodyMosaicCodeTop28", "PriorIntelCount"}
    assert set(whole_set("hart").names) - set(load_set("hart").names) == off
    assert "unverified" in whole_set("hart").note


def test_what_is_not_verified_of_the_published_tool_is_not_said_as_a_fact() -> None:
    for f in whole_set("hart").features:
        assert "100" not in f.missing or "unverified" in f.missing
        assert "Mosaic" not in f.name or "unverified" in f.contested
        assert "Postcode" not in f.name or "meant to remove" in f.contested


def test_the_sets_are_as_large_as_promised() -> None:
    assert len(load_set("extended").features) >= 100
    assert len(load_set("core41").features) == 41


@pytest.mark.parametrize("name", SETS)
def test_no_name_stands_twice(name: str) -> None:
    names = whole_set(name).names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["extended", "core41"])
def test_nothing_protected_or_contested_is_on(name: str) -> None:
    assert not [f.name for f in load_set(name).features if f.protected or f.contested]


def test_age_and_sex_are_flagged_in_the_replica() -> None:
    flagged = {f.name: f.protected for f in load_set("hart").features if f.protected}
    assert flagged["CustodyAge"] == "age"
    assert flagged["Gender"] == "sex"


def test_a_declared_exception_switches_a_feature_on() -> None:
    allowed = load_set("hart", [Allowed(("PriorIntelCount",), "to replicate the published tool", "A. Name")])
    assert "PriorIntelCount" in allowed.names
    assert allowed.names.index("PriorIntelCount") == len(allowed.names) - 1
    assert allowed.allowed[0].allowed_by == "A. Name"


@pytest.mark.parametrize(
    ("allow", "code"),
    [
        (Allowed(("PriorIntelCount",), " ", "A. Name"), "features-allowed-unsigned"),
        (Allowed(("PriorIntelCount",), "because", ""), "features-allowed-unsigned"),
        (Allowed(("PriorIntelCnt",), "because", "A. Name"), "features-allowed-unknown"),
    ],
)
def test_an_exception_needs_a_reason_a_name_and_a_feature(allow: Allowed, code: str) -> None:
    with pytest.raises(Problem) as caught:
        load_set("hart", [allow])
    assert caught.value.code == code


def test_all_faults_of_exceptions_are_found_at_once() -> None:
    with pytest.raises(Problems) as caught:
        load_set("hart", [Allowed(("x", "y"), "", "")])
    assert len(caught.value.items) == 3


def test_a_set_that_is_not_there_is_a_problem() -> None:
    with pytest.raises(Problem) as caught:
        load_set("hurt")
    assert caught.value.code == "features-set-unknown"


def test_what_rests_on_a_person_says_that_no_versions_are_kept() -> None:
    for f in whole_set("hart").features:
        if f.op in (Op.PERSON, Op.AGE):
            assert f.known.endswith("the record keeps no versions of it.")
        if f.op in (Op.PERSON, Op.AGE, Op.FIRST_AGE):
            assert f.unversioned
    assert not whole_set("core41").unversioned


def test_a_name_that_is_not_in_a_large_set_is_answered_with_five_names_at_most() -> None:
    with pytest.raises(Problem) as caught:
        load_set("extended", [Allowed(("zzzz",), "because", "A. Name")])
    assert len(str(caught.value)) < 400


def test_no_feature_reads_later_life_or_ethnicity() -> None:
    forbidden = {"persons.died_on", "persons.moved_on", "persons.ethnicity", "custody_events.disposal"}
    assert not [f.name for name in SETS for f in whole_set(name).features if forbidden & set(f.reads)]
