from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from forecast.settings import Settings
from forecast.tables.suspicion import SIGNS, examine

N = 4_000
DRAW = np.random.default_rng(7)
HAPPENED = DRAW.random(N) < 0.4
DAYS = np.datetime64("2013-01-01") + np.sort(DRAW.integers(0, 730, N))


def column(values: npt.NDArray[np.object_]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([None if v is None else str(v) for v in values], pa.string())])


def seen(values: npt.NDArray[np.object_], happened: npt.NDArray[np.bool_] = HAPPENED) -> list[str]:
    return [s.seen for s in examine("x", column(values), happened, Settings())]


def as_objects(values: object) -> npt.NDArray[np.object_]:
    return np.asarray(values).astype(object)


@pytest.mark.parametrize(
    ("leak", "word"),
    [
        pytest.param(as_objects(HAPPENED + DRAW.normal(0, 0.5, N)), "ranks", id="a number that moves with it"),
        pytest.param(as_objects(~HAPPENED + DRAW.normal(0, 0.5, N)), "ranks", id="a number that moves against it"),
        pytest.param(as_objects(np.where(HAPPENED ^ (DRAW.random(N) < 0.1), "F2", "M1")), "ranks", id="a category"),
        pytest.param(as_objects(np.abs(DRAW.normal(size=N)) + 3 * (HAPPENED - 0.4) ** 2), "ranks", id="a curve"),
        pytest.param(as_objects(np.where(HAPPENED & (DRAW.random(N) < 0.1), 99, DRAW.integers(0, 9, N))),
                     "have the outcome", id="one value that only they have"),
        pytest.param(as_objects(np.where(HAPPENED & (DRAW.random(N) < 0.1), "closed", "open")),
                     "'closed': ", id="one word that only they have"),
        pytest.param(np.where(HAPPENED & (DRAW.random(N) < 0.5), None, 1), "where it is empty", id="missing tells"),
        pytest.param(np.where(~HAPPENED & (DRAW.random(N) < 0.3), None, "text"), "where it is empty 0%",
                     id="missing tells of those without"),
    ],
)  # fmt: skip
def test_a_planted_leak_is_found(leak: npt.NDArray[np.object_], word: str) -> None:
    assert any(word in sentence for sentence in seen(leak))


def test_a_sign_says_of_which_kind_it_is() -> None:
    tells = column(np.where(HAPPENED & (DRAW.random(N) < 0.5), None, DRAW.integers(0, 9, N)))
    assert {s.sign for s in examine("x", tells, HAPPENED, Settings())} <= set(SIGNS)
    assert "empty" in {s.sign for s in examine("x", tells, HAPPENED, Settings())}


@pytest.mark.parametrize(("rate", "word"), [(1.0, "of 3"), (0.0, "0 of ")], ids=["all", "none"])
def test_a_block_in_time_with_all_or_none_of_the_outcomes_is_found_with_its_months(rate: float, word: str) -> None:
    happened = HAPPENED.copy()
    block = (np.datetime64("2014-05-01") <= DAYS) & (np.datetime64("2014-08-01") > DAYS)
    happened[block] = rate == 1.0
    [sentence] = seen(as_objects(DAYS), happened)
    assert sentence.startswith("2014-05 ... 2014-07:")
    assert f"{int(happened[block].sum())} of {int(block.sum())}" in sentence
    assert word in sentence or rate == 1.0


def test_a_time_block_is_found_in_dates_with_a_time_of_day_too() -> None:
    happened = HAPPENED | (np.datetime64("2014-10-01") <= DAYS)
    stamped = as_objects([f"{day} 12:34:56" for day in DAYS])
    assert seen(stamped, happened)[0].startswith("2014-10 ... 2014-12:")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_found_in_thirty_columns_of_noise(seed: int) -> None:
    draw = np.random.default_rng(seed)
    happened = draw.random(N) < 0.3
    for i in range(10):
        number = as_objects(draw.gamma(1, 3, N).round(i % 3))
        number[draw.random(N) < 0.1 * (i % 4)] = None
        word = as_objects(draw.choice([f"w{j}" for j in range(2 + 40 * i)], N))
        date = as_objects(np.datetime64("2012-01-01") + draw.integers(0, 900, N))
        assert [seen(values, happened) for values in (number, word, date)] == [[], [], []]


def test_a_block_smaller_than_the_setting_is_not_mentioned() -> None:
    values = as_objects(np.zeros(N, dtype=int))
    values[np.flatnonzero(HAPPENED)[:30]] = 5
    assert seen(values) == []
    assert examine("x", column(values), HAPPENED, Settings(suspicious_cases=20))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.full(N, None, dtype=object), id="no value at all"),
        pytest.param(np.full(N, "same", dtype=object), id="one word"),
        pytest.param(np.full(N, 3, dtype=object), id="one number"),
        pytest.param(as_objects([f"id{i}" for i in range(N)]), id="all different words"),
        pytest.param(as_objects(np.arange(N)), id="all different numbers"),
        pytest.param(as_objects(["2014-01-01", "tomorrow-ish", "3"] * 1333 + ["x"]), id="a mixture"),
    ],
)
def test_columns_that_say_nothing_are_not_suspicious(values: npt.NDArray[np.object_]) -> None:
    assert seen(values) == []


def test_two_rows_are_enough_to_examine() -> None:
    assert seen(as_objects([1, 2]), np.array([True, False])) == []
