"""Write to the ledger what a load changed in who is who, each event once, and read it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from forecast.ledger import Ledger
from forecast.problems import Problem
from forecast.records.linking.clusters import Clusters
from forecast.records.linking.decisions import Decision
from forecast.records.linking.identity import LINKED, MERGED, SPLIT, Assignment, Move, replay

DECIDED = "link-decided"
PROGRAM = "forecast data link"
Event = tuple[str, str, dict[str, Any]]
"""Kind, who, what."""


def events_of(
    assignment: Assignment, clusters: Clusters, decisions: Iterable[Decision], why_split: str, changed: set[str]
) -> list[Event]:
    """Return what happened to earlier persons, and the new decisions."""
    taken = list(decisions)
    made: list[Event] = [(DECIDED, decision.who, decision.as_data()) for decision in taken]
    weakest = _weakest(assignment, clusters)
    for move in assignment.moves:
        what: dict[str, Any] = {"from": move.source, "into": move.into, "nominals": list(move.nominals)}
        if move.kind == MERGED:
            probability = weakest.get(move.into)
            what |= {"probability": probability, "why": _why_merged(move, assignment, taken)}
        else:
            what |= {"why": _why_split(move, assignment, taken, why_split, changed)}
        made.append((move.kind, PROGRAM, what))
    return made


def _weakest(assignment: Assignment, clusters: Clusters) -> dict[str, float]:
    """Return for each person the probability of the least likely pair that joins its nominals."""
    found: dict[str, float] = {}
    for (first, _), probability in clusters.joins.items():
        if probability is not None:
            person = assignment.of[first]
            found[person] = min(probability, found.get(person, 1.0))
    return found


def _why_merged(move: Move, assignment: Assignment, decisions: Iterable[Decision]) -> str:
    for decision in decisions:
        if decision.same and assignment.of[decision.pair[0]] == move.into:
            return f"decided by {decision.who}: {decision.why}"
    return "nominals of both are likely one person"


def _why_split(
    move: Move, assignment: Assignment, decisions: Iterable[Decision], otherwise: str, changed: set[str]
) -> str:
    parts = {move.into, move.source}
    for decision in decisions:
        one, two = (assignment.of[nominal] for nominal in decision.pair)
        if not decision.same and one != two and not parts.isdisjoint((one, two)):
            return f"decided by {decision.who}: {decision.why}"
    if any(assignment.of[nominal] in parts for nominal in changed):
        return "what is on record of the nominals has changed"
    return otherwise


def check_ledger(ledger: Ledger, lineage: str, earlier: int, sha256: str, path: object) -> None:
    """Raise where the ledger does not know the earlier load, or knows a later one that is not this one.

    ``sha256``: of this load's identities; a load that was written before is written again without a word.
    """
    loads = {entry["load"]: entry["identities"] for kind, entry in history(ledger, lineage) if kind == LINKED}
    if earlier and earlier not in loads:
        raise Problem("link-ledger-gap", ledger=ledger.path, load=earlier, path=path)
    newest = max(loads, default=0)
    if newest > earlier and (newest != earlier + 1 or loads[newest] != sha256):
        raise Problem("link-not-newest", ledger=ledger.path, found=newest, earlier=earlier + 1)


def history(ledger: Ledger, lineage: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the entries about one force: kinds and contents, oldest first."""
    kinds = (DECIDED, MERGED, SPLIT, LINKED)
    return [(e.kind, e.what) for e in ledger.entries() if e.kind in kinds and e.what.get("force") == lineage]


def append(ledger: Ledger, events: Iterable[Event], about: Mapping[str, Any], lineage: str) -> int:
    """Append the events that the ledger does not have yet; ``about`` (force, load, identities) goes into each."""
    there = [(kind, what) for kind, what in history(ledger, lineage)]
    written = 0
    for kind, who, what in events:
        content = {**about, **what}
        if (kind, content) not in there:
            ledger.append(kind, who, content)
            written += 1
    return written


def replayed(ledger: Ledger, lineage: str, nominals: Iterable[str]) -> dict[str, str]:
    """Return the person of each nominal as the ledger tells it.

    What a run wrote that ended before its last entry, and that was never taken up again, does not count.
    """
    told = history(ledger, lineage)
    whole = {(what["load"], what["identities"]) for kind, what in told if kind == LINKED}
    return replay(((kind, what) for kind, what in told if (what["load"], what["identities"]) in whole), nominals)
