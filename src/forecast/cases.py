"""Define the things that walk through the house: types only, no behaviour that needs another room.

A *case* is one forecast moment: for a force a custody event, for a study one person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]

CASE_ID = "case_id"
PERSON_ID = "person_id"
AS_OF = "as_of"

BAND_NAMES = {2: ("LOW", "HIGH"), 3: ("LOW", "MODERATE", "HIGH")}


@dataclass(frozen=True, slots=True)
class OutcomeScale:
    """Ordered outcomes over one horizon.

    ``levels`` starts with the absence of any outcome: ``("none", "any", "serious")``.
    A model of K levels gives K-1 cumulative probabilities, one for each of :attr:`reached`.
    ``horizon_months`` is by calendar; the window is ``[as_of, as_of + horizon)``.
    """

    levels: tuple[str, ...]
    horizon_months: int
    words: tuple[str, ...]
    """For each level above the first, what is forecast: "arrested again within 2 years"."""

    @property
    def reached(self) -> tuple[str, ...]:
        """The levels that can be reached: all but the first."""
        return self.levels[1:]

    @property
    def bands(self) -> tuple[str, ...]:
        """The names of the bands, lowest first: one for each level."""
        return BAND_NAMES.get(len(self.levels), tuple(level.upper() for level in self.levels))


@dataclass(frozen=True)
class Cases:
    """One row a forecast moment, in the order of the source.

    ``keys``: `case_id`, `person_id` (texts) and `as_of` (date, may be missing in tables without one).
    ``features``: float64 columns (NaN = missing) and, for categories, text columns (None = missing).
    ``outcomes``: one bool column for each level reached; empty when the source has none.
    ``protected``: audit-only attributes as texts. ``benchmarks``: scores of other instruments, float64.
    ``part``: "train" or "test" by the data set's own flag, else None.
    """

    keys: pd.DataFrame
    features: pd.DataFrame
    outcomes: pd.DataFrame
    protected: pd.DataFrame
    benchmarks: pd.DataFrame
    part: pd.Series | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Flow: rows read, refused, left out by each cohort condition."""
    recorded: pd.DataFrame | None = None
    """Texts as they stand in the file, of features that a number would misquote ("48 or older"); for scoring."""
    times: pd.DataFrame | None = None
    """Days from ``as_of`` to the first outcome of each level (float64, NaN = none seen); one column a level reached."""
    followed: pd.Series | None = None
    """Days from ``as_of`` to the end of the data (float64). Less than the horizon: the case is censored."""

    def __len__(self) -> int:
        return len(self.keys)

    def complete(self, months: int) -> Bools:
        """Say which cases were followed for ``months`` by calendar; without knowledge of follow-up all of them.

        "No" is an outcome only where this is so (``months``: `Description.closing_months`); elsewhere it means "not
        yet". Readers leave the others out unless they are asked for.
        """
        import numpy as np
        import pandas as pd

        if self.followed is None:
            return np.ones(len(self), dtype=bool)
        as_of = self.keys[AS_OF]
        seen = as_of + pd.to_timedelta(self.followed, unit="D")
        return np.asarray(as_of + pd.DateOffset(months=months) <= seen, dtype=bool)

    def take(self, rows: Ints | Bools) -> Cases:
        """Return the cases at the given positions or under a mask."""

        def cut(frame: pd.DataFrame) -> pd.DataFrame:
            return (
                frame.loc[rows].reset_index(drop=True)
                if rows.dtype == bool
                else frame.iloc[rows].reset_index(drop=True)
            )

        part = None if self.part is None else self.part[rows].reset_index(drop=True)
        return Cases(
            cut(self.keys),
            cut(self.features),
            cut(self.outcomes),
            cut(self.protected),
            cut(self.benchmarks),
            part,
            self.counts,
            None if self.recorded is None else cut(self.recorded),
            None if self.times is None else cut(self.times),
            None if self.followed is None else self.followed[rows].reset_index(drop=True),
        )


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Forecasts for n cases over K-1 levels reached.

    ``probability``: (n, K-1) calibrated, never increasing along a row. ``band``: (n,) index into the scale's bands.
    ``capped``: (n, K-1) whether the level had to be lowered to the one before it. ``low`` and ``high``: (n, K-1) 95 %
    interval about the group, which always contains the probability. ``outcomes``: (n, K) which outcomes the conformal
    set holds. ``outside``: (n,) whether the case lies outside the support of the training data. These are None where
    the bundle does not carry what they need.
    """

    probability: Floats
    band: Ints
    capped: Bools
    low: Floats | None = None
    high: Floats | None = None
    outcomes: Bools | None = None
    outside: Bools | None = None


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each feature adds to a forecast of one level, for n cases and F features.

    ``base + values.sum(axis=1) + cap`` equals the calibrated log-odds. ``base``: float, the same for all cases.
    ``values``: (n, F). ``cap``: (n,), what lowering a level to the one before it took away; zero for most.
    """

    features: tuple[str, ...]
    base: float
    values: Floats
    cap: Floats

    @property
    def log_odds(self) -> Floats:
        """Calibrated log-odds of the shown forecast, (n,)."""
        total: Floats = self.base + self.values.sum(axis=1) + self.cap
        return total


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation: a fact, which way it moves the forecast, and by how many people in 100.

    ``theme``: the group of facts it belongs to, for people ("criminal history: violence"). ``records``: the ids of the
    records behind it, oldest first, TABLE:ID where two tables hold the id; empty where only features are known.
    ``can_be_wrong``: how the fact may be wrong, as a sentence; an empty text where nothing on record could be.
    """

    feature: str
    fact: str
    direction: str
    strength: str
    points: float
    theme: str = ""
    records: tuple[str, ...] = ()
    can_be_wrong: str = ""


@dataclass(frozen=True, slots=True)
class Reasons:
    """The explanation of one forecast; ``start + sum of points + remainder`` equals ``shown`` (people in 100).

    ``themes``: (theme, points) of all features of each theme together, largest first, the cap its own row; start and
    themes equal ``shown`` too. ``strengths``: the words of strength and from how many points each is used.
    """

    start: float
    items: tuple[Reason, ...]
    remainder: float
    shown: float
    notes: tuple[str, ...] = ()
    themes: tuple[tuple[str, float], ...] = ()
    strengths: tuple[tuple[float, str], ...] = ()
