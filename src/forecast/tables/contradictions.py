"""Find what the parts of a table description say against each other; each part is sound by itself by then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from forecast.problems import Problem, nearest

if TYPE_CHECKING:
    from forecast.tables.description import Description, Feature, OutcomeHead


def contradictions(
    d: Description, outcome: OutcomeHead, features: tuple[Feature, ...], path: object
) -> Iterator[Problem]:
    """Yield the problems of a description as a whole; ``features`` are those of all groups, also the unused."""
    yield from _head(d, features, path)
    yield from _levels(d, outcome, path)
    yield from _roles(d, path)
    for feature in d.features:
        yield from _feature(feature, d, path)
    yield from _words(d, path)


def _head(d: Description, features: tuple[Feature, ...], path: object) -> Iterator[Problem]:
    if not d.features:
        yield Problem("no-features", path=path)
    if len(d.head.delimiter) != 1 or d.head.delimiter in '"\r\n':
        yield Problem(
            "toml-wrong-type", path=path, key="delimiter", expected="one character", found=repr(d.head.delimiter)
        )
    if d.head.minimum_age < 18 and not d.head.minimum_age_reason:
        yield Problem("toml-missing-key", path=path, key="minimum_age_reason", meaning="who allowed it, and why")
    yield from _known("two_feature", d.head.two_feature, [f.name for f in d.features], path)
    yield from _known("groups", d.head.groups, dict.fromkeys(f.group for f in features), path)
    yield from _known("benchmarks level", [b.level for b in d.benchmarks], d.scale.reached, path)


def _known(key: str, words: Iterable[str], known: Iterable[str], path: object) -> Iterator[Problem]:
    """Yield a problem for each word that names nothing."""
    known = list(known)
    for word in words:
        if word not in known:
            yield Problem(
                "toml-bad-value", path=path, key=key, found=word, allowed=", ".join(known), hint=nearest(word, known)
            )


def _levels(d: Description, outcome: OutcomeHead, path: object) -> Iterator[Problem]:
    names = tuple(level.name for level in d.levels)
    if len(d.scale.levels) < 2 or names != d.scale.reached:
        yield Problem(
            "toml-bad-value",
            path=path,
            key="outcome.scale",
            found=list(d.scale.levels),
            allowed="'none' followed by the blocks [outcome.NAME] in the same order",
            hint=f"Blocks found: {', '.join(names) or 'none'}.",
        )
    if outcome.follow_up == "as published" and not outcome.follow_up_reason:
        meaning = "why cases without complete follow-up are kept"
        yield Problem("toml-missing-key", path=path, key="outcome.follow_up_reason", meaning=meaning)
    for condition in d.cohort:
        if not condition.keep and condition.since is None and condition.before is None:
            yield Problem("toml-missing-key", path=path, key="cohort.keep", meaning="values to keep, or since / before")
    for a in d.audit:
        if any(not low < high for low, high in pairwise(a.cuts)):
            yield Problem(
                "toml-wrong-type",
                path=path,
                key=f"audit.{a.name}.cuts",
                expected="numbers that increase",
                found=list(a.cuts),
            )


def _roles(d: Description, path: object) -> Iterator[Problem]:
    """A feature must not also be an outcome or a leak, and nothing that is read may be dropped at the door."""
    other = {level.column: "an outcome" for level in d.levels}
    other |= {level.date: "an outcome's date" for level in d.levels if level.date}
    other |= {column: "a leak" for block in d.leaks for column in block.columns}
    other |= {b.source: "another instrument's score" for b in d.benchmarks}
    for feature in d.features:
        if not feature.sum_of and feature.source in other:
            yield Problem(
                "column-twice", path=path, column=feature.source, first="a feature", second=other[feature.source]
            )
    written = ("band", "note", "model_id", "p_", "start_", "reasons_", "remainder_")
    names = {n + level if n.endswith("_") else n for n in written for level in d.scale.reached}
    if d.keys.case in names:
        yield Problem("key-reserved", path=path, column=d.keys.case)
    dropped = {column for block in d.dropped for column in block.columns}
    for column, role in dict(d.declared()).items():
        if column in dropped:
            yield Problem("column-twice", path=path, column=column, first=role, second="dropped at the door")


def _feature(f: Feature, d: Description, path: object) -> Iterator[Problem]:
    if f.sensitive and f.name not in {column for block in d.exceptions for column in block.columns}:
        yield Problem("protected-feature", path=path, column=f.name, what=f.sensitive)
    if f.kind == "ordered" and len(f.levels) < 2:
        yield Problem("toml-missing-key", path=path, key=f"features.{f.name}.levels", meaning="the values, low to high")
    if f.words and len(f.words) != len(f.levels):
        yield Problem(
            "toml-wrong-type",
            path=path,
            key=f"features.{f.name}.words",
            expected="one text for each level",
            found=f"{len(f.words)} texts for {len(f.levels)} levels",
        )
    if f.many_words and "{value}" not in f.many_words:
        key = f"features.{f.name}.many_words"
        yield Problem("toml-wrong-type", path=path, key=key, expected="a text with {value}", found=repr(f.many_words))
    if f.sum_of:
        parts = [g.name for g in d.features if g.numeric and not g.sum_of]
        yield from _known(f"features.{f.name}.sum_of", f.sum_of, parts, path)
        yield from _known(f"features.{f.name}.kind", [f.kind], ["number"], path)


def _words(d: Description, path: object) -> Iterator[Problem]:
    """A value must not mean yes and no; the defaults count, where only one of the two lists is given."""
    pairs = [(f"outcome.{level.name}.true", level.true, level.false) for level in d.levels]
    pairs += [(f"features.{f.name}.true", f.true, f.false) for f in d.features if f.kind == "flag"]
    pairs += [("split.train", d.split.train, d.split.test)] if d.split else []
    for key, ones, others in pairs:
        if both := [word for word in ones if word in others]:
            yield Problem(
                "toml-wrong-type", path=path, key=key, expected="values that do not also mean the opposite", found=both
            )
