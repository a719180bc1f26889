from __future__ import annotations

import contextlib
import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.tables import convert
from forecast.tables.convert import Unreadable
from forecast.tables.description import Feature


def column(*texts: str | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, pa.string())])


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3.0), ("-2.5", -2.5), ("+1", 1.0), (".5", 0.5), ("7.", 7.0), ("1e3", 1000.0), ("1e-7", 1e-7), ("007", 7.0)],
)
def test_a_plain_decimal_number_is_read(text: str, value: float) -> None:
    assert convert.number(text) == value


@pytest.mark.parametrize(
    "text", ["", "abc", "1,000", "1 000", "0x10", "inf", "-inf", "nan", "1e999", "1_0", "--1", "1\n", "٣", "½"]
)
def test_anything_else_is_not_a_number(text: str) -> None:
    with pytest.raises(Unreadable, match="row-not-a-number"):
        convert.number(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("10 or more", 10), ("10+", 10), ("10 +", 10), ("4 OR OVER", 4), ("4", 4), ("2.5 or above", 2.5)],
)
def test_a_top_code_is_its_lower_end(text: str, value: float) -> None:
    assert convert.top_coded(text) == value


@pytest.mark.parametrize("text", ["10 or", "more", "10-12", "ten or more", "9" * 400 + "+", "10+ or so"])
def test_a_text_that_is_no_top_code_is_not_a_number(text: str) -> None:
    with pytest.raises(Unreadable, match="row-not-a-number"):
        convert.top_coded(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("43-47", 45),
        ("43 – 47", 45),
        ("18 to 22", 20),
        ("48 or older", 48),
        ("under 18", 9),
        ("Less than 25", 12.5),
        ("<18", 9),
        ("under 18 years", 9),
        ("33", 33),
        ("10+", 10),
    ],
)
def test_a_band_is_its_middle_its_lower_end_or_half_of_its_upper_end(text: str, value: float) -> None:
    assert convert.band(text) == value


@pytest.mark.parametrize(
    "text", ["adult", "18-", "18-22-30", "under", "under 18.5.3", f"{'9' * 400}-{'9' * 400}", f"<{'9' * 400}"]
)
def test_a_text_that_is_no_band_is_not_a_number(text: str) -> None:
    with pytest.raises(Unreadable, match="row-not-a-number"):
        convert.band(text)


ALMOST = st.text("0123456789 .+-–eE<tounderalshmi:TZ", max_size=14)


@given(st.one_of(st.text(), ALMOST))
def test_no_text_makes_a_converter_raise_anything_but_unreadable(text: str) -> None:
    kinds = ("number", "ordered", "flag", "top-coded", "band")
    for read in (*(convert.parser(feature(kind, levels=("a", "b"))) for kind in kinds), convert.day):
        with contextlib.suppress(Unreadable):
            assert np.isfinite(read(text))
    assert not np.isinf(convert.lenient(text))


@given(st.floats(-1e9, 1e9), st.sampled_from([" or more", "+", ""]))
def test_a_top_code_of_any_number_is_at_least_as_large_as_written(value: float, suffix: str) -> None:
    text = f"{abs(value):.3f}{suffix}"
    assert convert.top_coded(text) == float(f"{abs(value):.3f}")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_band_lies_between_its_ends(low: int, width: int) -> None:
    assert low <= convert.band(f"{low}-{low + width}") <= low + width


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31)), st.integers(0, 600))
def test_calendar_months_agree_with_pandas(day: datetime.date, months: int) -> None:
    found = convert.months_later(np.array([float(convert.day_number(day)), np.nan]), months)
    expected = pd.Timestamp(day) + pd.DateOffset(months=months)
    assert found[0] == convert.day_number(expected.date())
    assert np.isnan(found[1])


@pytest.mark.parametrize("text", ["2014-04-01", "2014-04-01 23:59:59", "2014-04-01T00:00:00Z"])
def test_a_day_is_read_alone_or_before_a_time(text: str) -> None:
    assert convert.day(text) == convert.day_number(datetime.date(2014, 4, 1))


@pytest.mark.parametrize(
    "text",
    [
        "01/04/2014",
        "20140401",
        "2014-W14-2",
        "2014-02-30",
        "2014-04-01x",
        "2014-04-011",
        "0000-01-01",
        "",
        "٢٠١٤-٠٤-٠١",
    ],
)
def test_any_other_form_is_not_a_date(text: str) -> None:
    with pytest.raises(Unreadable, match="row-not-a-date"):
        convert.day(text)


def feature(kind: str, **keys: Any) -> Feature:
    return Feature("f", kind, "f", **keys)


