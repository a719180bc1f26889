"""Compute what pictures of a force show, from its records alone: ages, tempo, concentration. Nothing is drawn here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from forecast.records.records import Records
from forecast.records.schema import FORECAST_REASONS

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Floats, Ints

_DAYS_A_YEAR = 365.2425


def arrests(records: Records) -> pa.Table:
    """Return the custody events for a new offence or breach that still stand, earlier versions left out."""
    events = records.custody_events
    wanted = pc.is_in(events["reason"], pa.array(FORECAST_REASONS))
    return events.filter(pc.and_(wanted, pc.is_null(events["superseded_at"])))


def age_crime_curve(records: Records) -> pd.DataFrame:
    """Return the arrests at each age: columns ``age`` (whole years), ``events`` and ``share`` (sums to 1).

    People without a date of birth are left out.
    """
    import pandas as pd

    events = arrests(records)
    place = pc.index_in(events["person_id"], records.persons["person_id"])
    born = records.persons["born_on"].take(place).to_numpy().astype("datetime64[D]")
    days = (_days(events) - born).astype(float)
    age = np.floor(days[~np.isnat(born)] / _DAYS_A_YEAR).astype(np.int64)
    count = np.bincount(np.clip(age, 0, 120))
    seen = np.flatnonzero(count)
    return pd.DataFrame({"age": seen, "events": count[seen], "share": count[seen] / max(count.sum(), 1)})


def monthly_tempo(records: Records) -> pd.DataFrame:
    """Return the arrests in each month: columns ``month`` (its first day) and ``events``, empty months included."""
    import pandas as pd

    months = _days(arrests(records)).astype("datetime64[M]").astype(np.int64)
    if not len(months):
        return pd.DataFrame({"month": np.array([], dtype="datetime64[s]"), "events": np.array([], dtype=np.int64)})
    first = int(months.min())
    count = np.bincount(months - first)
    calendar = (first + np.arange(len(count))).astype("datetime64[M]").astype("datetime64[s]")
    return pd.DataFrame({"month": calendar, "events": count})


def concentration(records: Records, points: int = 101) -> pd.DataFrame:
    """Return the Lorenz curve of arrests among people who have any, those with the most first.

    Columns ``people`` and ``events``: the top share ``people`` of them has the share ``events``.
    """
    import pandas as pd

    counts = np.sort(events_a_person(records))[::-1]
    held: Floats = np.concatenate([[0.0], np.cumsum(counts) / max(counts.sum(), 1)])
    people = np.linspace(0.0, 1.0, points)
    shown = np.interp(people, np.linspace(0.0, 1.0, len(held)), held) if len(counts) else np.zeros(points)
    return pd.DataFrame({"people": people, "events": shown})


def events_a_person(records: Records) -> Ints:
    """Return the number of arrests of each person who has any, in no order that means something."""
    found: Ints = pc.value_counts(arrests(records)["person_id"]).field("counts").to_numpy()
    return found


def _days(events: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Return the days (UTC) of arrest."""
    day: np.ndarray[tuple[int], np.dtype[np.datetime64]] = (
        events["arrested_at"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]")
    )
    return day
