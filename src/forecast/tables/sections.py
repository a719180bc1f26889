"""Build the parts of a table description from its TOML content, and collect the problems of all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from forecast.problems import Problem, Problems, nearest
from forecast.settings import from_mapping


def wrong_shape(name: str, expected: str, found: object, path: object) -> Problem:
    """Return the problem of a key that is a section where it should be none, or the other way round."""
    return Problem("toml-wrong-type", path=path, key=name, expected=expected, found=repr(found))


def names_of(schema: type[Any]) -> list[str]:
    """Return the keys of a schema; the name of a block stands in its heading and is declared without a meaning."""
    return [f.name for f in dataclasses.fields(schema) if f.name != "name" or f.metadata]


class Sections:
    """Builds the parts of a description from its merged content; ``found`` collects the problems of all of them.

    A part with a problem comes back as None or is left out: ask ``found`` before any use.
    """

    def __init__(self, raw: Mapping[str, Any], path: object) -> None:
        self.raw, self.path = raw, path
        self.found: list[Problem] = []

    def head(self, schema: type[Any], sections: tuple[str, ...]) -> Any:
        """Build the plain keys at the top; a heading that is no section is an unknown key too."""
        known = [*names_of(schema), *sections, "variants"]
        plain = {name: value for name, value in self.raw.items() if name not in sections}
        self._unknown([name for name in plain if name not in known], known)
        return self._built(schema, {name: value for name, value in plain.items() if name in known}, self.path)

    def one(self, section: str, schema: type[Any]) -> Any:
        """Build a `[section]`."""
        content = self._section(section)
        return None if content is None else self._built(schema, content, f"{self.path} [{section}]")

    def outcome(self, schema: type[Any], level: type[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Build the plain keys of `[outcome]` and its `[outcome.LEVEL]` blocks."""
        content = self._section("outcome")
        if content is None:
            return None, ()
        known = names_of(schema)
        plain = {name: value for name, value in content.items() if name in known}
        blocks = {name: value for name, value in content.items() if isinstance(value, Mapping) and name not in known}
        self._unknown([name for name in content if name not in plain and name not in blocks], known)
        return self._built(schema, plain, f"{self.path} [outcome]"), self._blocks("outcome", blocks, level)

    def named(self, section: str, schema: type[Any]) -> tuple[Any, ...]:
        """Build one object for each `[section.NAME]` block."""
        content = self._section(section) if section in self.raw else {}
        return self._blocks(section, content or {}, schema)

    def listed(self, section: str, schema: type[Any]) -> tuple[Any, ...]:
        """Build one object for each `[[section]]` block."""
        content = self.raw.get(section, [])
        if not isinstance(content, list) or not all(isinstance(block, Mapping) for block in content):
            self.found.append(wrong_shape(section, f"blocks headed [[{section}]]", content, self.path))
            return ()
        return tuple(self._built(schema, block, f"{self.path} [[{section}]]") for block in content)

    def _section(self, section: str) -> Mapping[str, Any] | None:
        content = self.raw.get(section)
        if isinstance(content, Mapping):
            return content
        if section in self.raw:
            self.found.append(wrong_shape(section, f"a section headed [{section}]", content, self.path))
        else:
            meaning = "a section of that name"
            self.found.append(Problem("toml-missing-key", path=self.path, key=f"[{section}]", meaning=meaning))
        return None

    def _blocks(self, section: str, blocks: Mapping[str, Any], schema: type[Any]) -> tuple[Any, ...]:
        built = []
        for name, values in blocks.items():
            if not isinstance(values, Mapping):
                self._unknown([name], names_of(schema))
            elif "name" in values:
                self._unknown(["name"], names_of(schema))
            else:
                built.append(self._built(schema, {"name": name, **values}, f"{self.path} [{section}.{name}]"))
        return tuple(built)

    def _unknown(self, names: list[str], known: list[str]) -> None:
        self.found += [Problem("toml-unknown-key", path=self.path, key=n, hint=nearest(n, known)) for n in names]

    def _built(self, schema: type[Any], values: Mapping[str, Any], path: object) -> Any:
        try:
            return from_mapping(schema, values, path)
        except Problem as problem:
            self.found.append(problem)
        except Problems as problems:
            self.found += problems.items
        return None
