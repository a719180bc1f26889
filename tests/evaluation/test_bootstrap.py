"""Tests of the resampling of people and of the intervals."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.evaluation import metrics
from forecast.evaluation.bootstrap import (
    NO_INTERVAL,
    UNDEFINED,
    Probe,
    estimate,
    interval,
    person_codes,
    person_weights,
    replicate,
)
from forecast.progress import SILENT


def test_people_are_numbered_by_first_appearance_and_a_missing_name_is_nobody_else() -> None:
    assert person_codes(np.array(["b", "a", "b"], dtype=object)).tolist() == [0, 1, 0]
    assert person_codes(np.array([None, "a", None], dtype=object)).tolist() == [1, 0, 2]


def test_rows_of_one_person_share_a_weight_and_people_add_up() -> None:
    people = np.array([0, 1, 0, 2, 2, 2])
    [weights] = person_weights(people, 50, seed=1)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_the_same_seed_gives_the_same_bytes_whatever_the_block() -> None:
    people = np.arange(40) // 2
    one = np.concatenate(list(person_weights(people, 21, seed=5, block=21)))
    many = np.concatenate(list(person_weights(people, 21, seed=5, block=4)))
    assert one.tobytes() == many.tobytes()
    assert one.tobytes() != np.concatenate(list(person_weights(people, 21, seed=6))).tobytes()


def test_nobody_can_be_resampled() -> None:
    weights = np.concatenate(list(person_weights(np.array([], dtype=np.int64), 3, seed=1)))
    assert weights.shape == (3, 0)


def test_an_interval_leaves_out_nan_but_not_too_many() -> None:
    values = np.arange(101.0)
    assert interval(values) == pytest.approx((2.5, 97.5))
    values[:5] = np.nan
    assert interval(values) is not None
    values[5:20] = np.nan
    assert interval(values) is None
    assert interval(np.array([])) is None


def test_an_estimate_says_why_it_has_no_value_or_no_interval() -> None:
    assert estimate(np.array([np.nan, 1, 2])).note == UNDEFINED
    assert estimate(np.array([1.0, np.nan, np.nan])).note == NO_INTERVAL
    assert estimate(np.array([1.0, 1.0, 1.0])).low == 1.0


def test_the_first_measurement_is_of_the_cases_as_they_are() -> None:
    y, p = np.array([True, False, True, False]), np.array([0.9, 0.3, 0.4, 0.5])
    probes = {"x": Probe(metrics.presort(y, p), {"brier": metrics.brier})}
    found = replicate(probes, np.arange(4), replicates=10, seed=0, progress=SILENT)["x"]["brier"]
    assert found.shape == (11,)
    assert found[0] == pytest.approx(np.mean((p - y) ** 2))


def test_two_probes_see_the_same_resamples() -> None:
    draw = np.random.default_rng(2)
    y, p = draw.random(60) < 0.5, draw.random(60)
    sides = {"one": metrics.presort(y, p), "two": metrics.presort(~y, 1 - p)}
    probes = {side: Probe(ranked, {"b": metrics.brier}) for side, ranked in sides.items()}
    found = replicate(probes, np.arange(60) // 2, replicates=30, seed=0, progress=SILENT)
    np.testing.assert_allclose(found["one"]["b"], found["two"]["b"])


def _clustered(draw: np.random.Generator, people: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate people who have the same forecast and mostly the same outcome on all their rows."""
    who = np.repeat(np.arange(people), rows)
    chance = np.clip(0.5 + 0.49 * np.sign(draw.normal(size=people)), 0, 1)
    return draw.random(people * rows) < chance[who], np.full(people * rows, 0.4), who


def _width(y: np.ndarray, p: np.ndarray, people: np.ndarray) -> tuple[float, float]:
    probe = {"x": Probe(metrics.presort(y, p), {"rate": metrics.base_rate})}
    bounds = interval(replicate(probe, people, replicates=200, seed=1, progress=SILENT)["x"]["rate"][1:])
    assert bounds is not None
    return bounds


def test_resampling_people_gives_wider_intervals_than_resampling_rows() -> None:
    y, p, people = _clustered(np.random.default_rng(3), people=80, rows=6)
    by_person, by_row = _width(y, p, people), _width(y, p, np.arange(len(y)))
    assert by_person[1] - by_person[0] > 1.8 * (by_row[1] - by_row[0])


def test_the_interval_covers_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(4)
    truth = 0.5
    bounds = [_width(*_clustered(draw, people=80, rows=4)) for _ in range(150)]
    covered = np.mean([low <= truth <= high for low, high in bounds])
    assert 0.88 <= covered <= 0.99
