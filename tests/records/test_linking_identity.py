"""Ids of persons stay, merge and split as the rules say, and the ledger tells the same story."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.ledger import Ledger
from forecast.records.linking.clusters import Clusters, Pair
from forecast.records.linking.decisions import Decision
from forecast.records.linking.events import LIKELY, append, events_of, replayed
from forecast.records.linking.identity import LINKED, MERGED, SPLIT, Assignment, Rank, assign, replay


class Loads:
    """A force over several loads, each of which says anew which nominals belong together."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        self.age: dict[str, Rank] = {}
        self.used: set[str] = set()
        self.number = 0
        self.told: list[tuple[str, dict[str, Any]]] = []

    def load(self, groups: list[list[str]]) -> Assignment:
        self.number += 1
        for nominal in sorted(n for group in groups for n in group):
            self.age.setdefault(nominal, (self.number, 0, nominal))
        made = assign(groups, self.of, self.age, self.used)
        self.of = made.of
        self.used |= set(made.made)
        for move in made.moves:
            self.told.append((move.kind, {"into": move.into, "nominals": list(move.nominals)}))
        self.told.append((LINKED, {"joined": made.joined}))
        return made


def grouped(labels: list[int], names: str = "") -> list[list[str]]:
    """Return nominals A, B, C ... by their labels."""
    groups: dict[int, list[str]] = {}
    for i, label in enumerate(labels):
        groups.setdefault(label, []).append(names[i] if names else f"N{i:02d}")
    return list(groups.values())


def test_a_person_is_named_after_their_earliest_nominal() -> None:
    age = {"late": (1, 20, "late"), "early": (1, 10, "early")}
    assert assign([["late", "early"]], {}, age, set()).of == {"late": "L-early", "early": "L-early"}


def test_a_nominal_of_a_later_load_joins_a_person_without_changing_the_id() -> None:
    loads = Loads()
    loads.load([["B"]])
    made = loads.load([["A", "B"]])
    assert made.of == {"A": "L-B", "B": "L-B"}
    assert made.moves == ()
    assert made.joined == {"A": "L-B"}


def test_where_persons_merge_the_older_id_survives_and_the_merge_is_told() -> None:
    loads = Loads()
    loads.load([["A"], ["B"]])
    made = loads.load([["B", "A"]])
    assert set(made.of.values()) == {"L-A"}
    assert [(m.kind, m.source, m.into, m.nominals) for m in made.moves] == [(MERGED, "L-B", "L-A", ("B",))]


def test_the_part_with_the_oldest_nominal_keeps_the_id_and_an_old_id_never_comes_back() -> None:
    loads = Loads()
    loads.load([["A"], ["B"], ["C"]])
    loads.load([["A", "B", "C"]])
    made = loads.load([["A"], ["B", "C"]])
    assert made.of == {"A": "L-A", "B": "L-B~2", "C": "L-B~2"}
    assert [(m.kind, m.source, m.into) for m in made.moves] == [(SPLIT, "L-A", "L-B~2")]


def test_a_nominal_that_goes_from_one_person_to_another_leaves_both_ids_alone() -> None:
    loads = Loads()
    loads.load([["A", "B"], ["C"]])
    made = loads.load([["A"], ["B", "C"]])
    assert made.of == {"A": "L-A", "B": "L-C", "C": "L-C"}
    assert [(m.kind, m.source, m.into, m.nominals) for m in made.moves] == [(SPLIT, "L-A", "L-C", ("B",))]


def test_a_nominal_that_looks_like_a_second_id_gets_one_of_its_own() -> None:
    loads = Loads()
    loads.load([["A", "B"]])
    loads.load([["A"], ["B"]])
    loads.load([["A", "B"]])
    loads.load([["A"], ["B"]])
    assert loads.of["B"] == "L-B~2"
    made = loads.load([["A"], ["B"], ["B~2"]])
    assert len(set(made.of.values())) == 3
    assert replay(loads.told, loads.of) == loads.of


@st.composite
def histories(draw: st.DrawFn) -> list[list[list[str]]]:
    """Draw loads with more and more nominals, each grouped anew at random."""
    sizes = sorted(draw(st.lists(st.integers(1, 9), min_size=1, max_size=6)))
    return [grouped(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))) for n in sizes]


