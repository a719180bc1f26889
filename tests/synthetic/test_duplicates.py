"""Planted nominals: the same seed, the same names; errors where the truth says, and records that agree with them."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.synthetic.duplicates import Planted, plant
from forecast.synthetic.force import Force, make_force, write_force
from forecast.synthetic.mistakes import mistyped, swapped
from forecast.synthetic.names import CALLED, FORENAMES, SURNAMES
from forecast.synthetic.parameters import load_parameters


@pytest.fixture(scope="module")
def force() -> Force:
    return make_force(300, 2, dataclasses.replace(load_parameters(), duplicates=0.2))


@pytest.fixture(scope="module")
def planted(force: Force) -> Planted:
    return plant(force, 2)


def test_the_same_seed_gives_the_same_names_and_another_seed_gives_others(force: Force, planted: Planted) -> None:
    assert plant(force, 2).nominals.equals(planted.nominals)
    assert not plant(force, 3).nominals["surname"].equals(planted.nominals["surname"])


def test_the_records_have_the_birth_dates_of_the_nominals_and_are_otherwise_as_they_were(
    force: Force, planted: Planted
) -> None:
    persons = planted.force.records.persons
    assert persons["born_on"].equals(planted.nominals["born_on"])
    assert persons.drop_columns(["born_on"]).equals(force.records.persons.drop_columns(["born_on"]))
    assert planted.nominals["nominal_id"].equals(persons["person_id"])


def test_only_second_nominals_have_errors_and_the_truth_names_them(planted: Planted) -> None:
    rows = [a | b for a, b in zip(planted.nominals.to_pylist(), planted.truth.to_pylist(), strict=True)]
    first: dict[str, dict[str, object]] = {}
    seconds = 0
    for row in rows:
        one = first.setdefault(row["true_id"], row)
        if one is row:
            assert row["planted"] is None
            continue
        seconds += 1
        said = row["planted"] or ""
        assert (one["surname"] != row["surname"]) <= ("other surname" in said or "typing error" in said)
        if "day and month swapped" in said:
            assert one["born_on"] != row["born_on"]
    assert seconds > 0.1 * len(first)


def test_twins_share_a_surname_and_a_birth_date_but_no_forename(planted: Planted, force: Force) -> None:
    born = dict(zip(*(force.true_persons[c].to_pylist() for c in ("true_id", "born_on")), strict=True))
    names = planted.nominals.to_pylist()
    rows = [(name, truth) for name, truth in zip(names, planted.truth.to_pylist(), strict=True) if not truth["planted"]]
    by_person = {truth["true_id"]: name for name, truth in rows}
    twins = [t for _, t in rows if t["lookalike"] == "twin"]
    assert twins
    for truth in twins:
        one, two = by_person[truth["true_id"]], by_person[truth["lookalike_of"]]
        assert born[truth["true_id"]] == born[truth["lookalike_of"]]
        assert one["surname"] == two["surname"]
        assert one["forenames"].split()[0] != two["forenames"].split()[0]


def test_a_force_with_named_nominals_is_written_with_them_and_one_without_is_as_it_was(tmp_path: Path) -> None:
    summary = write_force(tmp_path / "named", 100, 3, duplicates=0.1)
    write_force(tmp_path / "plain", 100, 3)
    assert summary.rows["nominals.parquet"] == summary.rows["persons.parquet"]
    assert (tmp_path / "named" / "truth" / "nominals.parquet").is_file()
    assert not (tmp_path / "plain" / "nominals.parquet").exists()
    made = make_force(100, 3)
    assert pq.read_table(tmp_path / "plain" / "persons.parquet").equals(made.records.persons)
    write_force(tmp_path / "named", 100, 3, duplicates=0.1, overwrite=True)


@given(st.sampled_from([*SURNAMES, *FORENAMES["F"], *CALLED]), st.integers(0, 10_000))
def test_a_mistyped_name_is_one_slip_away(name: str, seed: int) -> None:
    made = mistyped(name, np.random.default_rng(seed))
    assert abs(len(made) - len(name)) <= 1
    assert made[0] == name[0]
    assert made != name


def test_day_and_month_are_swapped_only_where_that_is_a_date_of_somebody_old_enough() -> None:
    then = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    assert swapped(datetime.date(1970, 2, 9), then) == datetime.date(1970, 9, 2)
    assert swapped(datetime.date(1970, 2, 13), then) is None
    assert swapped(datetime.date(1970, 2, 2), then) is None
    assert swapped(datetime.date(1989, 12, 1), then) == datetime.date(1989, 1, 12)
    assert swapped(datetime.date(1990, 1, 2), then) is None
    assert swapped(None, then) is None
