"""Keep the ids of persons stable from load to load, and say what changed.

A person's id is made from the id of their earliest nominal, never from a name. A group of nominals keeps the id that it
had. Where groups merge, the older id survives; where one splits, the part with the oldest nominal keeps the id and the
others get new ones. An id that was ever given is never given to anybody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PREFIX = "L-"
MERGED, SPLIT, LINKED = "persons-merged", "persons-split", "people-linked"
Rank = tuple[int, int, str]
"""Age of a nominal: the load that first had it, when it was put on record (microseconds), its id; lower is older."""


@dataclass(frozen=True, slots=True)
class Move:
    """Nominals that went from one person to another: a merge if the oldest nominal of ``source`` did, else a split."""

    kind: str
    source: str
    into: str
    nominals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who each nominal is: ``of`` maps nominals to persons; ``moves`` change the earlier persons; ``made``: new ids.

    ``joined`` are nominals that were never there before and whose person is not named after them.
    """

    of: dict[str, str]
    moves: tuple[Move, ...]
    made: tuple[str, ...]
    joined: dict[str, str]


def assign(
    groups: Iterable[Sequence[str]], before: Mapping[str, str], age: Mapping[str, Rank], used: Collection[str]
) -> Assignment:
    """Give each group of nominals the id of a person.

    ``before``: the person of each nominal of earlier loads; ``used``: all ids ever given. The groups hold every
    nominal once, those of earlier loads too.
    """
    ordered = sorted((sorted(group, key=age.__getitem__) for group in groups), key=lambda group: age[group[0]])
    oldest = _oldest(before, age)
    names = _Names(used)
    of = {nominal: person for group in ordered for person in [_id(group, before, oldest, names)] for nominal in group}
    joined = {n: p for n, p in sorted(of.items()) if n not in before and p != PREFIX + n}
    return Assignment(of, tuple(_moves(before, of, set(oldest.values()))), tuple(names.made), joined)


def _oldest(before: Mapping[str, str], age: Mapping[str, Rank]) -> dict[str, str]:
    """Return the oldest nominal of each earlier person."""
    found: dict[str, str] = {}
    for nominal in sorted(before, key=age.__getitem__):
        found.setdefault(before[nominal], nominal)
    return found


def _id(group: Sequence[str], before: Mapping[str, str], oldest: Mapping[str, str], names: _Names) -> str:
    """Return the id of the oldest person whose oldest nominal is in the group, or a new one; the group is sorted."""
    kept = (before[n] for n in group if n in before and oldest[before[n]] == n)
    return next(kept, None) or names.new(group[0])


class _Names:
    """Makes ids that nobody ever had."""

    def __init__(self, used: Collection[str]) -> None:
        self.used, self.made = set(used), list[str]()

    def new(self, nominal: str) -> str:
        name, number = PREFIX + nominal, 2
        while name in self.used:
            name, number = f"{PREFIX}{nominal}~{number}", number + 1
        self.used.add(name)
        self.made.append(name)
        return name


def _moves(before: Mapping[str, str], of: Mapping[str, str], oldest: set[str]) -> list[Move]:
    """Return the nominals that left an earlier person, by where they went; splits first."""
    left: dict[tuple[str, str], list[str]] = {}
    for nominal, person in before.items():
        if of[nominal] != person:
            left.setdefault((person, of[nominal]), []).append(nominal)
    moves = [
        Move(SPLIT if oldest.isdisjoint(nominals) else MERGED, source, into, tuple(sorted(nominals)))
        for (source, into), nominals in left.items()
    ]
    return sorted(moves, key=lambda move: (move.kind == MERGED, move.source, move.into))


def replay(events: Iterable[tuple[str, Mapping[str, Any]]], nominals: Iterable[str]) -> dict[str, str]:
    """Return the person of each nominal as the ledger tells it: kinds and contents of its entries, oldest first."""
    of = {nominal: PREFIX + nominal for nominal in nominals}
    for kind, what in events:
        if kind in (MERGED, SPLIT):
            of |= dict.fromkeys(what["nominals"], what["into"])
        elif kind == LINKED:
            of |= what["joined"]
    return of
