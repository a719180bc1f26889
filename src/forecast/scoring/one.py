"""Forecast and explain one case: of a file of cases, of a folder of records, or of the records of one person."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from forecast.cases import AS_OF, CASE_ID, PERSON_ID, Cases
from forecast.explanations.reasons import Reasoner
from forecast.features.compute import CUSTODY_ID
from forecast.features.desk import PersonFile
from forecast.features.facts import facts_of
from forecast.features.origins import records_behind
from forecast.models.bundle import ModelBundle
from forecast.problems import Problem
from forecast.records.arrange import Arranged, arrange
from forecast.records.moments import Moments, moments
from forecast.records.people import load_person, person_in_custody
from forecast.scoring.explained import Explained, explain, reasoner_of
from forecast.scoring.from_records import RecordScorer
from forecast.scoring.record_names import record_name
from forecast.scoring.refusals import find_quarantine, read_refusals
from forecast.scoring.scorer import refuse_unknown
from forecast.settings import Settings
from forecast.tables.origin import check_catalogue
from forecast.tables.reader import open_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.cases import Reasons
    from forecast.records.records import Records

__all__ = ["Explained", "Ready", "explain_case", "explain_record", "ready", "score_one"]

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)


@dataclass(frozen=True)
class Ready:
    """A bundle made ready for one person after the other; make it once and keep it."""

    scorer: RecordScorer
    reasoner: Reasoner

    @property
    def bundle(self) -> ModelBundle:
        """The bundle."""
        return self.scorer.bundle


def ready(bundle: ModelBundle, settings: Settings) -> Ready:
    """Make a bundle ready for :func:`score_one`; what it raises is said at :meth:`RecordScorer.open`."""
    return Ready(RecordScorer.open(bundle, settings), reasoner_of(bundle, settings))


def score_one(
    records: Records,
    model: ModelBundle | Ready,
    *,
    custody_id: str | None = None,
    as_of: datetime.datetime | None = None,
    settings: Settings | None = None,
) -> Explained:
    """Return the explained forecast of a custody event from the records of its person (and maybe of a few others).

    Parameters
    ----------
    records : in canonical form, checked. custody_id : None for the latest custody event that asks for a forecast.
    as_of : the moment of the forecast, with a zone; None for the time at which the custody record was opened. What was
        recorded at that moment or later is not looked at, but for the presenting offences.
    model : of many people, what :func:`ready` made once. settings : of a bundle that is not ready; by default those of
        an installation without a file of its own.

    Raises
    ------
    Problem : ``one-no-zone`` for a moment without a zone, ``one-no-event`` without a custody event that asks for a
        forecast, ``case-unknown`` for an id that is not there, ``one-not-asked`` for a custody event that asks
        for none, ``one-refused`` for a person who is under the minimum age, without a date of birth, or with what
        training never saw and the description refuses.
    """
    if as_of is not None and as_of.utcoffset() is None:
        raise Problem("one-no-zone", found=as_of.isoformat())
    if isinstance(model, ModelBundle):
        model = ready(model, settings or Settings())
    arranged = arrange(records)
    asked = _moment(arranged, custody_id, as_of)
    case, note = _case(model, arranged, asked)
    found = explain(model.bundle, model.reasoner, case, note)
    person = PersonFile(model.scorer.prepared, arranged, facts_of(arranged, model.scorer.prepared.sorts))
    return replace(found, reasons=_with_records(found, person, model))


def explain_record(
    model: ModelBundle | Ready,
    folder: Path,
    custody_id: str,
    settings: Settings,
    *,
    as_of: datetime.datetime | None = None,
    quarantine: Path | None = None,
    mapping: Path | None = None,
) -> Explained:
    """Return the explained forecast of a custody event in a folder of accepted records.

    Raises what :func:`accepted_person` and :func:`score_one` raise.
    """
    made = model if isinstance(model, Ready) else ready(model, settings)
    person = accepted_person(folder, custody_id, quarantine, mapping)
    return score_one(person, made, custody_id=custody_id, as_of=as_of)


def accepted_person(folder: Path, custody_id: str, quarantine: Path | None, mapping: Path | None) -> Records:
    """Return the accepted records of the person of a custody event, whom scoring would forecast too.

    ``quarantine``: where the refused rows lie; None: looked for beside the records. ``mapping``: what the force calls
    its columns.

    Raises
    ------
    Problem : ``one-refused`` for a person with a row in quarantine, for the accepted records are not complete then;
        what :func:`find_quarantine` and :func:`read_refusals` raise; ``case-unknown`` for an event that is nowhere.
    """
    refused = read_refusals(find_quarantine(folder, quarantine), folder, mapping)
    held = next((event for event in refused.events if event.custody_id == custody_id), None)
    person = person_in_custody(folder, custody_id) if held is None else held.person_id
    why = refused.people.get(person)
    if why is not None:
        code, _, sentence = why.partition(": ")
        raise Problem("one-refused", id=custody_id, refusal=code, sentence=sentence)
    return load_person(folder, person)


def explain_case(bundle: ModelBundle, path: Path, case_id: str, settings: Settings) -> Explained:
    """Return the explained forecast of the case with that id in a file of cases.

    Raises ``case-unknown``, or the problem for which the row would be refused.
    """
    reader = open_table(bundle.description, path, learning=False)
    check_catalogue(bundle.manifest.get("data", {}), path, bundle.forecaster.model.features)
    for read in reader.chunks(settings.chunk_rows):
        chunk, notes = refuse_unknown(bundle, read, settings)
        refused = chunk.refused[chunk.refused["case_id"] == case_id]
        found = np.flatnonzero(chunk.cases.keys[CASE_ID].to_numpy() == case_id)
        if len(found):
            return explain(bundle, reasoner_of(bundle, settings), chunk.cases.take(found[:1]), notes[found[0]])
        if len(refused):
            first = refused.iloc[0]
            raise Problem(
                "case-refused", id=case_id, row=first["row"], row_code=first["code"], sentence=first["sentence"]
            )
    raise Problem("case-unknown", path=path, key=bundle.description.keys.case, id=case_id)


def _moment(arranged: Arranged, custody_id: str | None, as_of: datetime.datetime | None) -> Moments:
    """Return the one moment that is asked for."""
    every = moments(arranged)
    events = arranged.records.custody_events[CUSTODY_ID]
    if custody_id is None:
        if not len(every):
            raise Problem("one-no-event")
        place = int(np.lexsort((every.event_row, every.as_of))[-1])
    else:
        row = pc.index(events, custody_id).as_py()
        if row < 0:
            raise Problem("case-unknown", path="the records", key=CUSTODY_ID, id=custody_id)
        places = np.flatnonzero(every.event_row == row)
        if not len(places):
            reason = arranged.records.custody_events["reason"][row].as_py()
            raise Problem("one-not-asked", id=custody_id, reason=reason)
        place = int(places[0])
    chosen = every.take(np.array([place]))
    return chosen if as_of is None else replace(chosen, as_of=np.array([(as_of - EPOCH) // MICROSECOND], np.int64))


def _case(model: Ready, arranged: Arranged, asked: Moments) -> tuple[Cases, str]:
    """Return the case of a moment and what training never saw of it; raise why there is no forecast."""
    custody_id = arranged.records.custody_events[CUSTODY_ID][int(asked.event_row[0])].as_py()
    found = model.scorer.readied(arranged, asked)
    if found.why[0] is not None:
        code, _, sentence = str(found.why[0]).partition(": ")
        raise Problem("one-refused", id=custody_id, refusal=code, sentence=sentence)
    person = arranged.records.persons[PERSON_ID][int(asked.person[0])].as_py()
    keys = pd.DataFrame(
        {CASE_ID: [custody_id], PERSON_ID: [person], AS_OF: [pd.Timestamp(int(asked.as_of[0]), unit="us")]}
    )
    empty = pd.DataFrame(index=keys.index)
    return Cases(keys, found.frame, empty, empty, empty, recorded=found.recorded), found.notes[0]


def _with_records(found: Explained, person: PersonFile, model: Ready) -> dict[str, Reasons]:
    """Return the reasons with the ids of the records behind each fact."""
    known: dict[str, tuple[str, ...]] = {"": ()}
    records = person.arranged.records
    asked = person.asked(found.case_id, found.as_of)

    def behind(feature: str) -> tuple[str, ...]:
        if feature not in known:
            columns: Sequence[str] = model.scorer.reader.columns_of(feature)
            rows = dict.fromkeys(one for c in columns for one in records_behind(person, asked, c))
            known[feature] = tuple(record_name(records, *one) for one in rows)
        return known[feature]

    return {
        level: replace(reasons, items=tuple(replace(item, records=behind(item.feature)) for item in reasons.items))
        for level, reasons in found.reasons.items()
    }
