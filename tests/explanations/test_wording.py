"""Tests of the words in which facts are put."""

from __future__ import annotations

import dataclasses

import pytest

from forecast.explanations import wording
from forecast.explanations.texts import load_texts
from forecast.explanations.wording import about, fact
from forecast.tables.description import KINDS, Feature
from forecast.tables.library import load, shipped
from tests.helpers import CAUSAL

EVERY_KIND = [
    (Feature("priors", "number", "prior offences on record"), 3.0, "Prior offences on record: 3"),
    (
        Feature("since", "number", "time since the last arrest", unit="years"),
        2.5,
        "Time since the last arrest: 2.5 years",
    ),
    (Feature("since", "number", "time since", unit="years"), 2.125, "Time since: 2.1 years"),
    (Feature("since", "number", "time since", unit="years"), 0.001, "Time since: under a month"),
    (Feature("since", "number", "time since", unit="years"), 0.09, "Time since: 1 month"),
    (Feature("since", "number", "time since", unit="years"), 0.0, "Time since: 0 years"),
    (Feature("since", "number", "years since it", unit="years"), 0.36, "Years since it: 0.4"),
    (
        Feature("tempo", "number", "arrests a year since the first", unit="arrests a year"),
        0.21,
        "Arrests a year since the first: 0.21",
    ),
    (Feature("age", "number", "age at arrest", unit="years"), 58.98, "Age at arrest: 58 years"),
    (
        Feature("first_age", "number", "age at the first one", unit="years", protected="a protected attribute (age)"),
        17.99,
        "Age at the first one: 17 years",
    ),
    (Feature("part", "number", "share of thefts", unit="share"), 1.0, "Share of thefts: 100 in 100"),
    (Feature("part", "number", "share of thefts", unit="share"), 0.333, "Share of thefts: 33 in 100"),
    (Feature("part", "number", "share of thefts", unit="share"), 0.0, "Share of thefts: 0 in 100"),
    (Feature("part", "number", "share of thefts", unit="share"), 0.001, "Share of thefts: fewer than 1 in 100"),
    (Feature("part", "number", "share of thefts", unit="share"), 0.999, "Share of thefts: more than 99 in 100"),
    (Feature("since", "number", "time since", unit="years"), 10.001, "Time since: 10 years"),
    (Feature("share", "number", "share"), 0.0, "Share: 0"),
    (Feature("change", "number", "change"), -1.5, "Change: -1.5"),
    (Feature("grade", "ordered", "level", levels=("A", "B")), 1.0, "Level: B"),
    (Feature("grade", "ordered", "level", levels=("A", "B"), words=("low", "high")), 0.0, "Level: low"),
    (Feature("offence", "category", "present offence"), "theft", "Present offence: theft"),
    (Feature("sex", "category", "sex", levels=("M", "F"), words=("male", "female")), "F", "Sex: female"),
    (Feature("sex", "category", "sex", levels=("M", "F"), words=("male", "female")), "other", "Sex: other"),
    (Feature("bail", "flag", "on bail when arrested"), 1.0, "On bail when arrested"),
    (Feature("bail", "flag", "on bail when arrested"), 0.0, "On bail when arrested: recorded as no"),
    (Feature("priors", "top-coded", "arrests"), 10.0, "Arrests: 10"),
    (Feature("age", "band", "age at release", unit="years"), 45.0, "Age at release: about 45 years"),
]


@pytest.mark.parametrize(("feature", "value", "text"), EVERY_KIND, ids=[text for _, _, text in EVERY_KIND])
def test_a_fact_is_put_as_what_is_on_record(feature: Feature, value: object, text: str):
    assert fact(feature, value) == text


def test_every_kind_of_feature_is_tried_above():
    assert {feature.kind for feature, _, _ in EVERY_KIND} == set(KINDS)


