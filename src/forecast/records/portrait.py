"""Count what pictures of a force show: age at arrest, custody events a month, and how few people have how many of them.

Counts add up over partitions, so that a portrait of any force is made in one pass.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.records.ages import whole_years
from forecast.records.instants import instant

if TYPE_CHECKING:
    import datetime

    from forecast.cases import Bools, Ints
    from forecast.records.arrange import Arranged
    from forecast.records.moments import Moments

OLDEST = 80


@dataclass
class Portrait:
    """Counts of forecast moments in the half-open period `[since, before)`; a missing end is open."""

    since: datetime.date | None = None
    before: datetime.date | None = None
    ages: dict[str, Ints] = field(default_factory=dict)
    months: Counter[str] = field(default_factory=Counter)
    events_each: Counter[int] = field(default_factory=Counter)

    def add(self, arranged: Arranged, moments: Moments) -> None:
        """Count the moments of some people."""
        inside = self._inside(moments.as_of)
        person, as_of = moments.person[inside], moments.as_of[inside]
        self._add_ages(arranged, person, as_of)
        months, counts = np.unique(as_of.astype("datetime64[us]").astype("datetime64[M]"), return_counts=True)
        self.months.update(dict(zip(months.astype(str).tolist(), counts.tolist(), strict=True)))
        _, each = np.unique(person, return_counts=True)
        sizes, people = np.unique(each, return_counts=True)
        self.events_each.update(dict(zip(sizes.tolist(), people.tolist(), strict=True)))

    def _inside(self, as_of: Ints) -> Bools:
        inside = np.ones(len(as_of), dtype=bool)
        if self.since is not None:
            inside &= as_of >= instant(self.since)
        if self.before is not None:
            inside &= as_of < instant(self.before)
        return inside

    def _add_ages(self, arranged: Arranged, person: Ints, as_of: Ints) -> None:
        """Count whole years of age by sex; people without a date of birth are left out."""
        age = whole_years(arranged, person, as_of)
        known = ~np.isnan(age)
        whole = np.where(known, age, 0).astype(np.int64).clip(0, OLDEST)
        column = arranged.records.persons["sex"].combine_chunks()
        sex = column.fill_null("").to_numpy(zero_copy_only=False)[person]
        for code in np.unique(sex[known]).tolist():
            counted = np.bincount(whole[known & (sex == code)], minlength=OLDEST + 1)
            self.ages[code] = self.ages.get(code, 0) + counted

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists: events by age and sex, events by month, people by number of events."""
        return {
            "ages": {sex: counts.tolist() for sex, counts in sorted(self.ages.items())},
            "months": dict(sorted(self.months.items())),
            "events_each": [[size, people] for size, people in sorted(self.events_each.items())],
        }
