"""Hold a linking against the truth: how much of what was linked is right, and how much of what is right was linked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecast.problems import Problem

ID_COLUMNS = ("nominal_id", "person_id")
COLUMNS = (*ID_COLUMNS, "true_id", "planted", "lookalike", "lookalike_of")


@dataclass(frozen=True, slots=True)
class Share:
    """``right`` out of ``linked`` (precision) and out of ``true`` (recall); none where there is nothing to share."""

    right: int
    linked: int
    true: int

    @property
    def precision(self) -> float | None:
        """Of what was linked, the share that is right."""
        return self.right / self.linked if self.linked else None

    @property
    def recall(self) -> float | None:
        """Of what is right, the share that was linked."""
        return self.right / self.true if self.true else None

    def as_data(self) -> dict[str, Any]:
        """Return the counts and shares for a file."""
        return {
            "right": self.right,
            "linked": self.linked,
            "true": self.true,
            "precision": self.precision,
            "recall": self.recall,
        }


@dataclass(frozen=True, slots=True)
class Score:
    """Precision and recall of pairs of nominals, and of persons with two nominals or more, all of which must be right.

    ``planted``: pairs of one person by what was planted in them: how many there are, how many were linked;
    ``lookalikes``: the same for pairs of two people that were planted to look alike.
    """

    pairs: Share
    persons: Share
    planted: dict[str, tuple[int, int]]
    lookalikes: dict[str, tuple[int, int]]

    def as_data(self) -> dict[str, Any]:
        """Return the score for a file."""
        return {
            "pairs": self.pairs.as_data(),
            "persons": self.persons.as_data(),
            "planted": {kind: list(counts) for kind, counts in self.planted.items()},
            "lookalikes": {kind: list(counts) for kind, counts in self.lookalikes.items()},
        }


@dataclass(frozen=True, slots=True)
class Truth:
    """Who each nominal is, and, where it is known, what was planted in it and whom it was made to look like."""

    of: dict[str, str]
    planted: dict[str, str]
    lookalike: dict[str, tuple[str, str]]


def read_truth(path: Path, nominals: Iterable[str]) -> Truth:
    """Read a Parquet or CSV file with ``nominal_id`` (or ``person_id``) and ``true_id``; it must know all nominals."""
    rows = _rows(path)
    id_ = next((name for name in ID_COLUMNS if name in rows), None)
    if id_ is None or "true_id" not in rows:
        raise Problem("link-truth", path=path, detail=f"its columns are {', '.join(rows)}")
    of = {n: t for n, t in zip(rows[id_], rows["true_id"], strict=True) if n}
    unknown = sorted(set(nominals) - set(of))
    if unknown:
        raise Problem("link-truth", path=path, detail=f"{len(unknown)} nominals are not in it, as {unknown[0]}")
    planted = dict(zip(rows[id_], rows["planted"], strict=True)) if "planted" in rows else {}
    lookalike: dict[str, tuple[str, str]] = {}
    if {"lookalike", "lookalike_of"} <= set(rows):
        found = zip(rows["true_id"], rows["lookalike"], rows["lookalike_of"], strict=True)
        lookalike = {true: (kind, other) for true, kind, other in found if kind and other}
    return Truth(of, {n: kinds for n, kinds in planted.items() if kinds}, lookalike)


def _rows(path: Path) -> dict[str, list[Any]]:
    import pyarrow.parquet as pq

    if not path.exists():
        raise Problem("file-missing", path=path)
    kind = "Parquet" if path.suffix == ".parquet" else "CSV in UTF-8"
    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else _csv(path)
        wanted = [n for n in COLUMNS if table.schema.names.count(n) == 1]
        return {n: table[n].cast(pa.string()).to_pylist() for n in wanted}
    except (pa.ArrowException, OSError):
        # Without what was read and without a cause: names of people may stand in it.
        raise Problem("link-truth", path=path, detail=f"it cannot be read as {kind}") from None


def _csv(path: Path) -> pa.Table:
    """Read the columns of a CSV file as texts; of a row that cannot be cut into fields only its number is told."""
    import pyarrow.csv as pacsv

    faulty: list[int] = []

    def skip(row: pacsv.InvalidRow) -> str:
        faulty.append(row.number)
        return "skip"

    table = pacsv.read_csv(
        path,
        read_options=pacsv.ReadOptions(use_threads=False),  # only then rows are numbered
        parse_options=pacsv.ParseOptions(invalid_row_handler=skip),
        convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string())),
    )
    if faulty:
        detail = f"row {faulty[0]}, counted from the header on, has not as many fields as it ({len(faulty)} such rows)"
        raise Problem("link-truth", path=path, detail=detail)
    return table


def score(of: Mapping[str, str], truth: Truth) -> Score:
    """Score the persons ``of`` nominals."""
    true = {nominal: truth.of[nominal] for nominal in of}
    both = Counter((of[n], true[n]) for n in of)
    groups, truths = Counter(of.values()), Counter(true.values())
    pairs = Share(_pairs(both.values()), _pairs(groups.values()), _pairs(truths.values()))
    whole = sum(1 for (p, t), n in both.items() if n > 1 and n == groups[p] == truths[t])
    several = Share(whole, sum(n > 1 for n in groups.values()), sum(n > 1 for n in truths.values()))
    return Score(pairs, several, _planted(of, true, truth), _lookalikes(of, true, truth))


def _pairs(sizes: Iterable[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes)


def _planted(of: Mapping[str, str], true: Mapping[str, str], truth: Truth) -> dict[str, tuple[int, int]]:
    """Count pairs of one person, and those linked, for each error that was planted in either of them."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one, two in _couples(true):
        said = [truth.planted[n] for n in (one, two) if n in truth.planted]
        for kind in sorted({kind for text in said for kind in text.split(", ")} or {"none"}) if truth.planted else []:
            counts[kind][0] += 1
            counts[kind][1] += of[one] == of[two]
    return {kind: (n, linked) for kind, (n, linked) in sorted(counts.items())}


def _couples(true: Mapping[str, str]) -> list[tuple[str, str]]:
    members: dict[str, list[str]] = defaultdict(list)
    for nominal in sorted(true):
        members[true[nominal]].append(nominal)
    return [(a, b) for group in members.values() for i, a in enumerate(group) for b in group[i + 1 :]]


def _lookalikes(of: Mapping[str, str], true: Mapping[str, str], truth: Truth) -> dict[str, tuple[int, int]]:
    """Count couples of people who were made to look alike, and those of whom any nominals were linked."""
    persons: dict[str, set[str]] = defaultdict(set)
    for nominal, person in of.items():
        persons[true[nominal]].add(person)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one, (kind, other) in sorted(truth.lookalike.items()):
        if one < other:
            counts[kind][0] += 1
            counts[kind][1] += not persons[one].isdisjoint(persons[other])
    return {kind: (n, linked) for kind, (n, linked) in sorted(counts.items())}
