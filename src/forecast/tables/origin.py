"""Keep with a table of cases where it came from: the steps from records to cases, and what pictures of the force show.

The facts lie in the metadata of the Parquet file itself, so that they cannot be parted from the cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from forecast.problems import Problem

KEY = b"forecast"


@dataclass(frozen=True)
class Origin:
    """Where a table of cases came from.

    ``flow``: (step, rows that are left or left out) in order, from the records to the cases.
    ``portrait``: counts for pictures (see :mod:`forecast.records.portrait`). ``made``: settings, versions, hashes;
    `features` names the sets, `catalogue` has the hash of each feature's meaning, for :func:`check_catalogue`.
    ``rates``: base rates under other choices (see :mod:`forecast.outcomes.sensitivity`), where they were asked for.
    """

    flow: tuple[tuple[str, int], ...] = ()
    portrait: Mapping[str, Any] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)
    rates: tuple[Mapping[str, Any], ...] = ()

    def metadata(self) -> dict[bytes, bytes]:
        """Return the facts as metadata of a Parquet file; the same facts give the same bytes."""
        return {KEY: json.dumps(asdict(self), sort_keys=True, ensure_ascii=False).encode()}


def origin_of(path: Path) -> Origin:
    """Return where the table in ``path`` came from; a file that does not say so has an empty origin."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.suffix.lower() not in (".parquet", ".pq"):
        return Origin()
    try:
        raw = (pq.read_metadata(path).metadata or {}).get(KEY)
    except (pa.ArrowException, OSError):
        return Origin()  # who reads the rows says what is wrong with the file
    if raw is None:
        return Origin()
    content = json.loads(raw)
    flow = tuple((str(step), int(count)) for step, count in content["flow"])
    return Origin(flow, content["portrait"], content["made"], tuple(content.get("rates", ())))


SHOWN = 5


def check_catalogue(data: Mapping[str, Any], path: Path, features: Iterable[str]) -> None:
    """Raise ``model-other-catalogue`` if ``features`` mean something else in ``path`` than where a model was fitted.

    ``data``: the manifest's entry of that name. Nothing is raised where either says nothing of its catalogue.
    """
    problem = other_catalogue(data.get("made", {}), origin_of(path).made, path, features)
    if problem is not None:
        raise problem


def other_catalogue(
    fitted: Mapping[str, Any], here: Mapping[str, Any], path: object, features: Iterable[str]
) -> Problem | None:
    """Return the problem if ``features`` mean something else in two entries `made` (see :class:`Origin`)."""
    ours, theirs = fitted.get("catalogue", {}), here.get("catalogue", {})
    other = [name for name in features if name in ours and name in theirs and ours[name] != theirs[name]]
    if not other:
        return None
    names = ", ".join(other[:SHOWN]) + (f" and {len(other) - SHOWN} more" if len(other) > SHOWN else "")
    versions = [str(made.get("taxonomy", "unknown")) for made in (fitted, here)]
    taxonomy = (
        f"the offence taxonomy is version {versions[0]} there and {versions[1]} here"
        if versions[0] != versions[1]
        else "the catalogue of features has changed between them"
    )
    return Problem("model-other-catalogue", path=path, count=len(other), names=names, why=taxonomy)
