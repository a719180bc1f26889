"""Read what people decided about pairs of nominals: one person, or two."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.problems import Problem, nearest, raise_all
from forecast.settings import from_mapping, key, read_toml


@dataclass(frozen=True, slots=True)
class _Written:
    first: str = key("a nominal id")
    second: str = key("the other nominal id")
    same: bool = key("whether the two are one person")
    who: str = key("who decided")
    why: str = key("why")


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about two nominals, ``pair`` with the smaller id first."""

    pair: tuple[str, str]
    same: bool
    who: str
    why: str

    def as_data(self) -> dict[str, Any]:
        """Return the decision for a file or the ledger."""
        return {"first": self.pair[0], "second": self.pair[1], "same": self.same, "who": self.who, "why": self.why}


def from_data(content: Mapping[str, Any]) -> Decision:
    """Return the decision that :meth:`Decision.as_data` wrote."""
    return Decision(_pair(content["first"], content["second"]), content["same"], content["who"], content["why"])


def read_decisions(path: Path, nominals: Collection[str]) -> list[Decision]:
    """Read ``[[decisions]]`` of a TOML file; raise all the problems found in it."""
    content = read_toml(path)
    rows = content.pop("decisions", [])
    if content or not isinstance(rows, list):
        wrong = next(iter(content), "decisions")
        raise Problem("toml-unknown-key", path=path, key=wrong, hint=nearest(wrong, ["decisions"]))
    found: list[Problem] = []
    read: dict[tuple[str, str], Decision] = {}
    for number, row in enumerate(rows, 1):
        label = f"[[decisions]] {number} of {path}"
        if not isinstance(row, dict):
            raise Problem("toml-wrong-type", path=label, key="decisions", expected="a section", found=repr(row))
        written = from_mapping(_Written, row, label)
        decision = Decision(_pair(written.first, written.second), written.same, written.who, written.why)
        found += _faults(decision, label, nominals)
        if read.setdefault(decision.pair, decision).same != decision.same:
            found.append(Problem("link-decisions-contradict", first=decision.pair[0], second=decision.pair[1]))
    raise_all(found)
    return list(read.values())


def together(earlier: Iterable[Decision], new: Iterable[Decision]) -> list[Decision]:
    """Return all decisions, a new one in the place of an earlier one about the same pair, in the order of pairs."""
    of = {decision.pair: decision for decision in (*earlier, *new)}
    return [of[pair] for pair in sorted(of)]


def _pair(one: str, two: str) -> tuple[str, str]:
    return (one, two) if one < two else (two, one)


def _faults(decision: Decision, label: str, nominals: Collection[str]) -> list[Problem]:
    """Return what is wrong with a decision: a nominal that is not there, one nominal twice, nobody, no reason."""
    missing = [nominal for nominal in decision.pair if nominal not in nominals]
    found = [Problem("link-decision-unknown", path=label, nominal=nominal) for nominal in missing]
    if decision.pair[0] == decision.pair[1]:
        found.append(Problem("link-decision-one", path=label, nominal=decision.pair[0]))
    if not decision.who.strip() or not decision.why.strip():
        found.append(Problem("link-decision-nobody", path=label))
    return found
