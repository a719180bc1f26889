"""Outcomes of a force, counted the slow and plain way: a second opinion, apart from the package's own outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.records.records import Records
from forecast.records.schema import FORECAST_REASONS
from forecast.records.taxonomy import load_taxonomy

NEVER = pd.Timestamp("1900-01-01", tz="UTC")


def moments(records: Records, first: str = "2008-01-01", last: str = "2013-01-01") -> pd.DataFrame:
    """One row a forecast moment in [first, last): person, as_of, priors, leading group, age, sex, any, serious."""
    events = records.custody_events.to_pandas()
    events = events[events["reason"].isin(FORECAST_REASONS)]
    offences = _offences(records)
    events = events.join(offences, on="custody_id").sort_values(["person_id", "arrested_at", "custody_id"])
    for column in ("latest", "latest_serious"):
        events[column] = events[column].fillna(NEVER)
    events = events.reset_index(drop=True)
    events["priors"] = events.groupby("person_id").cumcount()
    events["any"], events["serious"] = _next(events)
    persons = records.persons.to_pandas().set_index("person_id")[["born_on", "sex", "ethnicity"]]
    events = events.join(persons, on="person_id")
    born = pd.to_datetime(events["born_on"], utc=True)
    events["age"] = (events["recorded_at"] - born).dt.days / 365.2425
    within = (events["recorded_at"] >= pd.Timestamp(first, tz="UTC")) & (
        events["recorded_at"] < pd.Timestamp(last, tz="UTC")
    )
    return events[within].reset_index(drop=True)


def _offences(records: Records) -> pd.DataFrame:
    """For each custody event the latest moment of any and of a serious offence, and the group of the first one."""
    table = records.offences
    offences = table.to_pandas()
    encoded = load_taxonomy().encode(table["code"])
    serious = (encoded.mask >> np.uint64(load_taxonomy().classes.index("serious"))) & np.uint64(1) == 1
    offences["serious"], offences["group"] = serious, encoded.group
    offences = offences[offences["superseded_at"].isna()]
    by = offences.groupby("custody_id")
    return pd.DataFrame(
        {
            "latest": by["committed_at"].max(),
            "latest_serious": offences[offences["serious"]].groupby("custody_id")["committed_at"].max(),
            "group": offences.sort_values("offence_id").groupby("custody_id")["group"].first(),
            "offences": by.size(),
        }
    )


def _next(events: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Look at the 1st, 2nd, ... later event of the same person while it is inside the window."""
    person = pd.factorize(events["person_id"])[0]
    as_of = events["recorded_at"].to_numpy("datetime64[us]")
    arrested = events["arrested_at"].to_numpy("datetime64[us]")
    latest = events["latest"].to_numpy("datetime64[us]")
    latest_serious = events["latest_serious"].to_numpy("datetime64[us]")
    end = (events["recorded_at"] + pd.DateOffset(months=24)).to_numpy("datetime64[us]")
    some, serious = np.zeros(len(events), dtype=bool), np.zeros(len(events), dtype=bool)
    here, step = np.arange(len(events)), 1
    while len(here):
        here = here[here + step < len(events)]
        there = here + step
        inside = (person[there] == person[here]) & (arrested[there] < end[here])
        here, there = here[inside], there[inside]
        counts = arrested[there] >= as_of[here]
        some[here] |= counts & (latest[there] >= as_of[here])
        serious[here] |= counts & (latest_serious[there] >= as_of[here])
        step += 1
    return some, serious
