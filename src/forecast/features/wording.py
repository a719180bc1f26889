"""Build features of the catalogue, with the sentences that go with them.

What is said of a feature follows from what it reads: so nothing is written twice, and nothing can be forgotten.
"""

from __future__ import annotations

from forecast.features.classes import ARREST, CUSTODY, INTELLIGENCE
from forecast.features.spec import RAISES, UNCLEAR, WINDOW_YEARS, FeatureSpec, Kind, Op
from forecast.records.actuarial import SANCTIONS

EVER = -1
VERSIONS = ("recorded_at", "superseded_at")
_OFFENCES = ("offences.code", "offences.committed_at", "offences.custody_id", *(f"offences.{c}" for c in VERSIONS))
_PROVEN = ("offences.code", "offences.proven_at", "offences.custody_id", *(f"offences.{c}" for c in VERSIONS))
_CUSTODY = ("custody_events.reason", "custody_events.arrested_at", *(f"custody_events.{c}" for c in VERSIONS))
_INTELLIGENCE = ("intelligence.observed_at", *(f"intelligence.{c}" for c in VERSIONS))
_ORDERS = ("orders.kind", "orders.starts_at", "orders.ends_at", *(f"orders.{c}" for c in VERSIONS))
BORN = "persons.born_on"

KNOWN = "When it was put on record; it counts only if that was strictly before the moment of the forecast."
KNOWN_PROVEN = (
    "When it was proven and put on record; it counts only if both were strictly before the moment of the forecast."
)
KNOWN_PRESENTING = "When it was put on record, by the moment of the forecast: what the person was then held for."
KNOWN_PERSON = "As it stands on the person's record at the end of the data; the record keeps no versions of it."
KNOWN_BIRTH = "The date of birth is taken as it stands on the person's record at the end of the data."
NO_MISSING = "Never missing: nothing on record counts as 0."
NEVER_MISSING = "Missing: it never happened, as far as is on record."
NO_BIRTH = "Missing: the date of birth is not known, or lies after it."
HARM_UNIT = "severity points (days of sentence, roughly)"


def reads_of(subject: str) -> tuple[str, ...]:
    """Return the table.column names from which facts of a class are read."""
    if subject in (CUSTODY, ARREST) or subject.startswith("custody_"):
        return _CUSTODY
    if subject == INTELLIGENCE:
        return _INTELLIGENCE
    if subject in SANCTIONS:
        return _PROVEN
    return _ORDERS if subject.startswith("order") else _OFFENCES


def over(window: int) -> str:
    """Return the words for a window: 'in the last 2 years', or nothing for 'ever'."""
    if window == EVER:
        return ""
    years = WINDOW_YEARS[window]
    return " in the last year" if years == 1 else f" in the last {years} years"


def suffix(window: int) -> str:
    """Return what names of features end in."""
    return "" if window == EVER else f"_{WINDOW_YEARS[window]}y"


def count(name: str, subject: str, words: str, window: int = EVER, direction: str = RAISES) -> FeatureSpec:
    """Count prior facts of a class: ``words`` as 'earlier arrests'."""
    unit = words.partition(" for ")[0].removeprefix("earlier ")
    return FeatureSpec(
        name, f"{words}{over(window)}", unit, Op.COUNT, Kind.COUNT, reads_of(subject), KNOWN, NO_MISSING, direction,
        subject=subject, window=window,
    )  # fmt: skip


def harm(name: str, subject: str, words: str, window: int = EVER) -> FeatureSpec:
    """Sum the severity of prior offences of a class."""
    return FeatureSpec(
        name, f"{words}{over(window)}", HARM_UNIT, Op.HARM, Kind.HARM, reads_of(subject), KNOWN, NO_MISSING, RAISES,
        subject=subject, window=window,
    )  # fmt: skip


def since(name: str, subject: str, words: str) -> FeatureSpec:
    """Measure the years since the latest prior fact of a class."""
    return _years(name, Op.SINCE, subject, words, "lowers", NEVER_MISSING)


def first_age(name: str, subject: str, words: str) -> FeatureSpec:
    """Tell the age at the earliest prior fact of a class; it gives the age away, so it is protected as age is."""
    return FeatureSpec(
        name, words, "years", Op.FIRST_AGE, Kind.REAL, (*reads_of(subject), BORN), f"{KNOWN} {KNOWN_BIRTH}",
        f"{NEVER_MISSING} Also {NO_BIRTH[0].lower()}{NO_BIRTH[1:]}", "lowers", subject=subject, protected="age",
    )  # fmt: skip


