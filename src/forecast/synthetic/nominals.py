"""Give people on record their nominals, some of them two, and make the tables of persons and their truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from forecast.records.schema import DAY, PERSONS, SEXES
from forecast.synthetic import codes as c
from forecast.synthetic.codes import Bools, Floats, Ints
from forecast.synthetic.columns import days, ids, table, texts
from forecast.synthetic.columns import times as as_times
from forecast.synthetic.parameters import Parameters
from forecast.synthetic.people import Latent

SEGMENTS = tuple("ABCDEFGHIJKLMNO")
_END_DAY = c.RECORDS_END // 86_400
TRUE_PERSONS = pa.schema(
    [
        pa.field("person_id", pa.string(), True, {"meaning": "the nominal; empty: never on record"}),
        pa.field("true_id", pa.string(), False, {"meaning": "the true person: two nominals of one share it"}),
        pa.field("sex", pa.string(), False, {"meaning": "true sex"}),
        pa.field("ethnicity", pa.string(), False, {"meaning": "true ethnicity; it has no effect on offending"}),
        pa.field("born_on", DAY, False, {"meaning": "true date of birth"}),
        pa.field("area", pa.int8(), False, {"meaning": "number of the area"}),
        pa.field("deprivation", pa.float64(), False, {"meaning": "deprivation of the area"}),
        pa.field("police_exposure", pa.float64(), False, {"meaning": "how much the police look there, mean about 0"}),
        pa.field("frailty", pa.float64(), False, {"meaning": "latent rate of offending relative to others"}),
        pa.field("began_on", DAY, False, {"meaning": "when offending became possible"}),
        pa.field("desisted_on", DAY, True, {"meaning": "when offending ended for good; empty: after the records"}),
        pa.field("died_on", DAY, True, {"meaning": "true day of death; empty: after the records"}),
        pa.field("moved_on", DAY, True, {"meaning": "true day of moving away; empty: never"}),
    ],
    {"table": "true_persons", "meaning": "one row a nominal, and one for each offender who was never on record"},
)


@dataclass(frozen=True)
class Nominals:
    """Nominals in the order in which they came on record; number i + 1 is at place i.

    ``latent``: the person of each; ``first``: whether it is their first nominal; ``recorded``: seconds.
    ``of_event``: the nominal's number for each event; ``of_person``: the first nominal's for each latent person, or 0.
    """

    latent: Ints
    first: Bools
    recorded: Ints
    of_event: Ints
    of_person: Ints


def name(person: Ints, recorded: Ints, reported: Ints, p: Parameters, rng: np.random.Generator) -> Nominals:
    """Number the nominals of events of ``person`` recorded at ``recorded``.

    ``reported``: for each latent person when the first intelligence report was recorded (far ahead: never).
    """
    people = len(reported)
    second = _second(person, people, p, rng)
    seen = np.full((2, people), np.iinfo(np.int64).max)
    np.minimum.at(seen[0], person[~second], recorded[~second])
    np.minimum.at(seen[1], person[second], recorded[second])
    seen[0] = np.minimum(seen[0], reported)
    which, latent = np.nonzero(seen < np.iinfo(np.int64).max)
    order = np.lexsort((which, latent, seen[which, latent]))
    which, latent = which[order], latent[order]
    number = np.zeros((2, people), dtype=np.int64)
    number[which, latent] = np.arange(1, len(latent) + 1)
    return Nominals(latent, which == 0, seen[which, latent], number[second.astype(np.int64), person], number[0])


def _second(person: Ints, people: int, p: Parameters, rng: np.random.Generator) -> Bools:
    """Say which events are under a second nominal; the first event of a person never is."""
    counts = np.bincount(person, minlength=people)
    eligible = counts >= 2
    odds = p.duplicates * (counts > 0).sum() / max(eligible.sum(), 1)
    twice = eligible & (rng.random(people) < odds)
    second: Bools = twice[person] & (rng.random(len(person)) < p.duplicate_events)
    first = np.zeros(people, dtype=np.int64)
    last = np.zeros(people, dtype=np.int64)
    places = np.arange(len(person))
    first[person[::-1]] = places[::-1]
    last[person] = places
    second[last[twice]] = True
    second[first[twice]] = False
    return second


def persons_table(nominals: Nominals, latent: Latent, p: Parameters, rng: np.random.Generator) -> pa.Table:
    """Return the table of persons with what is missing or wrong in it."""
    who, n = nominals.latent, len(nominals.latent)
    wrong = (rng.random(n) < p.birth_wrong) | (~nominals.first & (rng.random(n) < 0.2))
    slip = np.where(rng.random(n) < 0.5, 365, 31) * np.where(rng.random(n) < 0.5, 1, -1)
    born = np.minimum(latent.born_day[who] + np.where(wrong, slip, 0), nominals.recorded // 86_400 - 3_653)
    sex = np.where(latent.male[who], SEXES.index("M"), SEXES.index("F"))
    area = np.where(rng.random(n) < 0.02, rng.integers(0, len(p.deprivation), n), latent.area[who])
    segment = 7 - 4 * np.array(p.deprivation)[latent.area[who]] + 2 * rng.standard_normal(n)
    nowhere = rng.random(n) < p.postcode_missing
    died, moved = latent.died_day[who], latent.moved_day[who]
    columns = {
        "person_id": ids("P", np.arange(1, n + 1)),
        "recorded_at": as_times(nominals.recorded),
        "born_on": days(born, rng.random(n) < p.birth_missing),
        "sex": texts(np.where(rng.random(n) < p.sex_missing, -1, sex), SEXES),
        "ethnicity": texts(np.where(rng.random(n) < p.ethnicity_missing, -1, latent.ethnicity[who]), p.ethnicities),
        "died_on": days(died, (died >= np.minimum(_END_DAY, moved)) | (rng.random(n) >= p.deaths_known)),
        "moved_on": days(moved, (moved >= _END_DAY) | (rng.random(n) >= p.moves_known)),
        "postcode_outward": texts(np.where(nowhere, -1, area), [f"ZZ{i + 1}" for i in range(len(p.deprivation))]),
        "mosaic_code": texts(np.where(nowhere, -1, _segments(segment)), SEGMENTS),
    }
    return table(columns, PERSONS.arrow)


def _segments(score: Floats) -> Ints:
    return np.clip(np.round(score), 0, len(SEGMENTS) - 1).astype(np.int64)


def true_persons(nominals: Nominals, latent: Latent, offended: Bools, p: Parameters) -> pa.Table:
    """Return the truth: one row a nominal, then those who offended within the records but were never on record."""
    unseen = np.flatnonzero(offended & (nominals.of_person == 0))
    who = np.concatenate([nominals.latent, unseen])
    number = np.concatenate([np.arange(1, len(nominals.latent) + 1), np.zeros(len(unseen), dtype=np.int64)])
    area, moved = latent.area[who], latent.moved_day[who]
    began, desisted = (_as_days(times[who]) for times in (latent.lives.starts, latent.lives.desists))
    nobody = np.zeros(len(who), dtype=bool)
    columns = {
        "person_id": ids("P", number, number == 0),
        "true_id": ids("T", who + 1),
        "sex": texts(np.where(latent.male[who], 1, 0), ("F", "M")),
        "ethnicity": texts(latent.ethnicity[who], p.ethnicities),
        "born_on": days(latent.born_day[who], nobody),
        "area": pa.array(area + 1, pa.int8()),
        "deprivation": pa.array(np.array(p.deprivation)[area]),
        "police_exposure": pa.array(np.array(p.exposure)[area]),
        "frailty": pa.array(latent.frailty[who]),
        "began_on": days(began, nobody),
        "desisted_on": days(desisted, desisted >= _END_DAY),
        "died_on": days(latent.died_day[who], latent.died_day[who] >= _END_DAY),
        "moved_on": days(moved, moved >= _END_DAY),
    }
    return table(columns, TRUE_PERSONS)


def _as_days(seconds: Floats) -> Ints:
    return (seconds // c.DAY).astype(np.int64)
