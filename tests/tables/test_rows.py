from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from forecast.tables.rows import REFUSED_COLUMNS, RowProblems, refused_frame, summarise


def test_a_row_with_several_problems_is_one_entry_with_the_first_and_the_others_codes() -> None:
    problems = RowProblems(4)
    problems.add(np.array([False, True, False, True]), "row-key-missing", column="id")
    problems.add(np.array([1]), "row-not-a-number", column="priors", found="'many'")
    frame = problems.frame(np.array([11, 12, 13, 14]), ["a", None, "c", None])
    assert frame["row"].tolist() == [12, 14]
    assert frame["code"].tolist() == ["row-key-missing", "row-key-missing"]
    assert frame["also"].tolist() == ["row-not-a-number", ""]
    assert problems.good.tolist() == [True, False, True, False]


def test_codes_a_row_are_noted_each_for_its_rows() -> None:
    problems = RowProblems(3)
    codes = np.array(["row-out-of-range", "", "row-not-a-number"], dtype=object)
    problems.add_codes(codes, pa.chunked_array([["9", "30", "x" * 90]]), column="age", low=10, high="any")
    frame = problems.frame(np.arange(1, 4), ["a", "b", "c"])
    assert dict(zip(frame["row"], frame["code"], strict=True)) == {1: "row-out-of-range", 3: "row-not-a-number"}
    assert "'9', outside the declared range (from 10, to any)" in frame["sentence"].iloc[0]
    assert len(frame["sentence"].iloc[1]) < 120


def test_no_codes_and_no_rows_note_nothing() -> None:
    problems = RowProblems(2)
    problems.add_codes(None, pa.chunked_array([["1", "2"]]), column="age")
    problems.add(np.array([], dtype=np.int64), "row-key-missing", column="id")
    assert problems.good.all()
    assert problems.frame(np.arange(2), ["a", "b"]).empty


def test_the_frame_of_refused_rows_has_the_same_columns_and_types_when_empty() -> None:
    empty = refused_frame([])
    assert tuple(empty.columns) == REFUSED_COLUMNS
    assert empty["row"].dtype == np.int64


def test_a_missing_id_stays_none_beside_others_and_is_not_named_in_the_summary() -> None:
    problems = RowProblems(2)
    problems.add(np.array([True, True]), "row-key-missing", column="person")
    frame = problems.frame(np.array([1, 2]), [None, "b"])
    assert frame["case_id"].tolist() == [None, "b"]
    assert "row 1, row 2 (id b)." in summarise(frame, "x.csv")[0].sentence


def test_the_summary_counts_rows_by_code_and_column_and_names_three() -> None:
    frame = pd.DataFrame(
        {
            "row": [1, 2, 3, 4, 5],
            "case_id": list("abcde"),
            "code": ["row-key-missing"] * 4 + ["row-not-a-number"],
            "column": ["id"] * 4 + ["age"],
            "sentence": ["The key 'id' is empty."] * 4 + ["'age' holds a text."],
            "also": [""] * 5,
        }
    )
    missing, text = summarise(frame, "x.csv")
    assert missing.facts["count"] == 4
    assert "row 1 (id a), row 2 (id b), row 3 (id c)" in missing.sentence
    assert "row 4" not in missing.sentence
    assert text.facts["column"] == "age"
