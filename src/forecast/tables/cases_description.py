"""Write the table description of assembled cases, so that they train, score and explain like any other table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from forecast.features.spec import JOIN, UNCLEAR, Kind, Op
from forecast.features.wording import NEVER_MISSING
from forecast.records.schema import SEXES
from forecast.tables.assembly import Assembly
from forecast.tables.sensitive import sensitivity

if TYPE_CHECKING:
    import datetime

    from forecast.features.spec import FeatureSet, FeatureSpec

AUDIT_SEX, AUDIT_AGE, AUDIT_ETHNICITY, AUDIT_DIVERTED = "audit_sex", "audit_age", "audit_ethnicity", "audit_diverted"
OUTCOME = "outcome_"
"""What the names of all columns about later times begin with."""
COMPLETE = "outcome_complete"
LATER = tuple(
    OUTCOME + name
    for name in ("any_on", "serious_on", "days_to_first", "harm_milli", "died", "moved", "days_in_prison")
)
"""Columns that say more of what happened later: never features."""
PROTECTED = {"age": "a protected attribute (age)", "sex": "a protected attribute (sex)"}
MISSING_WORDS = {
    NEVER_MISSING: "never, as far as is on record",
    "Missing: fewer than two earlier arrests": "fewer than two earlier arrests on record",
    "Missing: there is nothing on record that it could be a share of.": "nothing on record to take a share of",
    "Missing: no earlier offence is on record.": "no earlier offence on record",
    "Missing: no earlier arrest, offence or imprisonment": "no earlier arrest, offence or imprisonment on record",
}
"""What an empty value says to people, by how the catalogue's sentence on it begins; any other is 'not recorded'."""
SEX_WORDS = {"F": "female", "M": "male", "X": "another sex"}


def cases_description(
    assembly: Assembly, features: FeatureSet, observed_until: datetime.date, file: str
) -> dict[str, Any]:
    """Return the content of the description: sections and keys as `docs/tables.md` documents them."""
    head, definition = assembly.head, assembly.definition
    content: dict[str, Any] = {
        "format": 1,
        "name": head.name,
        "title": head.title,
        "source": head.source,
        "unit": "custody event",
        "file": file,
        "missing": ["", "nan", "NaN"],
        "two_feature": _two_features(features),
        "minimum_age": head.minimum_age,
        "minimum_age_reason": head.minimum_age_reason,
        "cautions": [*head.cautions, *([features.note] if features.note else [])],
        "keys": {"case": "custody_id", "person": "person_id", "as_of": "as_of", "age": AUDIT_AGE},
        "features": {f.name: _feature(f) | _place(f, features) for f in features.features},
        "exceptions": [_exception(e) for e in assembly.exceptions],
        "audit": _audit(features),
        "outcome": {
            "scale": list(definition.scale.levels),
            "horizon_months": definition.horizon_months,
            "settling_months": definition.closing_months - definition.horizon_months,
            "observed_until": observed_until,
        },
        "leaks": [{"columns": list(LATER), "why": "known only after the forecast"}],
        "cohort": [
            {
                "column": COMPLETE,
                "why": "the outcome window ends after the data do",
                "keep": ["true"],
                "applies": "complete",
            }
        ],
    }
    for level, words in zip(definition.scale.reached, definition.scale.words, strict=True):
        content["outcome"][level] = {"column": OUTCOME + level, "words": words, "date": f"{OUTCOME}{level}_on"}
    return {name: value for name, value in content.items() if value not in ("", [], {})}


def _feature(f: FeatureSpec) -> dict[str, Any]:
    """Return the block of a feature; a name that only sounds protected is overruled."""
    block: dict[str, Any] = {"kind": _kind(f), "phrase": f.phrase}
    if f.unit and f.kind not in (Kind.CATEGORY, Kind.COUNT, Kind.FLAG):  # what is counted stands in the phrase
        block["unit"] = f.unit
    if f.op == Op.PERSON and f.subject == "sex":
        block |= {"levels": list(SEXES), "words": [SEX_WORDS[sex] for sex in SEXES]}
    if f.kind in (Kind.COUNT, Kind.HARM):
        block["low"] = 0
    if words := _missing_words(f):
        block["missing_words"] = words
    if not math.isnan(f.never):
        block["never"] = f.never
    if f.op in (Op.SINCE, Op.FREE):
        block["recency"] = True
    if f.protected:
        block["protected"] = PROTECTED.get(f.protected, f.protected)
    elif sensitivity(f.name):
        block["protected"] = "none"
    if f.contested:
        block["caution"] = f.contested.rstrip(".")
    return block


def _place(f: FeatureSpec, features: FeatureSet) -> dict[str, Any]:
    """Return which way more of the feature is declared to move a forecast, and its sets where several are joined."""
    block: dict[str, Any] = {} if f.direction == UNCLEAR else {"direction": f.direction}
    return block | ({"sets": list(features.sets_of(f.name))} if features.joined else {})


def _missing_words(f: FeatureSpec) -> str:
    return next((words for said, words in MISSING_WORDS.items() if f.missing.startswith(said)), "")


def _kind(f: FeatureSpec) -> str:
    return {Kind.FLAG: "flag", Kind.CATEGORY: "category"}.get(f.kind, "number")


def _two_features(features: FeatureSet) -> list[str]:
    """Return the features that hold age and number of earlier arrests, of the first set that has both."""
    for name in features.name.split(JOIN):
        inside = features.of_set(name)
        ages = [f.name for f in inside if f.op == Op.AGE]
        priors = [f.name for f in inside if is_priors(f)]
        if ages and priors:
            return [ages[0], priors[0]]
    return []


def is_priors(f: FeatureSpec) -> bool:
    """Say whether a feature is the number of earlier arrests or custody events, ever."""
    return f.op == Op.COUNT and f.window < 0 and f.subject in ("arrest", "custody")


def _audit(features: FeatureSet) -> dict[str, Any]:
    blocks: dict[str, Any] = {
        AUDIT_SEX: {"title": "sex"},
        "audit_age_band": {"title": "age", "column": AUDIT_AGE, "cuts": [21, 25, 35, 45]},
        AUDIT_ETHNICITY: {"title": "ethnicity"},
        AUDIT_DIVERTED: {"title": "diverted or not"},
    }
    priors = [f.name for f in features.features if is_priors(f)]
    if priors:
        blocks["audit_priors"] = {"title": "earlier arrests", "column": priors[0], "cuts": [1, 3, 11]}
    return blocks


def _exception(exception: Any) -> dict[str, Any]:
    block = {"columns": list(exception.columns), "reason": exception.reason, "allowed_by": exception.allowed_by}
    return block | ({"on": exception.on} if exception.on else {})
