"""Hold the catalogue: the sets of features by name, and who allowed which contested ones.

`hart` holds the predictors of the published tool, as recalled; `extended` holds ours; `core41` is a part of it, for
comparisons with other engines, and `sanctions` what the published scales read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from forecast.features import extended, hart, sanctions
from forecast.features.spec import JOIN, Allowance, FeatureSet, FeatureSpec
from forecast.problems import Problem, nearest, raise_all

_CORE = ("arrests", "offences", "harm", "violent", "serious", "property", "drug", "breach")
_CORE_ENDS = ("_1y", "_2y", "_5y", "")
CORE_NOTE = "41 features of history, each of which SQL can express: for comparisons with other engines."


def core41() -> tuple[FeatureSpec, ...]:
    """Return 41 features of `extended`."""
    names = [f"{name}{end}" for name in _CORE for end in _CORE_ENDS]
    names += [f"years_since_{name}" for name in ("arrest", "offence", "violent", "serious", "property", "drug")]
    names += ["mean_gap", "last_gap", "now_offences"]
    by_name = {f.name: f for f in extended.extended()}
    return tuple(by_name[name] for name in names)


_SETS: dict[str, tuple[Callable[[], tuple[FeatureSpec, ...]], str]] = {
    "hart": (hart.hart, hart.NOTE),
    "extended": (extended.extended, extended.NOTE),
    "core41": (core41, CORE_NOTE),
    "sanctions": (sanctions.sanctions, sanctions.NOTE),
}
SETS = tuple(_SETS)
"""The names of the sets that can be asked for."""


@functools.cache
def whole_set(name: str) -> FeatureSet:
    """Return a set with its contested features, whether or not they are on; for listing it.

    Names joined by a plus give one set with the features of all in their order, each once: `extended+hart`.
    """
    if JOIN in name:
        return _joined([whole_set(part) for part in dict.fromkeys(part.strip() for part in name.split(JOIN))])
    if name not in _SETS:
        raise Problem("features-set-unknown", name=name, hint=nearest(name, SETS))
    make, note = _SETS[name]
    return FeatureSet(name, make(), note)


def _joined(parts: Sequence[FeatureSet]) -> FeatureSet:
    """Join sets; two features of one name must be the same."""
    features: dict[str, FeatureSpec] = {}
    sets: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for f in part.features:
            if features.setdefault(f.name, f).digest("") != f.digest(""):
                raise Problem("features-sets-clash", column=f.name, first=sets[f.name][0], second=part.name)
            sets[f.name] = (*sets.get(f.name, ()), part.name)
    if len(parts) == 1:
        return parts[0]
    note = " ".join(f"{part.name}: {part.note}" for part in parts if part.note)
    return FeatureSet(JOIN.join(part.name for part in parts), tuple(features.values()), note, sets=sets)


def load_set(name: str, allow: Sequence[Allowance] = ()) -> FeatureSet:
    """Return a set with the features that are on, and the contested ones that ``allow`` declares.

    Each exception names who allowed it and why; one that names no feature of the set, or nobody, is a problem.
    """
    whole = whole_set(name)
    found: list[Problem] = []
    for one in allow:
        if not (one.reason.strip() and one.allowed_by.strip()):
            found.append(Problem("features-allowed-unsigned", columns=", ".join(one.columns)))
        unknown = [column for column in one.columns if column not in whole.names]
        found += [
            Problem("features-allowed-unknown", set=name, column=c, hint=nearest(c, whole.names)) for c in unknown
        ]
    raise_all(found)
    allowed = {column for one in allow for column in one.columns}
    features = tuple(f for f in whole.features if f.default_on or f.name in allowed)
    return replace(whole, features=features, allowed=tuple(allow))
