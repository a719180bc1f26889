"""Score a file of cases: forecasts with reasons for the rows that can be scored, the others refused with a code.

Rows in = rows scored + rows refused, always. Nothing appears under the final names before all of it is written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecast.cases import CASE_ID
from forecast.explanations import wording
from forecast.explanations.limits import set_names
from forecast.explanations.reasons import Reasoner
from forecast.files import refuse_existing, sha256, to_json, whole_files
from forecast.models.bundle import versions
from forecast.models.forest import Forest
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.tables.origin import check_catalogue
from forecast.tables.reader import Chunk, open_table
from forecast.tables.rows import REFUSED_COLUMNS, refused_frame

if TYPE_CHECKING:
    from forecast.cases import Bools, Forecasts, OutcomeScale, Reasons
    from forecast.models.bundle import ModelBundle
    from forecast.settings import Settings

REASON = pa.struct(
    [("fact", pa.string()), ("direction", pa.string()), ("strength", pa.string()), ("points", pa.float64())]
)
REFUSED_SCHEMA = pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in REFUSED_COLUMNS])


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scoring run did; ``scored + refused`` is the number of rows of the input."""

    rows: int
    scored: int
    refused: int
    by_code: dict[str, int]
    out: Path
    refused_file: Path
    manifest_file: Path
    notes: tuple[str, ...]


def companions(out: Path) -> tuple[Path, Path]:
    """Return the names of the refused rows' file and of the manifest that belong to an output.

    `scores.parquet` has `refused.parquet` and `scores.manifest.json`, any other `NAME.refused.parquet`.
    """
    refused = "refused.parquet" if out.stem == "scores" else f"{out.stem}.refused.parquet"
    return out.with_name(refused), out.with_name(f"{out.stem}.manifest.json")


