"""Tests of the audit of proxies."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from forecast.evaluation.bootstrap import Estimate
from forecast.evaluation.proxy import ProxyAudit, proxy_audit, proxy_words
from forecast.progress import SILENT
from forecast.settings import Settings
from forecast.tables.description import Feature

N = 1_500
FEATURES = [Feature(name=name, kind="number", phrase=f"the {name}") for name in ("tell", "noise", "same")]
SETTINGS = Settings(threads=1, small_group_cases=50)


def frame() -> tuple[pd.DataFrame, np.ndarray]:
    numbers = np.random.default_rng(7)
    code = numbers.integers(0, 3, N)
    made = pd.DataFrame({"tell": code + numbers.normal(0, 0.5, N), "noise": numbers.normal(size=N), "same": code * 1.0})
    return made, code


def audit(values: pd.Series, *, without: tuple[str, ...] = ("same",), threads: int = 1) -> ProxyAudit:
    settings = dataclasses.replace(SETTINGS, threads=threads)
    return proxy_audit(
        "kind", values, frame()[0], FEATURES, np.arange(N) // 2,
        without=without, settings=settings, replicates=60, seed=1, progress=SILENT,
    )  # fmt: skip


def kinds() -> pd.Series:
    return pd.Series(np.array(["x", "y", "z"], dtype=object)[frame()[1]])


def test_features_that_tell_an_attribute_of_several_values_are_found_and_named() -> None:
    found = audit(kinds())
    assert found.auc.low is not None
    assert found.auc.low > 0.85
    assert set(found.by_value) == {"x", "y", "z"}
    assert found.auc.value == pytest.approx(np.mean([e.value for e in found.by_value.values() if e.value]))
    assert found.telling[0][0] == "the tell"
    assert found.left_out == ("the same",)
    assert proxy_words(found.auc) == "the features tell it well"


def test_an_attribute_of_which_the_features_know_nothing_has_an_area_near_a_half() -> None:
    values = pd.Series(np.random.default_rng(8).choice(np.array(["p", "q"], dtype=object), N))
    found = audit(values)
    assert found.auc.value == pytest.approx(0.5, abs=0.06)
    assert proxy_words(found.auc) == "the features tell almost nothing of it"


def test_people_are_never_on_both_sides() -> None:
    """A value that only the person tells cannot be learnt from the person's other case."""
    person = np.arange(N) // 2
    values = pd.Series(np.array(["p", "q"], dtype=object)[np.random.default_rng(3).integers(0, 2, N)[person]])
    made = pd.DataFrame({name: person.astype(float) for name in ("tell", "noise", "same")})
    found = proxy_audit(
        "kind", values, made, FEATURES, person,
        without=(), settings=SETTINGS, replicates=60, seed=1, progress=SILENT,
    )  # fmt: skip
    assert found.auc.value == pytest.approx(0.5, abs=0.06)


def test_values_not_recorded_or_rare_are_counted_and_not_used() -> None:
    values = kinds()
    values[:100] = None
    values[100:110] = "rare"
    found = audit(values)
    assert found.not_used == 110
    assert found.cases == N - 110
    assert set(found.by_value) == {"x", "y", "z"}


def test_one_value_only_cannot_be_told() -> None:
    found = audit(pd.Series(np.full(N, "all", dtype=object)))
    assert found.auc.value is None
    assert "fewer than two values" in proxy_words(found.auc)


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.models.boosting.SMALL_CELLS", 0)
    monkeypatch.setattr("forecast.evaluation.proxy.ROUNDS", 5)
    assert audit(kinds(), threads=1) == audit(kinds(), threads=2)


@pytest.mark.parametrize(("auc", "words"), [(0.7, "something"), (0.9, "well"), (0.4, "almost nothing")])
def test_words_go_with_the_area(auc: float, words: str) -> None:
    assert words in proxy_words(Estimate(auc, None, None))