@pytest.mark.parametrize(
    ("described", "texts", "values", "codes"),
    [
        pytest.param(feature("number", low=0, high=9), ["3", None, "-1", "10", "x"], [3, None, None, None, None],
                     ["", "", "row-out-of-range", "row-out-of-range", "row-not-a-number"], id="number in a range"),
        pytest.param(feature("flag"), ["yes", "0", "maybe", None], [1, 0, None, None],
                     ["", "", "row-unknown-category", ""], id="flag"),
        pytest.param(feature("ordered", levels=("low", "mid", "high")), ["high", "low", "LOW"], [2, 0, None],
                     ["", "", "row-unknown-category"], id="ordered"),
        pytest.param(feature("top-coded", required=True), ["10 or more", None], [10, None],
                     ["", "row-value-missing"], id="required"),
        pytest.param(feature("band", high=60), ["18-22", "70-80"], [20, None], ["", "row-out-of-range"], id="band"),
    ],
)  # fmt: skip
def test_a_numeric_feature_gives_values_and_codes(
    described: Feature, texts: list[str | None], values: list[float | None], codes: list[str]
) -> None:
    found = convert.convert(column(*texts), described)
    np.testing.assert_array_equal(found.values, np.array(values, dtype=np.float64))
    assert found.problem is not None
    assert found.problem.tolist() == codes


def test_a_column_without_a_fault_has_no_codes() -> None:
    assert convert.convert(column("1", None), feature("number")).problem is None


@pytest.mark.parametrize(
    ("unknown", "levels", "values", "codes"),
    [
        pytest.param(
            "", ("a", "b"), ["a", "other", None], ["", "row-unknown-category", ""], id="a closed list refuses"
        ),
        pytest.param("other", ("a", "b"), ["a", "other", None], None, id="unless it says other"),
        pytest.param("", (), ["a", "x", None], None, id="an open list takes all"),
    ],
)
def test_a_category_outside_the_list_is_refused_or_other(
    unknown: str, levels: tuple[str, ...], values: list[str | None], codes: list[str] | None
) -> None:
    found = convert.convert(column("a", "x", None), feature("category", levels=levels, unknown=unknown))
    assert found.values.tolist() == values
    assert (found.problem is None) if codes is None else (found.problem.tolist() == codes)  # type: ignore[union-attr]


def test_each_distinct_text_is_read_once() -> None:
    seen: list[str] = []

    def read(text: str) -> float:
        seen.append(text)
        return 1.0

    convert.numbers(column(*["a", "b"] * 500), read)
    assert sorted(seen) == ["a", "b"]


def test_an_empty_column_gives_no_values() -> None:
    nothing = pa.chunked_array([], pa.string())
    assert len(convert.convert(nothing, feature("number", required=True)).values) == 0
    assert len(convert.convert(nothing, feature("category", levels=("a",))).values) == 0


def test_truth_is_one_zero_or_missing() -> None:
    found = convert.truth(column("1", "0", None, "2"), ("1",), ("0",))
    np.testing.assert_array_equal(found.values, [1, 0, np.nan, np.nan])
    assert found.problem is not None
    assert found.problem.tolist() == ["", "", "", "row-unknown-category"]


def test_cut_gives_ordered_groups_whose_lower_ends_belong_to_them() -> None:
    found = convert.cut(np.array([24.9, 25, 34.5, 35, 99, np.nan]), (25, 35))
    assert list(found.categories) == ["under 25", "25-34", "35 and over"]
    assert found.ordered
    assert list(found[:5]) == ["under 25", "25-34", "25-34", "35 and over", "35 and over"]
    assert pd.isna(found[5])


def test_cut_at_one_place_gives_two_groups() -> None:
    found = convert.cut(np.array([1.0, 2.0]), (2,))
    assert list(found) == ["under 2", "2 and over"]


def test_the_first_group_of_counts_cut_at_one_is_nought() -> None:
    found = convert.cut(np.array([0.0, 1, 2, 10, 11]), (1, 3, 11))
    assert list(found) == ["0", "1-2", "1-2", "3-10", "11 and over"]
    assert list(convert.cut(np.array([0.0, 1, 2]), (1, 2)).categories) == ["0", "1", "2 and over"]


def test_cut_at_places_that_are_not_whole_numbers_says_so_in_its_labels() -> None:
    found = convert.cut(np.array([0.2, 0.7, 0.1]), (0.1, 0.5))
    assert list(found) == ["0.1 to under 0.5", "0.5 and over", "0.1 to under 0.5"]


@pytest.mark.parametrize(
    ("text", "youngest"), [("16-22", 16.0), ("under 25", 0.0), ("48 or older", 48.0), ("18", 18.0), ("18.5", 18.5)]
)
def test_the_youngest_of_a_band_is_its_lower_end(text: str, youngest: float) -> None:
    assert convert.youngest(text) == youngest
