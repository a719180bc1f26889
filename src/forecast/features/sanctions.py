"""Declare the set that the published scales read: custody history put into the terms of sanctions.

The scales were built on sanctions: occasions on which a court convicted, or the police cautioned. Custody records know
custody events and offences, so here is the mapping:

* A *sanction* is a custody event of which at least one offence was proven (`offences.proven_at`: conviction or
  caution). It is seen once the proof is strictly past and the row on record, and for as long as the row stands. Its
  date is that of the first proof.
* Two custody events that one court dealt with on one day are two sanctions here and would be one in court records; a
  sanction without custody (summons, a caution on the street) is not seen. So counts differ from those of the Police
  National Computer, either way.
* The custody event at hand is the *current* sanction: it is taken as if proven, which many are not.
* A sanction is *violent* if an offence of a violent category was proven: the broad meaning of the scales, with criminal
  damage, public order and weapons. It is *summary* if an offence numbered as summary was, *indictable* if any other
  one; it may be both (see `records/actuarial.py`).
* Age is in years of 365.25 days; a scale takes whole years, so at a birthday it may be a day off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from forecast.features import wording
from forecast.features.classes import ARREST
from forecast.features.spec import RAISES, UNCLEAR, FeatureSpec, Op
from forecast.records.actuarial import (
    PREFIX,
    SANCTION,
    SANCTION_BAIL,
    SANCTION_INDICTABLE,
    SANCTION_SUMMARY,
    SANCTION_VIOLENT,
    VIOLENT_NOW,
    load_actuarial,
)

NOTE = (
    "What published scales read. A sanction is a custody event with a proven offence, so counts differ from court "
    "records; the event at hand counts as if proven. Age and sex are features by the definition of the scales."
)
NOW = "sanction_now_"
"""What the names of the features on the category of the offences at hand begin with."""
AGE, SEX, FIRST_AGE = "sanction_age", "sanction_sex", "sanction_first_age"
PREVIOUS, PREVIOUS_VIOLENT, NOW_VIOLENT = "sanction_previous", "sanction_previous_violent", "sanction_held_violent"
BAIL, BAIL_2Y, ON_BAIL = "sanction_bail", "sanction_bail_2y", "sanction_on_bail"
SUMMARY, INDICTABLE, PRISON = "sanction_summary", "sanction_indictable", "sanction_prison"
ARRESTS, ARRESTS_1Y, ARREST_AGE = "sanction_arrests", "sanction_arrests_1y", "sanction_first_arrest_age"
VIOLENCE = "sanction_arrested_violence"
_TWO_YEARS, _ONE_YEAR = 1, 0


def sanctions() -> tuple[FeatureSpec, ...]:
    """Return the set for the shipped categories."""
    return (*_person(), *_sanctioned(), *_courts(), *_arrested(), *_now())


def _person() -> Iterator[FeatureSpec]:
    yield wording.age(AGE, "age at this custody event")
    yield wording.of_person(SEX, "sex", "sex as recorded", "sex")


def _sanctioned() -> Iterator[FeatureSpec]:
    yield _counted(PREVIOUS, SANCTION, "earlier sanctions (custody events with a conviction or caution)")
    yield _counted(PREVIOUS_VIOLENT, SANCTION_VIOLENT, "earlier sanctions for violence in the broad meaning of scales")
    first = wording.first_age(FIRST_AGE, SANCTION, "age at the first earlier sanction")
    yield replace(first, known=f"{wording.KNOWN_PROVEN} {wording.KNOWN_BIRTH}")


def _courts() -> Iterator[FeatureSpec]:
    yield _counted(BAIL, SANCTION_BAIL, "earlier sanctions for failing to answer bail")
    yield _counted(BAIL_2Y, SANCTION_BAIL, "earlier sanctions for failing to answer bail", _TWO_YEARS)
    yield _counted(SUMMARY, SANCTION_SUMMARY, "earlier sanctions for a summary offence")
    yield _counted(INDICTABLE, SANCTION_INDICTABLE, "earlier sanctions for an offence that is not summary")
    yield wording.count(PRISON, "order_prison", "earlier terms of imprisonment", direction=UNCLEAR)
    yield wording.running(ON_BAIL, "bail", "grants of bail that run now")


def _arrested() -> Iterator[FeatureSpec]:
    yield wording.count(ARRESTS, ARREST, "earlier arrests")
    yield wording.count(ARRESTS_1Y, ARREST, "earlier arrests", _ONE_YEAR)
    yield wording.first_age(ARREST_AGE, ARREST, "age at the first earlier arrest")
    yield wording.count(VIOLENCE, "violence", "earlier offences for violence of any degree")


def _now() -> Iterator[FeatureSpec]:
    words = "held now for violence in the broad meaning of scales"
    yield wording.presenting(NOW_VIOLENT, Op.FLAG, VIOLENT_NOW, words)
    for category in load_actuarial().categories:
        yield wording.presenting(
            NOW + category.name, Op.FLAG, PREFIX + category.name, f"held now for {category.phrase}"
        )


def _counted(name: str, subject: str, words: str, window: int = wording.EVER) -> FeatureSpec:
    made = wording.count(name, subject, words, window, RAISES)
    return replace(made, known=wording.KNOWN_PROVEN, unit="sanctions")
