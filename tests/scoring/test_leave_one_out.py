"""Tests of the records that a band hangs on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow.compute as pc
import pytest

from forecast.models.bands import CutOffs
from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.records import Records
from forecast.scoring.leave_one_out import which_records_matter
from forecast.scoring.one import Ready, ready, score_one
from forecast.scoring.record_corrections import without_record
from forecast.settings import Settings
from tests.scoring.people import person_with_history

Case = tuple[Records, str]


@pytest.fixture(scope="module")
def case(checked: Path) -> Case:
    return person_with_history(checked / "records")


@pytest.fixture(scope="module", params=[-0.002, 0.002], ids=["just over the line", "just under it"])
def model(record_bundle: ModelBundle, settings: Settings, case: Case, request: pytest.FixtureRequest) -> Ready:
    """A model whose first cut-off lies beside the forecast of the case."""
    p = score_one(case[0], ready(record_bundle, settings), custody_id=case[1]).probability["any"]
    forecaster = dataclasses.replace(record_bundle.forecaster, cutoffs=CutOffs((p + request.param, 0.999)))
    return ready(dataclasses.replace(record_bundle, forecaster=forecaster), settings)


def test_all_in_one_go_says_what_one_by_one_says(model: Ready, case: Case):
    now = score_one(*case[:1], model, custody_id=case[1])
    trial = which_records_matter(model, *case)
    behind = {i for reasons in now.reasons.values() for item in reasons.items for i in item.records} - {case[1]}
    expected = {}
    for record in behind:
        after = without_record(model, *case, record).after
        if after.band != now.band:
            expected[record] = (after.band, tuple(after.probability.values()))
    assert {c.record: (c.band, c.probability) for c in trial.changes} == expected
    assert trial.of_records
    if now.probability["any"] > model.bundle.forecaster.cutoffs.values[0]:
        assert expected  # just over a line some record is what keeps it there


def test_the_newest_come_first_with_their_day_and_never_the_event_at_hand(model: Ready, case: Case):
    changes = which_records_matter(model, *case).changes
    days = [change.day for change in changes]
    assert days == sorted(days, reverse=True)
    assert case[1] not in {change.record for change in changes}


def with_shared_id(case: Case) -> tuple[Records, str, str]:
    """Return the case with its first custody event and an offence of another one under one id."""
    records, custody_id = case
    first = records.custody_events.sort_by("recorded_at")["custody_id"][0].as_py()
    others = records.offences.filter(pc.not_equal(records.offences["custody_id"], custody_id))
    offence = others.filter(pc.not_equal(others["custody_id"], first))["offence_id"][0].as_py()
    rows, place = records.offences, records.offences.schema.get_field_index("offence_id")
    ids = pc.if_else(pc.equal(rows["offence_id"], offence), first, rows["offence_id"])
    changed = rows.set_column(place, rows.schema.field(place), ids)
    return dataclasses.replace(records, offences=changed), custody_id, first


def test_an_id_that_two_tables_share_is_tried_in_both(model: Ready, case: Case):
    records, custody_id, shared = with_shared_id(case)
    tried = which_records_matter(model, records, custody_id)
    assert tried.tried == which_records_matter(model, *case).tried
    for change in tried.changes:
        after = without_record(model, records, custody_id, change.record).after
        assert (after.band, tuple(after.probability.values())) == (change.band, change.probability)
    with pytest.raises(Problem) as found:
        without_record(model, records, custody_id, shared)
    assert found.value.code == "correction-record-ambiguous"
    assert f"custody_events:{shared} and offences:{shared}" in found.value.sentence


def test_records_behind_sensitive_facts_alone_are_never_tried(model: Ready, case: Case):
    description = model.bundle.description
    features = tuple(dataclasses.replace(f, protected="an intelligence count") for f in description.features)
    bundle = dataclasses.replace(model.bundle, description=dataclasses.replace(description, features=features))
    assert which_records_matter(model, *case).tried > 0
    assert which_records_matter(ready(bundle, Settings()), *case).tried == 0


def test_no_more_are_tried_than_asked_for(model: Ready, case: Case):
    assert which_records_matter(model, *case, limit=2).tried == 2
    assert which_records_matter(model, *case, limit=0).changes == ()
