"""Declare the extended set: counts, harm, recency, pace, variety, breach and bail, and the presenting event.

Nothing here is geography, a commercial segment or an intelligence count. Age and ages at first are declared, for they
forecast well, and are off: a model may take them only by a declared exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from forecast.features import wording
from forecast.features.classes import ANY, ARREST
from forecast.features.spec import LOWERS, RAISES, UNCLEAR, WINDOW_YEARS, FeatureSpec, Op
from forecast.records.rules import Group
from forecast.records.taxonomy import load_taxonomy

NOTE = "History in counts, harm, recency, pace and variety, and the presenting event. 'Never' is a missing value."
_TWO = "Missing: fewer than two earlier arrests are on record."
_AGE_OFF = "Age is protected, and these features give it away."
WINDOWS = (*range(len(WINDOW_YEARS)), wording.EVER)

FLAGS = {
    "serious": "serious offences",
    "violent": "violent offences",
    "violence": "violence of any degree",
    "property": "property offences",
    "drug": "drug offences",
    "supply": "supplying drugs",
    "weapon": "weapons offences",
    "breach": "breach of bail or of an order",
}
_RARE = {"firearm": "firearms offences", "murder": "murder or attempted murder", "sex_register": "offences that can "
         "lead to the sex offender register"}  # fmt: skip
_REASONS = {
    "custody_breach": "arrests for breach of an order",
    "custody_bail": "returns on bail",
    "custody_warrant": "arrests on warrant",
    "custody_recall": "recalls to prison",
}
_ORDERS = {
    "prison": ("terms of imprisonment that run now, by an order on record", "terms of imprisonment"),
    "suspended_sentence": ("suspended sentences running now", "suspended sentences"),
    "community_order": ("community orders running now", "community orders"),
    "bail": ("grants of bail that run now", "grants of bail"),
    "sex_offender_register": (
        "entries in the sex offender register that run now",
        "entries in the sex offender register",
    ),
}


def extended() -> tuple[FeatureSpec, ...]:
    """Return the extended set for the shipped taxonomy."""
    groups = load_taxonomy().groups
    parts = (_arrests(), _offences(), _flags(), _groups(groups), _pace(), _variety(), _reasons(), _orders())
    return (*(f for part in parts for f in part), *_presenting(groups), *_ages())


def _arrests() -> Iterator[FeatureSpec]:
    for window in WINDOWS:
        yield wording.count(f"arrests{wording.suffix(window)}", ARREST, "earlier arrests", window)
    yield wording.since("years_since_arrest", ARREST, "years since the latest earlier arrest")


def _offences() -> Iterator[FeatureSpec]:
    for window in WINDOWS:
        yield wording.count(f"offences{wording.suffix(window)}", ANY, "earlier offences", window)
        yield wording.harm(f"harm{wording.suffix(window)}", ANY, "severity of earlier offences", window)
    yield wording.since("years_since_offence", ANY, "years since the latest earlier offence was committed")


def _flags() -> Iterator[FeatureSpec]:
    for flag, words in FLAGS.items():
        for window in WINDOWS:
            yield wording.count(f"{flag}{wording.suffix(window)}", flag, f"earlier offences for {words}", window)
        yield wording.since(f"years_since_{flag}", flag, f"years since the latest earlier offence ({words})")
    for flag, words in _RARE.items():
        yield wording.count(flag, flag, f"earlier offences for {words}")
    for window in WINDOWS:
        said = "severity of earlier violent offences"
        yield wording.harm(f"violent_harm{wording.suffix(window)}", "violent", said, window)


def _groups(groups: tuple[Group, ...]) -> Iterator[FeatureSpec]:
    for group in groups:
        name, words = f"group_{group.name}", f"earlier offences for {group.phrase}"
        for window in (1, wording.EVER):
            yield wording.count(f"{name}{wording.suffix(window)}", group.name, words, window)
        yield wording.since(f"years_since_{name}", group.name, f"years since the latest earlier {group.phrase}")


def _pace() -> Iterator[FeatureSpec]:
    zero = "Never missing: 0 without an earlier arrest."
    yield wording.pace("mean_gap", Op.MEAN_GAP, ARREST, "mean years between earlier arrests", LOWERS, _TWO)
    yield wording.pace("last_gap", Op.LAST_GAP, ARREST, "years between the latest two earlier arrests", LOWERS, _TWO)
    words = "arrests a year since the first one, counted over at least a year"
    yield wording.pace("tempo", Op.TEMPO, ARREST, words, RAISES, zero)
    words = "arrests of the last year less the yearly mean of the four years before"
    yield wording.pace("acceleration", Op.ACCELERATION, ARREST, words, RAISES, zero)
    words = "offences of the last year less the yearly mean of the four years before"
    yield wording.pace("offence_acceleration", Op.ACCELERATION, ANY, words, RAISES, zero.replace("arrest", "offence"))
    yield wording.free("years_free", "years free since the latest arrest, offence or end of imprisonment (0 in prison)")


def _variety() -> Iterator[FeatureSpec]:
    for window in WINDOWS:
        words = "kinds of earlier offences"
        yield wording.variety(f"kinds{wording.suffix(window)}", Op.KINDS, words, RAISES, window)
    yield wording.variety("top_share", Op.TOP_SHARE, "share of the commonest kind in earlier offences", UNCLEAR)
    for flag in ("violent", "property", "drug", "serious"):
        yield wording.share(f"{flag}_share", flag, ANY, f"share of {FLAGS[flag]} in earlier offences")


def _reasons() -> Iterator[FeatureSpec]:
    for subject, words in _REASONS.items():
        for window in (1, wording.EVER):
            name = subject.removeprefix("custody_") + "_events"
            yield wording.count(f"{name}{wording.suffix(window)}", subject, f"earlier {words}", window)
    yield wording.since("years_since_breach_event", "custody_breach", "years since the latest arrest for a breach")
    words = "share of breaches of an order in earlier arrests"
    yield wording.share("breach_event_share", "custody_breach", ARREST, words)


def _orders() -> Iterator[FeatureSpec]:
    for kind, (now, earlier) in _ORDERS.items():
        direction = LOWERS if kind == "prison" else RAISES
        yield wording.running(f"{kind}_now", kind, now, direction)
        yield wording.count(f"{kind}_orders", f"order_{kind}", f"earlier {earlier}", direction=UNCLEAR)
    yield wording.since("years_since_order", "order", "years since the latest order began")


def _presenting(groups: tuple[Group, ...]) -> Iterator[FeatureSpec]:
    yield wording.presenting("now_offences", Op.PRESENT_COUNT, ANY, "offences held for now", RAISES)
    yield wording.presenting("now_harm", Op.PRESENT_HARM, ANY, "severity of the offences held for now")
    yield wording.variety("now_kinds", Op.PRESENT_KINDS, "kinds of offence held for now", RAISES)
    yield wording.variety("same_kind", Op.SAME_KIND, "earlier offences of the kinds held for now", RAISES)
    said = "earlier offences of the kinds held for now"
    yield wording.variety("same_kind_2y", Op.SAME_KIND, said, RAISES, 1)
    for flag, words in FLAGS.items():
        yield wording.presenting(f"now_{flag}", Op.FLAG, flag, f"held now for {words}")
    for group in groups:
        yield wording.presenting(f"now_group_{group.name}", Op.FLAG, group.name, f"held now for {group.phrase}")
    yield wording.presenting("now_breach_event", Op.FLAG, "custody_breach", "arrested now for breach of an order")


def _ages() -> Iterator[FeatureSpec]:
    yield _off(wording.age("age", "age"))
    yield _off(wording.first_age("first_arrest_age", ARREST, "age at the first earlier arrest"))
    yield _off(wording.first_age("first_violent_age", "violent", "age at the first earlier violent offence"))


def _off(feature: FeatureSpec) -> FeatureSpec:
    return replace(feature, contested=_AGE_OFF, default_on=False)
