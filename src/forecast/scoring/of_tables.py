"""Score the rows of a table of cases, a chunk at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from forecast.files import sha256
from forecast.scoring.scorer import Scorer, refuse_unknown
from forecast.tables.origin import check_catalogue
from forecast.tables.reader import Chunk, open_table
from forecast.tables.rows import REFUSED_COLUMNS

if TYPE_CHECKING:
    from forecast.models.bundle import ModelBundle
    from forecast.settings import Settings

REFUSED_SCHEMA = pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in REFUSED_COLUMNS])


class TableJob:
    """The rows of a CSV or Parquet file. Outcomes, audit attributes and all other columns are never read."""

    def __init__(self, bundle: ModelBundle, path: Path, settings: Settings, *, reasons: bool, name: str = "") -> None:
        self.bundle, self.path, self.settings = bundle, path, settings
        self.reader = open_table(bundle.description, path, learning=False)
        check_catalogue(bundle.manifest.get("data", {}), path, bundle.forecaster.model.features)
        key_type = self.reader.source.type_of(bundle.description.keys.case)
        self.scorer = Scorer.open(bundle, settings, reasons=reasons, key_type=key_type)
        self.name, self.total = name or path.name, None
        self.label = f"scoring {self.name}"

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """The files that are written: what was scored, and the rows that were refused."""
        return {"scores": self.scorer.schema, "refused": REFUSED_SCHEMA}

    @cached_property
    def source(self) -> dict[str, Any]:
        """What is scored, with the hash of its content."""
        return {"file": self.name, "sha256": sha256(self.path)}

    @property
    def notes(self) -> list[str]:
        """What the reader could not check."""
        return list(self.reader.notes)

    def pieces(self) -> Iterator[Chunk]:
        """Yield the rows in chunks, the same ones each time."""
        return self.reader.chunks(self.settings.chunk_rows)

    def size(self, piece: Chunk) -> int:
        """Return how far a chunk brings the work on."""
        return piece.read

    def made(self, piece: Chunk) -> tuple[dict[str, pa.Table], dict[str, Any]]:
        """Return the tables of a chunk and its counts."""
        chunk, notes = refuse_unknown(self.bundle, piece, self.settings)
        refused = pa.Table.from_pandas(chunk.refused, REFUSED_SCHEMA, preserve_index=False)
        counts = {
            "rows": {"in": piece.read, "scored": len(chunk.cases), "refused": len(refused)},
            "by_code": dict(Counter(chunk.refused["code"].tolist())),
        }
        return {"scores": self.scorer.cases(chunk.cases, notes), "refused": refused}, counts

    def manifest(self, counts: dict[str, Any]) -> dict[str, Any]:
        """Return the keys of the manifest that are those of a table."""
        return {"input": self.source, "rows": counts["rows"], "refused_by_code": counts["by_code"]}
