"""Make the tables of offences: those on record, with what is recorded late or edited, and the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from forecast.records.schema import OFFENCES, TIME
from forecast.synthetic import codes as c
from forecast.synthetic.codes import NEVER, Floats, Ints
from forecast.synthetic.columns import coded, ids, table, texts, times
from forecast.synthetic.events import Events, minutes, past
from forecast.synthetic.groups import CLUSTERS, GROUPS
from forecast.synthetic.lives import Lives
from forecast.synthetic.parameters import Parameters

UNMAPPED = "99999"
TRUE_OFFENCES = pa.schema(
    [
        pa.field("true_id", pa.string(), False, {"meaning": "the true person, also where the police do not know them"}),
        pa.field("offence_id", pa.string(), True, {"meaning": "the offence on record; empty: there is none"}),
        pa.field("committed_at", TIME, False, {"meaning": "when it was committed"}),
        pa.field("group", pa.dictionary(pa.int16(), pa.string()), False, {"meaning": "group of the taxonomy"}),
        pa.field("code", pa.dictionary(pa.int16(), pa.string()), False, {"meaning": "its true Home Office code"}),
    ],
    {"table": "true_offences", "meaning": "every offence that was committed, arrested for or not"},
)


@dataclass(frozen=True)
class Codes:
    """All offence codes of the force and their odds within their groups.

    ``steps``: (codes,) cumulated shares, running from g to g + 1 over the codes of group g.
    """

    words: tuple[str, ...]
    steps: Floats

    @property
    def unmapped(self) -> int:
        """The place of the code that no taxonomy knows: the last."""
        return len(self.words) - 1

    def group(self, code: Ints) -> Ints:
        """Return the group of each code; an unmapped one counts as the last group."""
        before = np.append(0.0, self.steps)[code]
        return np.minimum(before.astype(np.int64), len(GROUPS) - 1)

    def draw(self, group: Ints, rng: np.random.Generator) -> Ints:
        """Draw a code for each group; return places in ``words``."""
        return np.searchsorted(self.steps, group + rng.random(len(group)), side="right")


def codes_of(p: Parameters) -> Codes:
    """Return the codes of all groups; within a group court codes first."""
    words: list[str] = []
    steps: list[float] = []
    for number, group in enumerate(p.groups):
        court = np.array(group.court_shares) / sum(group.court_shares) * (1 - p.recorded_crime_codes)
        crime = np.array(group.crime_shares) / sum(group.crime_shares) * p.recorded_crime_codes
        shares = np.concatenate([court, crime])
        words += [*group.court_codes, *group.crime_codes]
        steps += [*(number + np.cumsum(shares)[:-1]), number + 1.0]
    return Codes((*words, UNMAPPED), np.array(steps))


@dataclass(frozen=True)
class Known:
    """Offences on record, one row a version; ``truth``: for each row of ``Lives.offences`` its number or 0."""

    event: Ints
    number: Ints
    code: Ints
    committed: Ints
    recorded: Ints
    superseded: Ints
    charged: Ints
    proven: Ints
    truth: Ints


def draw_codes(lives: Lives, codes: Codes, rng: np.random.Generator) -> Ints:
    """Draw the code of every offence; a repetition (return on bail) has that of its original."""
    drawn = codes.draw(lives.offences[:, c.O_GROUP], rng)
    back = lives.offences[:, c.O_ORIGIN]
    copies = np.flatnonzero(back > 0)
    drawn[copies] = drawn[copies - back[copies]]
    return drawn


def know(lives: Lives, events: Events, code: Ints, codes: Codes, p: Parameters, rng: np.random.Generator) -> Known:
    """Put on record the offences of custody events: the leading one with the event, some others later."""
    rows = lives.offences
    place = np.where(rows[:, c.O_EVENT] >= 0, events.place[rows[:, c.O_EVENT]], -1)
    recorded = _recorded(rows, place, events, p, rng)
    known = np.flatnonzero((place >= 0) & (recorded < c.RECORDS_END))
    known = known[np.lexsort((known, rows[known, c.O_ROLE], place[known]))]
    truth = np.zeros(len(rows), dtype=np.int64)
    truth[known] = np.arange(1, len(known) + 1)
    charged, proven = _court(rows[known], place[known], len(events.rows), rng)
    late = recorded[known] > events.recorded[place[known]]
    unmapped = rng.random(len(known)) < p.code_unmapped
    return Known(
        event=place[known],
        number=truth[known],
        code=np.where(unmapped, codes.unmapped, code[known]),
        committed=minutes(rows[known, c.O_COMMITTED]),
        recorded=recorded[known],
        superseded=np.full(len(known), NEVER),
        charged=past(np.where(late, NEVER, minutes(charged))),
        proven=past(np.where(late, NEVER, minutes(proven))),
        truth=truth,
    )


def _recorded(rows: Ints, place: Ints, events: Events, p: Parameters, rng: np.random.Generator) -> Ints:
    with_event = np.where(place >= 0, events.recorded[place], c.RECORDS_END)
    late = (rows[:, c.O_ROLE] == c.FURTHER) & (rng.random(len(rows)) < p.recorded_late)
    delay = np.minimum(10 * c.DAY * np.exp(1.2 * rng.standard_normal(int(late.sum()))), 200 * c.DAY)
    with_event[late] += delay.astype(np.int64) + 1
    return with_event


def _court(rows: Ints, place: Ints, events: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return when offences were charged and proven; most of the further ones go with the leading one of the event."""
    charged, proven = rows[:, c.O_CHARGED].copy(), rows[:, c.O_PROVEN].copy()
    further = (rows[:, c.O_ROLE] == c.FURTHER) & (rng.random(len(rows)) < 0.7)
    for column in (charged, proven):
        of_event = np.full(events, NEVER)
        leading = rows[:, c.O_ROLE] == c.LEADING
        of_event[place[leading]] = column[leading]
        column[further] = of_event[place[further]]
    return charged, proven


