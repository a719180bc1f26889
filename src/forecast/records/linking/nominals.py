"""Read the table of nominals of a load, and refuse one that cannot be linked."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.problems import Problem, first_of, nearest, raise_all
from forecast.records import values
from forecast.records.faults import Faults
from forecast.records.linking.database import connect
from forecast.records.linking.fields import NOMINALS, cleaned
from forecast.records.mapping import Mapping, TableMapping, load_mapping
from forecast.records.read import Reader
from forecast.records.source import RawTable, Source, open_table

if TYPE_CHECKING:
    import pandas as pd

MAPPING_NAME = "nominals.toml"
NEEDED = ("nominal_id", "forenames", "surname", "born_on")
UNDATED = np.iinfo(np.int64).max
"""Stands for the time of recording of a nominal that has none: it counts as the youngest."""


@dataclass(frozen=True)
class Load:
    """The nominals of a load, cleaned, in the order of their ids; ``set_aside`` counts values that cannot be read.

    ``bare``: how many person ids have no row in the table of nominals; they are persons whom nothing links.
    """

    nominals: pd.DataFrame
    set_aside: dict[str, int]
    bare: int


def read_load(path: Path, source: Source, work: Path) -> Load:
    """Read the nominals beside the records of ``source``, and the person ids of its table of persons.

    ``work``: a folder for what does not fit into memory, values of nominals among it.
    """
    import pandas as pd

    raw = open_table(path, _mapping(path, source.mapping))
    if raw is None:
        raise Problem("link-no-nominals", path=path)
    _refuse_columns(raw)
    con = connect(work)
    try:
        faults = Faults(con)
        ends = source.mapping.head.ends_before or datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(1)
        frames = [batch.to_pandas(date_as_object=True) for batch in Reader(raw, faults, ends).staged()]
        faulty = con.execute("SELECT col, count(*) FROM faults GROUP BY col ORDER BY col").fetchall()
    finally:
        con.close()
    read = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[c.name for c in NOMINALS.columns])
    _refuse(read, raw, faulty)
    bare = sorted(_person_ids(source.tables["persons"]) - set(read["nominal_id"]))
    read = pd.concat([read, pd.DataFrame({"nominal_id": bare}, dtype=object)], ignore_index=True)
    recorded = read["recorded_at"].astype("datetime64[us]")
    read["recorded_at"] = np.where(recorded.isna(), UNDATED, recorded.astype("int64"))
    return Load(cleaned(read), {column: count for column, count in faulty if column}, len(bare))


def _mapping(path: Path, records: Mapping) -> TableMapping:
    """Return how the nominals are written: as `nominals.toml` says if it is there, else as the records are."""
    beside = (path if path.is_dir() else path.parent) / MAPPING_NAME
    if beside.is_file():
        return load_mapping(beside, (NOMINALS,)).tables[NOMINALS.name]
    head = records.head
    return TableMapping(
        NOMINALS,
        timezone=head.timezone,
        time_format=head.time_format,
        date_format=head.date_format,
        delimiter=head.delimiter,
        missing=head.missing,
    )


def _refuse_columns(raw: RawTable) -> None:
    """Raise the problem of each column that is needed, or that the mapping names, and that is not there."""
    here, m = raw.schema.names, raw.mapping
    named = (*NEEDED, *(c for c in (*m.columns, *m.same_as) if c not in NEEDED))
    lacking = [m.source(column) for column in named if column not in m.constants and m.source(column) not in here]
    raise_all([Problem("link-column-missing", path=raw.label, column=c, hint=nearest(c, here)) for c in lacking])


def _refuse(read: pd.DataFrame, raw: RawTable, faulty: list[tuple[str, int]]) -> None:
    """Raise for rows without an id, ids that stand twice, and tables in which nothing can be compared."""
    nameless = int(read["nominal_id"].isna().sum()) + len(raw.malformed)
    if nameless:
        raise Problem("link-nominal-nameless", path=raw.label, count=nameless)
    twice = sorted(set(read["nominal_id"][read["nominal_id"].duplicated()]))
    if twice:
        raise Problem("link-nominal-twice", path=raw.label, count=len(twice), examples=first_of(twice))
    if len(read) < 2:
        raise Problem("link-nothing", path=raw.label, count=len(read))
    if read["born_on"].isna().all():
        unreadable = dict(faulty).get("born_on", 0)
        raise Problem("link-no-births", path=raw.label, count=len(read), unreadable=unreadable)


def _person_ids(persons: RawTable) -> set[str]:
    """Return the ids of the table of persons, as the nominals write them."""
    import pyarrow as pa

    found: set[str] = set()
    missing = pa.array(list(persons.mapping.missing), pa.string())
    for batch in persons.batches():
        ids = values.texts(batch.column(persons.mapping.source("person_id")), missing, {})[0]
        found.update(text for text in ids.unique().to_pylist() if text is not None)
    return found


def changed(known: pd.DataFrame, load: pd.DataFrame, fields: tuple[str, ...]) -> set[str]:
    """Return the nominals of both of which something that is compared is not what it was."""
    ours = known.set_index("nominal_id")[list(fields)]
    theirs = load.set_index("nominal_id")[list(fields)]
    both = ours.index.intersection(theirs.index)
    before, now = ours.loc[both].fillna(""), theirs.loc[both].fillna("")
    return set(both[(before != now).any(axis=1)])
