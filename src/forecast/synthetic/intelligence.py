"""Make intelligence reports: many people have none, a few have many, and areas where police look more have more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from forecast.records.schema import INTELLIGENCE, TIME
from forecast.synthetic import codes as c
from forecast.synthetic.codes import Bools, Floats, Ints
from forecast.synthetic.columns import ids, nothing, table, times
from forecast.synthetic.parameters import Parameters
from forecast.synthetic.people import Latent


@dataclass(frozen=True)
class Reports:
    """Reports in order of recording: the latent person, when it was seen and when it was recorded (seconds)."""

    person: Ints
    observed: Ints
    recorded: Ints

    def first(self, people: int) -> Ints:
        """Return for each latent person when the first report was recorded (far ahead: never)."""
        found = np.full(people, np.iinfo(np.int64).max)
        np.minimum.at(found, self.person, self.recorded)
        return found


def report(latent: Latent, offences: Ints, on_record: Bools, p: Parameters, rng: np.random.Generator) -> Reports:
    """Draw a zero-inflated negative binomial number of reports for everybody on record, seen around true offences.

    ``offences`` are rows of lives, grouped by person.
    """
    done = np.bincount(offences[:, c.O_PERSON], minlength=len(latent))
    counts = _counts(latent, done, on_record, p, rng)
    person = np.repeat(np.arange(len(latent)), counts)
    starts = np.cumsum(done) - done
    near = offences[starts[person] + (rng.random(len(person)) * done[person]).astype(np.int64), c.O_COMMITTED]
    observed = near + (30 * c.DAY * rng.standard_normal(len(person))).astype(np.int64)
    latest = np.minimum(latent.lives.leaves[person], c.RECORDS_END).astype(np.int64) - 600
    observed = np.clip(observed, np.minimum(c.RECORDS_START, latest), latest) // 60 * 60
    recorded = observed + 600 + (c.DAY * np.exp(rng.standard_normal(len(person)))).astype(np.int64)
    kept = np.flatnonzero((recorded < c.RECORDS_END) & (observed >= c.RECORDS_START))
    kept = kept[np.lexsort((person[kept], observed[kept], recorded[kept]))]
    return Reports(person[kept], observed[kept], recorded[kept])


def _counts(latent: Latent, done: Ints, on_record: Bools, p: Parameters, rng: np.random.Generator) -> Ints:
    """Draw how many reports there are of each person; the mean over people on record is ``p.reports``."""
    weight: Floats = np.where(on_record, np.sqrt(done) * np.exp(p.reports_exposure * latent.lives.exposure), 0.0)
    mean = p.reports * weight / max(float(weight[on_record].mean()) if on_record.any() else 1.0, 1e-12)
    frailty = rng.gamma(p.reports_shape, 1 / p.reports_shape, len(latent)) / (1 - p.reports_none)
    some = rng.random(len(latent)) >= p.reports_none
    return rng.poisson(np.where(some, mean * frailty, 0.0))


def intelligence_table(reports: Reports, nominal: Ints) -> pa.Table:
    """Return the table of reports; ``nominal`` is the number of each latent person's first nominal."""
    n = len(reports.person)
    columns = {
        "report_id": ids("I", np.arange(1, n + 1)),
        "person_id": ids("P", nominal[reports.person]),
        "observed_at": times(reports.observed),
        "recorded_at": times(reports.recorded),
        "superseded_at": nothing(TIME, n),
    }
    return table(columns, INTELLIGENCE.arrow)
