"""Precision and recall are counted over pairs and over whole persons."""

from __future__ import annotations

import traceback
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast.problems import Problem
from forecast.records.linking.score import Truth, read_truth, score


def test_pairs_and_persons_are_counted_by_hand() -> None:
    truth = Truth({"a": "1", "b": "1", "c": "1", "d": "2", "e": "2", "f": "3"}, {"b": "moved, short form"}, {})
    found = score({"a": "x", "b": "x", "c": "y", "d": "z", "e": "z", "f": "y"}, truth)
    assert (found.pairs.true, found.pairs.linked, found.pairs.right) == (4, 3, 2)  # ab ac bc de; ab cf de; ab de
    assert (found.persons.true, found.persons.linked, found.persons.right) == (2, 3, 1)
    assert found.pairs.precision == pytest.approx(2 / 3)
    assert found.pairs.recall == pytest.approx(1 / 2)
    assert found.planted == {"moved": (2, 1), "none": (2, 1), "short form": (2, 1)}


def test_lookalikes_that_were_linked_are_counted_once_a_couple() -> None:
    truth = Truth({"a": "1", "b": "2", "c": "3", "d": "4"}, {}, {"1": ("twin", "2"), "2": ("twin", "1")})
    assert score({"a": "x", "b": "x", "c": "y", "d": "z"}, truth).lookalikes == {"twin": (1, 1)}
    assert score({"a": "x", "b": "w", "c": "y", "d": "z"}, truth).lookalikes == {"twin": (1, 0)}


def test_nothing_linked_has_no_precision() -> None:
    found = score({"a": "x", "b": "y"}, Truth({"a": "1", "b": "1"}, {}, {}))
    assert found.pairs.precision is None
    assert found.pairs.recall == 0.0


def test_a_truth_that_does_not_know_a_nominal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.parquet"
    pq.write_table(pa.table({"nominal_id": ["a"], "true_id": ["1"]}), path)
    assert read_truth(path, ["a"]).of == {"a": "1"}
    with pytest.raises(Problem) as raised:
        read_truth(path, ["a", "b"])
    assert raised.value.code == "link-truth"
    pq.write_table(pa.table({"nominal_id": ["a"], "who": ["1"]}), path)
    with pytest.raises(Problem):
        read_truth(path, ["a"])


def test_an_id_in_a_csv_file_stays_the_text_that_it_is(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text("nominal_id,true_id,planted\n007,01,\n1.0,1,moved\n", "utf-8")
    truth = read_truth(path, ["007", "1.0"])
    assert truth.of == {"007": "01", "1.0": "1"}
    assert truth.planted == {"1.0": "moved"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nominal_id,true_id\na,1\nb,SECRET,Name\nc\n", "row 3, counted from the header on.*2 such rows"),
        (b"nominal_id,true_id\nSECRET\xff,1\n", "cannot be read as CSV in UTF-8"),
        (b"", "cannot be read as CSV in UTF-8"),
    ],
)
def test_of_a_truth_that_cannot_be_read_no_value_is_told(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes(content)
    with pytest.raises(Problem, match=said) as raised:
        read_truth(path, ["a"])
    assert raised.value.code == "link-truth"
    assert "SECRET" not in "".join(traceback.format_exception(raised.value))
