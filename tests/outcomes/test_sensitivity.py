from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from forecast.outcomes.definition import Definition
from forecast.outcomes.sensitivity import base_rates
from forecast.records.moments import moments
from tests.outcomes.worlds import (
    END,
    GRAVE,
    NOON,
    SERIOUS,
    Row,
    ThreeCodes,
    at,
    event,
    instant,
    offence,
    order,
    person,
    world,
)

MAY = at(2011, 5, 1)
DAY = dt.timedelta(days=1)
DEFINITION = Definition(severity_from=465.0)


def table(
    events: list[Row],
    offences: list[Row],
    persons: list[Row] | None = None,
    orders: list[Row] | None = None,
    data_end: dt.datetime = END,
    definition: Definition = DEFINITION,
) -> pd.DataFrame:
    arranged = world(events, offences, persons or [], orders or [])
    found = base_rates(arranged, moments(arranged), ThreeCodes(), definition, instant(data_end))
    return found.set_index("choice")


@pytest.fixture(scope="module")
def rates() -> pd.DataFrame:
    """P is re-arrested for a burglary, Q for a robbery (charged, proven), R only on bail; S died, T was inside."""
    events = [event("P1", NOON, "P"), event("Q1", NOON, "Q"), event("R1", NOON, "R", disposal="diversion")]
    events += [event("S1", NOON, "S"), event("T1", NOON, "T")]
    events += [event("P2", MAY, "P"), event("Q2", MAY, "Q"), event("R2", MAY, "R", reason="bail")]
    offences = [
        offence("P2", MAY, GRAVE, person_id="P"),
        offence("Q2", MAY, SERIOUS, person_id="Q", charged_at=MAY, proven_at=END + DAY),
        offence("R2", MAY, person_id="R"),
    ]
    inside = [order(NOON, NOON + days * DAY, person_id=name) for name, days in (("T", 31), ("R", 30))]
    persons = [person("S", died_on=dt.date(2010, 9, 1))]
    return table(events, offences, persons, inside, at(2013))


@pytest.mark.parametrize(
    ("choice", "cases", "any_", "serious"),
    [
        ("as defined: complete windows", 5, 2 / 5, 1 / 5),
        ("without those who died or moved away", 4, 2 / 4, 1 / 4),
        ("without those over 30 days in prison", 4, 2 / 4, 1 / 4),
        ("diverted", 1, 0, 0),
        ("not diverted", 4, 2 / 4, 1 / 4),
        ("counted by arrest", 5, 2 / 5, 1 / 5),
        ("counted by charge", 5, 1 / 5, 1 / 5),
        ("counted by proven", 5, 1 / 5, 1 / 5),
        ("serious by taxonomy", 5, 2 / 5, 1 / 5),
        ("serious by severity", 5, 2 / 5, 2 / 5),
        ("bail, warrant and recall counted too", 5, 3 / 5, 1 / 5),
    ],
)
def test_each_choice_has_its_cases_and_rates(rates: pd.DataFrame, choice: str, cases: int, any_: float, serious: float):
    row = rates.loc[choice]
    assert (row["cases"], row["any"], row["serious"]) == (cases, pytest.approx(any_), pytest.approx(serious))


def test_a_weighted_rate_uses_cases_that_are_not_complete_yet():
    events = [event("P1", NOON, "P"), event("Q1", MAY - 9 * DAY, "Q"), event("Q2", MAY, "Q"), event("R1", NOON, "R")]
    found = table(events, [offence("Q2", MAY, person_id="Q")])
    assert found.loc["as defined: complete windows", "cases"] == 2
    weighted = found.loc["weighted for censoring (IPCW): end of the data"]
    assert (weighted["cases"], weighted["any"]) == (3, pytest.approx(1 / 4))


def test_intervals_take_people_and_not_cases_as_units():
    """Four people with two cases each, alike within a person: deviations of 1.5 and three times -0.5 in all."""
    events = [event(f"{name}{i}", NOON + i * DAY, name) for name in "PQRS" for i in (0, 1)]
    events.append(event("again", MAY, "P", reason="warrant"))
    definition = Definition(excluded_reasons=())
    row = table(events, [offence("again", MAY)], data_end=END + DAY, definition=definition).iloc[0]
    assert (row["cases"], row["any"]) == (8, 0.25)
    error = np.sqrt((1.5**2 + 3 * 0.5**2) * 4 / 3) / 8
    assert row["any_high"] == pytest.approx(0.25 + 1.959964 * error)
    assert row["any_low"] == 0


def test_a_choice_that_leaves_nobody_has_no_rate_and_one_person_no_interval():
    found = table([event("P1", NOON, "P")], [])
    assert np.isnan(found.loc["diverted", "any"])
    assert found.loc["not diverted", "any"] == 0
    assert np.isnan(found.loc["not diverted", "any_low"])
