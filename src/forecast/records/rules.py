"""Read the rules of the offence taxonomy from TOML and find what is wrong with them.

The form is explained at the top of ``offences.toml``. All faults of a file are found in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.problems import Problem, nearest, raise_all
from forecast.records.codes import normalise, selectors_of
from forecast.settings import read_toml

GROUPS = (
    "violence_serious",
    "violence_injury",
    "violence_noinjury",
    "sexual",
    "robbery",
    "burglary_dwelling",
    "burglary_other",
    "theft",
    "vehicle",
    "fraud",
    "criminal_damage",
    "drugs_possession",
    "drugs_supply",
    "weapons",
    "public_order",
    "breach_justice",
    "motoring",
    "other",
)
"""The groups, in the order in which they are numbered; the order never changes, for models depend on it."""
FLAGS = (
    "serious",
    "violent",
    "supply",
    "violence",
    "drug",
    "property",
    "weapon",
    "firearm",
    "murder",
    "sex_register",
    "breach",
)
"""What else a rule may say of an offence; new flags are added at the end."""
SELECTORS = ("classes", "subclasses", "recorded")
_CLASS = re.compile(r"[0-9]{3}")
_TOKEN = re.compile(r"(?P<head>(?:[0-9]{3}/)?)(?P<first>[0-9]+)(?:-(?P<last>[0-9]+))?")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of offences; ``phrase`` completes "3 arrests for ...". The flags are those of the group as a rule."""

    name: str
    phrase: str
    serious: bool
    violent: bool
    supply: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a rule says of a code: its group and all its flags."""

    group: str
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Like:
    """The code whose weight a code takes, and whether that is an assumption."""

    code: str
    assumed: bool


@dataclass
class Rules:
    """The content of a taxonomy file.

    ``meanings`` and ``likes`` are keyed by selector: ``028`` (a class), ``00806`` (PNC) or ``=8N`` (recorded crime).
    ``weights`` are keyed by normalised code.
    """

    version: str
    groups: tuple[Group, ...]
    meanings: dict[str, Meaning]
    likes: dict[str, Like]
    weights: dict[str, float]


@dataclass
class Reader:
    """Reads blocks of a file of rules and notes every fault of them."""

    path: Path
    found: list[Problem] = field(default_factory=list)

    def fault(self, detail: str) -> None:
        """Note a fault."""
        self.found.append(Problem("taxonomy-rule", path=self.path, detail=detail))

    def known(self, where: str, words: Iterable[str], allowed: Iterable[str]) -> list[str]:
        """Return the words that are allowed; note the others and those that stand twice."""
        good: list[str] = []
        for word in words:
            if word not in allowed:
                self.fault(f"{where} names '{word}', which is not known. {nearest(word, allowed)}")
            elif word in good:
                self.fault(f"{where} names '{word}' twice")
            else:
                good.append(word)
        return good

    def text(self, where: str, block: Mapping[str, Any], key: str) -> str:
        """Return a text that must be there and not be empty."""
        value = block.get(key)
        if not isinstance(value, str) or not value.strip():
            self.fault(f"{where} needs a text '{key}'")
            return ""
        return value

    def words(self, where: str, block: Mapping[str, Any], key: str, allowed: Iterable[str]) -> list[str]:
        """Return the allowed words of a list that may be left out."""
        value = block.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self.fault(f"{where}: '{key}' must be a list of texts")
            return []
        return self.known(where, value, allowed)

    def tables(self, where: str, value: object) -> list[Mapping[str, Any]]:
        """Return a list of tables; note anything else."""
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self.fault(f"{where} must be a list of tables")
            return []
        return value

    def selectors(self, where: str, block: Mapping[str, Any]) -> list[str]:
        """Return all the selectors of a block, ranges written out."""
        made: list[str] = []
        for kind in SELECTORS:
            value = block.get(kind, "")
            if not isinstance(value, str):
                self.fault(f"{where}: '{kind}' must be a text of codes set apart by blanks")
                continue
            for token in value.split():
                made += self._expand(where, kind, token)
        if not any(kind in block for kind in SELECTORS):
            self.fault(f"{where} selects no code: give classes, subclasses or recorded")
        return made

    def _expand(self, where: str, kind: str, token: str) -> list[str]:
        if kind == "recorded":
            if token != normalise(token):
                self.fault(f"{where}: recorded code '{token}' should be written '{normalise(token)}'")
            return [f"={token}"]
        match, width = _TOKEN.fullmatch(token), 3 if kind == "classes" else 2
        ends = [end for end in (match["first"], match["last"]) if end] if match else []
        if not match or bool(match["head"]) != (kind == "subclasses") or any(len(end) != width for end in ends):
            self.fault(f"{where}: '{token}' is not of the form of {kind} (028, 028-031; 008/06, 008/11-18)")
            return []
        if int(ends[-1]) < int(ends[0]):
            self.fault(f"{where}: the range '{token}' runs backwards")
        head = match["head"].rstrip("/")
        return [f"{head}{number:0{width}d}" for number in range(int(ends[0]), int(ends[-1]) + 1)]


def read_rules(path: Path) -> Rules:
    """Read a taxonomy file; raise every fault of it (``taxonomy-rule``) at once."""
    content, reader = read_toml(path), Reader(path)
    reader.known("the file", content, ("version", "sources", "groups", "rules", "severity", "weights"))
    version = reader.text("the file", content, "version")
    groups, defaults = _groups(reader, content.get("groups"))
    meanings = _meanings(reader, content.get("rules"), defaults)
    weights = _weights(reader, content.get("weights"))
    likes = _likes(reader, content.get("severity"), weights)
    if not reader.found:  # else they may only seem to have no group
        _without_group(reader, meanings, [*likes, *(f"={code}" for code in weights)])
    raise_all(reader.found)
    return Rules(version, groups, meanings, likes, weights)


def _groups(reader: Reader, blocks: object) -> tuple[tuple[Group, ...], dict[str, frozenset[str]]]:
    if not isinstance(blocks, Mapping) or tuple(blocks) != GROUPS or not all(map(_is_table, blocks.values())):
        reader.fault(f"[groups] must define, in this order: {', '.join(GROUPS)}")
        return (), {}
    groups, defaults = [], {}
    for name, block in blocks.items():
        where = f"group '{name}'"
        reader.known(where, block, ("phrase", "flags"))
        flags = frozenset(reader.words(where, block, "flags", FLAGS))
        phrase = reader.text(where, block, "phrase")
        groups.append(Group(name, phrase, "serious" in flags, "violent" in flags, "supply" in flags))
        defaults[name] = flags
    return tuple(groups), defaults


def _meanings(reader: Reader, blocks: object, defaults: Mapping[str, frozenset[str]]) -> dict[str, Meaning]:
    meanings: dict[str, Meaning] = {}
    first: dict[str, str] = {}
    for number, block in enumerate(reader.tables("[[rules]]", blocks), 1):
        where = f"rule {number} ('{block.get('note', '')}')"
        reader.known(where, block, ("note", "group", *SELECTORS, "with", "without"))
        meaning = _meaning(reader, where, block, defaults)
        for selector in reader.selectors(where, block):
            if selector in meanings:
                reader.fault(f"{where} selects {_shown(selector)}, as does {first[selector]}")
            elif meaning:
                meanings[selector], first[selector] = meaning, where
    return meanings


def _meaning(
    reader: Reader, where: str, block: Mapping[str, Any], defaults: Mapping[str, frozenset[str]]
) -> Meaning | None:
    group = reader.text(where, block, "group")
    if not reader.known(where, [group] if group else [], GROUPS) or group not in defaults:
        return None
    more = set(reader.words(where, block, "with", FLAGS))
    less = set(reader.words(where, block, "without", FLAGS))
    if idle := sorted((more & defaults[group]) | (less - defaults[group])):
        reader.fault(f"{where}: with or without {', '.join(idle)} is what group '{group}' says already")
    return Meaning(group, (defaults[group] | more) - less)


def _weights(reader: Reader, table: object) -> dict[str, float]:
    weights: dict[str, float] = {}
    if not isinstance(table, Mapping):
        reader.fault("[weights] is missing")
        return weights
    for code, weight in table.items():
        name = normalise(code)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < float("inf"):
            reader.fault(f"the weight of {code} must be a number above 0")
        elif name in weights:
            reader.fault(f"{code} has two weights")
        else:
            weights[name] = float(weight)
    return weights


def _likes(reader: Reader, table: object, weights: Mapping[str, float]) -> dict[str, Like]:
    likes: dict[str, Like] = {}
    if not isinstance(table, Mapping):
        reader.fault("[severity] is missing")
        return likes
    for kind in reader.known("[severity]", table, ("same", "assumed")):
        for block in reader.tables(f"[severity] {kind}", table[kind]):
            where = f"severity like '{block.get('like', '')}' ({kind})"
            reader.known(where, block, ("like", *SELECTORS))
            like = normalise(reader.text(where, block, "like"))
            if like not in weights:
                reader.fault(f"{where}: that code has no weight")
            for selector in reader.selectors(where, block):
                # A class may be weighed beside the recorded code of the same number: class 106 is not modern slavery.
                if selector in likes or (not _CLASS.fullmatch(selector) and selector.lstrip("=") in weights):
                    reader.fault(f"{where} weighs {_shown(selector)}, which has a weight already")
                likes[selector] = Like(like, kind == "assumed")
    return likes


def _without_group(reader: Reader, meanings: Mapping[str, Meaning], weighed: Iterable[str]) -> None:
    """Note what has a weight but no group; a slip of the pen is found so."""
    for shown in map(_shown, weighed):
        if not any(selector in meanings for selector in selectors_of(normalise(shown))):
            reader.fault(f"{shown} has a weight, but no rule says its group")


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _shown(selector: str) -> str:
    return selector.lstrip("=") if len(selector) != 5 or selector[0] == "=" else f"{selector[:3]}/{selector[3:]}"
