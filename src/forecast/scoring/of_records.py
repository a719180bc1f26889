"""Score the forecast moments of accepted records, whole people at a time, and account for every person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from forecast.cases import AS_OF, PERSON_ID
from forecast.files import sha256
from forecast.problems import Problem
from forecast.records.pieces import UnsortedError, iter_pieces
from forecast.records.schema import CUSTODY_EVENTS, TABLES
from forecast.scoring.asked import Period
from forecast.scoring.delta import (
    Mended,
    Previous,
    change_fields,
    changed_people,
    columns_of,
    first_new_moment,
    known_until,
    last_scores,
    mended_people,
    restricted,
    with_changes,
)
from forecast.scoring.from_records import NOT_SCORED, RecordScorer
from forecast.scoring.manifest import added
from forecast.scoring.refusals import Held, Refusals

if TYPE_CHECKING:
    from forecast.records.records import Records

CUSTODY_ID = CUSTODY_EVENTS.key


@dataclass(frozen=True)
class RecordsJob:
    """The forecast moments of accepted records in ``folder``, in the ``period``.

    ``previous``: score only new moments of people with new records since that run, beside their last score in it.
    """

    folder: Path
    scorer: RecordScorer
    refusals: Refusals = field(default_factory=Refusals)
    period: Period = field(default_factory=Period)
    previous: Previous | None = None
    events_each: int = 25_000
    name: str = ""

    @property
    def label(self) -> str:
        """What is being done."""
        return f"scoring {self.name or self.folder.name}"

    @property
    def total(self) -> int | None:
        """How many rows of custody events there are."""
        path = self.folder / f"{CUSTODY_EVENTS.name}.parquet"
        return pq.read_metadata(path).num_rows if path.is_file() else None

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that are forecast."""
        return self.scorer.bundle.scale.reached

    @property
    def schemas(self) -> dict[str, pa.Schema]:
        """The file that is written; in a delta run with the columns of change."""
        fields = list(self.scorer.schema) + ([] if self.previous is None else change_fields(self.levels))
        return {"scores": pa.schema(fields)}

    @cached_property
    def source(self) -> dict[str, Any]:
        """What is scored, with the hashes of its content."""
        paths = [self.folder / f"{table.name}.parquet" for table in TABLES]
        return {"records": self.name or self.folder.name, "sha256": {p.stem: sha256(p) for p in paths if p.is_file()}}

    @property
    def notes(self) -> list[str]:
        """What a reader of the scores has to know of how they were made."""
        notes = []
        if self.previous is not None:
            before, now = self.previous.manifests[0]["model_id"], self.scorer.bundle.model_id
            if before != now:
                notes.append(
                    f"The run before was scored with the model {before}, this one with {now}: "
                    "a change of score mixes a change of the model with changes on record."
                )
        if self.refusals.nobody:
            notes.append(f"{self.refusals.nobody:,} rows in quarantine name no person whom the records know.")
        return notes

    @cached_property
    def known(self) -> dict[str, dict[str, str | None]]:
        """Until when the records were known."""
        return known_until(self.folder)

    @cached_property
    def changed(self) -> pa.Array | None:
        """The people with new records since the run before, or with mended ones; None where there is none before."""
        if self.previous is None or self.mended is None:
            return None
        new = changed_people(self.folder, self.previous.known)
        return pa.chunked_array([new, self.mended.people], pa.string()).unique()

    @cached_property
    def mended(self) -> Mended | None:
        """The people whose records lay in quarantine in the run before, and do not any more."""
        return None if self.previous is None else mended_people(self.previous, self.refusals.people)

    @cached_property
    def last(self) -> pa.Table:
        """The last scores of those people."""
        if self.previous is None:
            raise ValueError("no run before this one was named")
        return last_scores(self.previous, self.changed, self.levels)

    @property
    def ends(self) -> tuple[int | None, int | None]:
        """The first and the end of the moments to be scored; after a run before, only new ones."""
        since, before = self.period.ends
        if self.previous is not None and (new := first_new_moment(self.previous.known)) is not None:
            since = new if since is None else max(since, new)
        return since, before

    def pieces(self) -> Iterator[Records | None]:
        """Yield the records in pieces of whole people, the same ones each time; then None for the quarantine."""
        if self.previous is not None:
            _ = self.last  # found once, before several threads ask for it
        try:
            yield from iter_pieces(self.folder, self.scorer.reads, self.events_each)
        except UnsortedError as error:
            detail = "its rows are not in the order of people"
            raise Problem("records-not-canonical", path=error.args[0], detail=detail) from error
        yield None

    def size(self, piece: Records | None) -> int:
        """Return how far a piece brings the work on."""
        return 0 if piece is None else len(piece.custody_events)

    def made(self, piece: Records | None) -> tuple[dict[str, pa.Table], dict[str, Any]]:
        """Return the table of a piece and its counts."""
        if piece is None:
            return self.of_quarantine()
        wanted = self.wanted(piece)
        since, before = self.ends
        table = self.scorer.score(wanted, since=since, before=before, refused=self.refusals.people)
        if self.previous is not None:
            table = with_changes(self.with_mended(table, wanted), self.last, self.levels)
        people = self.people_of(piece, wanted, table[PERSON_ID].unique())
        return {"scores": table}, added([counted(table), {"people": people}])

    def wanted(self, piece: Records) -> Records:
        """Return the records of those people of a piece who are to be scored: in a delta run, those with new ones."""
        return piece if self.changed is None else restricted(piece, self.changed)

    def with_mended(self, table: pa.Table, wanted: Records) -> pa.Table:
        """Add to new moments the older ones that were not scored while rows of their people lay in quarantine."""
        (since, before), new = self.period.ends, self.ends[0]
        if self.mended is None or self.previous is None or new is None:
            return table
        people = restricted(wanted, self.mended.people)
        if not len(people.persons):
            return table
        first = max((at for at in (since, self.previous.since) if at is not None), default=None)
        end = new if before is None else min(new, before)
        old = self.scorer.score(people, since=first, before=end)
        old = old.filter(pc.invert(pc.is_in(old[CUSTODY_ID], value_set=self.mended.settled)))
        order = [(name, "ascending") for name in (PERSON_ID, AS_OF, CUSTODY_ID)]
        return pa.concat_tables([old, table]).sort_by(order) if len(old) else table

    def people_of(self, piece: Records, wanted: Records, listed: pa.Array) -> dict[str, int]:
        """Return how many people a piece has, and why some of them are not among ``listed``, who have rows."""
        held = wanted.custody_events[PERSON_ID].unique()
        outside = pc.sum(pc.invert(pc.is_in(held, value_set=listed)).cast(pa.int64())).as_py() or 0
        counts = {
            "in": len(piece.persons),
            "without_new_records": len(piece.persons) - len(wanted.persons),
            "without_custody_event": len(wanted.persons) - len(held),
            "without_moment": outside,
            "not_scored": 0,
        }
        # A custody event of these few lies in quarantine: they have a row after all, at the end of the output.
        people = piece.persons[PERSON_ID]
        few = people.filter(pc.is_in(people, value_set=self._listed_people))
        here = few.filter(pc.invert(pc.is_in(few, value_set=listed))).to_pylist()
        new, with_event = (set(ids.to_pylist()) if here else set() for ids in (wanted.persons[PERSON_ID], held))
        for person in here:
            counts["not_scored"] += 1
            counts[_was(person, new, with_event)] -= 1
        return counts

    @cached_property
    def _listed(self) -> list[Held]:
        return self._not_listed_before()

    @cached_property
    def _listed_people(self) -> pa.Array:
        return pa.array(sorted({event.person_id for event in self._listed}), pa.string())

    def of_quarantine(self) -> tuple[dict[str, pa.Table], dict[str, Any]]:
        """Return the custody events that lie in quarantine as rows without a score, and their counts."""
        listed, schema = self._listed, self.schemas["scores"]
        values = {
            CUSTODY_ID: [event.custody_id for event in listed],
            PERSON_ID: [event.person_id for event in listed],
            NOT_SCORED: [event.why for event in listed],
        }
        columns = [
            pa.array(values[f.name], f.type) if f.name in values else pa.nulls(len(listed), f.type) for f in schema
        ]
        table = pa.Table.from_arrays(columns, schema=schema)
        people = self.refusals.only_here
        new = {event.person_id for event in listed} & people
        held = {event.person_id for event in self.refusals.events} & people
        counts = counted(table) | {
            "people": {
                "in": len(people),
                "without_new_records": len(held - new),
                "without_custody_event": len(people - held),
                "scored": 0,
                "not_scored": len(new),
            }
        }
        return {"scores": table}, counts

    def _not_listed_before(self) -> list[Held]:
        """Return the custody events in quarantine that no run before listed as such."""
        if self.previous is None:
            return list(self.refusals.events)
        seen: set[tuple[str, str | None]] = set()
        for table in columns_of(self.previous, [PERSON_ID, CUSTODY_ID, "as_of"]):
            there = table.filter(table["as_of"].is_null())
            seen.update(zip(there[PERSON_ID].to_pylist(), there[CUSTODY_ID].to_pylist(), strict=True))
        return [event for event in self.refusals.events if (event.person_id, event.custody_id) not in seen]

    def manifest(self, counts: dict[str, Any]) -> dict[str, Any]:
        """Return the keys of the manifest that are those of records."""
        rows = counts["rows"]
        return {
            "input": self.source,
            "people": counts["people"],
            "moments": {"in": rows["in"], "scored": rows["scored"], "not_scored": rows["refused"]},
            "not_scored_by_code": counts["by_code"],
            "quarantine": {"rows": self.refusals.rows, "naming_nobody": self.refusals.nobody,
                           "people": len(self.refusals.people), "custody_events": len(self.refusals.events)},
            "period": self.period.to_json(),
            "known_until": self.known,
        }  # fmt: skip


def counted(table: pa.Table) -> dict[str, Any]:
    """Return the counts of the rows of a scored table, and of the people in it."""
    why = table[NOT_SCORED].drop_null().to_pylist()
    listed = pc.count_distinct(table[PERSON_ID]).as_py()
    scored = pc.count_distinct(table[PERSON_ID].filter(table[NOT_SCORED].is_null())).as_py()
    return {
        "rows": {"in": len(table), "scored": len(table) - len(why), "refused": len(why)},
        "by_code": dict(Counter(text.partition(":")[0] for text in why)),
        "people": {"scored": scored, "not_scored": listed - scored},
    }


def _was(person: str, new: set[str], with_event: set[str]) -> str:
    """Return as what somebody was counted who has no row in the piece."""
    if person not in new:
        return "without_new_records"
    return "without_moment" if person in with_event else "without_custody_event"
