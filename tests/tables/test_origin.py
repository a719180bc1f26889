"""Tests that a table of cases keeps where it came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecast.tables.description import Description
from forecast.tables.origin import Origin, origin_of
from forecast.tables.reader import read_cases

ORIGIN = Origin((("custody events on record", 90), ("left out: under 18", 30)), {"months": {"2008-01": 3}}, {"x": "1"})


def test_the_origin_lies_in_the_file_and_its_flow_stands_before_that_of_reading(
    table: Callable[..., Path], description: Description, tmp_path: Path
) -> None:
    frame = pa.Table.from_pandas(pd.read_csv(table(60), dtype=str), preserve_index=False)
    file = tmp_path / "cases.parquet"
    pq.write_table(frame.replace_schema_metadata(ORIGIN.metadata()), file)
    assert origin_of(file) == ORIGIN
    cases, _ = read_cases(description, file)
    assert list(cases.counts.items()) == [*ORIGIN.flow, ("rows read", 60), ("refused", 0), ("cases", 60)]


def test_other_files_have_no_origin(table: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "plain.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(path)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no")
    assert [origin_of(file) for file in (table(5), path, broken)] == [Origin()] * 3