@pytest.mark.parametrize("value", [None, float("nan")], ids=["None", "NaN"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_value_is_not_recorded_whatever_the_kind(kind: str, value: object):
    assert fact(Feature("x", kind, "the thing", levels=("a", "b")), value) == "The thing: not recorded"


def test_a_missing_value_says_what_the_description_says_of_it():
    first = Feature("x", "number", "age at the first arrest", missing_words="never, as far as is on record")
    assert fact(first, float("nan")) == "Age at the first arrest: never, as far as is on record"


def test_a_number_that_stands_for_never_is_not_quoted_as_a_number():
    since = Feature("x", "number", "years since", unit="years", never=100.0)
    assert fact(since, 100.0) == "Years since: never, as far as is on record"
    assert fact(since, 99.0) == "Years since: 99"
    assert fact(since, float("nan")) == "Years since: not recorded"


@pytest.mark.parametrize("name", [f"{n}" for n in shipped()])
def test_no_flag_of_a_shipped_table_is_phrased_as_a_number(name: str):
    for feature in load(name).features:
        if feature.kind == "flag":
            for value in (0.0, 1.0):
                assert not any(sign in fact(feature, value) for sign in ("= 0", ": 0", "= 1", ": 1", "0.0", "1.0"))


def test_no_text_claims_a_cause_or_a_certainty():
    note = "because it is part of the forecast", "because they are part of the forecast"
    for key, text in load_texts().by_key.items():
        said = text.lower().replace(note[0], "").replace(note[1], "")
        assert not [word for word in CAUSAL if word in said], key


@pytest.mark.parametrize(
    ("count", "text"), [(0, "fewer than 1"), (1, "about 1"), (99, "about 99"), (100, "more than 99")]
)
def test_nobody_and_everybody_are_never_claimed(count: int, text: str):
    assert about(count) == text


@pytest.mark.parametrize(("count", "text"), [(0, "under 1"), (1, "1"), (99, "99"), (100, "over 99")])
def test_no_per_cent_claim_nobody_or_everybody(count: int, text: str):
    assert wording.percent(count) == text


def test_a_phrase_begins_a_sentence_with_a_capital_and_keeps_the_rest():
    assert wording.sentence("NHS number on record") == "NHS number on record"
    assert wording.sentence("on bail") == "On bail"
    assert wording.sentence("") == ""


@pytest.mark.parametrize(
    ("recorded", "said"),
    [("48 or older", "Age: 48 or older"), ("43-47", "Age: 43-47 years"), (None, "Age: about 45 years")],
)
def test_a_band_is_quoted_as_it_stands_on_record(recorded: str | None, said: str):
    age = Feature("age", "band", "age", unit="years")
    assert wording.fact(age, 45.0, recorded) == said


def test_a_table_may_give_none_one_and_many_a_sentence_each():
    words = {"none_words": "no prior", "one_words": "1 prior", "many_words": "{value} priors"}
    priors = Feature("p", "top-coded", "priors", **words)
    assert [fact(priors, value) for value in (0.0, 1.0, 3.0, 2.5)] == ["No prior", "1 prior", "3 priors", "2.5 priors"]
    assert fact(priors, 1.0, "1") == "1 prior"
    assert fact(priors, 1.0, "1 or more") == "1 or more priors"
    assert fact(priors, None) == "Priors: not recorded"


def test_a_feature_is_one_of_the_catalogue_only_by_name_phrase_and_kind_and_without_words_of_its_own():
    catalogued = Feature("arrests_1y", "number", "earlier arrests in the last year")
    assert fact(catalogued, 3.0) == "3 arrests in the last 12 months"
    for changes in ({"name": "arrests_9y"}, {"phrase": "arrests since the flood"}, {"kind": "top-coded"}):
        other = dataclasses.replace(catalogued, **changes)
        assert fact(other, 3.0) == f"{wording.sentence(other.phrase)}: 3"
    assert fact(dataclasses.replace(catalogued, none_words="no arrest"), 0.0) == "No arrest"


def test_the_theme_is_that_of_the_catalogue_or_a_declared_one():
    assert wording.theme(Feature("violent", "number", "earlier offences for violent offences")) == (
        "criminal history: violence"
    )
    assert wording.theme(Feature("x", "number", "thing", theme="drugs")) == "criminal history: drugs"
    assert wording.theme(Feature("x", "number", "thing", theme="money matters")) == "money matters"
    assert wording.theme(Feature("x", "number", "thing")) == "other facts on record"
    assert wording.theme(Feature("age", "number", "age at work", unit="years")) == "age and sex"


def test_it_is_said_how_a_fact_may_be_wrong():
    age = Feature("age", "number", "age at work", unit="years")
    assert wording.can_be_wrong(age) == "The date of birth may be wrong."
    assert "another person's" in wording.can_be_wrong(Feature("arrests", "number", "earlier arrests"))
    assert "ended" in wording.can_be_wrong(Feature("bail_now", "number", "grants of bail that run now"))


def test_facts_that_count_earlier_arrests_are_known():
    assert wording.counts_earlier(Feature("arrests", "number", "earlier arrests"))
    assert not wording.counts_earlier(Feature("now_violent", "flag", "held now for violent offences"))
    assert not wording.counts_earlier(Feature("x", "number", "earlier arrests"))
