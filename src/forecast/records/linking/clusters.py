"""Join nominals into persons, pair by pair from the likeliest down, and never across what speaks against it.

A chain of likely pairs can join people whom nobody would take for one: A looks like B, and B like C. So two groups are
joined only if no nominal of the one contradicts a nominal of the other. What is not joined for this is for review.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forecast.problems import Problem
from forecast.records.linking.fields import turned

if TYPE_CHECKING:
    import pandas as pd

    from forecast.records.linking.decisions import Decision

Pair = tuple[str, str]
PNC, BIRTH, FORENAME, DECIDED = "two PNC ids", "two dates of birth", "two forenames", "decided to be different"
"""Why a pair above the threshold is not joined. ``FORENAME``: wholly different forenames without one PNC id, for twins
share all else; ``BIRTH``: clearly different (see :func:`births_agree`)."""
NEAR_DAYS = 366


@dataclass(frozen=True)
class Marks:
    """What of a nominal can contradict another one."""

    born: str | None
    pnc: str | None


@dataclass
class Clusters:
    """Groups of nominals. ``joins``: the pairs that hold them together, with their probability (none: decided)."""

    groups: list[tuple[str, ...]]
    joins: dict[Pair, float | None] = field(default_factory=dict)
    refused: dict[Pair, str] = field(default_factory=dict)


def births_agree(one: str | None, two: str | None) -> bool:
    """Say whether two dates of birth can be one person's: unknown, or the same but for a slip of the pen.

    That is: at least two of day, month and year agree, day and month are exchanged, or they are within a year.
    """
    if one is None or two is None or one == two or turned(one) == two:
        return True
    if sum(a == b for a, b in zip(one.split("-"), two.split("-"), strict=True)) >= 2:
        return True
    days = datetime.date.fromisoformat(one) - datetime.date.fromisoformat(two)
    return abs(days.days) <= NEAR_DAYS


def cluster(
    marks: Mapping[str, Marks], pairs: pd.DataFrame, threshold: float, decisions: Iterable[Decision] = ()
) -> Clusters:
    """Join all nominals of ``marks``: first what was decided, then the pairs likely at least as ``threshold``.

    ``pairs`` as :func:`forecast.records.linking.model.compare` returns them. Ties go by the ids, so the order of rows
    does not matter. Raises ``link-decisions-contradict`` where decided pairs chain to a contradiction.
    """
    decided = sorted(decisions, key=lambda d: d.pair)
    unlike = pairs[(pairs["forename"] == 0) & (pairs["pnc"] != 1)]
    twins = set(zip(unlike["first"], unlike["second"], strict=True))
    work = _Work(marks, {d.pair for d in decided if not d.same}, twins)
    for decision in decided:
        if decision.same:
            work.join(decision.pair, None)
    for pair in sorted(work.different):
        if work.root(pair[0]) == work.root(pair[1]):
            raise Problem("link-decisions-contradict", first=pair[0], second=pair[1])
    likely = pairs[pairs["probability"] >= threshold].sort_values(
        ["probability", "first", "second"], ascending=[False, True, True]
    )
    columns = (likely[name].tolist() for name in ("first", "second", "probability"))
    for first, second, probability in zip(*columns, strict=True):
        work.consider((first, second), probability)
    refused = {pair: why for pair, why in work.refused.items() if work.root(pair[0]) != work.root(pair[1])}
    return Clusters(work.groups(), work.joins, refused)


class _Work:
    """Groups that grow."""

    def __init__(self, marks: Mapping[str, Marks], different: set[Pair], twins: set[Pair]) -> None:
        self.marks, self.different, self.twins = marks, different, twins
        self.parent = {nominal: nominal for nominal in marks}
        self.members: dict[str, list[str]] = {nominal: [nominal] for nominal in marks}
        self.joins: dict[Pair, float | None] = {}
        self.refused: dict[Pair, str] = {}

    def root(self, nominal: str) -> str:
        while self.parent[nominal] != nominal:
            self.parent[nominal] = self.parent[self.parent[nominal]]
            nominal = self.parent[nominal]
        return nominal

    def join(self, pair: Pair, probability: float | None) -> None:
        one, two = sorted(map(self.root, pair))
        if one != two:
            self.parent[two] = one
            self.members[one] += self.members.pop(two)
        self.joins[pair] = probability

    def consider(self, pair: Pair, probability: float) -> None:
        """Join the groups of a pair unless something speaks against it; a pair that is joined already confirms it."""
        one, two = map(self.root, pair)
        why = None if one == two else self._against(self.members[one], self.members[two])
        if pair in self.joins:
            return
        if why is None:
            self.join(pair, probability)
        else:
            self.refused[pair] = why

    def _against(self, ones: Sequence[str], twos: Sequence[str]) -> str | None:
        """Return what contradicts that two groups are one person; the gravest first."""
        found = {why for one in ones for two in twos if (why := self._contradiction(one, two))}
        return next((why for why in (DECIDED, PNC, BIRTH, FORENAME) if why in found), None)

    def _contradiction(self, one: str, two: str) -> str | None:
        pair = (min(one, two), max(one, two))
        if pair in self.different:
            return DECIDED
        a, b = self.marks[one], self.marks[two]
        if a.pnc and b.pnc and a.pnc != b.pnc:
            return PNC
        if not births_agree(a.born, b.born):
            return BIRTH
        return FORENAME if pair in self.twins else None

    def groups(self) -> list[tuple[str, ...]]:
        return sorted(tuple(sorted(members)) for members in self.members.values())
