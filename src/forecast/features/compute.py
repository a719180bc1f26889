"""Compute features: of arranged records, or of plain Arrow tables as a cluster hands them over."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from forecast.cases import AS_OF, PERSON_ID
from forecast.features.facts import Sorts, born, facts_of
from forecast.features.kernel import Asked, Facts, Output, run
from forecast.features.programme import Programme, compile_set
from forecast.features.spec import FeatureSet, FeatureSpec, Kind, Op
from forecast.records.arrange import Arranged, arrange
from forecast.records.moments import Moments
from forecast.records.moments import moments as find_moments
from forecast.records.records import Records
from forecast.records.schema import TEXT, TIME
from forecast.records.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    from forecast.cases import Ints

CUSTODY_ID = "custody_id"
ARROW_TYPES = {
    Kind.COUNT: pa.int32(),
    Kind.FLAG: pa.int8(),
    Kind.REAL: pa.float32(),
    Kind.HARM: pa.float64(),
    Kind.CATEGORY: TEXT,
}


@dataclass(frozen=True)
class Prepared:
    """A set of features made ready to run: compile it once, use it for many batches and in many threads."""

    feature_set: FeatureSet
    programme: Programme
    sorts: Sorts

    @cached_property
    def schema(self) -> pa.Schema:
        """The schema of the matrix; each feature's phrase, unit and meaning of a missing value are its metadata."""
        keys = [pa.field(CUSTODY_ID, TEXT, False), pa.field(PERSON_ID, TEXT, False), pa.field(AS_OF, TIME, False)]
        return pa.schema(keys + [_field(f) for f in self.feature_set.features])


def _field(f: FeatureSpec) -> pa.Field:
    said = {"phrase": f.phrase, "unit": f.unit, "missing": f.missing}
    return pa.field(f.name, ARROW_TYPES[f.kind], metadata=said)


def prepare(feature_set: FeatureSet, taxonomy: Taxonomy | None = None) -> Prepared:
    """Compile a set of features for a taxonomy (the shipped one by default)."""
    taxonomy = taxonomy or load_taxonomy()
    programme = compile_set(feature_set, tuple(group.name for group in taxonomy.groups))
    return Prepared(feature_set, programme, Sorts(programme, taxonomy))


def compute(
    arranged: Arranged, moments: Moments, feature_set: FeatureSet | Prepared, taxonomy: Taxonomy | None = None
) -> pa.Table:
    """Return a row a moment: `custody_id`, `person_id`, `as_of` and the features, in the order of ``moments``."""
    prepared = feature_set if isinstance(feature_set, Prepared) else prepare(feature_set, taxonomy)
    output = run_kernel(arranged, moments, prepared)
    persons = arranged.records.persons
    columns = _keys(arranged, moments)
    places = dict.fromkeys(Kind, 0)
    for f in prepared.feature_set.features:
        if f.op == Op.PERSON:
            columns.append(_of_person(persons, f, moments.person))
            continue
        columns.append(pa.array(output[f.kind][places[f.kind]]))
        places[f.kind] += 1
    return pa.Table.from_arrays(columns, schema=prepared.schema)


def compute_batch(records: Records, prepared: Prepared) -> pa.Table:
    """Return the features of all forecast moments of some people, whose rows may come in any order.

    This is what each machine of a cluster calls on its batches; every row of a person has to be in the same batch.
    """
    arranged = arrange(records)
    return compute(arranged, find_moments(arranged), prepared)


def run_kernel(arranged: Arranged, moments: Moments, prepared: Prepared) -> Output:
    """Run the kernel over moments and return its arrays, one row a column of its kind."""
    facts = facts_of(arranged, prepared.sorts)
    asked = Asked(
        _own(moments.person), arranged.stay[moments.event_row], _own(moments.as_of), born(arranged.records.persons)
    )
    return run_arrays(facts, asked, prepared)


def run_arrays(facts: Facts, asked: Asked, prepared: Prepared) -> Output:
    """Run the kernel over arrays."""
    programme = prepared.programme
    rows = len(asked.as_of)
    counts, flags, reals, harms = programme.widths
    output = Output(
        np.empty((counts, rows), np.int32),
        np.empty((flags, rows), np.int8),
        np.empty((reals, rows), np.float32),
        np.empty((harms, rows), np.float64),
    )
    sizes = (programme.slots, programme.present_from, programme.edges, programme.groups)
    run(facts, asked, prepared.sorts.lists(), programme.columns, sizes, output)
    return output


def _own(array: Ints) -> Ints:
    """Return an array that may be written to: a read-only one would have the kernel compiled a second time."""
    return array if array.flags.writeable else array.copy()


def _keys(arranged: Arranged, moments: Moments) -> list[pa.Array]:
    rows = pa.array(moments.event_row)
    events, persons = arranged.records.custody_events, arranged.records.persons
    return [
        events[CUSTODY_ID].take(rows),
        persons[PERSON_ID].take(pa.array(moments.person)),
        pa.array(moments.as_of).cast(pa.timestamp("us")).cast(TIME),
    ]


def _of_person(persons: pa.Table, f: FeatureSpec, person: Ints) -> pa.ChunkedArray:
    return persons[f.subject].take(pa.array(person))
