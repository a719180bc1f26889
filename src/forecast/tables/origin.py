"""Keep with a table of cases where it came from: the steps from records to cases, and what pictures of the force show.

The facts lie in the metadata of the Parquet file itself, so that they cannot be parted from the cases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

KEY = b"forecast"


@dataclass(frozen=True)
class Origin:
    """Where a table of cases came from.

    ``flow``: (step, rows that are left or left out) in order, from the records to the cases.
    ``portrait``: counts for pictures (see :mod:`forecast.records.portrait`). ``made``: settings, versions, hashes.
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
