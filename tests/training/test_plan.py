"""Tests that the plan of an experiment shows every fold as it is, in words, lines and a picture."""

from __future__ import annotations

import dataclasses
import datetime
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from forecast.problems import Problem
from forecast.training.material import Material
from forecast.training.plan import (
    EMBARGO,
    MARKS,
    OVERLAPPING,
    PURGED,
    TESTED,
    TRAINED,
    WEIGHTED,
    header,
    lines,
    plan_picture,
    plan_section,
    rows,
    spans_of,
    write_picture,
)
from forecast.training.splits import Fold, Period


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def fold(**changes: object) -> Fold:
    period = Period(day("2008-01-01"), day("2010-12-02"), day("2012-12-02"), day("2013-01-01"), day("2014-01-01"))
    made = Fold("test from 2013-01-01", np.arange(3_000), np.arange(3_000, 4_100), 2_050, 0, None, 60, 400, period)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_the_spans_of_a_fold_follow_one_another_without_gaps() -> None:
    spans = spans_of(fold())
    assert [span.kind for span in spans] == [TRAINED, PURGED, EMBARGO, TESTED]
    assert [span.cases for span in spans] == [3_000, 2_050, None, 1_100]
    assert all(before.end == after.begin for before, after in pairwise(spans))
    assert (spans[0].begin, spans[-1].end) == (day("2008-01-01"), day("2014-01-01"))


def test_weighted_and_overlapping_cases_have_spans_of_their_own() -> None:
    assert [s.kind for s in spans_of(fold(censored=np.arange(9)))] == [TRAINED, WEIGHTED, EMBARGO, TESTED]
    replicate = spans_of(fold(overlapping=1_000, purged=0))
    assert [(s.kind, s.cases) for s in replicate][:2] == [(TRAINED, 2_000), (OVERLAPPING, 1_000)]


def test_a_training_period_that_ends_early_is_drawn_so() -> None:
    assert spans_of(fold(), day("2010-01-01"))[0].end == day("2010-01-01")


def test_a_history_shorter_than_an_outcome_takes_leaves_no_span_of_negative_length() -> None:
    late = dataclasses.replace(fold().period, since=day("2011-06-01"))  # type: ignore[type-var]
    spans = spans_of(fold(period=late))
    assert TRAINED not in [span.kind for span in spans]
    assert all(span.begin < span.end for span in spans)  # type: ignore[operator]


def test_folds_without_times_are_bars_of_cases() -> None:
    plain = Fold("fold 1", np.arange(80), np.arange(80, 100))
    assert [(s.kind, s.begin, s.end) for s in spans_of(plain)] == [(TRAINED, 0, 80), (TESTED, 80, 100)]
    assert lines([plain]) == []
    assert header([plain]) == ("fold", "train", "test", "purged")
    assert rows([plain]) == [("fold 1", "80", "20", "0")]


def test_the_table_reports_known_and_new_people_apart() -> None:
    names, [row] = header([fold()]), rows([fold()])
    said = dict(zip(names, row, strict=True))
    assert said["purged"] == "2,050"
    assert said["embargoed"] == "60"
    assert (said["test: known people"], said["test: new people"]) == ("400", "700")
    weighted = [fold(censored=np.arange(9))]
    assert dict(zip(header(weighted), rows(weighted)[0], strict=True))["weighted"] == "9"


def test_lines_stand_on_one_axis_and_their_marks_are_explained() -> None:
    later = Period(day("2008-01-01"), day("2011-12-02"), day("2013-12-02"), day("2014-01-01"), day("2015-01-01"))
    legend, first, second = lines([fold(), fold(label="test from 2014-01-01", period=later)])
    assert legend.startswith("From 2008-01-01 to 2015-01-01: ")
    for kind in (TRAINED, PURGED, EMBARGO, TESTED):
        assert f"{MARKS[kind]} {kind}" in legend
        assert MARKS[kind] in first
    assert first.index(MARKS[TESTED]) < second.index(MARKS[TESTED])
    assert first.rindex(MARKS[TESTED]) < second.rindex(MARKS[TESTED])
    assert second.count(MARKS[TRAINED]) > first.count(MARKS[TRAINED])


def test_the_picture_is_the_same_each_time_and_says_its_counts_to_those_who_cannot_see_it() -> None:
    drawn = plan_picture([fold()])
    assert drawn == plan_picture([fold()])
    root = ET.fromstring(drawn)
    assert root.attrib["aria-label"] == (
        "Plan of 1 folds: test from 2013-01-01, fitted and calibrated on 3,000, purged 2,050, embargo, tested on 1,100."
    )
    shown = {text.text for text in root.iter("text")}
    assert {"3,000", "2,050", "1,100", "test from 2013-01-01", TRAINED, PURGED, EMBARGO, TESTED} <= shown


def test_the_picture_is_a_file_of_its_own_and_nothing_else_is_written(material: Material, tmp_path: Path) -> None:
    write_picture(material, tmp_path / "plan.svg")
    root = ET.parse(tmp_path / "plan.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert list(tmp_path.iterdir()) == [tmp_path / "plan.svg"]
    with pytest.raises(Problem) as found:
        write_picture(material, tmp_path / "plan.svg" / "plan.svg")
    assert found.value.code == "file-unwritable"


def test_the_section_holds_the_picture_and_each_fold(material: Material) -> None:
    made = plan_section(material)
    assert made.name == "plan"
    assert "<svg role=" in made.html
    assert made.html.count("<tr>") == 1 + len(material.repeats[0])
    for one in material.repeats[0]:
        assert f"{len(one.train):,}" in made.html
