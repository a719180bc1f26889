"""Compare what is new in a load, join nominals into persons, and give them ids."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.records.linking.clusters import Clusters, Marks, cluster
from forecast.records.linking.decisions import Decision, read_decisions, together
from forecast.records.linking.events import Event, events_of
from forecast.records.linking.fields import COMPARED
from forecast.records.linking.identity import Assignment, Rank, assign
from forecast.records.linking.model import compare, train
from forecast.records.linking.nominals import Load, changed
from forecast.records.linking.store import State
from forecast.records.linking.thresholds import KEPT, REVIEW, THRESHOLD

if TYPE_CHECKING:
    import pandas as pd

OTHER_FORCE = 0.5
"""With more than this share of the known nominals under another name *and* birth date, this is another force."""


@dataclass(frozen=True)
class Options:
    """What a linking is asked for; see ``docs/linking.md``."""

    threshold: float = THRESHOLD
    review: float = REVIEW
    retrain: bool = False
    mapping: Path | None = None
    identities: Path | None = None
    decisions: Path | None = None
    truth: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Found:
    """A load compared and joined, before it is written; ``new`` and ``compared`` count nominals."""

    state: State
    clusters: Clusters
    assignment: Assignment
    events: list[Event]
    new: int
    compared: int


def find(load: Load, earlier: State, options: Options, work: Path, progress: Progress = SILENT) -> Found:
    """Find out who the nominals of a load are; a load that brings nothing new keeps the number of the earlier one.

    ``work``: a folder for what does not fit into memory.
    """
    ids = set(load.nominals["nominal_id"])
    other, fresh = _changed(load, earlier, options), ids - set(earlier.of)
    everybody = _everybody(load, earlier)
    trained, pairs, compared = _pairs(everybody, fresh | other, earlier, options.retrain, progress, work=work)
    progress.begin("joining pairs")
    decisions, taken = _decisions(options.decisions, earlier, set(everybody["nominal_id"]))
    clusters = cluster(_marks(everybody), pairs, options.threshold, decisions)
    age = _ages(load, earlier)
    assignment = assign(clusters.groups, earlier.of, age, earlier.used)
    new = bool(fresh or other or taken or assignment.moves or options.retrain)
    alive = set(assignment.of.values())
    state = State(
        earlier.lineage or _lineage(everybody),
        earlier.load + new,
        trained,
        options.threshold,
        everybody,
        pairs,
        assignment.of,
        age,
        {name: name in alive for name in (*earlier.used, *assignment.made)},
        decisions,
    )
    events = events_of(assignment, clusters, taken, _otherwise(earlier, options), other)
    return Found(state, clusters, assignment, events, len(fresh), compared)


def _everybody(load: Load, earlier: State) -> pd.DataFrame:
    """Return the nominals of the load and those that only earlier loads had, in the order of their ids."""
    import pandas as pd

    gone = earlier.nominals[~earlier.nominals["nominal_id"].isin(set(load.nominals["nominal_id"]))]
    both = pd.concat([load.nominals, gone]) if len(gone) else load.nominals
    return both.sort_values("nominal_id", ignore_index=True)


def _ages(load: Load, earlier: State) -> dict[str, Rank]:
    recorded = zip(load.nominals["nominal_id"], load.nominals["recorded_at"], strict=True)
    return {n: (earlier.load + 1, int(at), n) for n, at in recorded if n not in earlier.age} | earlier.age


def _marks(nominals: pd.DataFrame) -> dict[str, Marks]:
    columns = zip(*(nominals[name].tolist() for name in ("nominal_id", "born", "pnc")), strict=True)
    return {nominal: Marks(_text(born), _text(pnc)) for nominal, born, pnc in columns}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _decisions(path: Path | None, earlier: State, nominals: set[str]) -> tuple[list[Decision], list[Decision]]:
    """Return all decisions that hold, and those that are new."""
    read = read_decisions(path, nominals) if path else []
    return together(earlier.decisions, read), [d for d in read if d not in earlier.decisions]


def _changed(load: Load, earlier: State, options: Options) -> set[str]:
    """Return the known nominals that are not as they were; raise ``link-other-force`` where hardly one is."""
    if not earlier.load:
        return set()
    both = set(load.nominals["nominal_id"]) & set(earlier.of)
    if not both:
        raise Problem("link-other-force", path=options.identities, detail="no nominal of the load is in it")
    renamed, reborn = (changed(earlier.nominals, load.nominals, (field,)) for field in ("surname", "born"))
    strangers = len(renamed & reborn)
    if strangers > OTHER_FORCE * len(both):
        detail = f"{strangers} of {len(both)} nominals have another surname and another date of birth there"
        raise Problem("link-other-force", path=options.identities, detail=detail)
    return changed(earlier.nominals, load.nominals, COMPARED)


def _pairs(
    everybody: pd.DataFrame, new: set[str], earlier: State, retrain: bool, progress: Progress, *, work: Path
) -> tuple[dict[str, Any], pd.DataFrame, int]:
    """Return the parameters, all pairs that are likely enough to remember, and how many nominals were compared."""
    import pandas as pd

    if not earlier.load or retrain:
        progress.begin("estimating how nominals of one person differ")
        trained = train(everybody, work=work)
        progress.begin("comparing nominals")
        return trained, compare(everybody.iloc[:0], everybody, trained, KEPT, work=work), len(everybody)
    progress.begin("comparing new nominals")
    kept = earlier.pairs[~(earlier.pairs["first"].isin(new) | earlier.pairs["second"].isin(new))]
    if not new:
        return earlier.trained, kept, 0
    fresh = everybody["nominal_id"].isin(new)
    found = compare(everybody[~fresh], everybody[fresh], earlier.trained, KEPT, work=work)
    both = pd.concat([kept, found]) if len(kept) else found
    return earlier.trained, both.sort_values(["first", "second"], ignore_index=True), int(fresh.sum())


def _otherwise(earlier: State, options: Options) -> str:
    if options.retrain:
        return "the parameters were estimated anew"
    if earlier.threshold != options.threshold:
        return f"the threshold went from {earlier.threshold} to {options.threshold}"
    return "no likely pair without a contradiction joins them any more"


def _lineage(nominals: pd.DataFrame) -> str:
    """Return the name under which the ledger keeps this force: a hash of the ids of its first load."""
    return hashlib.sha256("\n".join(nominals["nominal_id"]).encode()).hexdigest()[:16]
