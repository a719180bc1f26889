"""Say how cases are made from records: which features, which period, which outcomes, which exceptions."""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.outcomes.definition import Definition
from forecast.problems import Problem, raise_all
from forecast.settings import from_mapping, key, read_toml
from forecast.tables.description import DeclaredException


@dataclass(frozen=True, slots=True)
class AssemblyHead:
    """The plain keys of an assembly file, beside those of the outcome definition."""

    name: str = key("short name of the table of cases", "cases")
    title: str = key("what the table holds, for people", "Custody cases")
    source: str = key("whose records they are", "")
    features: str = key('the set of features, or several joined by a plus: "extended+hart"', "extended")
    leave_out: tuple[str, ...] = key("features of the sets that are not wanted", ())
    since: datetime.date | None = key("the first day of forecast moments; by default all", None)
    before: datetime.date | None = key("the first day after them", None)
    observed_until: datetime.date | None = key(
        "the first day that the records do not cover; by default the day after the last recording", None
    )
    minimum_age: int = key("people younger than this get no forecast", 18, low=10, high=110)
    minimum_age_reason: str = key("who allowed a lower minimum_age, and why", "")
    cautions: tuple[str, ...] = key("what a reader of results must know", ())


@dataclass(frozen=True)
class Assembly:
    """How cases are made; ``exceptions`` say who allowed protected or contested features, and why."""

    head: AssemblyHead = field(default_factory=AssemblyHead)
    definition: Definition = field(default_factory=Definition)
    exceptions: tuple[DeclaredException, ...] = ()
    path: str = ""
    """The file it was read from, for messages."""

    def allowed(self, name: str) -> bool:
        """Say whether an exception names the feature."""
        return any(name in exception.columns for exception in self.exceptions)


def read_assembly(path: Path) -> Assembly:
    """Read an assembly file: flat keys, and `[[exceptions]]` blocks; raise all the problems found in it."""
    return build_assembly(read_toml(path), path)


def build_assembly(content: dict[str, Any], path: object) -> Assembly:
    """Check the content of an assembly file; ``path`` is named in messages."""
    blocks = content.get("exceptions", [])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise_all([Problem("toml-wrong-type", path=path, key="exceptions", expected="[[exceptions]]", found=blocks)])
    ours = {f.name for f in dataclasses.fields(Definition)}
    outcome = {name: value for name, value in content.items() if name in ours}
    rest = {name: value for name, value in content.items() if name not in ours and name != "exceptions"}
    assembly = Assembly(
        from_mapping(AssemblyHead, rest, path),
        from_mapping(Definition, outcome, path),
        tuple(from_mapping(DeclaredException, block, f"{path} [[exceptions]]") for block in blocks),
        str(path),
    )
    if assembly.head.minimum_age < 18 and not assembly.head.minimum_age_reason:
        raise Problem("toml-missing-key", path=path, key="minimum_age_reason", meaning="who allowed it, and why")
    return assembly
