"""Link the people of a load: read, compare, join, keep ids, write the records anew, and account for all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.files import sha256, to_json, whole_folder
from forecast.ledger import Ledger
from forecast.problems import Problem, need
from forecast.progress import SILENT, Progress
from forecast.records.check import full_disk_told, work_folder
from forecast.records.linking import events as ev
from forecast.records.linking import store
from forecast.records.linking.apply import Applied, apply
from forecast.records.linking.clusters import Clusters
from forecast.records.linking.find import Found, Options, find
from forecast.records.linking.identity import LINKED
from forecast.records.linking.nominals import Load, read_load
from forecast.records.linking.review import for_review
from forecast.records.linking.score import Score, read_truth, score
from forecast.records.linking.thresholds import KEPT
from forecast.records.source import Source, open_records


@dataclass(frozen=True)
class LinkResult:
    """What a linking found: the content of `link.json`, and the score where the truth was given."""

    folder: Path
    account: dict[str, Any]
    score: Score | None


def link_people(
    path: Path, out: Path, ledger: Ledger, options: Options | None = None, progress: Progress = SILENT
) -> LinkResult:
    """Link the nominals of the records under ``path`` and write `records` and `linking` into ``out``.

    Nothing is written before all is done. The ledger gets the events last, before the folder takes its name; a run
    that ends in between writes the same folder and no event twice when it is started again.
    """
    options = options or Options()
    need("splink", "link")
    if options.review > options.threshold:
        raise Problem("link-thresholds", review=options.review, threshold=options.threshold)
    _refuse_to_replace(out, path, options.overwrite)
    source = open_records(path, options.mapping)
    with work_folder(out) as work, full_disk_told(work):
        progress.begin("reading nominals")
        load = read_load(path, source, work)
        earlier = store.read_state(options.identities) if options.identities else store.nothing()
        truth = read_truth(options.truth, load.nominals["nominal_id"]) if options.truth else None
        found = find(load, earlier, options, work, progress)
    scored = score({n: found.state.of[n] for n in load.nominals["nominal_id"]}, truth) if truth else None
    with whole_folder(out) as made:
        progress.begin("writing records")
        account = _write(made, source, load, found, options) | ({"score": scored.as_data()} if scored else {})
        (made / store.FOLDER / store.LINK_FILE).write_text(to_json(account), "utf-8")
        progress.begin("writing the ledger")
        _tell(ledger, made / store.FOLDER / store.IDENTITIES, earlier, found, options)
    return LinkResult(out, account, scored)


def _refuse_to_replace(out: Path, path: Path, overwrite: bool) -> None:
    """Raise unless the folder is free, or holds an older linking that may be replaced."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if out.resolve() in (path.resolve(), *path.resolve().parents):
        raise Problem("output-is-input", path=out)
    if not (out / store.FOLDER / store.LINK_FILE).is_file():
        raise Problem("output-not-link", path=out)
    if not overwrite:
        raise Problem("output-exists", path=out)


def _write(made: Path, source: Source, load: Load, found: Found, options: Options) -> dict[str, Any]:
    """Write the records and what the next load needs; return the account."""
    records, linking, state = made / store.RECORDS, made / store.FOLDER, found.state
    records.mkdir()
    linking.mkdir(mode=0o700)
    applied = apply(source, state.of, {nominal: age[1] for nominal, age in state.age.items()}, records)
    for name, texts in applied.malformed.items():
        (linking / f"malformed-{name}.txt").write_text("".join(f"{text}\n" for text in texts), "utf-8")
    store.write_state(linking, state, _probabilities(found.clusters))
    review = for_review(state.pairs, found.clusters, state.of, state.decisions, options.review, state.trained)
    store.write_table(linking / store.REVIEW, review)
    return _account(load, found, options, applied) | _counted(found, review.num_rows) | {"model": state.trained}


def _probabilities(clusters: Clusters) -> dict[str, float]:
    """Return for each nominal the probability of the likeliest pair that joins it to its person."""
    best: dict[str, float] = {}
    for pair, probability in clusters.joins.items():
        for nominal in pair if probability is not None else ():
            best[nominal] = max(probability or 0.0, best.get(nominal, 0.0))
    return best


def _account(load: Load, found: Found, options: Options, applied: Applied) -> dict[str, Any]:
    """Return the first part of `link.json`: what was asked and read, and what became of the rows; no name, no date."""
    import duckdb
    import splink

    return {
        "format": store.FORMAT,
        "lineage": found.state.lineage,
        "load": found.state.load,
        "thresholds": {"link": options.threshold, "review": options.review, "remembered": KEPT},
        "versions": {"splink": splink.__version__, "duckdb": duckdb.__version__},
        "nominals": {
            "in_load": len(load.nominals),
            "known": len(found.state.of),
            "new": found.new,
            "compared": found.compared,
            "without_identity": load.bare,
            "values_set_aside": load.set_aside,
        },
        "records": {
            "rows_in": applied.rows_in,
            "rows_out": applied.rows_out,
            "persons_rows_merged": applied.merged,
            "filled_from_later_nominal": applied.filled,
            "conflicts_earliest_stands": applied.conflicts,
            "ids_without_nominal": applied.unlinked,
            "malformed_rows": {name: len(texts) for name, texts in applied.malformed.items()},
            "columns_left_out": applied.left_out,
        },
    }


def _counted(found: Found, for_review_: int) -> dict[str, Any]:
    """Return the second part of `link.json`: counts of persons, pairs and changes."""
    sizes, clusters = Counter(found.state.of.values()), found.clusters
    return {
        "persons": {
            "known": len(sizes),
            "of_two_or_more": sum(n > 1 for n in sizes.values()),
            "largest": max(sizes.values()),
        },
        "pairs": {
            "joined": sum(p is not None for p in clusters.joins.values()),
            "not_joined": dict(sorted(Counter(clusters.refused.values()).items())),
            "for_review": for_review_,
            "decided": len(found.state.decisions),
        },
        "changes": dict(sorted(Counter(kind for kind, _, _ in found.events).items())),
    }


def _tell(ledger: Ledger, identities: Path, earlier: store.State, found: Found, options: Options) -> None:
    """Check the ledger and append what this load changed; a load that brought nothing new says nothing."""
    state, digest = found.state, sha256(identities)
    ev.check_ledger(ledger, state.lineage, earlier.load, digest, options.identities)
    if state.load == earlier.load:
        return
    about = {"force": state.lineage, "load": state.load, "identities": digest}
    summary = {
        "joined": found.assignment.joined,
        "nominals": len(state.of),
        "persons": len(set(state.of.values())),
        "threshold": options.threshold,
    }
    ev.append(ledger, [*found.events, (LINKED, ev.PROGRAM, summary)], about, state.lineage)