def edit(known: Known, codes: Codes, p: Parameters, rng: np.random.Generator) -> Known:
    """Edit some offences later: the old version stays until the new one was recorded."""
    chosen = np.flatnonzero(rng.random(len(known.event)) < p.edited)
    delay = 20 * c.DAY * np.exp(rng.standard_normal(len(chosen)))
    edited = known.recorded[chosen] + delay.astype(np.int64) + 1
    chosen, edited = chosen[edited < c.RECORDS_END], edited[edited < c.RECORDS_END]
    recode = rng.random(len(chosen)) < p.edited_code
    earlier = rng.integers(1, 25, len(chosen)) * 3_600
    other = codes.draw(_near(known.code[chosen], codes, p, rng), rng)
    superseded = known.superseded.copy()
    superseded[chosen] = edited
    return Known(
        event=np.append(known.event, known.event[chosen]),
        number=np.append(known.number, known.number[chosen]),
        code=np.append(known.code, np.where(recode, other, known.code[chosen])),
        committed=np.append(known.committed, known.committed[chosen] - np.where(recode, 0, earlier)),
        recorded=np.append(known.recorded, edited),
        superseded=np.append(superseded, np.full(len(chosen), NEVER)),
        charged=np.append(known.charged, known.charged[chosen]),
        proven=np.append(known.proven, known.proven[chosen]),
        truth=known.truth,
    )


def _near(code: Ints, codes: Codes, p: Parameters, rng: np.random.Generator) -> Ints:
    """Return for each code a group of the same cluster, by the groups' shares."""
    cluster = np.array([CLUSTERS.index(g.cluster) for g in p.groups])
    found = codes.group(code)
    drawn = found.copy()
    for number in range(len(CLUSTERS)):
        share = np.array([g.share for g in p.groups]) * (cluster == number)
        mine = np.flatnonzero(cluster[found] == number)
        drawn[mine] = rng.choice(len(GROUPS), len(mine), p=share / share.sum())
    return drawn


def offences_table(known: Known, nominal: Ints, codes: Codes) -> pa.Table:
    """Return the table of offences in order of custody event; ``nominal``: number of the nominal of each event."""
    order = np.lexsort((known.recorded, known.number))
    at = {name: getattr(known, name)[order] for name in ("event", "number", "code", "committed", "recorded")}
    columns = {
        "offence_id": ids("O", at["number"]),
        "custody_id": ids("C", at["event"] + 1),
        "person_id": ids("P", nominal[at["event"]]),
        "code": texts(at["code"], codes.words),
        "committed_at": times(at["committed"]),
        "recorded_at": times(at["recorded"]),
        "superseded_at": times(known.superseded[order]),
        "charged_at": times(known.charged[order]),
        "proven_at": times(known.proven[order]),
    }
    return table(columns, OFFENCES.arrow)


def true_offences(lives: Lives, code: Ints, truth: Ints, codes: Codes) -> pa.Table:
    """Return every true offence, grouped by person; repetitions are no offences of their own."""
    true = lives.offences[:, c.O_ROLE] != c.REPEATED
    columns = {
        "true_id": ids("T", lives.offences[true, c.O_PERSON] + 1),
        "offence_id": ids("O", truth[true], truth[true] == 0),
        "committed_at": times(minutes(lives.offences[true, c.O_COMMITTED])),
        "group": coded(lives.offences[true, c.O_GROUP], GROUPS),
        "code": coded(code[true], codes.words),
    }
    return table(columns, TRUE_OFFENCES)
