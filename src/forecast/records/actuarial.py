"""Say of an offence code which category of the published scales it is of, and what its sanction counts as.

The scales know 20 to 24 categories; ours are a little finer, so that each scale's own can be put together from them.
The rules are data: ``actuarial.toml`` beside this file, on top of the offence taxonomy.

Whether an offence is *summary* (tried by magistrates alone) is told by its class alone: the Home Office numbers
indictable and either-way offences below 100 and summary ones from 100 on, with a few exceptions. That is our reading
of the numbers, not checked against the law for each offence.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from forecast.problems import raise_all
from forecast.records.codes import ho_class, normalise, selectors_of
from forecast.records.rules import GROUPS, SELECTORS, Reader
from forecast.records.taxonomy import Taxonomy, load_taxonomy
from forecast.settings import read_toml

PREFIX = "actuarial_"
"""What the names of classes of facts begin with, one a category: they are not those of the taxonomy."""
SANCTION = "sanction"
SANCTION_VIOLENT, SANCTION_BAIL = "sanction_violent", "sanction_bail"
SANCTION_SUMMARY, SANCTION_INDICTABLE = "sanction_summary", "sanction_indictable"
SANCTIONS = (SANCTION, SANCTION_VIOLENT, SANCTION_BAIL, SANCTION_SUMMARY, SANCTION_INDICTABLE)
"""The classes of sanctions, in the order in which they are numbered."""
VIOLENT_NOW = "violent_sanction"
"""The class of offences of which a sanction would count as violent."""
_BAIL = "083"
_FIRST_SUMMARY = "100"
_NOT_SUMMARY = ("802", "814", "996")


@dataclass(frozen=True, slots=True)
class Category:
    """A category of offences: ``phrase`` completes "held now for ..."; ``violent``: its sanctions count as violent."""

    name: str
    phrase: str
    violent: bool


@dataclass(frozen=True)
class Actuarial:
    """The categories, the most serious first, and which code is of which."""

    version: str
    categories: tuple[Category, ...]
    by_group: Mapping[str, str]
    by_selector: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the categories, the most serious first."""
        return tuple(category.name for category in self.categories)

    def category(self, code: str, taxonomy: Taxonomy | None = None) -> Category:
        """Return the category of a code in either form; raise ``offence-unknown`` for one the taxonomy does not know.

        A rule for the very code comes first, then one for its class, then what its group in the taxonomy says.
        """
        offence = (taxonomy or load_taxonomy()).lookup(code)
        chosen = next((s for s in selectors_of(offence.code) if s in self.by_selector), None)
        name = self.by_group[offence.group] if chosen is None else self.by_selector[chosen]
        return self.categories[self.names.index(name)]

    def presenting_classes(self, code: str, taxonomy: Taxonomy | None = None) -> tuple[str, ...]:
        """Return the classes, besides those of the taxonomy, that an offence of this code has."""
        category = self.category(code, taxonomy)
        return (PREFIX + category.name, *((VIOLENT_NOW,) if category.violent else ()))

    def sanction_classes(self, code: str, taxonomy: Taxonomy | None = None) -> tuple[str, ...]:
        """Return the classes of sanctions that a proven offence of this code makes."""
        found = [SANCTION]
        if self.category(code, taxonomy).violent:
            found.append(SANCTION_VIOLENT)
        if is_bail(code):
            found.append(SANCTION_BAIL)
        return (*found, SANCTION_SUMMARY if is_summary(code) else SANCTION_INDICTABLE)


def is_summary(code: str) -> bool:
    """Say whether a code is of a class numbered as summary."""
    found = _class_of(code)
    return found >= _FIRST_SUMMARY and found not in _NOT_SUMMARY


def is_bail(code: str) -> bool:
    """Say whether a code is of the Bail Act (class 083): failing to surrender."""
    return _class_of(code) == _BAIL


def _class_of(code: str) -> str:
    return ho_class(normalise(code))


@functools.cache
def load_actuarial() -> Actuarial:
    """Return the shipped categories (read once); raise every fault of the rules (``taxonomy-rule``) at once."""
    return read_actuarial(Path(str(resources.files("forecast.records"))) / "actuarial.toml")


def read_actuarial(path: Path) -> Actuarial:
    """Read categories and rules from a file of the form of ``actuarial.toml``."""
    content, reader = read_toml(path), Reader(path)
    reader.known("the file", content, ("version", "categories", "groups", "rules"))
    version = reader.text("the file", content, "version")
    blocks = content.get("categories", {})
    categories = tuple(
        Category(name, reader.text(f"category '{name}'", block, "phrase"), bool(block.get("violent")))
        for name, block in blocks.items()
    )
    by_group = content.get("groups", {})
    if set(by_group) != set(GROUPS):
        reader.fault(f"[groups] must name a category for each of {', '.join(GROUPS)}")
    reader.known("[groups]", set(by_group.values()), blocks)
    by_selector: dict[str, str] = {}
    for number, block in enumerate(reader.tables("[[rules]]", content.get("rules")), 1):
        where = f"rule {number}"
        reader.known(where, block, ("category", *SELECTORS))
        named = reader.known(where, [reader.text(where, block, "category")], blocks)
        for selector in reader.selectors(where, block):
            if selector in by_selector:
                reader.fault(f"{where} selects {selector.lstrip('=')}, as does a rule for '{by_selector[selector]}'")
            by_selector[selector] = named[0] if named else ""
    raise_all(reader.found)
    return Actuarial(version, categories, by_group, by_selector)
