"""Nominals are joined from the likeliest pair down, and never across a contradiction."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest

from forecast.problems import Problem, Problems
from forecast.records.linking.clusters import BIRTH, DECIDED, FORENAME, PNC, Clusters, Marks, births_agree, cluster
from forecast.records.linking.decisions import Decision, read_decisions, together

Row = tuple[str, str, float]


def joined(
    *rows: Row,
    marks: dict[str, Marks] | None = None,
    decisions: tuple[Decision, ...] = (),
    forename: int = 3,
    pnc: int = -1,
) -> Clusters:
    names = sorted({n for first, second, _ in rows for n in (first, second)} | set(marks or {}))
    pairs = pd.DataFrame(rows, columns=["first", "second", "probability"]).assign(forename=forename, pnc=pnc)
    return cluster({n: (marks or {}).get(n, Marks(None, None)) for n in names}, pairs, 0.95, decisions)


def test_likely_pairs_are_joined_and_others_are_not() -> None:
    found = joined(("A", "B", 0.99), ("B", "C", 0.95), ("C", "D", 0.94))
    assert found.groups == [("A", "B", "C"), ("D",)]
    assert found.joins == {("A", "B"): 0.99, ("B", "C"): 0.95}


def test_a_chain_never_joins_two_pnc_ids_and_the_likelier_pair_comes_first() -> None:
    marks = {"A": Marks(None, "1"), "C": Marks(None, "2")}
    found = joined(("A", "B", 0.97), ("B", "C", 0.99), marks=marks)
    assert found.groups == [("A",), ("B", "C")]
    assert found.refused == {("A", "B"): PNC}


def test_clearly_different_births_are_for_review() -> None:
    found = joined(("A", "B", 0.999), marks={"A": Marks("1960-02-03", None), "B": Marks("1985-07-09", None)})
    assert found.groups == [("A",), ("B",)]
    assert found.refused == {("A", "B"): BIRTH}


@pytest.mark.parametrize(
    ("one", "two", "agree"),
    [
        ("1980-05-03", None, True),
        ("1980-05-03", "1980-03-05", True),
        ("1980-05-03", "1980-05-30", True),
        ("1980-05-03", "1908-05-03", True),
        ("1980-05-03", "1981-04-30", True),
        ("1980-05-03", "1982-04-03", False),
        ("1980-12-31", "1983-01-01", False),
    ],
)
def test_births_agree_but_for_a_slip_of_the_pen(one: str, two: str | None, agree: bool) -> None:
    assert births_agree(one, two) is agree
    assert births_agree(two, one) is agree


def test_people_with_other_forenames_may_be_twins_unless_they_share_a_pnc_id() -> None:
    assert joined(("A", "B", 0.999), forename=0).refused == {("A", "B"): FORENAME}
    assert joined(("A", "B", 0.999), forename=0, pnc=1).groups == [("A", "B")]


def test_twins_are_not_joined_by_way_of_a_third_nominal() -> None:
    rows = [("A", "B", 0.2, 0, -1), ("A", "C", 0.99, 3, -1), ("B", "C", 0.98, 2, -1)]
    pairs = pd.DataFrame(rows, columns=["first", "second", "probability", "forename", "pnc"])
    found = cluster({n: Marks(None, None) for n in "ABC"}, pairs, 0.95)
    assert found.groups == [("A", "C"), ("B",)]
    assert found.refused == {("B", "C"): FORENAME}


def test_decisions_come_before_probabilities_and_contradictions() -> None:
    same, different = Decision(("A", "B"), True, "Jo", "known"), Decision(("C", "D"), False, "Jo", "twins")
    marks = {"A": Marks(None, "1"), "B": Marks(None, "2"), "C": Marks(None, None), "D": Marks(None, None)}
    found = joined(("C", "D", 0.999), marks=marks, decisions=(same, different))
    assert found.groups == [("A", "B"), ("C",), ("D",)]
    assert found.refused == {("C", "D"): DECIDED}
    assert found.joins == {("A", "B"): None}


def test_decisions_that_chain_to_a_contradiction_are_refused() -> None:
    chain = (
        Decision(("A", "B"), True, "Jo", "w"),
        Decision(("B", "C"), True, "Jo", "w"),
        Decision(("A", "C"), False, "Jo", "w"),
    )
    with pytest.raises(Problem) as raised:
        joined(("A", "B", 0.5), ("B", "C", 0.5), decisions=chain)
    assert raised.value.code == "link-decisions-contradict"


def test_the_order_of_pairs_does_not_matter() -> None:
    marks = {n: Marks(None, pnc) for n, pnc in zip("ABCDEF", ["1", None, "2", None, None, "2"], strict=True)}
    rows = [("A", "B", 0.99), ("B", "C", 0.99), ("C", "D", 0.96), ("D", "E", 0.97), ("A", "E", 0.97), ("E", "F", 0.98)]
    first = joined(*rows, marks=marks)
    for seed in range(10):
        assert joined(*random.Random(seed).sample(rows, len(rows)), marks=marks) == first


def test_decisions_are_read_and_a_new_one_takes_the_place_of_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "decisions.toml"
    path.write_text('[[decisions]]\nfirst = "B"\nsecond = "A"\nsame = false\nwho = "Jo"\nwhy = "twins"\n', "utf-8")
    read = read_decisions(path, {"A", "B"})
    assert read == [Decision(("A", "B"), False, "Jo", "twins")]
    assert together([Decision(("A", "B"), True, "Al", "alike")], read) == read


def test_every_fault_in_a_file_of_decisions_is_named(tmp_path: Path) -> None:
    path = tmp_path / "decisions.toml"
    row = '[[decisions]]\nfirst = "{}"\nsecond = "{}"\nsame = true\nwho = "{}"\nwhy = "alike"\n'
    path.write_text(row.format("A", "Z", "Jo") + row.format("A", "A", "Jo") + row.format("A", "B", " "), "utf-8")
    with pytest.raises(Problems) as raised:
        read_decisions(path, {"A", "B"})
    assert {p.code for p in raised.value.items} == {
        "link-decision-unknown",
        "link-decision-one",
        "link-decision-nobody",
    }
