"""Each thing that can be wrong with records is found, and costs what its documentation says."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from forecast.problems import CATALOGUE
from tests.records.making import Rows, accepted, at, check, event, found, good, offence, person, write

Spoil = Callable[[dict[str, Rows]], Any]


def _set(table: str, column: str, value: Any) -> Spoil:
    return lambda rows: rows[table][0].update({column: value})


def _add(table: str, *more: dict[str, Any]) -> Spoil:
    return lambda rows: rows.setdefault(table, []).extend(more)


def _report(**changes: Any) -> dict[str, Any]:
    return {
        "report_id": "I1",
        "person_id": "P1",
        "observed_at": at("2010-01-01"),
        "recorded_at": at("2010-01-02"),
        **changes,
    }


def _order(**changes: Any) -> dict[str, Any]:
    return {
        "order_id": "D1",
        "person_id": "P1",
        "kind": "prison",
        "starts_at": at("2010-01-01"),
        "recorded_at": at("2010-01-02"),
        **changes,
    }


NO_EVENT = ("offences", "record-no-event", "custody_id")
EVENT_REFUSED = ("offences", "record-event-refused", "custody_id")
PERSON_REFUSED = ("custody_events", "record-person-refused", "person_id")
LATER = {"recorded_at": at("2010-06-02")}

REFUSED: dict[str, tuple[Spoil, dict[tuple[str, str, str], int]]] = {
    "a person without an id": (
        _set("persons", "person_id", None),
        {
            ("persons", "record-key-missing", "person_id"): 1,
            ("custody_events", "record-no-person", "person_id"): 1,
            EVENT_REFUSED: 1,
        },
    ),
    "an event without the time of its arrest": (
        _set("custody_events", "arrested_at", None),
        {("custody_events", "record-value-missing", "arrested_at"): 1, EVENT_REFUSED: 1},
    ),
    "a person without the time of recording": (
        _set("persons", "recorded_at", None),
        {("persons", "record-value-missing", "recorded_at"): 1, PERSON_REFUSED: 1, EVENT_REFUSED: 1},
    ),
    "an unknown reason": (
        _set("custody_events", "reason", "arrest"),
        {("custody_events", "record-code-unlisted", "reason"): 1, EVENT_REFUSED: 1},
    ),
    "an unknown kind of order": (
        _add("orders", _order(kind="asbo")),
        {("orders", "record-code-unlisted", "kind"): 1},
    ),
    "an event of nobody": (
        _add("custody_events", event("C2", "P9", arrested_at=at("2010-06-01 10:30"), reason="bail")),
        {("custody_events", "record-no-person", "person_id"): 1},
    ),
    "an offence with no event": (_add("offences", offence("O2", "C9")), {NO_EVENT: 1}),
    "an offence of another person than its event": (
        lambda rows: (_add("persons", person("P2", sex="M"))(rows), _add("offences", offence("O2", "C1", "P2"))(rows)),
        {("offences", "record-other-person", "person_id"): 1},
    ),
    "an offence twice, the same": (
        _add("offences", offence()),
        {("offences", "record-duplicate", ""): 1},
    ),
    "an offence twice, not the same": (
        _add("offences", offence(code="105A")),
        {("offences", "record-duplicate-differs", "offence_id"): 2},
    ),
    "two versions that stand at once": (
        _add("offences", offence(code="105A", **LATER)),
        {("offences", "record-versions-overlap", "superseded_at"): 2},
    ),
    "versions of one event for two people": (
        lambda rows: (
            _add("persons", person("P2", sex="M"))(rows),
            _set("custody_events", "superseded_at", at("2010-06-02"))(rows),
            _add("custody_events", event(person_id="P2", **LATER))(rows),
        ),
        {("custody_events", "record-person-changed", "person_id"): 2, EVENT_REFUSED: 1},
    ),
    "a row superseded before it was recorded": (
        _set("offences", "superseded_at", at("2010-06-01 10:59")),
        {("offences", "record-superseded-early", "superseded_at"): 1},
    ),
    "an arrest recorded before it happened": (
        _set("custody_events", "recorded_at", at("2010-06-01 09:59")),
        {("custody_events", "record-before-it-happened", "recorded_at"): 1, EVENT_REFUSED: 1},
    ),
    "an offence recorded before it happened": (
        _set("offences", "recorded_at", at("2010-05-31 22:00")),
        {("offences", "record-before-it-happened", "recorded_at"): 1},
    ),
    "a report recorded before what it saw": (
        _add("intelligence", _report(recorded_at=at("2009-12-31"))),
        {("intelligence", "record-before-it-happened", "recorded_at"): 1},
    ),
    "a report about nobody": (
        _add("intelligence", _report(person_id="P9")),
        {("intelligence", "record-no-person", "person_id"): 1},
    ),
    "an order that ends before it starts": (
        _add("orders", _order(ends_at=at("2009-12-31"))),
        {("orders", "record-ends-early", "ends_at"): 1},
    ),
    "an offence committed after the release": (
        lambda rows: rows["offences"][0].update(committed_at=at("2010-06-01 20:00:01"), recorded_at=at("2010-06-03")),
        {("offences", "record-committed-later", "committed_at"): 1},
    ),
    "an offence committed days after an arrest without a release": (
        lambda rows: (
            _set("custody_events", "released_at", None)(rows),
            rows["offences"][0].update(committed_at=at("2010-06-05 10:01"), recorded_at=at("2010-06-06")),
        ),
        {("offences", "record-committed-later", "committed_at"): 1},
    ),
    "an arrest in the year 1066": (
        _set("custody_events", "arrested_at", at("1066-10-14")),
        {("custody_events", "record-date-impossible", "arrested_at"): 1, EVENT_REFUSED: 1},
    ),
    "an offence in the future": (
        lambda rows: rows["offences"][0].update(committed_at=at("2018-01-03"), recorded_at=at("2018-01-04")),
        {
            ("offences", "record-in-future", "committed_at"): 1,
            ("offences", "record-in-future", "recorded_at"): 1,
        },
    ),
    "an unknown offence code": (
        _set("offences", "code", "99999"),
        {("offences", "record-offence-unknown", "code"): 1},
    ),
    "the same event under two ids": (
        lambda rows: (
            _add("custody_events", event("C2", recorded_at=at("2010-06-01 11:05")))(rows),
            _add("offences", offence("O2", "C2"))(rows),
        ),
        {("custody_events", "record-duplicate-event", "custody_id"): 1, EVENT_REFUSED: 1},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_row_that_cannot_be_used_is_refused_with_its_code_and_nothing_else_is(case: str, tmp_path: Path) -> None:
    spoil, expected = REFUSED[case]
    rows = good()
    spoil(rows)
    result = check(write(tmp_path / "in", rows), out=tmp_path / "out", quarantine=tmp_path / "bad")
    assert found(result, "refused") == expected
    for total in result.totals:
        bad = tmp_path / "bad" / f"{total.table}.parquet"
        assert len(rows[total.table]) == total.rows == total.accepted + total.quarantined
        assert len(accepted(tmp_path / "out", total.table)) == total.accepted
        assert (pq.read_metadata(bad).num_rows if bad.exists() else 0) == total.quarantined


SET_ASIDE: dict[str, tuple[str, str, Any, str]] = {
    "a birth after an arrest": ("persons", "born_on", datetime.date(2010, 6, 2), "record-born-after-arrest"),
    "an arrest at the age of nine": ("persons", "born_on", datetime.date(2000, 6, 2), "record-under-10"),
    "an arrest at the age of 111": ("persons", "born_on", datetime.date(1900, 1, 1), ""),
    "a death before an arrest": ("persons", "died_on", datetime.date(2010, 5, 31), "record-died-before-arrest"),
    "a sex that is not listed": ("persons", "sex", "male", "record-code-unlisted"),
    "a birth in 1850": ("persons", "born_on", datetime.date(1850, 6, 2), "record-date-impossible"),
    "a death in the future": ("persons", "died_on", datetime.date(2019, 1, 1), "record-in-future"),
    "a release before the arrest": (
        "custody_events",
        "released_at",
        at("2010-06-01 09:59"),
        "record-before-arrest",
    ),
    "a disposal before the arrest": ("custody_events", "disposed_at", at("2009-01-01"), "record-before-arrest"),
    "a remand that ends before the arrest": (
        "custody_events",
        "remanded_until",
        at("2009-01-01"),
        "record-before-arrest",
    ),
    "a disposal that is not listed": ("custody_events", "disposal", "hanged", "record-code-unlisted"),
    "a charge before the offence": ("offences", "charged_at", at("2010-05-30"), "record-before-offence"),
    "a conviction before the offence": ("offences", "proven_at", at("2010-05-30"), "record-before-offence"),
    "a conviction in the future": ("offences", "proven_at", at("2018-01-03"), "record-in-future"),
}


@pytest.mark.parametrize("case", SET_ASIDE)
def test_a_faulty_value_in_an_optional_column_is_set_aside_and_its_row_stays(case: str, tmp_path: Path) -> None:
    table, column, value, code = SET_ASIDE[case]
    rows = good()
    rows[table][0][column] = value
    result = check(write(tmp_path / "in", rows), out=tmp_path / "out", quarantine=tmp_path / "bad")
    assert not found(result, "refused")
    assert accepted(tmp_path / "out", table)[0][column] == (None if code else value)
    kept = pq.read_table(tmp_path / "bad" / "values.parquet").to_pylist()
    assert [(v["table"], v["column"], v["code"]) for v in kept] == ([(table, column, code)] if code else [])
    if code and code != "record-code-unlisted":
        assert kept[0]["found"].startswith(str(value)[:10])


def test_an_arrest_at_111_is_too_old_and_at_110_is_not(tmp_path: Path) -> None:
    rows = good()
    rows["persons"] = [person(born_on=datetime.date(1900, 6, 2)), person("P2", born_on=datetime.date(1900, 6, 2))]
    when = {"arrested_at": at("2011-06-02"), "recorded_at": at("2011-06-03"), "released_at": None}
    rows["custody_events"].append(event("C2", "P2", reason="bail", **when))
    result = check(write(tmp_path / "in", rows))
    assert found(result, "set aside") == {("persons", "record-over-110", "born_on"): 1}
    assert next(f.examples for f in result.findings if f.code == "record-over-110") == ("P2",)


def test_an_arrest_on_the_tenth_birthday_just_after_local_midnight_is_not_under_ten(tmp_path: Path) -> None:
    rows = good()
    rows["persons"][0]["born_on"] = datetime.date(2000, 6, 1)
    rows["custody_events"][0]["arrested_at"] = at("2010-05-31 23:30")  # half past midnight on 1 June in London
    folder = write(tmp_path / "in", rows, 'timezone = "Europe/London"')
    assert not found(check(folder), "set aside")


NOTED: dict[str, tuple[Spoil, tuple[str, str, str]]] = {
    "a person with no date of birth": (_set("persons", "born_on", None), ("persons", "record-no-birth", "born_on")),
    "an event with no offence": (
        lambda rows: rows["offences"].clear(),
        ("custody_events", "record-no-offence", ""),
    ),
    "two different events in the same minute": (
        _add("custody_events", event("C2", arrested_at=at("2010-06-01 10:00:30"), reason="bail", released_at=None)),
        ("custody_events", "record-same-minute", "arrested_at"),
    ),
    "an arrest before the release from the one before": (
        _add(
            "custody_events",
            event("C2", arrested_at=at("2010-06-01 19:00"), recorded_at=at("2010-06-01 19:30"), reason="bail"),
        ),
        ("custody_events", "record-stays-overlap", "released_at"),
    ),
    "an offence in custody": (
        lambda rows: rows["offences"][0].update(committed_at=at("2010-06-01 12:00"), recorded_at=at("2010-06-02")),
        ("offences", "record-committed-in-custody", "committed_at"),
    ),
    "a disposal without its time": (
        _set("custody_events", "disposal", "charge"),
        ("custody_events", "record-disposal-undated", "disposed_at"),
    ),
    "an offence recorded after its event was opened": (
        _set("offences", "recorded_at", at("2010-06-01 11:00:01")),
        ("offences", "record-offence-after-opening", "recorded_at"),
    ),
    "a person recorded after their first event": (
        _set("persons", "recorded_at", at("2010-06-01 11:00:01")),
        ("persons", "record-person-later", "recorded_at"),
    ),
    "two people who look like one": (
        lambda rows: (
            _set("persons", "postcode_outward", "DH1")(rows),
            _add("persons", person("P2", postcode_outward="DH1"))(rows),
        ),
        ("persons", "record-same-person", ""),
    ),
}


@pytest.mark.parametrize("case", NOTED)
def test_what_may_be_right_is_only_noted_and_every_row_stays(case: str, tmp_path: Path) -> None:
    spoil, expected = NOTED[case]
    rows = good()
    spoil(rows)
    result = check(write(tmp_path / "in", rows))
    assert expected in found(result, "note")
    assert not found(result, "refused") | found(result, "set aside")
    assert [t.accepted for t in result.totals] == [len(rows[t.table]) for t in result.totals]


@pytest.mark.parametrize("reason", ["bail", "warrant", "recall"])
def test_an_event_that_is_no_new_offence_needs_none(reason: str, tmp_path: Path) -> None:
    rows = good()
    rows["custody_events"][0]["reason"] = reason
    rows["offences"].clear()
    assert not check(write(tmp_path / "in", rows)).findings


def test_an_event_whose_only_offence_is_refused_stays_and_is_noted(tmp_path: Path) -> None:
    rows = good()
    rows["offences"][0]["code"] = "99999"
    result = check(write(tmp_path / "in", rows), out=tmp_path / "out")
    assert found(result, "note") == {("custody_events", "record-no-offence", ""): 1}
    assert len(accepted(tmp_path / "out", "custody_events")) == 1


def test_two_arrests_in_one_minute_with_different_offences_are_two_events(tmp_path: Path) -> None:
    rows = good()
    rows["custody_events"].append(event("C2"))
    rows["offences"].append(offence("O2", "C2", code="105A"))
    result = check(write(tmp_path / "in", rows))
    assert found(result) == {("custody_events", "record-same-minute", "arrested_at"): 2} | {
        ("custody_events", "record-stays-overlap", "released_at"): 1
    }


def test_versions_that_follow_each_other_are_in_order(tmp_path: Path) -> None:
    rows = good()
    rows["offences"] = [offence(superseded_at=at("2010-06-02")), offence(code="105A", **LATER)]
    result = check(write(tmp_path / "in", rows), out=tmp_path / "out")
    assert not result.findings
    assert [row["code"] for row in accepted(tmp_path / "out", "offences")] == ["8N", "105A"]


def test_only_the_first_version_of_an_offence_and_of_its_event_say_whether_it_is_late(tmp_path: Path) -> None:
    rows = good()
    opened, later = at("2010-06-01 11:00"), at("2010-06-02")
    rows["custody_events"] = [event(superseded_at=later), event(recorded_at=later, disposal="other", disposed_at=later)]
    rows["offences"] = [
        offence(superseded_at=later),
        offence(code="105A", recorded_at=later),
        offence("O2", recorded_at=later, superseded_at=at("2010-06-03")),
        offence("O2", recorded_at=at("2010-06-03")),
        offence("O3", recorded_at=opened),
    ]
    [finding] = check(write(tmp_path / "in", rows)).findings
    assert (finding.code, finding.count, finding.examples) == ("record-offence-after-opening", 1, ("O2",))


def test_a_limit_on_late_offences_fails_the_check(tmp_path: Path) -> None:
    rows = good()
    rows["offences"][0]["recorded_at"] = at("2010-06-01 11:05")
    folder = write(tmp_path / "in", rows, '[limits]\n"record-offence-after-opening" = 0.1')
    [problem] = check(folder).problems
    assert problem.code == "records-too-many-of"


def test_versions_without_an_end_are_closed_by_the_next_one_where_the_mapping_says_so(tmp_path: Path) -> None:
    rows = good()
    withdrawn = at("2010-07-01")
    rows["offences"] = [
        offence(),
        offence(),  # a copy closes nothing
        offence(code="105A", recorded_at=at("2010-06-03")),
        offence(code="28A", recorded_at=at("2010-06-02")),
        offence("O2", superseded_at=withdrawn),
    ]
    folder = write(tmp_path / "in", rows, "[offences]\nclose_versions = true")
    result = check(folder, out=tmp_path / "out")
    assert found(result) == {("offences", "record-duplicate", ""): 1}
    kept = {(row["offence_id"], row["code"]): row["superseded_at"] for row in accepted(tmp_path / "out", "offences")}
    assert kept == {
        ("O1", "8N"): at("2010-06-02"),
        ("O1", "28A"): at("2010-06-03"),
        ("O1", "105A"): None,
        ("O2", "8N"): withdrawn,
    }
    assert any("assumed to have stood" in text for text in result.assumptions)


def test_a_person_in_two_rows_stays_once_without_the_values_on_which_the_rows_disagree(tmp_path: Path) -> None:
    rows = good()
    rows["persons"].insert(0, person(born_on=datetime.date(1981, 5, 3), recorded_at=at("2009-01-01")))
    result = check(write(tmp_path / "in", rows), out=tmp_path / "out", quarantine=tmp_path / "bad")
    assert found(result, "refused") == {("persons", "record-person-differs", ""): 1}
    [value] = pq.read_table(tmp_path / "bad" / "values.parquet").to_pylist()
    assert (value["row"], value["key"], value["column"], value["found"]) == (2, "P1", "born_on", "1980-05-03")
    assert found(result, "set aside") == {("persons", "record-values-differ", "born_on"): 1}
    [kept] = accepted(tmp_path / "out", "persons")
    assert (kept["born_on"], kept["sex"], kept["recorded_at"]) == (None, "F", at("2008-01-01"))
    assert len(accepted(tmp_path / "out", "custody_events")) == 1


def test_a_refused_event_does_not_make_a_date_of_birth_look_wrong(tmp_path: Path) -> None:
    rows = good()
    wrong = {"arrested_at": at("1970-01-01"), "recorded_at": at("1969-01-01")}
    rows["custody_events"].append(event("C2", **wrong))
    result = check(write(tmp_path / "in", rows))
    assert found(result) == {("custody_events", "record-before-it-happened", "recorded_at"): 1}


def test_every_fault_of_a_row_is_listed_at_once(tmp_path: Path) -> None:
    rows = good()
    rows["offences"][0].update(code="99999", recorded_at=at("2010-05-01"), charged_at=at("2010-01-01"))
    check(write(tmp_path / "in", rows), quarantine=tmp_path / "bad")
    [row] = pq.read_table(tmp_path / "bad" / "offences.parquet").to_pylist()
    assert row["codes"] == ["record-before-it-happened", "record-before-offence", "record-offence-unknown"]
    assert (row["row"], row["offence_id"], row["code"]) == (1, "O1", "99999")


def test_each_finding_has_a_sentence_and_names_at_most_five_rows(tmp_path: Path) -> None:
    rows = good()
    rows["offences"] += [offence(f"X{i}", "C9") for i in range(9)]
    [finding] = check(write(tmp_path / "in", rows)).findings
    assert finding.sentence == CATALOGUE["record-no-event"].sentence
    assert finding.next_step
    assert (finding.count, finding.examples) == (9, ("X0", "X1", "X2", "X3", "X4"))
