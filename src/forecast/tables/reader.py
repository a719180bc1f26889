"""Read a described table as `Cases`, whole or piece by piece, and account for every row of it.

Two uses: *learning* reads outcomes, audit attributes and benchmarks and applies the cohort's conditions;
*scoring* reads keys and features only and never looks at an outcome.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases
from forecast.problems import Problem, first_of, nearest, raise_all
from forecast.progress import SILENT, Progress
from forecast.tables import convert
from forecast.tables.description import Condition, Description
from forecast.tables.follow_up import followed_of, need_times, times_of
from forecast.tables.origin import origin_of
from forecast.tables.rows import RowProblems, refused_frame, summarise
from forecast.tables.source import Piece, Source, open_source

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints

MANY_COLUMNS = 3
"""Missing columns from which the file is likely to be the wrong one, or wrongly cut."""


@dataclass
class Chunk:
    """Some rows of a file: the cases that can be used, their row numbers, and the refused rows."""

    cases: Cases
    rows: Ints
    refused: pd.DataFrame
    read: int
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass
class TableReader:
    """A described table file, checked for its columns and for ids that stand twice."""

    description: Description
    path: Path
    learning: bool
    source: Source
    censored: bool = False
    """Whether cases stay whose outcome window is not complete: for fits that weight for it, and for no other."""
    duplicates: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)

    def chunks(self, rows: int) -> Iterator[Chunk]:
        """Yield the file in chunks of about ``rows`` rows, then one for the malformed rows, if there are any.

        Raises ``file-empty`` if there is no row at all.
        """
        total = 0
        for piece in self.source.pieces(self._columns(), rows):
            total += len(piece.rows)
            yield self._chunk(piece)
        malformed = self.source.malformed
        if total + len(malformed) == 0:
            raise Problem("file-empty", path=self.path)
        if malformed:
            yield self._malformed()

    def _columns(self) -> list[str]:
        """Return the columns of the file that this use reads; nothing else is ever looked at."""
        d = self.description
        wanted = [d.keys.case, d.keys.person, d.keys.as_of, d.keys.age and self._age_column()]
        wanted += [f.source for f in d.features if not f.sum_of]
        wanted += [c.column for c in d.cohort if self._applies(c)]
        if self.learning:
            wanted += [a.source for a in d.audit] + [b.source for b in d.benchmarks]
            wanted += [name for level in d.levels for name in (level.column, level.date)]
            wanted += [d.split.column] if d.split else []
        return [name for name in dict.fromkeys(wanted) if name]

    def _applies(self, condition: Condition) -> bool:
        """A condition applies where its column is; scoring leaves out those that speak about outcomes only."""
        if self.learning:
            return not (self.censored and condition.applies == "complete")
        return condition.applies == "always" and condition.column in self.source.columns

    def _age_column(self) -> str:
        d = self.description
        return next((f.source for f in d.features if f.name == d.keys.age), d.keys.age)

    def check_columns(self) -> None:
        """Raise one problem for each column that this use needs and the file does not have."""
        here, d = self.source.columns, self.description
        outcomes = {level.column for level in d.levels}
        if self.learning and not outcomes & set(here):
            raise Problem("outcome-missing", path=self.path, columns=", ".join(sorted(outcomes)))
        lacking = [name for name in self._columns() if name not in here]
        if len(lacking) > MANY_COLUMNS:
            made_for = "description" if self.learning else "model"
            unlike = f"This file does not look like the cases that the {made_for} was made for. "
            raise Problem(
                "columns-missing",
                path=self.path,
                count=len(lacking),
                needed=len(self._columns()),
                description=d.label,
                names=first_of(lacking),
                here=first_of(here),
                unlike=unlike if 2 * len(lacking) > len(self._columns()) else "",
            )
        found = [
            Problem("column-missing", path=self.path, column=name, description=d.label, hint=nearest(name, here))
            for name in lacking
        ]
        raise_all(found)
        if not self.learning:
            self.notes += [
                f"Not checked, for the column '{c.column}' is not there: {c.why}"
                for c in d.cohort
                if c.applies == "always" and c.column not in here
            ]

    def find_duplicates(self) -> None:
        """Find the ids that stand more than once; DuckDB spills to disk, so memory stays bounded."""
        found: list[Problem] = []

        def batches() -> Iterator[pa.RecordBatch]:
            column = self.description.keys.case
            try:
                for piece in self.source.pieces([column], 200_000):
                    yield from piece.table.select([column]).rename_columns(["id"]).to_batches()
            except Problem as problem:
                found.append(problem)  # DuckDB would wrap it in an error of its own; the batches end instead

        with tempfile.TemporaryDirectory(prefix="forecast-ids-") as folder, duckdb.connect() as con:
            con.execute("SET memory_limit = '400MB'")
            con.execute("SET temp_directory = $1", [folder])  # by default it would be in the working folder
            con.register("ids", pa.RecordBatchReader.from_batches(pa.schema([("id", pa.string())]), batches()))
            twice = con.execute("SELECT id FROM ids WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1").fetchall()
        raise_all(found)
        self.duplicates = frozenset(row[0] for row in twice)

    def _malformed(self) -> Chunk:
        expected = len(self.source.columns)
        entries = (
            (row, None, [Problem("row-malformed", found=fields, expected=expected)])
            for row, fields in self.source.malformed
        )
        empty = self._chunk(Piece(np.empty(0, np.int64), self._no_rows()))
        return Chunk(empty.cases, empty.rows, refused_frame(entries), len(self.source.malformed))

    def _no_rows(self) -> pa.Table:
        names = self._columns()
        return pa.table([pa.chunked_array([pa.array([], pa.string())]) for _ in names], names=names)

    def _chunk(self, piece: Piece) -> Chunk:
        read = len(piece.rows)
        keep, left_out = self._inside(piece)
        if self.learning:
            piece = Piece(piece.rows[keep], piece.table.filter(pa.array(keep)))
        problems = RowProblems(len(piece.rows))
        case_ids = self._check_keys(piece, problems)
        if not self.learning:
            for condition, outside in left_out.items():
                problems.add(outside, "row-outside-cohort", why=condition.why, column=condition.column)
        cases = self._build(piece, problems)
        good = problems.good
        counts = {c.why: int(mask.sum()) for c, mask in left_out.items()} if self.learning else {}
        return Chunk(cases.take(good), piece.rows[good], problems.frame(piece.rows, case_ids), read, counts)

    def _inside(self, piece: Piece) -> tuple[Bools, dict[Condition, Bools]]:
        """Return which rows all conditions keep, and for each one the rows that it is the first to leave out."""
        keep = np.ones(len(piece.rows), dtype=bool)
        left_out = {}
        for condition in self.description.cohort:
            if self._applies(condition):
                fits = _fits(condition, piece.table[condition.column])
                left_out[condition] = keep & ~fits
                keep &= fits
        return keep, left_out

    def within_cohort(self, piece: Piece) -> tuple[pa.Table, dict[str, tuple[Bools, Bools]]]:
        """Return the rows that every condition keeps and, for each level, (outcome known, outcome happened)."""
        keep, _ = self._inside(piece)
        table = piece.table.filter(pa.array(keep))
        outcomes = {}
        for level in self.description.levels:
            values = convert.truth(table[level.column], level.true, level.false).values
            outcomes[level.name] = (~np.isnan(values), values == 1.0)
        return table, outcomes

    def _check_keys(self, piece: Piece, problems: RowProblems) -> list[str | None]:
        keys = self.description.keys
        ids: list[str | None] = convert.texts(piece.table[keys.case]).tolist()
        for column in dict.fromkeys((keys.case, keys.person)):
            problems.add(_empty(piece.table[column]), "row-key-missing", column=column)
        if self.duplicates:  # nobody can tell which of the rows is the right one
            doubled = np.array([case_id in self.duplicates for case_id in ids], dtype=bool)
            problems.add(doubled, "row-duplicate-id", column=keys.case)
        return ids

    def _build(self, piece: Piece, problems: RowProblems) -> Cases:
        d, table = self.description, piece.table
        as_of = self._as_of(piece, problems)
        keys = pd.DataFrame(
            {
                CASE_ID: pd.Series(convert.texts(table[d.keys.case]), dtype="object"),
                PERSON_ID: pd.Series(convert.texts(table[d.keys.person]), dtype="object"),
                AS_OF: pd.to_datetime(pd.Series(as_of), unit="D", errors="coerce"),
            }
        )
        for column in self._cohort_dates():
            problems.add_codes(convert.dates(table[column]).problem, table[column], column=column)
        features = self._features(piece, problems)
        self._check_age(piece, problems)
        index = pd.RangeIndex(len(keys))
        if not self.learning:
            empty = pd.DataFrame(index=index)
            return Cases(keys, features, empty, empty, empty, recorded=self._recorded(piece))
        outcomes = self._outcomes(piece, as_of, problems)
        return Cases(
            keys,
            features,
            outcomes,
            self._audit(piece, index),
            self._benchmarks(piece, index),
            self._part(piece, problems),
            times=times_of(self.description, piece.table, as_of, outcomes),
            followed=followed_of(self.description, as_of, begun=self._begun(piece)),
        )

    def _begun(self, piece: Piece) -> int:
        """Return 1 where moments have a time of day, which is not read: then a window ends within its last day."""
        column = self.description.keys.as_of
        return int(bool(column) and (self.source.has_clock(column) or convert.with_clock(piece.table[column])))

    def _cohort_dates(self) -> list[str]:
        """Return the columns of cohort conditions with dates that nothing else checks."""
        applying = [c.column for c in self.description.cohort if self._applies(c) and not c.keep]
        return [column for column in dict.fromkeys(applying) if column != self.description.keys.as_of]

    def _as_of(self, piece: Piece, problems: RowProblems) -> Floats:
        column = self.description.keys.as_of
        if not column:
            return np.full(len(piece.rows), np.nan)
        converted = convert.dates(piece.table[column])
        problems.add_codes(converted.problem, piece.table[column], column=column)
        problems.add(np.isnan(converted.values) & problems.good, "row-key-missing", column=column)
        return converted.values

    def _features(self, piece: Piece, problems: RowProblems) -> pd.DataFrame:
        d = self.description
        values: dict[str, Any] = {f.name: None for f in d.features}  # sums may stand before their parts
        for f in d.features:
            if f.sum_of:
                continue
            converted = convert.convert(piece.table[f.source], f)
            low, high = ("any" if edge is None else edge for edge in (f.low, f.high))
            problems.add_codes(converted.problem, piece.table[f.source], column=f.source, low=low, high=high)
            values[f.name] = converted.values if f.numeric else pd.Series(converted.values, dtype="object")
        for f in d.features:
            if f.sum_of:
                values[f.name] = np.sum([values[part] for part in f.sum_of], axis=0)
        return pd.DataFrame(values, index=pd.RangeIndex(len(piece.rows)))

    def _recorded(self, piece: Piece) -> pd.DataFrame:
        """Return the texts of features whose number is not what stands in the file."""
        quoted = [f for f in self.description.features if f.kind in ("band", "top-coded") and not f.sum_of]
        texts = {f.name: pd.Series(convert.texts(piece.table[f.source]), dtype="object") for f in quoted}
        return pd.DataFrame(texts, index=pd.RangeIndex(len(piece.rows)))

    def _check_age(self, piece: Piece, problems: RowProblems) -> None:
        """Refuse people who are, or may be, younger than the description allows."""
        d = self.description
        if not d.keys.age:
            return
        column = self._age_column()
        converted = convert.numbers(piece.table[column], convert.youngest)
        problems.add_codes(converted.problem, piece.table[column], column=column)
        problems.add(_empty(piece.table[column]), "row-age-missing", column=column, age=d.head.minimum_age)
        problems.add(converted.values < d.head.minimum_age, "row-under-18", column=column, age=d.head.minimum_age)

    def _outcomes(self, piece: Piece, as_of: Floats, problems: RowProblems) -> pd.DataFrame:
        outcomes: dict[str, Bools] = {}
        below: Bools | None = None
        for level in self.description.levels:
            converted = convert.truth(piece.table[level.column], level.true, level.false)
            problems.add_codes(converted.problem, piece.table[level.column], column=level.column)
            problems.add(_empty(piece.table[level.column]), "row-outcome-missing", column=level.column)
            happened = converted.values == 1.0
            if level.date:
                self._check_outcome_date(piece, level.date, happened, as_of, problems)
            if below is not None:
                problems.add(happened & ~below, "row-outcome-order", column=level.column)
            outcomes[level.name] = below = happened
        self._check_follow_up(as_of, problems)
        return pd.DataFrame(outcomes, index=pd.RangeIndex(len(piece.rows)))

    def _check_outcome_date(
        self, piece: Piece, name: str, happened: Bools, as_of: Floats, problems: RowProblems
    ) -> None:
        """Refuse outcomes that are not dated in the window `[as_of, as_of + horizon)`, or after the data end.

        A proof may come as much later as outcomes take to settle; a window that begins within a day ends within one.
        """
        column = piece.table[name]
        converted = convert.dates(column)
        problems.add_codes(converted.problem, column, column=name)
        problems.add(happened & _empty(column), "row-outcome-undated", column=name)
        day, months = converted.values, self.description.closing_months
        tomorrow = datetime.date.today() + datetime.timedelta(days=1)
        until = min(self.description.observed_until or tomorrow, tomorrow)
        future = happened & (day >= convert.day_number(until))
        problems.add(future, "row-outcome-in-future", column=name, until=until)
        problems.add(happened & (day < as_of), "row-outcome-before", column=name)
        late = happened & ~future & (day >= convert.months_later(as_of, months) + self._begun(piece))
        problems.add(late, "row-outcome-after-window", column=name, months=months)

    def _check_follow_up(self, as_of: Floats, problems: RowProblems) -> None:
        d = self.description
        if d.observed_until is None or d.follow_up != "complete" or self.censored:
            return
        months = d.closing_months
        late = convert.months_later(as_of, months) > convert.day_number(d.observed_until)
        problems.add(late, "row-follow-up-incomplete", column=d.keys.as_of, months=months, until=d.observed_until)

    def _audit(self, piece: Piece, index: pd.RangeIndex) -> pd.DataFrame:
        groups: dict[str, object] = {}
        for a in self.description.audit:
            column = piece.table[a.source]
            if a.cuts:
                groups[a.name] = convert.cut(convert.numbers(column, convert.lenient).values, a.cuts)
            else:
                groups[a.name] = pd.Series(convert.texts(column), dtype="object")
        return pd.DataFrame(groups, index=index)

    def _benchmarks(self, piece: Piece, index: pd.RangeIndex) -> pd.DataFrame:
        scores = {
            b.name: convert.numbers(piece.table[b.source], convert.lenient).values for b in self.description.benchmarks
        }
        return pd.DataFrame(scores, index=index, dtype="float64")

    def _part(self, piece: Piece, problems: RowProblems) -> pd.Series | None:
        split = self.description.split
        if split is None:
            return None
        train = convert.truth(piece.table[split.column], split.train, split.test)
        problems.add_codes(train.problem, piece.table[split.column], column=split.column)
        part = np.full(len(piece.rows), None, dtype=object)
        part[train.values == 1.0] = "train"
        part[train.values == 0.0] = "test"
        return pd.Series(part, dtype="object")


def _fits(condition: Condition, column: pa.ChunkedArray) -> Bools:
    if condition.keep:
        return np.array([text in condition.keep for text in convert.texts(column)], dtype=bool)
    days = convert.dates(column).values
    unreadable = np.isnan(days) & ~_empty(column)  # stays in, to be refused
    since = -np.inf if condition.since is None else convert.day_number(condition.since)
    before = np.inf if condition.before is None else convert.day_number(condition.before)
    return np.asarray(((days >= since) & (days < before)) | unreadable)  # a missing day compares false


def _empty(column: pa.ChunkedArray) -> Bools:
    return np.asarray(column.is_null().combine_chunks().to_numpy(zero_copy_only=False), dtype=bool)


def open_table(description: Description, path: Path, *, learning: bool, censored: bool = False) -> TableReader:
    """Open a described table: check the columns that this use needs, and find the ids that stand twice."""
    source = open_source(path, delimiter=description.head.delimiter, missing=description.head.missing)
    source.as_numbers = description.plain_numbers()
    reader = TableReader(description, path, learning, source, censored)
    reader.check_columns()
    reader.find_duplicates()
    return reader


def read_cases(
    description: Description,
    path: Path,
    *,
    allow_refused: bool = False,
    censored: bool = False,
    progress: Progress = SILENT,
) -> tuple[Cases, pd.DataFrame]:
    """Read a whole table for learning; return the cases and the refused rows.

    ``censored`` keeps cases whose outcome window ends after the data do. Their outcomes say what was reached so far,
    so that "no" only means "not yet": :meth:`Cases.complete` tells them, and a plain fit or test must not see them.
    Raises ``censored-unknown`` where the description does not say when outcomes happened and until when they were
    seen, one ``rows-refused`` problem for each code and column unless ``allow_refused``, and ``no-rows-left``.
    """
    if censored:
        need_times(description)
    reader = open_table(description, path, learning=True, censored=censored)
    progress.begin(f"reading {path.name}")
    chunks = []
    for chunk in reader.chunks(100_000):
        chunks.append(chunk)
        progress.advance(chunk.read)
    refused = pd.concat([chunk.refused for chunk in chunks], ignore_index=True)
    if len(refused) and not allow_refused:
        raise_all(summarise(refused, path))
    flow = _flow(chunks, len(refused))
    cases = _joined([chunk.cases for chunk in chunks], dict(origin_of(path).flow) | flow)
    if not len(cases):
        steps = "; ".join(f"{name}: {count}" for name, count in list(flow.items())[1:-1])
        raise Problem("no-rows-left", path=path, read=flow["rows read"], steps=steps or "reading")
    return cases, refused


def _flow(chunks: list[Chunk], refused: int) -> dict[str, int]:
    """Count the rows at each step, TRIPOD style: read, left out by each condition, refused, used."""
    flow = {"rows read": sum(chunk.read for chunk in chunks)}
    for chunk in chunks:
        for why, count in chunk.left_out.items():
            name = f"outside the cohort ({why})"
            flow[name] = flow.get(name, 0) + count
    flow["refused"] = refused
    flow["cases"] = sum(len(chunk.cases) for chunk in chunks)
    return flow


def _joined(parts: list[Cases], counts: dict[str, int]) -> Cases:
    def join(name: str) -> Any:
        made = [getattr(part, name) for part in parts if getattr(part, name) is not None]
        return pd.concat(made, ignore_index=True) if made else None

    names = ("keys", "features", "outcomes", "protected", "benchmarks", "part", "times", "followed")
    return Cases(**{name: join(name) for name in names}, counts=counts)