@given(histories())
def test_whatever_merges_and_splits_every_nominal_has_one_person_and_the_story_can_be_told_again(
    history: list[list[list[str]]],
) -> None:
    loads, retired = Loads(), set[str]()
    for groups in history:
        before = dict(loads.of)
        used = set(loads.used)
        made = loads.load(groups)
        assert sorted(made.of) == sorted(n for group in groups for n in group)
        assert len(set(made.of.values())) == len(groups)
        assert all(len({made.of[n] for n in group}) == 1 for group in groups)
        alive = set(made.of.values())
        assert alive.isdisjoint(retired), "an id that was given up came back"
        assert set(made.made).isdisjoint(used), "an id was given twice"
        for person in alive & set(before.values()):  # it kept its oldest nominal
            oldest = min((n for n in before if before[n] == person), key=loads.age.__getitem__)
            assert made.of[oldest] == person
        retired |= set(before.values()) - alive
        assert replay(loads.told, loads.of) == loads.of


@given(histories(), st.integers(0, 1_000))
def test_the_order_of_groups_and_of_nominals_does_not_matter(history: list[list[list[str]]], seed: int) -> None:
    straight, shuffled, random = Loads(), Loads(), Random(seed)
    for groups in history:
        other = [random.sample(group, len(group)) for group in groups]
        random.shuffle(other)
        assert straight.load(groups) == shuffled.load(other)


AB, AC, BC = ("A", "B"), ("A", "C"), ("B", "C")
FIELD = Decision(AB, True, "J. Field", "files seen")


@pytest.mark.parametrize(
    ("joins", "decision", "of_b", "of_c"),
    [
        ({AB: None, AC: 0.97}, FIELD, (None, "decided by J. Field: files seen"), (0.97, LIKELY)),
        ({AB: 0.96, AC: 0.97}, None, (0.96, LIKELY), (0.97, LIKELY)),
        # B was decided to be C, and it is C that looks like A.
        ({BC: None, AC: 0.97}, replace(FIELD, pair=BC), (None, "decided by J. Field: files seen"), (0.97, LIKELY)),
    ],
)
def test_a_merge_is_told_with_the_pair_that_made_it_and_with_nobody_who_decided_another_one(
    joins: dict[Pair, float | None],
    decision: Decision | None,
    of_b: tuple[float | None, str],
    of_c: tuple[float | None, str],
) -> None:
    loads = Loads()
    loads.load([["A"], ["B"], ["C"]])
    made = loads.load([["A", "B", "C"]])
    told = events_of(
        made, Clusters([("A", "B", "C")], joins), [decision] if decision else [], "another threshold", set()
    )
    merges = [what for kind, _, what in told if kind == MERGED]
    assert [(what["nominals"], (what["probability"], what["why"])) for what in merges] == [(["B"], of_b), (["C"], of_c)]


def test_a_split_is_told_with_the_decision_about_the_nominals_that_left_and_with_no_other() -> None:
    loads = Loads()
    loads.load([["A", "B", "E"], ["C", "D"], ["F"]])
    made = loads.load([["A"], ["B"], ["E"], ["C"], ["D"], ["F"]])
    decisions = [
        Decision(("C", "D"), False, "K. Marsh", "brothers"),
        Decision(("B", "F"), False, "L. Hill", "never one person"),
        Decision(("A", "E"), False, "J. Field", "twins"),
    ]
    told = events_of(made, Clusters([]), decisions, "another threshold", set())
    assert {what["nominals"][0]: what["why"] for kind, _, what in told if kind == SPLIT} == {
        "B": "another threshold",
        "D": "decided by K. Marsh: brothers",
        "E": "decided by J. Field: twins",
    }


def test_the_ledger_keeps_each_event_once_and_replays_to_the_same_persons(tmp_path: Path) -> None:
    ledger, loads = Ledger(tmp_path / "ledger.jsonl"), Loads()
    for number, groups in enumerate(([["A", "B"], ["C"]], [["A"], ["B"], ["C", "D"]], [["A", "C", "D"], ["B"]]), 1):
        made = loads.load(groups)
        events = events_of(made, Clusters([]), [], "another threshold", set())
        about = {"force": "f", "load": number, "identities": str(number)}
        events.append((LINKED, "test", {"joined": made.joined}))
        assert append(ledger, events, about, "f") == len(events)
        assert append(ledger, events, about, "f") == 0
    assert [entry.kind for entry in ledger.entries()] == [LINKED, SPLIT, LINKED, MERGED, LINKED]
    persons = {"A": "L-A", "B": "L-B", "C": "L-A", "D": "L-A"}
    assert replayed(ledger, "f", "ABCD") == loads.of == persons
    torn = {"force": "f", "load": 4, "identities": "4", "from": "L-B", "into": "L-A", "nominals": ["B"]}
    ledger.append(MERGED, "test", torn)  # a run that ended here, and whose load never came about
    assert replayed(ledger, "f", "ABCD") == persons
    assert ledger.verify() is None
