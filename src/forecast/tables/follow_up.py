"""Tell how long after a forecast outcomes happened, and for how long each case was followed; days, as tables have them.

The day an outcome happened on and the last day that was seen are known, not the hour. A moment that lies within a day
counts as its middle, so that what happened before the end of follow-up is earlier than it, and a window of whole days
is complete only if its last day is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecast.problems import Problem
from forecast.tables import convert

if TYPE_CHECKING:
    import pyarrow as pa

    from forecast.cases import Floats
    from forecast.tables.description import Description


def times_of(description: Description, table: pa.Table, as_of: Floats, outcomes: pd.DataFrame) -> pd.DataFrame | None:
    """Return days to the first outcome of each level, NaN where there is none; None unless all levels have dates."""
    if not description.keys.as_of or not all(level.date for level in description.levels):
        return None
    days = {level.name: convert.dates(table[level.date]).values - as_of for level in description.levels}
    return pd.DataFrame(days, index=outcomes.index).where(outcomes)


def followed_of(description: Description, as_of: Floats, *, begun: int) -> pd.Series | None:
    """Return the days from each moment to the end of the data; None where the description does not say it.

    ``begun``: 1 where moments lie within their day, 0 where they are whole days.
    """
    until = description.observed_until
    if until is None or not description.keys.as_of:
        return None
    return pd.Series(convert.day_number(until) - begun / 2 - as_of)


def need_times(description: Description) -> None:
    """Raise ``censored-unknown`` unless times to outcomes and follow-up can be told."""
    lacking = [f"outcome.{level.name}.date" for level in description.levels if not level.date]
    lacking += [] if description.observed_until else ["outcome.observed_until"]
    lacking += [] if description.keys.as_of else ["keys.as_of"]
    if lacking:
        raise Problem("censored-unknown", path=description.label, wanted=", ".join(lacking))
