"""Read the TOML description of a table into frozen types, and check what it declares.

The format is documented in `docs/tables.md`. Every key is checked; an unknown one is a problem that names
the nearest valid key. Variants (rounds, cohorts) are laid over the base, key by key.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from forecast.cases import OutcomeScale
from forecast.problems import Problem, raise_all
from forecast.settings import key
from forecast.tables.contradictions import contradictions
from forecast.tables.sections import Sections, wrong_shape
from forecast.tables.sensitive import sensitivity

FORMAT = 1
KINDS = ("number", "ordered", "category", "flag", "top-coded", "band")
MISSING_TOKENS = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")


@dataclass(frozen=True, slots=True)
class Feature:
    """A column that a model may use: how to read it, how to call it, and whether it is sensitive."""

    name: str
    kind: str = key("how to read it", allowed=KINDS)
    phrase: str = key("what people call it")
    column: str = key("the column in the file; the feature's name by default", "")
    unit: str = key("unit of a number, for people", "")
    levels: tuple[str, ...] = key("the known values; for 'ordered' from low to high", ())
    words: tuple[str, ...] = key("what people call each of the levels", ())
    true: tuple[str, ...] = key("values of a flag that mean yes", ("true", "True", "TRUE", "1", "yes", "Y"))
    false: tuple[str, ...] = key("values of a flag that mean no", ("false", "False", "FALSE", "0", "no", "N"))
    low: float | None = key("smallest plausible number; below it the row is refused", None)
    high: float | None = key("largest plausible number; above it the row is refused", None)
    required: bool = key("refuse a row without a value", False)
    unknown: str = key(
        "what to do with a category not declared or not seen in training", "", allowed=("", "refuse", "other")
    )
    protected: str = key(
        "the protected attribute or contested kind of information it is; 'none' overrules the guard", ""
    )
    group: str = key("the group of features that variants switch on", "base")
    caution: str = key("why to read results with this feature with care", "")
    sum_of: tuple[str, ...] = key("derive the number as the sum of these features instead of reading a column", ())
    missing_words: str = key("what an empty value says to people; 'not recorded' by default", "")
    never: float | None = key("the number that stands for 'it never happened'", None)
    none_words: str = key("the sentence that 0, or a flag's no, is said with", "")
    one_words: str = key("the sentence that 1, or a flag's yes, is said with", "")
    many_words: str = key("the sentence that any other value is said with; {value} stands for it", "")
    theme: str = key("the group of facts it belongs to, for people: a key of [themes] in texts.toml or own words", "")
    recency: bool = key("it is the years since something, and an empty value means that it never happened", False)
    direction: str = key(
        "how more of it moves the forecast, where that is declared: trees are then held to it",
        "",
        allowed=("", "raises", "lowers"),
    )
    sets: tuple[str, ...] = key("the sets of the catalogue that it belongs to; empty: it is for every model", ())

    @property
    def source(self) -> str:
        """The column in the file."""
        return self.column or self.name

    @property
    def numeric(self) -> bool:
        """Whether the feature is a float64 column of `Cases.features` (else a text column)."""
        return self.kind != "category"

    @property
    def sensitive(self) -> str:
        """What makes the feature sensitive, declared or guessed from its name; an empty text if nothing."""
        what = self.protected or sensitivity(self.name) or sensitivity(self.source)
        return "" if what == "none" else what

    @property
    def always_shown(self) -> bool:
        """Whether an explanation must always name it: age and sex, where they are features."""
        return "(age)" in self.sensitive or "(sex)" in self.sensitive

    @property
    def is_age(self) -> bool:
        """Whether it is an age in years, which people say in whole completed years."""
        return self.unit == "years" and "(age)" in self.sensitive

    @property
    def refuses_category(self) -> bool:
        """Whether it is a category of which a value that training did not see refuses the row."""
        return not self.numeric and self.refuses_unknown

    @property
    def refuses_unknown(self) -> bool:
        """Whether an unknown category refuses the row; by default only declared lists do."""
        return self.unknown == "refuse" or (self.unknown == "" and bool(self.levels))


@dataclass(frozen=True, slots=True)
class Audit:
    """A protected attribute, kept for audit only; numbers are cut into groups at ``cuts``."""

    name: str
    title: str = key("what people call it")
    column: str = key("the column in the file; the name by default", "")
    cuts: tuple[float, ...] = key("lower ends of the groups after the first", ())

    @property
    def source(self) -> str:
        """The column in the file."""
        return self.column or self.name


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The score of another instrument on the same cases; never a feature."""

    name: str
    title: str = key("what people call it")
    level: str = key("the outcome level it speaks about")
    column: str = key("the column in the file; the name by default", "")
    cut: float | None = key("scores from here on count as flagged", None)

    @property
    def source(self) -> str:
        """The column in the file."""
        return self.column or self.name


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of the outcome scale is read."""

    name: str
    column: str = key("the column in the file")
    words: str = key("what is forecast, as 'arrested again within 2 years'")
    true: tuple[str, ...] = key("values that mean it happened", ("1", "true", "True", "TRUE"))
    false: tuple[str, ...] = key("values that mean it did not", ("0", "false", "False", "FALSE"))
    date: str = key("column with the date on which it happened, if there is one", "")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that restricts the cases: a value to keep, or a half-open range of dates."""

    column: str = key("the column in the file")
    why: str = key("why the cases are restricted so")
    keep: tuple[str, ...] = key("values to keep", ())
    since: datetime.date | None = key("keep dates from here on", None)
    before: datetime.date | None = key("keep dates strictly before", None)
    applies: str = key(
        "'always', or only where 'outcomes' are read, or only where these have to be 'complete'",
        "always",
        allowed=("always", "outcomes", "complete"),
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns that are not features, and why: they leak the outcome, or are not to be read at all."""

    columns: tuple[str, ...] = key("names of the columns")
    why: str = key("why they are not features")


@dataclass(frozen=True, slots=True)
class DeclaredException:
    """Who allowed protected or contested columns as features, and why; the report prints it."""

    columns: tuple[str, ...] = key("names of the features")
    reason: str = key("why they may be features")
    allowed_by: str = key("who allowed it")
    on: datetime.date | None = key("when", None)


@dataclass(frozen=True, slots=True)
class Keys:
    """The columns that name a case, a person and the moment of the forecast."""

    case: str = key("column with the id of the case")
    person: str = key("column with the id of the person")
    as_of: str = key("column with the moment of the forecast, a date", "")
    age: str = key("the feature or column with the age, for the rule that people under 18 get no forecast", "")


@dataclass(frozen=True, slots=True)
class Split:
    """The data set's own flag for training and test rows."""

    column: str = key("the column in the file")
    train: tuple[str, ...] = key("values that mean training")
    test: tuple[str, ...] = key("values that mean test")


@dataclass(frozen=True, slots=True)
class Head:
    """The plain keys at the top of a description."""

    format: int = key("the format of the description", low=1)
    name: str = key("short name")
    title: str = key("what the table holds, for people")
    source: str = key("who published it, and where", "")
    unit: str = key("what a case is", "person")
    delimiter: str = key("separator of a CSV file", ",")
    missing: tuple[str, ...] = key("texts that mean 'no value'", MISSING_TOKENS)
    two_feature: tuple[str, ...] = key("the features that hold age and number of priors", ())
    groups: tuple[str, ...] = key("the groups of features that are used; all by default", ())
    cautions: tuple[str, ...] = key("what a reader of results must know", ())
    minimum_age: int = key("people younger than this get no forecast", 18, low=10, high=110)
    minimum_age_reason: str = key("who allowed a lower minimum_age, and why", "")
    file: str = key("path of the local copy under FORECAST_DATA", "")
    also: tuple[str, ...] = key("other paths under FORECAST_DATA where the table may lie", ())
    fetch_to: str = key("path under the data folder that a fetched file gets; by default that of 'file'", "")
    url: str = key("address at the publisher", "")
    fetch_note: str = key("what to know before fetching", "")
    sha256: tuple[str, ...] = key("known checksums of the file", ())
    about: str = key("what this variant is", "")


@dataclass(frozen=True)
class Description:
    """A table description, one variant of it, checked."""

    head: Head
    variant: str
    keys: Keys
    features: tuple[Feature, ...]
    scale: OutcomeScale
    levels: tuple[Level, ...]
    observed_until: datetime.date | None
    follow_up: str
    settling_months: int
    audit: tuple[Audit, ...]
    benchmarks: tuple[Benchmark, ...]
    cohort: tuple[Condition, ...]
    leaks: tuple[Columns, ...]
    dropped: tuple[Columns, ...]
    exceptions: tuple[DeclaredException, ...]
    split: Split | None
    raw: Mapping[str, Any]
    """The merged TOML content, kept so that a bundle can carry it."""

    @property
    def label(self) -> str:
        """Name and variant, as commands take it."""
        return f"{self.head.name}:{self.variant}" if self.variant else self.head.name

    def feature(self, name: str) -> Feature:
        """Return the feature called ``name``."""
        return next(f for f in self.features if f.name == name)

    @property
    def sets(self) -> tuple[str, ...]:
        """The sets of the catalogue that features name, in the order of their first feature; none in most tables."""
        return tuple(dict.fromkeys(name for f in self.features for name in f.sets))

    @property
    def closing_months(self) -> int:
        """Months from the moment of the forecast until an outcome is settled: the horizon, and what it then waits."""
        return self.scale.horizon_months + self.settling_months

    def of_set(self, name: str) -> tuple[Feature, ...]:
        """Return the features of a set of the catalogue, and those that belong to no set and so to every model."""
        return tuple(f for f in self.features if name in f.sets or not f.sets)

    def only(self, names: Collection[str]) -> Description:
        """Return the description with these features alone, so that a table needs no other columns.

        What a sum is made of stays with it. Raises ``KeyError`` for a name that is no feature.
        """
        by_name = {f.name: f for f in self.features}
        kept = {part for name in names for part in (name, *by_name[name].sum_of)}
        left = [f for f in self.features if f.name in kept]
        raw = dict(self.raw)
        raw["features"] = {f.name: self.raw["features"][f.name] for f in left}
        if self.head.groups:
            raw["groups"] = [group for group in self.head.groups if any(f.group == group for f in left)]
        if not kept.issuperset(self.head.two_feature):
            raw.pop("two_feature", None)
        if self.keys.age in by_name.keys() - kept:
            raw["keys"] = {**self.raw["keys"], "age": by_name[self.keys.age].source}
        lost = by_name.keys() - kept
        blocks = [{**b, "columns": [c for c in b["columns"] if c not in lost]} for b in self.raw.get("exceptions", [])]
        raw["exceptions"] = [block for block in blocks if block["columns"]]
        return replace(build(raw, self.label), variant=self.variant)

    def plain_numbers(self) -> frozenset[str]:
        """Return the columns that are read as plain numbers and as nothing else."""
        numbers = {f.source for f in self.features if f.kind == "number" and not f.sum_of}
        others = {column for column, role in self.declared() if role != "a feature"}
        others |= {f.source for f in self.features if f.kind != "number"}
        return frozenset(numbers - others)

    def declared(self) -> Iterator[tuple[str, str]]:
        """Yield (column in the file, what it is) for each column that the description reads; a later role counts."""
        yield from ((c.column, "a cohort condition") for c in self.cohort)
        if self.split:
            yield self.split.column, "the split flag"
        yield self.keys.case, "the case's key"
        yield self.keys.person, "the person's key"
        if self.keys.as_of:
            yield self.keys.as_of, "the moment of the forecast"
        yield from ((f.source, "a feature") for f in self.features if not f.sum_of)
        yield from ((a.source, "an audit-only attribute") for a in self.audit)
        yield from ((b.source, "another instrument's score") for b in self.benchmarks)
        yield from ((level.date, "an outcome's date") for level in self.levels if level.date)
        yield from ((level.column, "an outcome") for level in self.levels)


_SECTIONS = ("keys", "features", "outcome", "audit", "benchmarks", "cohort", "leaks", "dropped", "exceptions", "split")


@dataclass(frozen=True, slots=True)
class OutcomeHead:
    """The plain keys of `[outcome]`: the scale, its window, and how far the data reach."""

    scale: tuple[str, ...] = key('the ordered levels, as ["none", "any"]')
    horizon_months: int = key("length of the outcome window in calendar months", low=1, high=600)
    observed_until: datetime.date | None = key("first day that the data do not cover", None)
    follow_up: str = key(
        "'complete', or 'as published' with a reason", "complete", allowed=("complete", "as published")
    )
    follow_up_reason: str = key("why incomplete follow-up is kept", "")
    settling_months: int = key(
        "months after the window until an outcome is settled, as convictions are", 0, low=0, high=120
    )


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay ``over`` on ``base``: tables key by key, everything else replaced."""
    merged = dict(base)
    for name, value in over.items():
        old = merged.get(name)
        merged[name] = merge(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def build(content: Mapping[str, Any], path: object, variant: str = "") -> Description:
    """Check the content of a description and return one variant of it; ``path`` is named in messages.

    Raises every problem found in one pass: first those within a section, then those between sections.
    """
    newest = content.get("format", FORMAT)
    if isinstance(newest, int) and newest > FORMAT:
        raise Problem("toml-version", path=path, found=newest, newest=FORMAT)
    raw = _with_variant(content, path, variant)
    sections = Sections(raw, path)
    head = sections.head(Head, _SECTIONS)
    keys = sections.one("keys", Keys)
    outcome, levels = sections.outcome(OutcomeHead, Level)
    features = sections.named("features", Feature)
    audit = sections.named("audit", Audit)
    benchmarks = sections.named("benchmarks", Benchmark)
    cohort = sections.listed("cohort", Condition)
    leaks = sections.listed("leaks", Columns)
    dropped = sections.listed("dropped", Columns)
    exceptions = sections.listed("exceptions", DeclaredException)
    split = sections.one("split", Split) if "split" in raw else None
    raise_all(sections.found)
    description = Description(
        head=head,
        variant=variant,
        keys=keys,
        features=tuple(f for f in features if not head.groups or f.group in head.groups),
        scale=OutcomeScale(outcome.scale, outcome.horizon_months, tuple(level.words for level in levels)),
        levels=levels,
        observed_until=outcome.observed_until,
        follow_up=outcome.follow_up,
        settling_months=outcome.settling_months,
        audit=audit,
        benchmarks=benchmarks,
        cohort=cohort,
        leaks=leaks,
        dropped=dropped,
        exceptions=exceptions,
        split=split,
        raw=raw,
    )
    raise_all([*contradictions(description, outcome, features, path)])
    return description


def _with_variant(content: Mapping[str, Any], path: object, variant: str) -> dict[str, Any]:
    variants = content.get("variants", {})
    base = {k: v for k, v in content.items() if k != "variants"}
    if not variants and not variant:
        return base
    if not isinstance(variants, Mapping):
        raise wrong_shape("variants", "sections [variants.NAME]", variants, path)
    if variant not in variants:
        raise Problem("variant-unknown", path=path, variant=variant, known=", ".join(variants) or "none")
    if not isinstance(variants[variant], Mapping):
        raise wrong_shape(f"variants.{variant}", "a section", variants[variant], path)
    return merge(base, variants[variant])
