"""Compute features the slow and obvious way: for each moment look at every fact. The kernel must agree to the bit."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.features.classes import ARREST, custody_classes, order_start_classes
from forecast.features.spec import WINDOWS_US, FeatureSet, FeatureSpec, Kind, Op
from forecast.records.actuarial import load_actuarial
from forecast.records.instants import DAY_US, YEAR_US
from forecast.records.schema import FORECAST_REASONS
from forecast.records.taxonomy import load_taxonomy
from tests.features.making import Row, Rows

NAN = math.nan
YEAR = float(YEAR_US)


@dataclass(frozen=True)
class Fact:
    classes: tuple[str, ...]
    happened: int
    recorded: int
    until: float
    stay: str | None = None
    milli: int = 0


def _until(row: Row) -> float:
    return math.inf if row.get("superseded_at") is None else row["superseded_at"]


def facts_of(rows: Rows, person: str) -> tuple[list[Fact], list[Row]]:
    """Return the facts of a person, but for orders, and the rows of the person's orders."""

    def of(name: str) -> list[Row]:
        return [row for row in rows.get(name, []) if row["person_id"] == person]

    taxonomy, actuarial, facts = load_taxonomy(), load_actuarial(), []
    for row in of("custody_events"):
        classes = custody_classes(row["reason"])
        facts.append(Fact(classes, row["arrested_at"], row["recorded_at"], _until(row), row["custody_id"]))
    for row in of("offences"):
        said = taxonomy.lookup(row["code"])
        facts.append(
            Fact((*said.classes, *actuarial.presenting_classes(row["code"])), row["committed_at"], row["recorded_at"],
                 _until(row), row["custody_id"], round(said.weight * 1000))
        )  # fmt: skip
    for row in of("intelligence"):
        facts.append(Fact(("intelligence",), row["observed_at"], row["recorded_at"], _until(row)))
    return facts, of("orders")


def expected(rows: Rows, feature_set: FeatureSet) -> list[Row]:
    """Return the matrix as rows, in the order of person, as_of and custody id."""
    found = []
    for person in rows["persons"]:
        facts, orders = facts_of(rows, person["person_id"])
        for custody_id, as_of in moments_of(rows, person["person_id"]):
            proven = [r for r in rows["offences"] if r["person_id"] == person["person_id"] and r.get("proven_at")]
            moment = Moment(facts, orders, proven, person, custody_id, as_of)
            row = {f.name: narrowed(f, moment.value(f)) for f in feature_set.features}
            found.append({"custody_id": custody_id, "person_id": person["person_id"], "as_of": as_of, **row})
    return sorted(found, key=lambda r: (r["person_id"], r["as_of"], r["custody_id"]))


def moments_of(rows: Rows, person: str) -> list[tuple[str, int]]:
    """Return custody id and time of each moment of a person."""
    mine = [row for row in rows["custody_events"] if row["person_id"] == person]
    found = []
    for custody_id in {row["custody_id"] for row in mine}:
        versions = sorted((r for r in mine if r["custody_id"] == custody_id), key=lambda r: r["recorded_at"])
        stands = any(r.get("superseded_at") is None for r in versions)
        if stands and versions[0]["reason"] in FORECAST_REASONS:
            found.append((custody_id, versions[0]["recorded_at"]))
    return found


def narrowed(f: FeatureSpec, value: Any) -> Any:
    return float(np.float32(value)) if f.kind == Kind.REAL else value


