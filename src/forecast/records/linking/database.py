"""Open the databases in memory in which names are compared: what they spill stays where only the owner may look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def connect(work: Path) -> duckdb.DuckDBPyConnection:
    """Open a database of one thread that reaches nothing outside but ``work``, where it spills; removed when closed."""
    import duckdb

    outside = {"enable_external_access": "false", "temp_directory": str(work / "spill")}
    return duckdb.connect(config={"threads": 1, **outside})
