"""On a force of 10,000 people of whom 5 in 100 have two nominals, linking is as exact as docs/linking.md says."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.ledger import Ledger
from forecast.records.linking.find import Options
from forecast.records.linking.link import link_people
from forecast.synthetic.force import write_force

pytestmark = pytest.mark.slow


def test_ninety_nine_of_a_hundred_links_are_right_and_nine_of_ten_duplicates_are_found(tmp_path: Path) -> None:
    write_force(tmp_path / "force", 10_000, 1, duplicates=0.05)
    truth = tmp_path / "force" / "truth" / "nominals.parquet"
    found = link_people(
        tmp_path / "force", tmp_path / "linked", Ledger(tmp_path / "ledger"), Options(truth=truth)
    ).score
    assert found is not None
    for share in (found.pairs, found.persons):
        assert share.precision is not None
        assert share.precision >= 0.99
        assert share.recall is not None
        assert share.recall >= 0.9
    for planted, linked in found.lookalikes.values():
        assert linked <= 0.01 * planted
