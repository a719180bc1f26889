"""Declare the 34 predictors of the Harm Assessment Risk Tool.

Their names are recalled from Urwin (2016) and **not verified**; their content agrees with what was published about the
tool. What the names leave open is our reading: an offence is one of custody records; ages at first offence are at the
time of the offence, of earlier custody events, not the presenting one; years since, and ages at first, are
100 where something never happened, as recalled (unverified).
The outward postcode (24 commonest) and the Mosaic code (28 commonest) are given as they stand: the commonest are chosen
from training data by whoever trains. These two and the count of intelligence reports are off unless declared.
"""

from __future__ import annotations

from dataclasses import replace

from forecast.features import wording
from forecast.features.classes import ANY, CUSTODY, INTELLIGENCE
from forecast.features.spec import NEVER_HART, FeatureSpec, Op

NOTE = (
    "The 34 predictors of HART, for a replica to compare against. Names recalled and unverified; 'never' is 100, "
    "as recalled (unverified). "
    "Age and sex are features by its definition; postcode, Mosaic code and intelligence count are off by default."
)
_NEVER = "Never missing: 100 stands for 'never', as recalled (unverified)."
_POSTCODE = (
    "Where people live stands for poverty and ethnicity; Durham meant to remove one of two postcode predictors at a "
    "refresh."
)
_MOSAIC = (
    "A commercial profile of the household, with segments that name heritage; reported, unverified: later dropped."
)
_INTELLIGENCE = "Counts where police look and whom they suspect, not what a person did."

# subject in the taxonomy, our word for people, name in HART
_FIRST = (("any", "offence", "Any"), ("violence", "offence of violence", "Violence"),
          ("sexual", "sexual offence", "Sexual"), ("weapon", "weapons offence", "Weapon"),
          ("drug", "drug offence", "Drug"), ("property", "property offence", "Property"))  # fmt: skip


def hart() -> tuple[FeatureSpec, ...]:
    """Return the 34 predictors in their order, as recalled."""
    return (*_presenting(), *(_first(*row) for row in _FIRST), *_prior())


def _presenting() -> tuple[FeatureSpec, ...]:
    return (
        wording.age("CustodyAge", "age at this custody event"),
        wording.of_person("Gender", "sex", "sex as recorded", "sex"),
        wording.presenting("InstantAnyOffenceCount", Op.PRESENT_COUNT, ANY, "offences held for now"),
        wording.presenting("InstantViolenceOffenceBinary", Op.FLAG, "violence", "held for violence now"),
        wording.presenting("InstantPropertyOffenceBinary", Op.FLAG, "property", "held for a property offence now"),
        wording.of_person(
            "CustodyPostcodeOutwardTop24", "postcode_outward", "first half of the postcode", "geography", _POSTCODE
        ),
        wording.of_person(
            "CustodyMosaicCodeTop28", "mosaic_code", "commercial segment of the household", "a commercial segment",
            _MOSAIC,
        ),
    )  # fmt: skip


def _first(subject: str, words: str, name: str) -> FeatureSpec:
    made = wording.first_age(f"First{name}OffenceAge", subject, f"age at the first earlier {words}")
    return replace(made, never=NEVER_HART, missing=f"{_NEVER} {wording.NO_BIRTH}")


def _count(name: str, subject: str, words: str) -> FeatureSpec:
    return wording.count(f"Prior{name}Count", subject, f"earlier {words}")


def _latest(name: str, subject: str, words: str) -> FeatureSpec:
    made = wording.since(f"Prior{name}LatestYears", subject, f"years since the latest earlier {words}")
    return replace(made, never=NEVER_HART, missing=_NEVER)


def _prior() -> tuple[FeatureSpec, ...]:
    intelligence = replace(
        _count("Intel", INTELLIGENCE, "intelligence reports"),
        protected="an intelligence count",
        contested=_INTELLIGENCE,
        default_on=False,
    )
    return (
        _count("AnyOffence", ANY, "offences"),
        _latest("AnyOffence", ANY, "offence"),
        _count("MurderOffence", "murder", "offences of murder or attempted murder"),
        _count("SeriousOffence", "serious", "serious offences"),
        _latest("SeriousOffence", "serious", "serious offence"),
        _count("ViolenceOffence", "violence", "offences of violence"),
        _latest("ViolenceOffence", "violence", "offence of violence"),
        _count("SexualOffence", "sexual", "sexual offences"),
        _latest("SexualOffence", "sexual", "sexual offence"),
        _count("SexRegOffence", "sex_register", "offences that can lead to the sex offender register"),
        _count("WeaponOffence", "weapon", "weapons offences"),
        _latest("WeaponOffence", "weapon", "weapons offence"),
        _count("FirearmOffence", "firearm", "firearms offences"),
        _count("DrugOffence", "drug", "drug offences"),
        _latest("DrugOffence", "drug", "drug offence"),
        _count("DrugDistOffence", "supply", "offences of supplying drugs"),
        _count("PropertyOffence", "property", "property offences"),
        _latest("PropertyOffence", "property", "property offence"),
        _count("Custody", CUSTODY, "custody events"),
        _latest("Custody", CUSTODY, "custody event"),
        intelligence,
    )
