"""Load the texts of explanations: the one English catalogue, `texts.toml`, and a force's own file laid over it.

The catalogue is the schema: a force's file may say each of its keys otherwise, must keep what stands in braces, and
may besides give single features of the catalogue sentences of their own, `[features.NAME]`.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from forecast.problems import Problem, nearest, raise_all
from forecast.settings import Settings, read_toml

FEATURES = "features."
VALUES = frozenset({"count", "time", "age", "share", "value"})
"""Placeholders of phrases that hold the value itself; the others are nouns, which a sentence of a feature may leave."""


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts by their keys, `section.key` as in the file; compared and cached by identity."""

    by_key: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.by_key[key]

    def get(self, key: str, other: str = "") -> str:
        """Return the text of a key that need not be there."""
        return self.by_key.get(key, other)

    def say(self, key: str, /, **facts: object) -> str:
        """Return the text of a key with its placeholders filled."""
        return self.by_key[key].format(**facts)


def texts_of(settings: Settings) -> Texts:
    """Return the texts of an installation: the English ones, and over them those of its own file if it names one."""
    return load_texts(settings.texts)


def load_texts(path: Path | None = None) -> Texts:
    """Return the English texts, and laid over them those of a force's own file; each file is read once.

    Raises every problem found in the file: unknown keys, values that are no texts, placeholders that are missing or
    unknown.
    """
    return _english() if path is None else _laid_over(path)


@functools.cache
def _english() -> Texts:
    return Texts(dict(_flat(read_toml(Path(str(resources.files("forecast.explanations"))) / "texts.toml"))))


@functools.cache
def _laid_over(path: Path) -> Texts:
    known, found = _english().by_key, list[Problem]()
    laid = dict(known)
    for key, text in _flat(read_toml(path)):
        try:
            laid[key] = _checked(key, text, known, path)
        except Problem as problem:
            found.append(problem)
    raise_all(found)
    return Texts(laid)


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _checked(key: str, text: object, known: Mapping[str, str], path: Path) -> str:
    """Return a text of a force's own file, or raise what is wrong with it."""
    own = key.startswith(FEATURES)
    pattern = _pattern(key, known, path) if own else known.get(key)
    if pattern is None:
        raise Problem("texts-unknown-key", path=path, key=key, hint=nearest(key, known))
    if not isinstance(text, str) or not text.strip():
        raise Problem("texts-no-text", path=path, key=key, found=repr(text))
    wanted, there = _placeholders(pattern), _placeholders(text)
    if there is None or wanted is None:
        raise Problem("texts-braces", path=path, key=key, found=text)
    if unknown := sorted(there - wanted):
        raise Problem("texts-placeholder-unknown", path=path, key=key, name=unknown[0], known=_named(wanted))
    if missing := sorted((wanted & VALUES if own else wanted) - there):
        raise Problem("texts-placeholder-missing", path=path, key=key, name=missing[0], english=pattern)
    return text


def _pattern(key: str, known: Mapping[str, str], path: Path) -> str | None:
    """Return the English template behind `features.NAME.BRANCH`; None for a branch that the feature does not have."""
    from forecast.explanations.phrases import catalogued, template

    name, _, branch = key.removeprefix(FEATURES).rpartition(".")
    specs = catalogued()
    if name not in specs:
        raise Problem("texts-unknown-feature", path=path, name=name or branch, hint=nearest(name or branch, specs))
    return template(specs[name], branch, Texts(known))


def _placeholders(text: str) -> set[str] | None:
    """Return the names in braces, None where braces do not match or say how to format; `{{` stands for a brace."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return None
    if any(spec or conversion for _, _, spec, conversion in parts):
        return None
    return {name for _, name, _, _ in parts if name is not None}


def _named(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"