def presenting(name: str, op: Op, subject: str, words: str, direction: str = UNCLEAR) -> FeatureSpec:
    """Say something of the offences for which the person is held now."""
    kind = {Op.FLAG: Kind.FLAG, Op.PRESENT_HARM: Kind.HARM}.get(op, Kind.COUNT)
    unit = {Kind.FLAG: "yes or no", Kind.HARM: HARM_UNIT, Kind.COUNT: "offences"}[kind]
    missing = "Never missing: 0 if nothing of the kind was on record at that moment."
    return FeatureSpec(name, words, unit, op, kind, reads_of(subject), KNOWN_PRESENTING, missing, direction, subject)


def share(name: str, subject: str, other: str, words: str) -> FeatureSpec:
    """Measure prior facts of one class as a share of those of another."""
    reads = tuple(dict.fromkeys((*reads_of(subject), *reads_of(other))))
    missing = "Missing: there is nothing on record that it could be a share of."
    return FeatureSpec(
        name, words, "share", Op.SHARE, Kind.REAL, reads, KNOWN, missing, UNCLEAR, subject=subject, other=other
    )


def pace(name: str, op: Op, subject: str, words: str, direction: str, missing: str) -> FeatureSpec:
    """Measure gaps between facts, or how their pace changed."""
    unit = f"{words.split()[0]} a year" if op in (Op.TEMPO, Op.ACCELERATION) else "years"
    return FeatureSpec(name, words, unit, op, Kind.REAL, reads_of(subject), KNOWN, missing, direction, subject=subject)


def running(name: str, order: str, words: str, direction: str = RAISES) -> FeatureSpec:
    """Count the orders of a kind that run at the moment and were on record before it."""
    known = f"{KNOWN[:-1]}, and the order had begun and not ended."
    return FeatureSpec(
        name, words, "orders", Op.RUNNING, Kind.COUNT, _ORDERS, known, NO_MISSING, direction, subject=order
    )


def of_person(name: str, column: str, words: str, protected: str, contested: str = "") -> FeatureSpec:
    """Take a column of `persons` as it stands."""
    return FeatureSpec(
        name, words, "", Op.PERSON, Kind.CATEGORY, (f"persons.{column}",), KNOWN_PERSON, "Missing: not on record.",
        UNCLEAR, subject=column, protected=protected, contested=contested, default_on=not contested,
    )  # fmt: skip


def age(name: str, words: str) -> FeatureSpec:
    """Tell the age at the moment of the forecast."""
    return FeatureSpec(
        name, words, "years", Op.AGE, Kind.REAL, (BORN,), KNOWN_PERSON, NO_BIRTH, "lowers", protected="age"
    )


def variety(name: str, op: Op, words: str, direction: str, window: int = EVER) -> FeatureSpec:
    """Say how many kinds of offence there are, or which share the commonest has."""
    real = op == Op.TOP_SHARE
    unit = {Op.TOP_SHARE: "share", Op.SAME_KIND: "offences"}.get(op, "kinds of offence")
    known = KNOWN_PRESENTING if op == Op.PRESENT_KINDS else KNOWN
    missing = "Missing: no earlier offence is on record." if real else NO_MISSING
    return FeatureSpec(
        name, f"{words}{over(window)}", unit, op, Kind.REAL if real else Kind.COUNT, _OFFENCES, known, missing,
        direction, window=window,
    )  # fmt: skip


def free(name: str, words: str) -> FeatureSpec:
    """Measure the time without arrest, offence or imprisonment."""
    reads = (*_CUSTODY, *_OFFENCES, *_ORDERS)
    missing = "Missing: no earlier arrest, offence or imprisonment is on record."
    return FeatureSpec(name, words, "years", Op.FREE, Kind.REAL, reads, KNOWN, missing, "lowers")


def _years(name: str, op: Op, subject: str, words: str, direction: str, missing: str) -> FeatureSpec:
    return FeatureSpec(
        name, words, "years", op, Kind.REAL, reads_of(subject), KNOWN, missing, direction, subject=subject
    )
