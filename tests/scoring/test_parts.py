"""Tests of parts and of the file that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast.problems import Problem
from forecast.scoring import parts
from forecast.scoring.parts import assemble, write_part, write_whole

ROWS = 500
TABLE = pa.table(
    {
        "key": [f"C{i}" for i in range(ROWS)],
        "p": [None if i % 7 == 0 else i / ROWS for i in range(ROWS)],
        "reasons": [None if i % 5 == 0 else [{"points": float(j)} for j in range(i % 4)] for i in range(ROWS)],
    }
)  # fmt: skip


def cut(folder: Path, ends: Sequence[int]) -> list[Path]:
    """Write the table in parts that end at ``ends``."""
    folder.mkdir(exist_ok=True)
    paths = []
    for start, end in zip([0, *ends], [*ends, ROWS], strict=True):
        paths.append(folder / f"{len(paths)}.parquet")
        write_part(paths[-1], TABLE.slice(start, end - start))
    return paths


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ends=st.lists(st.integers(0, ROWS), max_size=6).map(sorted))
def test_the_final_file_has_the_same_bytes_however_the_rows_were_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: list[int]
):
    monkeypatch.setattr(parts, "GROUP_ROWS", 64)
    assert assemble(cut(tmp_path / "whole", []), tmp_path / "whole.parquet", TABLE.schema) == ROWS
    assert assemble(cut(tmp_path / "cut", ends), tmp_path / "cut.parquet", TABLE.schema) == ROWS
    assert (tmp_path / "cut.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert pq.read_table(tmp_path / "cut.parquet").equals(TABLE)
    assert pq.read_metadata(tmp_path / "cut.parquet").num_row_groups == -(-ROWS // 64)


def test_no_rows_give_a_file_with_the_columns(tmp_path: Path):
    assert assemble([], tmp_path / "out.parquet", TABLE.schema) == 0
    assert pq.read_table(tmp_path / "out.parquet").schema.equals(TABLE.schema)


def test_a_part_of_another_form_leaves_no_file(tmp_path: Path):
    write_part(tmp_path / "0.parquet", TABLE.rename_columns(["key", "q", "reasons"]))
    with pytest.raises(ValueError, match="schema"):
        assemble([tmp_path / "0.parquet"], tmp_path / "out.parquet", TABLE.schema)
    assert not (tmp_path / "out.parquet").exists()


def test_what_cannot_be_written_is_a_problem_and_leaves_nothing(tmp_path: Path):
    def write(path: Path) -> None:
        path.write_text("half", "utf-8")
        raise OSError(28, "No space left on device")

    with pytest.raises(Problem) as found:
        write_whole(tmp_path / "out", write)
    assert found.value.code == "score-no-room"
    assert "No space left on device" in found.value.sentence
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path: Path):
    (tmp_path / "out").write_text("older", "utf-8")
    with pytest.raises(RuntimeError):
        write_whole(tmp_path / "out", lambda path: (_ for _ in ()).throw(RuntimeError(path)))
    assert (tmp_path / "out").read_text("utf-8") == "older"

    def write(path: Path) -> None:
        path.write_text("newer", "utf-8")

    write_whole(tmp_path / "out", write)
    assert (tmp_path / "out").read_text("utf-8") == "newer"
