"""Tests of what a model is said to read nothing about."""

from __future__ import annotations

import pytest

from forecast.scoring.not_known import TOPICS, topics_unknown
from forecast.tables.description import Feature
from forecast.tables.library import load


def test_what_a_table_holds_is_never_said_not_to_be_known():
    first, second = (load(name).features for name in ("nij:round1", "nij:round2"))
    assert {"Dependents", "Condition_MH_SA"} <= {f.name for f in first}
    assert {"Residence_Changes", "Percent_Days_Employed"} <= {f.name for f in second}
    assert topics_unknown(first) == ("home", "work")
    assert topics_unknown(second) == ()


def test_offences_are_no_word_of_a_home_or_a_family():
    assert topics_unknown(load("compas").features) == tuple(TOPICS)


@pytest.mark.parametrize(
    ("feature", "topic"),
    [
        (Feature("CustodyPostcodeOutwardTop24", "category", "first half of the postcode"), "home"),
        (Feature("segment", "category", "segment", protected="a commercial segment"), "home"),
        (Feature("x1", "flag", "married"), "family"),
        (Feature("x2", "number", "visits", column="MentalHealthVisits"), "health"),
        (Feature("jobs", "number", "number of them"), "work"),
    ],
)
def test_a_feature_is_known_by_its_name_its_column_its_words_or_its_kind(feature: Feature, topic: str):
    assert topics_unknown([feature]) == tuple(name for name in TOPICS if name != topic)


def test_nothing_is_known_where_nothing_is_read():
    assert topics_unknown([]) == tuple(TOPICS)
