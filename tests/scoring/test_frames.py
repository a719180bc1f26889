"""Tests that features in memory become the frame that writing and reading their table gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from forecast.scoring.frames import FrameReader
from forecast.tables.description import Description, build
from forecast.tables.reader import TableReader
from forecast.tables.source import open_source

FEATURES: dict[str, dict[str, Any]] = {
    "count": {"kind": "number", "phrase": "count", "low": 0, "high": 9},
    "priors": {"kind": "number", "phrase": "priors"},
    "years": {"kind": "number", "phrase": "years", "unit": "years"},
    "also_audit": {"kind": "number", "phrase": "years too"},
    "harm": {"kind": "number", "phrase": "harm", "low": 0},
    "needed": {"kind": "number", "phrase": "needed", "required": True},
    "flag": {"kind": "flag", "phrase": "flag"},
    "own_flag": {"kind": "flag", "phrase": "own flag", "true": ["0"], "false": ["1"]},
    "sex": {"kind": "category", "phrase": "sex", "levels": ["F", "M"], "protected": "none"},
    "town": {"kind": "category", "phrase": "town"},
    "top": {"kind": "top-coded", "phrase": "top"},
    "both": {"kind": "number", "phrase": "both", "sum_of": ["count", "priors"]},
}
TYPES = {"count": pa.int32(), "priors": pa.int32(), "years": pa.float32(), "also_audit": pa.float32(),
         "harm": pa.float64(), "needed": pa.float64(), "flag": pa.int8(), "own_flag": pa.int8(), "sex": pa.string(),
         "town": pa.string(), "top": pa.int32()}  # fmt: skip


def description(**changes: Any) -> Description:
    content = {
        "format": 1,
        "name": "some",
        "title": "some features",
        "missing": ["", "nan", "NaN"],
        "keys": {"case": "id", "person": "person"},
        "features": FEATURES,
        "audit": {"again": {"title": "again", "column": "also_audit", "cuts": [1]}},
        "outcome": {"scale": ["none", "any"], "horizon_months": 24, "any": {"column": "outcome", "words": "arrested"}},
    }
    return build({**content, **changes}, "the test")


whole = st.integers(0, 12)
real = st.one_of(st.floats(0, 3, width=32), st.just(float("nan")), st.sampled_from([0.1, 1.0]))
values = st.fixed_dictionaries(
    {
        "count": whole,
        "priors": whole,
        "years": real,
        "also_audit": real,
        "harm": st.one_of(st.floats(-1, 5), st.just(float("inf"))),
        "needed": st.one_of(st.just(float("nan")), st.floats(0, 1)),
        "flag": st.sampled_from([0, 1]),
        "own_flag": st.sampled_from([0, 1, 2]),
        "sex": st.sampled_from(["F", "M", " M", "X", None]),
        "town": st.sampled_from(["York", "nan", "", None]),
        "top": whole,
    }
)


def check(rows: list[dict[str, Any]], described: Description, folder: Path) -> None:
    """Compare what is made in memory with what the reader of tables gives."""
    table = pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in TYPES.items()})
    names = tuple(f.name for f in described.features)
    reader = FrameReader(described, names)
    made, problems = reader.frame(table.select(list(reader.columns)))
    ids = pa.array([f"id{i}" for i in range(len(rows))])
    pq.write_table(table.append_column("id", ids).append_column("person", ids), folder / "t.parquet")
    source = open_source(folder / "t.parquet", missing=described.head.missing)
    source.as_numbers = described.plain_numbers()
    chunk = next(TableReader(described, source.path, learning=False, source=source).chunks(1000))
    good = problems.good
    pd.testing.assert_frame_equal(
        made.loc[good].reset_index(drop=True)[list(names)], chunk.cases.features, check_exact=True,
        check_column_type=False,
    )  # fmt: skip
    refused = problems.frame(np.arange(1, len(rows) + 1), ids.to_pylist())
    pd.testing.assert_frame_equal(refused[["row", "code", "column", "sentence", "also"]],
                                  chunk.refused[["row", "code", "column", "sentence", "also"]])  # fmt: skip
    recorded = reader.recorded(table)
    assert recorded is not None
    pd.testing.assert_frame_equal(recorded.loc[good].reset_index(drop=True), chunk.cases.recorded)


@trials(max_examples=40, deadline=None)
@given(st.lists(values, min_size=1, max_size=8))
def test_features_in_memory_are_read_as_those_of_a_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
):
    check(rows, description(), tmp_path_factory.mktemp("frames"))


@trials(max_examples=20, deadline=None)
@given(st.lists(values, min_size=1, max_size=5))
def test_a_number_that_means_missing_means_it_in_memory_too(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
):
    check(rows, description(missing=["", "nan", "NaN", "7", "1"]), tmp_path_factory.mktemp("frames"))


def test_only_what_is_asked_for_is_needed():
    reader = FrameReader(description(), ("both", "sex"))
    assert set(reader.columns) == {"count", "priors", "sex"}
    assert reader.columns_of("both") == ("count", "priors")
    table = pa.table({"count": pa.array([1, 2], pa.int32()), "priors": pa.array([3, 4], pa.int32()),
                      "sex": ["M", None]})  # fmt: skip
    frame, problems = reader.frame(table)
    assert frame["both"].tolist() == [4.0, 6.0]
    assert frame["sex"].tolist() == ["M", None]
    assert problems.good.all()
    assert reader.recorded(table) is None
