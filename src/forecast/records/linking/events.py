"""Write to the ledger what a load changed in who is who, each event once, and read it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from forecast.ledger import Ledger
from forecast.problems import Problem
from forecast.records.linking.clusters import Clusters, Pair
from forecast.records.linking.decisions import Decision
from forecast.records.linking.identity import LINKED, MERGED, SPLIT, Assignment, Move, replay

DECIDED = "link-decided"
PROGRAM = "forecast data link"
LIKELY = "nominals of both are likely one person"
Event = tuple[str, str, dict[str, Any]]
"""Kind, who, what."""


def events_of(
    assignment: Assignment, clusters: Clusters, decisions: Iterable[Decision], why_split: str, changed: set[str]
) -> list[Event]:
    """Return what happened to earlier persons, and the new decisions."""
    taken = list(decisions)
    made: list[Event] = [(DECIDED, decision.who, decision.as_data()) for decision in taken]
    links = _links(clusters)
    for move in assignment.moves:
        what: dict[str, Any] = {"from": move.source, "into": move.into, "nominals": list(move.nominals)}
        if move.kind == MERGED:
            holding = _holding(move, assignment, links)
            probability = max((p for p in holding.values() if p is not None), default=None)
            what |= {"probability": probability, "why": _why_merged(holding, taken)}
        else:
            what |= {"why": _why_split(move, assignment, taken, why_split, changed)}
        made.append((move.kind, PROGRAM, what))
    return made


def _links(clusters: Clusters) -> dict[str, dict[str, float | None]]:
    """Return for each nominal those that a pair joins it to, with the probability of the pair (none: decided)."""
    found: dict[str, dict[str, float | None]] = defaultdict(dict)
    for (one, two), probability in clusters.joins.items():
        found[one][two] = found[two][one] = probability
    return found


def _holding(
    move: Move, assignment: Assignment, links: Mapping[str, Mapping[str, float | None]]
) -> dict[Pair, float | None]:
    """Return the pairs that join the nominals of a merge to others of their person.

    Those to nominals that were of the person before; only if there are none, those to others that came with them.
    """
    came = {nominal for other in assignment.moves if other.into == move.into for nominal in other.nominals}
    came |= {nominal for nominal, person in assignment.joined.items() if person == move.into}
    pairs = {
        (n, other): p for n in move.nominals for other, p in links.get(n, {}).items() if other not in move.nominals
    }
    chosen = {ends: p for ends, p in pairs.items() if ends[1] not in came} or pairs
    return {(min(ends), max(ends)): p for ends, p in chosen.items()}


def _why_merged(holding: Mapping[Pair, float | None], decisions: Iterable[Decision]) -> str:
    for decision in decisions:
        if decision.same and decision.pair in holding:
            return f"decided by {decision.who}: {decision.why}"
    return LIKELY


def _why_split(
    move: Move, assignment: Assignment, decisions: Iterable[Decision], otherwise: str, changed: set[str]
) -> str:
    left = {nominal: other.source for other in assignment.moves for nominal in other.nominals}
    for decision in decisions:
        for one, two in (decision.pair, decision.pair[::-1]):
            parted = assignment.of[two] != move.into and move.source in (assignment.of[two], left.get(two))
            if not decision.same and one in move.nominals and parted:
                return f"decided by {decision.who}: {decision.why}"
    parts = {move.into, move.source}
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