def score_file(
    bundle: ModelBundle,
    path: Path,
    out: Path,
    settings: Settings,
    *,
    reasons: bool = True,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Scored:
    """Score every row of a CSV or Parquet file into the Parquet file ``out``, in memory bounded by ``chunk_rows``.

    Outcomes, audit attributes and all other columns of the input are never read.
    """
    refused_file, manifest_file = companions(out)
    if out.suffix != ".parquet":
        raise Problem("output-format", path=out)
    for target in (out, refused_file, manifest_file):
        if target.exists() and path.exists() and target.samefile(path):
            raise Problem("output-is-input", path=path)
        refuse_existing(target, overwrite)
    reader = open_table(bundle.description, path, learning=False)
    check_catalogue(bundle.manifest.get("data", {}), path, bundle.forecaster.model.features)
    writer = _Writer(bundle, settings, reasons, reader.source.type_of(bundle.description.keys.case))
    with whole_files(out, refused_file, manifest_file) as [scores_part, refused_part, manifest_part]:
        progress.begin(f"scoring {path.name}")
        with (
            pq.ParquetWriter(scores_part, writer.schema) as scores,
            pq.ParquetWriter(refused_part, REFUSED_SCHEMA) as refused,
        ):
            for chunk in reader.chunks(settings.chunk_rows):
                scored_table, refused_table = writer.tables(chunk)
                scores.write_table(scored_table)
                refused.write_table(refused_table)
                progress.advance(chunk.read)
        notes = [*reader.notes, *([] if bundle.forecaster.cutoffs.signed else [wording.NOT_SIGNED])]
        manifest = writer.manifest(path, out, notes)
        manifest_part.write_text(to_json(manifest), encoding="utf-8")
    counts = manifest["rows"]
    return Scored(
        counts["in"],
        counts["scored"],
        counts["refused"],
        manifest["refused_by_code"],
        out,
        refused_file,
        manifest_file,
        tuple(notes),
    )


def refuse_unknown(bundle: ModelBundle, chunk: Chunk) -> tuple[Chunk, list[str]]:
    """Refuse rows whose category training never saw, where the description says so; return a note for each other row.

    The note of a row without such a category is an empty text.
    """
    unknown = bundle.forecaster.model.unknown(chunk.cases.features)
    features = {name: bundle.description.feature(name) for name in unknown}
    closed = {n: mask for n, mask in unknown.items() if features[n].refuses_category and mask.any()}
    if closed:
        bad = np.logical_or.reduce(list(closed.values()))
        refused = pd.concat([chunk.refused, _unknown(bundle, chunk, closed)], ignore_index=True)
        refused = refused.sort_values("row", kind="stable", ignore_index=True)
        chunk = Chunk(chunk.cases.take(~bad), chunk.rows[~bad], refused, chunk.read)
        unknown = {n: mask[~bad] for n, mask in unknown.items()}
    return chunk, _notes(bundle, unknown, len(chunk.cases))


def _unknown(bundle: ModelBundle, chunk: Chunk, closed: dict[str, Bools]) -> pd.DataFrame:
    """Return the refused rows that hold a category unknown to training."""
    entries = []
    for i in np.flatnonzero(np.logical_or.reduce(list(closed.values()))).tolist():
        columns = [bundle.description.feature(n).source for n, mask in closed.items() if mask[i]]
        problems = [Problem("row-unknown-category", column=c, found="a value not seen in training") for c in columns]
        entries.append((int(chunk.rows[i]), chunk.cases.keys[CASE_ID].iloc[i], problems))
    return refused_frame(entries)


def _notes(bundle: ModelBundle, unknown: dict[str, Bools], size: int) -> list[str]:
    notes = [""] * size
    for name, mask in unknown.items():
        phrase = bundle.description.feature(name).phrase
        for i in np.flatnonzero(mask).tolist():
            notes[i] += f"{'; ' if notes[i] else ''}{wording.NOT_SEEN.format(phrase=phrase)}"
    return notes


class _Writer:
    """Turns chunks into output tables and keeps the counts."""

    def __init__(self, bundle: ModelBundle, settings: Settings, reasons: bool, key_type: pa.DataType) -> None:
        self.bundle, self.settings, self.reasons, self.key_type = bundle, settings, reasons, key_type
        features = [bundle.description.feature(name) for name in bundle.forecaster.model.features]
        self.reasoner = Reasoner(features, settings)
        self.rows = self.scored = 0
        self.by_code: Counter[str] = Counter()

    @property
    def key(self) -> str:
        return self.bundle.description.keys.case

    @property
    def schema(self) -> pa.Schema:
        levels = self.bundle.scale.reached
        fields = [(self.key, self.key_type), *((f"p_{level}", pa.float64()) for level in levels)]
        fields += [("band", pa.string()), ("model_id", pa.string()), ("note", pa.string())]
        if self.bundle.forecaster.uncertainty is not None:
            fields += [(f"{end}_{level}", pa.float64()) for level in levels for end in ("low", "high")]
            fields += [("outcome_set", pa.string()), ("outside", pa.bool_())]
        if isinstance(self.bundle.forecaster.model, Forest):
            fields += [(f"votes_{band}", pa.int32()) for band in self.bundle.scale.bands]
        if self.reasons:
            for level in levels:
                fields += [(f"start_{level}", pa.float64()), (f"reasons_{level}", pa.list_(REASON))]
                fields += [(f"remainder_{level}", pa.float64())]
        return pa.schema(fields)

    def tables(self, chunk: Chunk) -> tuple[pa.Table, pa.Table]:
        """Return the scored and the refused rows of a chunk as tables."""
        chunk, notes = refuse_unknown(self.bundle, chunk)
        self.rows += chunk.read
        self.scored += len(chunk.cases)
        self.by_code.update(chunk.refused["code"].tolist())
        return self._scored(chunk, notes), pa.Table.from_pandas(chunk.refused, REFUSED_SCHEMA, preserve_index=False)

    def _scored(self, chunk: Chunk, notes: list[str]) -> pa.Table:
        frame, bundle = chunk.cases.features, self.bundle
        made = bundle.forecaster.forecast(frame)
        ids = pa.array(chunk.cases.keys[CASE_ID].tolist(), pa.string())
        columns: dict[str, Any] = {self.key: ids.cast(self.key_type)}
        for k, level in enumerate(bundle.scale.reached):
            columns[f"p_{level}"] = made.probability[:, k]
        columns["band"] = np.array(bundle.scale.bands, dtype=object)[made.band]
        columns["model_id"] = [bundle.model_id] * len(frame)
        columns["note"] = notes
        columns |= _limits(made, bundle.scale)
        if isinstance(bundle.forecaster.model, Forest):
            votes = bundle.forecaster.model.votes(frame)
            columns |= {f"votes_{band}": votes[:, k].astype(np.int32) for k, band in enumerate(bundle.scale.bands)}
        if self.reasons:
            for k, level in enumerate(bundle.scale.reached):
                found = self.reasoner.reasons(frame, bundle.forecaster.contributions(frame, k), chunk.cases.recorded)
                columns[f"start_{level}"] = [r.start for r in found]
                columns[f"reasons_{level}"] = [_plain(r) for r in found]
                columns[f"remainder_{level}"] = [r.remainder for r in found]
        return pa.Table.from_pydict(columns, self.schema)

    def manifest(self, path: Path, out: Path, notes: list[str]) -> dict[str, Any]:
        """Return the manifest of the run; it holds no time, so that the same run gives the same bytes."""
        refused = sum(self.by_code.values())
        if self.rows != self.scored + refused:
            raise ArithmeticError(f"{self.rows} rows in, but {self.scored} scored and {refused} refused")
        return {
            "format": 1,
            "model_id": self.bundle.model_id,
            "input": {"file": path.name, "sha256": sha256(path)},
            "output": out.name,
            "rows": {"in": self.rows, "scored": self.scored, "refused": refused},
            "refused_by_code": dict(sorted(self.by_code.items())),
            "reasons": self.reasons,
            "notes": notes,
            "versions": versions(),
            "trained_with": self.bundle.manifest.get("versions", {}),
        }


def _limits(made: Forecasts, scale: OutcomeScale) -> dict[str, Any]:
    """Return the columns of interval, set of outcomes and mark, where the bundle knows them."""
    if made.low is None or made.high is None or made.outcomes is None or made.outside is None:
        return {}
    columns: dict[str, Any] = {}
    for k, level in enumerate(scale.reached):
        columns |= {f"low_{level}": made.low[:, k], f"high_{level}": made.high[:, k]}
    combination = made.outcomes @ (2 ** np.arange(len(scale.levels)))
    names = [set_names(bits, scale.levels) for bits in _bits(len(scale.levels))]
    return columns | {"outcome_set": np.array(names, dtype=object)[combination], "outside": made.outside}


def _bits(count: int) -> Bools:
    """Return every combination of so many marks, (2 ** count, count); the row is the number in binary."""
    combinations: Bools = (np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1
    return combinations


def _plain(reasons: Reasons) -> list[dict[str, Any]]:
    return [
        {"fact": r.fact, "direction": r.direction, "strength": r.strength, "points": r.points} for r in reasons.items
    ]
