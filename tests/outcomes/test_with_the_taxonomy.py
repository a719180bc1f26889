"""Outcomes with the shipped offence taxonomy in place of the tests' own."""

from __future__ import annotations

import pytest

from forecast.outcomes.build import follow
from forecast.outcomes.definition import Definition
from forecast.records.moments import moments
from forecast.records.taxonomy import load_taxonomy
from tests.outcomes.worlds import LATE, NOON, Row, at, event, instant, offence, row_of, world

MAY = at(2011, 5, 1)


def outcome(code: str, **definition: object) -> Row:
    arranged = world([event("A", NOON), event("B", MAY)], [offence("B", MAY, code)])
    keys = Definition(**definition)  # type: ignore[arg-type]
    return row_of(follow(arranged, moments(arranged), load_taxonomy(), keys, instant(LATE)))


@pytest.mark.parametrize(
    ("code", "by_taxonomy", "by_severity"),
    [("34B", True, True), ("00806", False, False), ("46", False, False), ("10B", True, False), ("28E", False, False)],
    ids=["robbery", "actual bodily harm", "shoplifting", "firearm", "burglary of a home"],
)
def test_serious_by_taxonomy_and_by_severity_are_two_things(code: str, by_taxonomy: bool, by_severity: bool):
    assert (outcome(code)["any"], outcome(code)["serious"]) == (True, by_taxonomy)
    assert outcome(code, serious="severity")["serious"] is by_severity


def test_harm_is_the_severity_weight_in_thousandths():
    assert outcome("34B")["harm_milli"] == round(load_taxonomy().lookup("34B").weight * 1000) > 500_000


def test_a_code_that_the_taxonomy_does_not_know_is_any_and_not_serious():
    found = outcome("no such code")
    assert (found["any"], found["serious"], found["harm_milli"]) == (True, False, 0)
