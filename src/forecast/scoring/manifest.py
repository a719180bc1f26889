"""Say what a run did: counts that reconcile, hashes, versions; never a time, so that the same run has equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PEOPLE = {
    "in": "{count} people in the records.",
    "without_new_records": "{count} have no new record since the run before: not scored again.",
    "without_custody_event": "{count} have no custody event: no forecast is made, and none of them is listed.",
    "without_moment": "{count} have custody events, but none in the period that asks for a forecast.",
    "scored": "{count} have at least one score.",
    "not_scored": "{count} have none, and each of their rows says why.",
}
"""What becomes of people: all but the first add up to the first."""
NOTHING_NEW = "{count} have new records, but no new custody event that asks for a forecast."
"""The same of ``without_moment`` in a delta run."""


def companions(out: Path) -> tuple[Path, Path]:
    """Return the names of the refused rows' file and of the manifest that belong to an output.

    `scores.parquet` has `refused.parquet` and `scores.manifest.json`, any other `NAME.refused.parquet`.
    """
    refused = "refused.parquet" if out.stem == "scores" else f"{out.stem}.refused.parquet"
    return out.with_name(refused), out.with_name(f"{out.stem}.manifest.json")


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scoring run did; ``scored + refused`` is ``rows``: rows of a table, or forecast moments of records.

    ``people``: of a run on records, how many there were and what became of them. ``refused_file`` is of a run on a
    table: records have none, for whoever is not scored is marked in the output. ``quarantine``: of raw records.
    """

    rows: int
    scored: int
    refused: int
    by_code: dict[str, int]
    out: Path
    refused_file: Path | None
    manifest_file: Path
    notes: tuple[str, ...]
    people: dict[str, int] = field(default_factory=dict)
    quarantine: Path | None = None

    def sentences(self) -> list[str]:
        """Return the counts as sentences."""
        if not self.people:
            return [f"{self.rows:,} rows in: {self.scored:,} scored, {self.refused:,} refused."]
        delta = {"without_moment": NOTHING_NEW} if self.people.get("without_new_records") else {}
        said = [
            words.format(count=f"{self.people[name]:,}")
            for name, words in (PEOPLE | delta).items()
            if self.people.get(name) or name == "in"
        ]
        return [*said, f"{self.rows:,} moments of a forecast: {self.scored:,} scored, {self.refused:,} not scored."]


def added(counts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of counts, which may hold further counts by name."""
    total: dict[str, Any] = {}
    for one in counts:
        for name, value in one.items():
            held = total.get(name)
            if isinstance(value, Mapping):
                total[name] = added([held or {}, value])
            else:
                total[name] = (held or 0) + value
    return total


def reconciled(counts: Mapping[str, Any]) -> None:
    """Raise if the counts of a run do not add up; that is a fault of ours, never of the data."""
    rows, people = counts["rows"], counts.get("people")
    by_code = sum(counts["by_code"].values())
    if rows["in"] != rows["scored"] + by_code or by_code != rows["refused"]:
        raise ArithmeticError(f"rows in and out do not add up: {rows}, {by_code} by code")
    if people is not None and people["in"] != sum(n for name, n in people.items() if name != "in"):
        raise ArithmeticError(f"people in and out do not add up: {people}")


def of_manifest(manifest: Mapping[str, Any], out: Path, quarantine: Path | None) -> Scored:
    """Return what the manifest of a complete run says of it."""
    refused_file, manifest_file = companions(out)
    records = "people" in manifest
    rows = manifest["moments" if records else "rows"]
    return Scored(
        rows["in"],
        rows["scored"],
        rows["not_scored" if records else "refused"],
        dict(manifest["not_scored_by_code" if records else "refused_by_code"]),
        out,
        None if records else refused_file,
        manifest_file,
        tuple(manifest["notes"]),
        dict(manifest.get("people", {})),
        quarantine,
    )
