"""Compute the features of one person at the custody desk, in a couple of milliseconds."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from forecast.features.compute import CUSTODY_ID, Prepared, prepare, run_arrays
from forecast.features.facts import born, facts_of
from forecast.features.kernel import RECORDED, Asked, Facts
from forecast.features.spec import FeatureSet, Op
from forecast.problems import Problem
from forecast.records.arrange import Arranged, arrange
from forecast.records.records import Records
from forecast.records.taxonomy import Taxonomy

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Desk:
    """A set of features made ready for one person after the other; make it once and keep it."""

    prepared: Prepared

    @classmethod
    def open(cls, feature_set: FeatureSet, taxonomy: Taxonomy | None = None) -> Desk:
        """Compile a set of features."""
        return cls(prepare(feature_set, taxonomy))

    def person(self, records: Records) -> PersonFile:
        """Put the records of one person (or a few) in order; several moments can then be asked for."""
        arranged = arrange(records)
        return PersonFile(self.prepared, arranged, facts_of(arranged, self.prepared.sorts))

    def features(self, records: Records, custody_id: str, as_of: datetime.datetime | None = None) -> dict[str, Any]:
        """Return the features of a custody event by name; see :meth:`PersonFile.features`."""
        return self.person(records).features(custody_id, as_of)


@dataclass(frozen=True)
class PersonFile:
    """The records of one person in order, with the facts that features are made of."""

    prepared: Prepared
    arranged: Arranged
    facts: Facts

    def features(self, custody_id: str, as_of: datetime.datetime | None = None) -> dict[str, Any]:
        """Return the features of a custody event: whole numbers, floats (NaN: missing), texts (None: missing).

        ``as_of`` is the time at which its record was opened, if no other one (with a zone) is given. Raise
        ``case-unknown`` if there is no such custody event.
        """
        asked = self.asked(custody_id, as_of)
        output = run_arrays(self.facts, asked, self.prepared)
        arrays = [iter(array[:, 0].tolist()) for array in output]
        person = int(asked.person[0])
        persons = self.arranged.records.persons
        return {
            f.name: persons[f.subject][person].as_py() if f.op == Op.PERSON else next(arrays[f.kind])
            for f in self.prepared.feature_set.features
        }

    def asked(self, custody_id: str, as_of: datetime.datetime | None = None) -> Asked:
        """Return the moment of a custody event as the kernel reads it."""
        row = pc.index(self.arranged.records.custody_events[CUSTODY_ID], custody_id).as_py()
        if row < 0:
            raise Problem("case-unknown", path="the records", key=CUSTODY_ID, id=custody_id)
        # Rows are in the order of recording, so the first row found is the first version.
        t = self.facts.table[RECORDED, row] if as_of is None else (as_of - _EPOCH) // datetime.timedelta(microseconds=1)
        person = np.searchsorted(self.arranged.event_starts, row, side="right") - 1
        stay = self.arranged.stay[row : row + 1].astype(np.int64)
        return Asked(np.array([person]), stay, np.array([t], np.int64), born(self.arranged.records.persons))
