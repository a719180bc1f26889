"""Records in order: by person, recording and id; every row knows the first version of its custody event."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from forecast.problems import Problem
from forecast.records.arrange import Arranged, arrange
from tests.features.making import Rows, at, event, histories, offence, one_person, records

T = at(2010, 1, 1)


def stays(arranged: Arranged) -> tuple[list[int], list[int]]:
    return arranged.stay.tolist(), arranged.offence_stay.tolist()


@settings(max_examples=60, deadline=None)
@given(rows=histories(people=3, most=8))
def test_rows_are_in_order_and_know_their_custody_event(rows: Rows) -> None:
    arranged = arrange(records(rows))
    events = arranged.records.custody_events.to_pylist()
    keys = [(e["person_id"], e["recorded_at"], e["custody_id"]) for e in events]
    assert keys == sorted(keys)
    first = {}
    for row, found in enumerate(events):
        first.setdefault(found["custody_id"], row)
    assert arranged.stay.tolist() == [first[e["custody_id"]] for e in events]
    offences = arranged.records.offences.to_pylist()
    assert arranged.offence_stay.tolist() == [first[o["custody_id"]] for o in offences]
    for person in range(arranged.people):
        name = arranged.records.persons["person_id"][person].as_py()
        mine = offences[arranged.offence_starts[person] : arranged.offence_starts[person + 1]]
        assert len(mine) == sum(o["person_id"] == name for o in offences)
        assert all(o["person_id"] == name for o in mine)


def test_rows_in_order_are_not_moved() -> None:
    made = records(one_person([event("b", T), event("c", T), event("a", T + 1)], [offence("o", "c", T)]))
    arranged = arrange(made)
    assert arranged.records.custody_events is made.custody_events
    assert stays(arranged) == ([0, 1, 2], [1])


def test_ties_are_put_in_order_of_ids() -> None:
    arranged = arrange(records(one_person([event("c", T), event("b", T)])))
    assert arranged.records.custody_events["custody_id"].to_pylist() == ["b", "c"]


def test_an_offence_recorded_before_its_custody_event_finds_it() -> None:
    rows = one_person([event("a", T), event("b", T + 5)], [offence("o", "b", T - 9), offence("q", "a", T + 7)])
    assert stays(arrange(records(rows))) == ([0, 1], [1, 0])


def test_two_people_may_have_custody_events_of_one_name() -> None:
    first, second = (
        one_person([event("a", T)], [offence("o", "a", T)]),
        one_person([event("a", T)], [offence("q", "a", T)]),
    )
    rows = {name: [*first[name], *({**row, "person_id": "r"} for row in second[name])] for name in first}
    assert stays(arrange(records(rows))) == ([0, 1], [0, 1])


@pytest.mark.parametrize(
    ("changed", "table", "column"),
    [
        ({"custody_id": "none"}, "offences", "custody_id"),
        ({"person_id": "r"}, "offences", "custody_id"),
        ({"person_id": "nobody"}, "offences", "person_id"),
    ],
    ids=["no such event", "an event of another person", "nobody"],
)
def test_a_row_of_nobody_is_a_problem(changed: dict[str, str], table: str, column: str) -> None:
    rows = one_person([event("a", T)], [{**offence("o", "a", T), **changed}])
    rows["offences"][0] |= changed
    rows["persons"].append({"person_id": "r"})
    with pytest.raises(Problem) as caught:
        arrange(records(rows))
    assert caught.value.code == "records-orphans"
    assert (caught.value.facts["table"], caught.value.facts["column"]) == (table, column)


def test_no_records_at_all_are_in_order() -> None:
    arranged = arrange(records({}))
    assert arranged.people == 0
    assert len(arranged.stay) == 0


def test_dictionaries_are_read_as_texts() -> None:
    made = records(one_person([event("a", T), event("b", T + 1)], [offence("o", "b", T + 1)]))
    coded = made.custody_events["person_id"].combine_chunks().dictionary_encode()
    place = made.custody_events.schema.get_field_index("person_id")
    events = made.custody_events.set_column(place, "person_id", pa.chunked_array([coded]))
    arranged = arrange(type(made)(made.persons, events, made.offences))
    assert np.array_equal(arranged.event_starts, [0, 2])
