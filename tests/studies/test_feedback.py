from __future__ import annotations

import numpy as np
import pytest

from forecast.studies.feedback import AREA, ELSEWHERE, World, feedback, feedback_section


def world(name: str, *, rise: float, truth: float, seed: int = 0) -> World:
    """400 people, half of them in the area, where the forecast is higher by ``rise``."""
    rng = np.random.default_rng(seed)
    inside = np.arange(400) < 200
    offences = (rng.random(400) < truth).astype(np.int64) * rng.integers(1, 6, 400)
    forecast = np.clip(rng.normal(0.4, 0.05, 400) + rise * inside, 0, 1)
    return World(name, [f"T{i}" for i in range(400)], inside, forecast, rng.random(400) < forecast, offences)


def test_a_rise_without_more_offending_is_found_and_said() -> None:
    found = feedback([world("usual", rise=0.0, truth=0.5), world("more", rise=0.2, truth=0.5)], replicates=100, seed=1)
    assert found.rise_beyond["forecast"].value == pytest.approx(0.2, abs=0.02)
    assert found.rise_beyond["truly offended"].value == pytest.approx(0.0, abs=1e-9)
    assert "follows the looking" in found.verdict


def test_the_same_world_twice_shows_no_rise_at_all() -> None:
    one = world("usual", rise=0.0, truth=0.5)
    found = feedback([one, one], replicates=50, seed=1)
    assert all(e.value == e.low == e.high == 0.0 for e in found.rise.values())
    assert "cannot be told from chance" in found.verdict


def test_rows_are_means_of_the_cases_of_their_place() -> None:
    one = world("usual", rise=0.1, truth=0.3)
    found = feedback([one, one], replicates=50, seed=1)
    rows = {row.place: row for row in found.rows if row.world == "usual"}
    assert rows[AREA].figures["forecast"].value == pytest.approx(one.forecast[one.inside].mean())
    assert rows[ELSEWHERE].figures["true offences"].value == pytest.approx(one.offences[~one.inside].mean())
    assert sum(s.cases[0] for s in found.strata) == rows[AREA].cases


def test_the_section_shows_every_world_and_says_what_it_is() -> None:
    found = feedback([world("usual", rise=0.0, truth=0.5), world("more", rise=0.2, truth=0.5)], replicates=50, seed=1)
    html = str(feedback_section(found, "arrested again within 2 years").html)
    assert "usual" in html
    assert "arrested again within 2 years" in html
    assert "<svg" in html