@dataclass(frozen=True)
class Moment:
    facts: list[Fact]
    orders: list[Row]
    proven: list[Row]
    person: Row
    custody_id: str
    t: int

    def prior(self, name: str, window: int = -1) -> list[Fact]:
        """Return the facts of a class on record before the moment, of other custody events."""
        since = -math.inf if window < 0 else self.t - WINDOWS_US[window]
        return [
            fact
            for fact in [*self.facts, *self.order_facts(), *self.sanctions()]
            if name in fact.classes
            and fact.stay != self.custody_id
            and fact.recorded < self.t <= fact.until
            and fact.happened < self.t + (fact.stay is None and "intelligence" not in fact.classes)
            and fact.happened >= since
        ]

    def sanctions(self) -> list[Fact]:
        """Return one fact for each custody event and class with a proof that stands, dated by the earliest."""
        dates: dict[tuple[str, str], list[int]] = {}
        for row in self.proven:
            if max(row["proven_at"], row["recorded_at"]) < self.t <= _until(row):
                for name in load_actuarial().sanction_classes(row["code"]):
                    dates.setdefault((row["custody_id"], name), []).append(row["proven_at"])
        return [Fact((name,), min(found), 0, math.inf, stay) for (stay, name), found in dates.items()]

    def order_facts(self) -> list[Fact]:
        found = []
        for row in self.orders:
            found.append(Fact(order_start_classes(row["kind"]), row["starts_at"], row["recorded_at"], _until(row)))
            if row["kind"] == "prison" and row.get("ends_at") is not None:
                found.append(Fact(("prison_end",), row["ends_at"], row["recorded_at"], _until(row)))
        return found

    def presenting(self, name: str) -> list[Fact]:
        return [
            fact
            for fact in self.facts
            if name in fact.classes and fact.stay == self.custody_id and fact.recorded <= self.t < fact.until
        ]

    def running(self, kind: str) -> int:
        """Count orders that have begun less those that have ended."""
        seen = [o for o in self.orders if o["kind"] == kind and o["recorded_at"] < self.t <= _until(o)]
        ended = sum(o.get("ends_at") is not None and o["ends_at"] <= self.t for o in seen)
        return sum(o["starts_at"] <= self.t for o in seen) - ended

    def age(self, at: int) -> float:
        born_on = self.person.get("born_on")
        if born_on is None:
            return NAN
        born = (born_on - dt.date(1970, 1, 1)).days * DAY_US
        return NAN if at < born else (at - born) / YEAR

    def groups(self, facts: list[Fact]) -> Counter[str]:
        names = {group.name for group in load_taxonomy().groups}
        return Counter(name for fact in facts for name in fact.classes if name in names)

    def value(self, f: FeatureSpec) -> Any:
        prior = self.prior(f.subject, f.window)
        times = sorted(fact.happened for fact in prior)
        now = self.presenting("any")
        arrests = sorted(fact.happened for fact in self.prior(ARREST))
        match f.op:
            case Op.PERSON:
                return self.person.get(f.subject, "M" if f.subject == "sex" else None)
            case Op.AGE:
                return self.age(self.t)
            case Op.COUNT:
                return len(prior)
            case Op.HARM:
                return sum(fact.milli for fact in prior) / 1000
            case Op.FLAG:
                return int(bool(self.presenting(f.subject)))
            case Op.PRESENT_COUNT:
                return len(self.presenting(f.subject))
            case Op.PRESENT_HARM:
                return sum(fact.milli for fact in self.presenting(f.subject)) / 1000
            case Op.SINCE:
                return (self.t - times[-1]) / YEAR if times else f.never
            case Op.FIRST_AGE:
                return self.age(times[0]) if times else f.never
            case Op.RUNNING:
                return self.running(f.subject)
            case Op.KINDS:
                return len(self.groups(self.prior("any", f.window)))
            case Op.PRESENT_KINDS:
                return len(self.groups(now))
            case Op.TOP_SHARE:
                seen = self.groups(self.prior("any"))
                return max(seen.values()) / len(self.prior("any")) if seen else NAN
            case Op.SHARE:
                whole = self.prior(f.other)
                return len(prior) / len(whole) if whole else NAN
            case Op.SAME_KIND:
                kinds = self.groups(now)
                return sum(n for g, n in self.groups(self.prior("any", f.window)).items() if g in kinds)
            case Op.MEAN_GAP:
                return (times[-1] - times[0]) / YEAR / (len(times) - 1) if len(times) > 1 else NAN
            case Op.LAST_GAP:
                return (arrests[-1] - arrests[-2]) / YEAR if len(arrests) > 1 else NAN
            case Op.TEMPO:
                return len(times) / max((self.t - times[0]) / YEAR, 1.0) if times else 0.0
            case Op.ACCELERATION:
                last, five = len(self.prior(f.subject, 0)), len(self.prior(f.subject, 2))
                return last - (five - last) / 4
            case Op.FREE:
                seen_all = [x.happened for name in ("custody", "any", "prison_end") for x in self.prior(name)]
                since = (self.t - max(seen_all)) / YEAR if seen_all else NAN
                return 0.0 if self.running("prison") > 0 else since
        raise NotImplementedError(f.op)
