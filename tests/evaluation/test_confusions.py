"""Tests of the confusion at a cut-off."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.evaluation.bootstrap import TOO_FEW
from forecast.evaluation.confusions import CELLS, confusion_of, named_cutoffs


def test_counts_shares_and_rates_belong_together() -> None:
    counts = np.array([[30.0, 29, 31], [10.0, 11, 9], [20.0, 20, 20], [40.0, 40, 40]])
    found = confusion_of("HIGH", 0.6, counts)
    assert [found.counts[cell] for cell in CELLS] == [30, 10, 20, 40]
    assert sum(found.of_100[cell].value or 0 for cell in CELLS) == pytest.approx(100)
    assert found.rates["precision"].value == pytest.approx(0.75)
    assert found.rates["false_omission_rate"].value == pytest.approx(1 / 3)


def test_a_rate_among_too_few_cases_is_marked() -> None:
    counts = np.array([[3.0, 2], [1.0, 2], [40.0, 41], [56.0, 55]])
    found = confusion_of("HIGH", 0.6, counts, least=20)
    assert (found.rates["precision"].value, found.rates["precision"].note) == (None, TOO_FEW)
    assert found.rates["recall"].value == pytest.approx(3 / 43)


def test_cut_offs_without_names_are_named_by_where_they_lie() -> None:
    assert named_cutoffs([0.5]) == {"0.5 and above": 0.5}
    assert named_cutoffs({"HIGH": 1}) == {"HIGH": 1.0}
