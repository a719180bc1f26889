"""Walk through every branch of the phrase of every feature: of the whole catalogue and of every shipped table."""

from __future__ import annotations

import datetime
import functools
import math
from collections.abc import Iterator
from typing import Any

from forecast.features.catalogue import SETS, whole_set
from forecast.features.spec import FeatureSet, FeatureSpec, Op
from forecast.settings import read_toml
from forecast.tables.assembly import Assembly, AssemblyHead
from forecast.tables.cases_description import cases_description
from forecast.tables.description import DeclaredException, Feature, build
from forecast.tables.library import load, shipped

EVERYTHING = "+".join(SETS)
UNTIL = datetime.date(2018, 1, 1)
_SHARES = (0.0, 0.004, 0.01, 0.124, 0.5, 0.996, 1.0)
_YEARS = (0.0, 0.001, 1 / 12, 0.36, 0.999, 1.0, 1.04, 1.4, 12.0)
_BY_OP: dict[Op, tuple[Any, ...]] = {
    **dict.fromkeys((Op.SHARE, Op.TOP_SHARE), _SHARES),
    **dict.fromkeys((Op.SINCE, Op.MEAN_GAP, Op.LAST_GAP, Op.FREE), _YEARS),
    **dict.fromkeys((Op.AGE, Op.FIRST_AGE), (18.0, 34.98)),
    **dict.fromkeys((Op.HARM, Op.PRESENT_HARM), (0.0, 0.4, 1.0, 1.771, 350.0)),
    Op.FLAG: (0.0, 1.0),
    Op.TEMPO: (0.0, 0.21, 1.0, 2.5),
    Op.ACCELERATION: (-2.5, -1.0, -0.25, 0.0, 1.0, 3.0),
    Op.PERSON: ("F", "M", "X", "DH1"),
}
"""Values that reach each branch of a phrase, by what is computed; of counts none, one, many, a fraction."""


@functools.cache
def described() -> dict[str, tuple[Feature, FeatureSpec]]:
    """Return every feature of the catalogue as the description of built cases has it, contested ones too."""
    features: FeatureSet = whole_set(EVERYTHING)
    allowed = (DeclaredException(features.names, "a test", "the tests"),)
    assembly = Assembly(AssemblyHead(name="all"), exceptions=allowed)
    made = build(cases_description(assembly, features, UNTIL, "cases.parquet"), "all.toml")
    return {f.name: (made.feature(f.name), f) for f in features.features}


def values_of(spec: FeatureSpec) -> tuple[Any, ...]:
    """Return values of a feature of the catalogue for each branch: missing and 'never' too."""
    never = () if math.isnan(spec.never) else (spec.never,)
    return (*_BY_OP.get(spec.op, (0.0, 1.0, 3.0, 2.5)), *never, math.nan, None)


def of_tables() -> Iterator[Feature]:
    """Yield every feature of every variant of every shipped table, once."""
    seen = set()
    for name, path in shipped().items():
        for variant in read_toml(path).get("variants") or [""]:
            for feature in load(f"{name}:{variant}" if variant else name).features:
                if (name, feature) not in seen:
                    seen.add((name, feature))
                    yield feature


def values_of_table(feature: Feature) -> tuple[tuple[Any, str | None], ...]:
    """Return (value, text that stands in the file) of a table's feature for each branch."""
    missing = ((None, None), (math.nan, None))
    if feature.kind == "ordered":
        return (*((float(i), None) for i in range(len(feature.levels))), *missing)
    if feature.kind == "category":
        return (*((level, None) for level in feature.levels), ("something else", None), *missing)
    if feature.kind == "flag":
        return ((0.0, None), (1.0, None), *missing)
    if feature.is_age:
        return ((34.98, None), (45.0, "43-47" if feature.kind == "band" else None), (48.0, "48 or older"), *missing)
    if feature.unit == "share":
        return (*((value, None) for value in _SHARES), *missing)
    quoted = ((0.0, "0"), (1.0, "1"), (1.0, "1 or more"), (10.0, "10 or more")) if feature.kind == "top-coded" else ()
    return (*((value, None) for value in (0.0, 1.0, 3.0, 2.5)), *quoted, *missing)
