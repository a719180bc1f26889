"""Say of an offence code which group it belongs to, what else is so of it, and how severe it counts.

The rules are data: ``offences.toml`` beside this file, or a force's own file of the same form. A code that the rules do
not speak of is unknown; it is never guessed. What the shipped rules decide, and why:

* *serious*. The code list behind HART's "high risk" (serious) outcome was, as far as we found, never published;
  accounts of it (unverified) name murder, attempted murder, grievous bodily harm, robbery, sexual crimes and firearm
  offences. So this is our list and not Durham's: homicide and attempts at it, endangering life, harm with intent
  (section 18, not section 20), kidnapping and slavery, sexual offences but for exposure and the like, robbery and
  blackmail, aggravated burglary, arson and damage that endanger life, firearms (not knives, not summary firearms
  offences), death by driving and serious injury by dangerous driving, terrorism.
* *violent*. The three violence groups, robbery, aggravated burglary, riot, violent disorder and affray, threats with a
  weapon, firearms with intent. *violence* is the three violence groups alone. Sexual offences are in neither. The
  Ministry of Justice's "violent sanction" is broader (it has criminal damage and public order) and is not used.
* *murder*. Murder, attempts, conspiracy and incitement, manslaughter (corporate too, as in the homicide statistics) and
  infanticide; not threats to kill, and not causing or allowing a death.
* *property*. Burglary, theft, vehicle crime, fraud, and criminal damage with arson; not robbery.
* *weapon*. The weapons group and firearms with intent to endanger life; *firearm* the part of it that concerns
  firearms. Aggravated burglary involves a weapon by definition, but is no weapons offence.
* *breach*. Bail, absconding, recall, and breach of orders and of registration duties; not perjury and the like.
* *sex_register*. An approximation of schedule 3 of the Sexual Offences Act 2003: the real duty also hangs on age, on
  the sentence and on the date, which a code does not tell. Prostitution, trafficking and old offences between
  consenting adults are left out.

Severity is the Crime Severity Score weight of the Office for National Statistics. Where a code has no weight of its
own, that of a like offence or the median of its group stands in and ``weight_assumed`` says so.
"""

from __future__ import annotations

import builtins
import functools
import statistics
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from forecast.problems import Problem
from forecast.records.codes import ho_class, normalise, selectors_of
from forecast.records.rules import FLAGS, GROUPS, Group, Rules, read_rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLASSES", "Encoded", "Group", "Offence", "Taxonomy", "load_taxonomy", "normalise"]

CLASSES = (*GROUPS, "any", *FLAGS)
"""All classes that an offence can belong to; the place of a class is its bit in a mask."""


@dataclass(frozen=True, slots=True)
class Offence:
    """What the taxonomy says of a code; ``code`` is normalised, ``ho_class`` its class (three digits)."""

    code: str
    ho_class: str
    group: str
    serious: bool
    violent: bool
    supply: bool
    violence: bool
    drug: bool
    property: bool
    weapon: bool
    firearm: bool
    murder: bool
    sex_register: bool
    breach: bool
    weight: float
    weight_assumed: bool

    @builtins.property  # a field has the name of the plain one
    def classes(self) -> tuple[str, ...]:
        """The classes that the offence belongs to, in the order of :data:`CLASSES`."""
        return (self.group, "any", *(flag for flag in FLAGS if getattr(self, flag)))

    @builtins.property
    def mask(self) -> int:
        """The classes as bits."""
        return sum(1 << CLASSES.index(name) for name in self.classes)


@dataclass(frozen=True)
class Encoded:
    """What the taxonomy says of a column of codes, one entry a row.

    ``mask``: (rows,) uint64, bit i set for class i of :data:`CLASSES`; ``weight_milli``: (rows,) int64, severity weight
    times 1000, rounded, so that sums are exact in any order; ``group``: (rows,) int8, place of the group;
    ``unknown``: (rows,) bool. A missing or unknown code has mask 0, weight 0 and group -1.
    """

    mask: NDArray[np.uint64]
    weight_milli: NDArray[np.int64]
    group: NDArray[np.int8]
    unknown: NDArray[np.bool_]


