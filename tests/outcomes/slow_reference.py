"""The same outcomes, slow and obvious: every row is looked at for every forecast, with Python's own dates."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools

from forecast.outcomes.definition import Definition
from forecast.records.records import Records
from tests.outcomes.worlds import SERIOUS, UNKNOWN, WEIGHTS, Row

DAY = dt.timedelta(days=1)
FORECAST_REASONS = ("offence", "breach")


def months_later(time: dt.datetime, months: int) -> dt.datetime:
    year, month = divmod(time.year * 12 + time.month - 1 + months, 12)
    return time.replace(year=year, month=month + 1, day=min(time.day, calendar.monthrange(year, month + 1)[1]))


def stands(row: Row, data_end: dt.datetime) -> bool:
    return row["recorded_at"] < data_end and (row["superseded_at"] is None or row["superseded_at"] >= data_end)


def versions(rows: list[Row], custody_id: str) -> list[Row]:
    return sorted((r for r in rows if r["custody_id"] == custody_id), key=lambda r: r["recorded_at"])


def the_version(rows: list[Row], custody_id: str, data_end: dt.datetime) -> Row | None:
    return next((r for r in reversed(versions(rows, custody_id)) if stands(r, data_end)), None)


def slow_moments(records: Records) -> list[Row]:
    """Return the first versions of the events that ask for a forecast, in the order of moments."""
    rows = records.custody_events.to_pylist()
    firsts = [versions(rows, name)[0] for name in {r["custody_id"] for r in rows}]
    asked = [r for r in firsts if r["reason"] in FORECAST_REASONS]
    kept = [r for r in asked if any(v["superseded_at"] is None for v in versions(rows, r["custody_id"]))]
    return sorted(kept, key=lambda r: (r["person_id"], r["recorded_at"], r["custody_id"]))


def is_serious(code: str, definition: Definition) -> bool:
    if code == UNKNOWN:
        return False
    if definition.serious == "taxonomy":
        return code == SERIOUS
    return WEIGHTS[code] >= definition.severity_from * 1000


def qualifying(
    records: Records, moment: Row, definition: Definition, data_end: dt.datetime
) -> list[tuple[Row, dt.datetime]]:
    """Return the offences that count after a moment, each with the time of its arrest, charge or proof."""
    as_of, events = moment["recorded_at"], records.custody_events.to_pylist()
    end = months_later(as_of, definition.horizon_months)
    close = months_later(as_of, definition.closing_months)
    found = []
    for row in records.offences.to_pylist():
        held = the_version(events, row["custody_id"], data_end)
        if row["person_id"] != moment["person_id"] or row["custody_id"] == moment["custody_id"] or held is None:
            continue
        if not stands(row, data_end) or held["reason"] in definition.excluded_reasons:
            continue
        counted = {"arrest": held["arrested_at"], "charge": row["charged_at"], "proven": row["proven_at"]}
        when = counted[definition.counted]
        if when is None or not max(row["committed_at"], when) < data_end:
            continue
        if as_of <= row["committed_at"] < end and as_of <= when < close:
            found.append((row, when))
    return found


def inside(records: Records, moment: Row, definition: Definition, data_end: dt.datetime) -> int:
    """Return days of remand and prison, by adding up the stretches between all the edges there are."""
    as_of = moment["recorded_at"]
    end = min(months_later(as_of, definition.horizon_months), data_end)
    events = [r for r in records.custody_events.to_pylist() if r["person_id"] == moment["person_id"]]
    held = [the_version(events, name, data_end) for name in {r["custody_id"] for r in events}]
    spans = [(r["arrested_at"], r["remanded_until"]) for r in held if r is not None and r["remanded_until"]]
    for row in records.orders.to_pylist():
        if row["person_id"] == moment["person_id"] and row["kind"] == "prison" and stands(row, data_end):
            spans.append((row["starts_at"], row["ends_at"] or end))
    edges = sorted({edge for span in spans for edge in span} | {as_of, end})
    total = dt.timedelta(0)
    for left, right in itertools.pairwise(edges):
        if as_of <= left < end and any(begin <= left < stop for begin, stop in spans):
            total += right - left
    return total // DAY


def slow_outcome(records: Records, moment: Row, definition: Definition, data_end: dt.datetime) -> Row:
    """Return what ``Outcomes.to_table`` should hold for a moment."""
    as_of, counted = moment["recorded_at"], qualifying(records, moment, definition, data_end)
    any_on = min((when for _, when in counted), default=None)
    serious_on = min((when for row, when in counted if is_serious(row["code"], definition)), default=None)
    held = the_version(records.custody_events.to_pylist(), moment["custody_id"], data_end)
    person = next(p for p in records.persons.to_pylist() if p["person_id"] == moment["person_id"])
    until = min(months_later(as_of, definition.horizon_months), data_end)

    def left(day: dt.date | None) -> bool:
        if day is None or day < as_of.date():
            return False
        return max(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC), as_of) < until

    diverted = held is not None and held["disposal"] == "diversion"
    return {
        "any": any_on is not None,
        "serious": serious_on is not None,
        "any_on": any_on,
        "serious_on": serious_on,
        "days_to_first": None if any_on is None else (any_on - as_of) // DAY,
        "harm_milli": sum(WEIGHTS[row["code"]] for row, _ in counted if row["code"] != UNKNOWN),
        "complete": months_later(as_of, definition.closing_months) <= data_end,
        "died": left(person["died_on"]),
        "moved": left(person["moved_on"]),
        "days_in_prison": inside(records, moment, definition, data_end),
        "diverted": diverted and (held["disposed_at"] is None or held["disposed_at"] < data_end),
    }
