"""Tests of cost matrices: the band of least expected cost, what is no cost matrix, and the costs file."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecast.cases import OutcomeScale
from forecast.models.bands import CutOffs, signature
from forecast.models.costs import Costs, as_matrix, costs_toml, ratio_of_costs, read_costs, scaled
from forecast.models.costs_check import check_costs
from forecast.problems import Problem, Problems

Matrix = tuple[tuple[float, ...], ...]
TWO = OutcomeScale(("none", "any"), 24, ("arrested again",))
THREE = OutcomeScale(("none", "any", "serious"), 24, ("arrested again", "arrested for a serious offence"))
GOOD: Matrix = ((0, 4, 12), (1, 0, 4), (2, 1, 0))
EXAMPLE = Path(__file__).parents[2] / "examples" / "costs-demonstration.toml"

cut = st.floats(0.01, 0.99)


def reached(data: st.DataObject, levels: int) -> np.ndarray:
    """Draw cumulative probabilities."""
    return np.sort([data.draw(st.floats(0, 1)) for _ in range(levels)])[::-1]


@st.composite
def matrices(draw: st.DrawFn, bands: int) -> Matrix:
    """Draw a cost matrix: what is added from each band to the next, away from being right, is never negative."""
    rows = [[draw(st.floats(0, 1)) for _ in range(bands)] for _ in range(bands)]
    for j in range(bands):
        away = [st.floats(0.01, 20), st.floats(0, 20)]
        for i in range(j + 1, bands):
            rows[i][j] = rows[i - 1][j] + draw(away[i > j + 1])
        for i in range(j - 1, -1, -1):
            rows[i][j] = rows[i + 1][j] + draw(away[i < j - 1])
    return as_matrix(rows)


def problems_of(act: Callable[[], Any]) -> list[Problem]:
    with pytest.raises((Problem, Problems)) as found:
        act()
    return list(found.value.items) if isinstance(found.value, Problems) else [found.value]


@pytest.mark.parametrize("bands", [2, 3, 4])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_band_costs_less_than_the_one_chosen(bands: int, data: st.DataObject):
    matrix = data.draw(matrices(bands))
    check_costs(matrix, bands, "drawn")
    p = reached(data, bands - 1)
    cumulative = np.concatenate([[1.0], p, [0.0]])
    expected = np.array(matrix) @ (cumulative[:-1] - cumulative[1:])
    band = Costs(matrix).bands(p[None, :])[0]
    near = 1e-9 * np.max(matrix)
    assert expected[band] <= expected.min() + near
    assert all(expected[band + 1 :] > expected[band] - near)


@pytest.mark.parametrize("levels", [1, 2, 3])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_matrix_of_cut_offs_gives_the_bands_of_the_cut_offs(levels: int, data: st.DataObject):
    cutoffs = CutOffs(tuple(data.draw(cut) for _ in range(levels)))
    p = reached(data, levels)
    saved = np.append(0.0, np.cumsum(p / np.array(cutoffs.values) - 1))
    assume(np.diff(np.sort(saved))[-1] > 1e-8)
    costs = Costs(as_matrix(cutoffs.cost_matrix()))
    assert costs.bands(p[None, :])[0] == cutoffs.bands(p[None, :])[0]
    assert costs.values == pytest.approx(cutoffs.values)
    assert [costs.cost_ratio(k) for k in range(levels)] == pytest.approx([cutoffs.cost_ratio(k) for k in range(levels)])


@given(st.lists(cut, min_size=1, max_size=3).map(sorted))
def test_a_case_exactly_on_a_cut_off_is_in_its_band_as_with_cut_offs(values: list[float]):
    cutoffs = CutOffs(tuple(values))
    costs = Costs(as_matrix(cutoffs.cost_matrix()))
    on = np.array([[value if level <= k else 0.0 for level in range(len(values))] for k, value in enumerate(values)])
    assert costs.bands(on).tolist() == cutoffs.bands(on).tolist()
    assert costs.bands(np.array([values]))[0] == len(values)


def test_a_batch_has_the_bands_that_its_cases_have_one_by_one():
    p = np.sort(np.random.default_rng(1).random((500, 2)), axis=1)[:, ::-1]
    costs = Costs(GOOD)
    assert costs.bands(p).tolist() == [int(costs.bands(row[None, :])[0]) for row in p]
    assert costs.bands(np.empty((0, 2))).shape == (0,)


def test_costs_come_back_from_json_and_say_who_signed_when():
    costs = Costs(as_matrix(GOOD), "Supt A. Example", datetime.date(2026, 11, 3), "agreed")
    assert Costs.from_json(json.loads(json.dumps(costs.to_json()))) == costs
    assert costs.signed
    assert signature(costs) == "signed by Supt A. Example on 3 November 2026"
    assert signature(Costs(as_matrix(GOOD))) == signature(CutOffs((0.5,))) == "not signed"
    assert signature(CutOffs((0.5,), "B. Person")) == "signed by B. Person"
    assert not Costs(as_matrix(GOOD), "  ", datetime.date(2026, 11, 3)).signed


def test_scaling_multiplies_what_being_too_low_costs_beyond_being_right():
    matrix = as_matrix([[1, 5, 9], [2, 1, 5], [3, 2, 1]])
    assert ratio_of_costs(matrix) == 4
    assert scaled(matrix, 0.5) == as_matrix([[1, 3, 5], [2, 1, 3], [3, 2, 1]])
    assert ratio_of_costs(scaled(matrix, 0.5)) == 2


def test_cut_offs_have_the_ratio_of_costs_that_they_imply():
    assert ratio_of_costs(CutOffs((0.4,)).cost_matrix()) == pytest.approx(1.5)
    assert ratio_of_costs(CutOffs((0.4, 0.2)).cost_matrix()) == pytest.approx((1.5 + 4) / 2)


@pytest.mark.parametrize(
    ("matrix", "code", "facts"),
    [
        (((0, 4), (1, 0)), "costs-shape", {"wanted": 3}),
        (((0, 4, 12), (1, 0), (2, 1, 0)), "costs-shape", {"found": "3 rows of 2 or 3 numbers"}),
        ((), "costs-shape", {"found": "0 rows of no numbers"}),
        (((0, 4, math.nan), (1, 0, 4), (2, 1, 0)), "costs-not-number", {"row": 1, "column": 3, "found": "nan"}),
        (((0, 4, 12), (1, 0, 4), (math.inf, 1, 0)), "costs-not-number", {"row": 3, "column": 1}),
        (((-1, 4, 12), (1, 0, 4), (2, 1, 0)), "costs-negative", {"row": 1, "column": 1, "found": "-1"}),
        (((0, 4, 12), (1, 5, 13), (2, 6, 0)), "costs-diagonal", {"column": 2, "right": "5", "row": 1, "wrong": "4"}),
        (((0, 4, 12), (0, 0, 4), (2, 1, 0)), "costs-diagonal", {"column": 1, "right": "0", "row": 2}),
        (((0, 4, 3), (1, 0, 4), (2, 1, 0)), "costs-order", {"column": 3, "near": 2, "far": 1, "less": "3"}),
        (((0, 4, 12), (2, 0, 4), (1, 1, 0)), "costs-order", {"column": 1, "near": 2, "far": 3}),
        (((0, 4, 12), (1, 5, 13), (2, 6, 0)), "costs-band-never", {"row": 2, "other": 1}),
        (((0, 4, 12), (0, 4, 12), (2, 1, 0)), "costs-band-never", {"row": 1, "other": 2}),
    ],
)
def test_what_is_no_cost_matrix_is_a_problem_that_says_where(matrix: Matrix, code: str, facts: dict[str, object]):
    found = problems_of(lambda: check_costs(matrix, 3, "mine.toml"))
    assert any(p.code == code and facts.items() <= p.facts.items() for p in found), found
    assert all("mine.toml" in p.sentence and p.next_step for p in found)


def test_all_problems_of_a_matrix_are_found_in_one_pass():
    found = problems_of(lambda: check_costs(((-1, 4, 3), (2, 0, 4), (1, 1, 0)), 3, "mine.toml"))
    assert [p.code for p in found] == ["costs-negative", "costs-order", "costs-order"]


@pytest.mark.parametrize("bands", [2, 3, 4])
@given(data=st.data())
def test_in_a_cost_matrix_every_band_is_somebodys(bands: int, data: st.DataObject):
    certain = np.tril(np.ones((bands, bands - 1)), -1)
    assert Costs(data.draw(matrices(bands))).bands(certain).tolist() == list(range(bands))


def test_the_shipped_example_is_read_and_not_signed():
    costs = read_costs(EXAMPLE, THREE)
    assert costs.matrix[0] == (0.0, 1.5, 5.0)
    check_costs(costs.matrix, 3, EXAMPLE)
    assert not costs.signed
    assert "demonstration" in costs.reason


@pytest.mark.parametrize("bands", [2, 3])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_costs_file_is_read_as_it_was_written(
    bands: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
):
    matrix = data.draw(matrices(bands))
    signed = data.draw(st.booleans())
    costs = Costs(matrix, 'R. "Bob" Ü', datetime.date(2026, 11, 21), "why not\\") if signed else Costs(matrix)
    path = tmp_path_factory.mktemp("costs") / "costs.toml"
    scale = TWO if bands == 2 else THREE
    path.write_text(costs_toml(costs, scale, about=["proposed", "two\nlines"]), "utf-8")
    assert read_costs(path, scale) == costs


BODY = 'bands = ["LOW", "MODERATE", "HIGH"]\nmatrix = [[0, 4, 12], [1, 0, 4], [2, 1, 0]]\n'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BODY.replace('"LOW", "MODERATE", "HIGH"', '"HIGH", "MODERATE", "LOW"'), "costs-bands"),
        (BODY + 'signed_by = "A. Person"\nreason = "agreed"\n', "costs-half-signed"),
        (BODY + 'signed_by = "A. Person"\nsigned_on = 2026-11-21\n', "costs-half-signed"),
        (BODY + 'signed_by = "   "\nsigned_on = 2026-11-21\nreason = "agreed"\n', "costs-half-signed"),
        (BODY + 'signed_on = "2026-11-21"\n', "toml-wrong-type"),
        (BODY + "sign = 1\n", "toml-unknown-key"),
        (BODY.replace("12", '"12"'), "toml-wrong-type"),
        (BODY.replace("12", "true"), "toml-wrong-type"),
        (BODY.replace("12", "nan"), "costs-not-number"),
        ('bands = ["LOW", "MODERATE", "HIGH"]\nmatrix = [0, 4, 12]\n', "toml-wrong-type"),
        ('bands = ["LOW", "HIGH"]\nmatrix = [[0, 4], [1, 0]]\n', "costs-shape"),
        ('bands = ["LOW", "HIGH"]\n', "toml-missing-key"),
        ("matrix = [[0, 1\n", "toml-syntax"),
    ],
)
def test_a_costs_file_that_is_none_is_a_problem(text: str, code: str, tmp_path: Path):
    path = tmp_path / "costs.toml"
    path.write_text(text, "utf-8")
    assert [p.code for p in problems_of(lambda: read_costs(path, THREE))] == [code]


def test_costs_that_are_not_there_are_a_problem(tmp_path: Path):
    assert [p.code for p in problems_of(lambda: read_costs(tmp_path / "no.toml", THREE))] == ["file-missing"]