class Taxonomy:
    """The offence taxonomy: look codes up one at a time, or encode a column of them."""

    classes: tuple[str, ...] = CLASSES

    def __init__(self, rules: Rules) -> None:
        self.version = rules.version
        self.groups: tuple[Group, ...] = rules.groups
        self._rules = rules
        self._medians = _medians(rules)

    def lookup(self, code: str) -> Offence:
        """Return what is said of ``code`` in either form, however it is written; raise ``offence-unknown``."""
        found = self.find(code)
        if found is None:
            raise Problem("offence-unknown", offence=code, version=self.version)
        return found

    def find(self, code: str | None) -> Offence | None:
        """Return what is said of ``code``, or None if it is missing or unknown."""
        name = normalise(code or "")
        meaning = next((self._rules.meanings[s] for s in selectors_of(name) if s in self._rules.meanings), None)
        if meaning is None:
            return None
        weight, assumed = self._weight(name, meaning.group)
        flags = {flag: flag in meaning.flags for flag in FLAGS}
        return Offence(name, ho_class(name), meaning.group, **flags, weight=weight, weight_assumed=assumed)

    def encode(self, codes: pa.Array | pa.ChunkedArray) -> Encoded:
        """Encode text codes (string, large string or dictionary); each distinct code is looked up once."""
        distinct, place = _distinct(codes)
        found = [self.find(code) for code in distinct]
        # The last entry of each table stands for a missing code.
        mask = np.array([o.mask if o else 0 for o in found] + [0], dtype=np.uint64)
        weight = np.array([round(o.weight * 1000) if o else 0 for o in found] + [0], dtype=np.int64)
        group = np.array([GROUPS.index(o.group) if o else -1 for o in found] + [-1], dtype=np.int8)
        return Encoded(mask[place], weight[place], group[place], (group < 0)[place])

    def _weight(self, name: str, group: str) -> tuple[float, bool]:
        weights = self._rules.weights
        if name in weights:
            return weights[name], False
        for selector in selectors_of(name):
            if like := self._rules.likes.get(selector):
                return weights[like.code], like.assumed
        number = str(int(ho_class(name) or 0))
        lettered = not name.isdigit()  # 49A has its own weight or none; the class's figure is another offence's
        return (self._medians[group], True) if lettered or number not in weights else (weights[number], False)


@functools.cache
def _shipped() -> Taxonomy:
    return Taxonomy(read_rules(Path(str(resources.files("forecast.records"))) / "offences.toml"))


def load_taxonomy(path: Path | None = None) -> Taxonomy:
    """Return the taxonomy of a file, or the shipped one (read once); raise every fault found in the rules."""
    return _shipped() if path is None else Taxonomy(read_rules(path))


def _medians(rules: Rules) -> dict[str, float]:
    """Return the median of the different weights in each group; of all weights for a group that has none."""
    # Different weights: homicide bears one weight under five names, and a median of names would be homicide's.
    by_group: dict[str, set[float]] = {name: set() for name in GROUPS}
    for code, weight in rules.weights.items():
        meaning = next((rules.meanings[s] for s in selectors_of(code) if s in rules.meanings), None)
        if meaning:
            by_group[meaning.group].add(weight)
    overall = statistics.median(rules.weights.values())
    return {name: statistics.median(found) if found else overall for name, found in by_group.items()}


def _distinct(codes: pa.Array | pa.ChunkedArray) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the distinct codes, and of each row the place of its code (one past the last: missing)."""
    chunked = codes if isinstance(codes, pa.ChunkedArray) else pa.chunked_array([codes])
    if not pa.types.is_dictionary(chunked.type):
        chunked = chunked.dictionary_encode()
    array = chunked.unify_dictionaries().combine_chunks()
    distinct = array.dictionary.to_pylist()
    place: NDArray[np.int64] = array.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)
    return distinct, place
