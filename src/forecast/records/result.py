"""What a check of records found, as data."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.problems import CATALOGUE, Problem, raise_all

CHECK_FILE = "check.json"


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem in one table: how many rows have it, and the ids of a few of them.

    ``severity`` is "refused" (the row is in quarantine), "set aside" (the value was emptied, the row stays) or "note".
    """

    table: str
    code: str
    column: str
    severity: str
    count: int
    examples: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What was found, as a sentence."""
        return CATALOGUE[self.code].sentence.format(column=self.column)

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return CATALOGUE[self.code].next_step.format(column=self.column)


@dataclass(frozen=True, slots=True)
class Total:
    """The account of one table: ``rows == accepted + quarantined``; values set aside lie in accepted rows."""

    table: str
    rows: int
    accepted: int
    quarantined: int
    values_set_aside: int


@dataclass(frozen=True)
class CheckResult:
    """All that a check found.

    ``problems`` are the thresholds that were passed and the tables that are empty; then nothing counts as accepted.
    ``ends_before`` is the first day that the records do not cover, if the mapping says so.
    """

    findings: tuple[Finding, ...]
    totals: tuple[Total, ...]
    assumptions: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    ends_before: datetime.date | None = None

    def raise_problems(self) -> None:
        """Raise the thresholds that were passed, if any."""
        raise_all(self.problems)

    def as_data(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "totals": [dataclasses.asdict(total) for total in self.totals],
            "findings": [dataclasses.asdict(f) | {"sentence": f.sentence} for f in self.findings],
            "assumptions": list(self.assumptions),
            "failed": [problem.sentence for problem in self.problems],
            "ends_before": self.ends_before.isoformat() if self.ends_before else None,
        }


def declared_end(folder: Path) -> datetime.date | None:
    """Return the first day that accepted records do not cover, as their mapping said; None if it did not say."""
    path = folder / CHECK_FILE
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text("utf-8")).get("ends_before")
        return datetime.date.fromisoformat(found) if found else None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Problem("records-not-canonical", path=path, detail="it is not what a check writes") from error
