"""Count how custody events become cases, step by step (TRIPOD): who was left out where, and why.

What is dropped at each step and what is left always add up to what there was at the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.records.arrange import Arranged
from forecast.records.moments import event_people, first_versions, withdrawn
from forecast.records.schema import FORECAST_REASONS, REASONS

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Bools, Ints


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the flow: ``dropped`` rows and why, and how many rows and people were ``left`` after it.

    ``noted`` are rows that the step only counts: they stay.
    """

    label: str
    why: str
    dropped: int
    left: int
    people: int
    noted: int = 0


@dataclass
class Flow:
    """A flow that is built step by step from ``people``: for each row at the start, its person.

    ``rows`` are the places, in the table of the start, of the rows that are left.
    """

    label: str
    people: Ints
    steps: list[Step] = field(init=False)
    rows: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Begin with all rows."""
        self.rows = np.arange(len(self.people), dtype=np.int64)
        self.steps = [Step(self.label, "", 0, *self._counts())]

    def drop(self, label: str, why: str, mask: Bools) -> Ints:
        """Drop the rows where ``mask`` (one for each row left) is true; return the rows that are left."""
        self.rows = self.rows[~mask]
        self.steps.append(Step(label, why, int(mask.sum()), *self._counts()))
        return self.rows

    def drop_each(self, label: str, why: str, values: Sequence[str], kinds: Sequence[str]) -> Ints:
        """Drop the rows whose value (one for each row left) is one of ``kinds``, with a line for each kind."""
        kept = np.asarray(values, dtype=object)
        for kind in kinds:
            here: Bools = kept == kind
            self.drop(f"{label}: {kind}", why, here)
            kept = kept[~here]
        return self.rows

    def note(self, label: str, why: str, mask: Bools) -> None:
        """Count the rows where ``mask`` (one for each row left) is true, and keep them."""
        self.steps.append(Step(label, why, 0, *self._counts(), int(mask.sum())))

    @property
    def started(self) -> int:
        """How many rows there were."""
        return self.steps[0].left

    @property
    def dropped(self) -> int:
        """How many rows were dropped in all."""
        return sum(step.dropped for step in self.steps)

    @property
    def left(self) -> int:
        """How many rows are left."""
        return self.steps[-1].left

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the lines as plain values, for a report or JSON."""
        names = Step.__slots__
        return [{name: getattr(step, name) for name in names} for step in self.steps]

    def to_frame(self) -> pd.DataFrame:
        """Return the lines as a table."""
        import pandas as pd

        return pd.DataFrame(self.to_rows(), columns=list(Step.__slots__))

    def _counts(self) -> tuple[int, int]:
        return len(self.rows), len(np.unique(self.people[self.rows]))


def begin_flow(arranged: Arranged) -> Flow:
    """Start with all rows of `custody_events`; what is left are exactly the forecast moments, in their order.

    ``flow.rows`` then equals ``moments(arranged).event_row``.
    """
    events = arranged.records.custody_events
    first = np.zeros(len(events), dtype=bool)
    first[first_versions(arranged)] = True
    flow = Flow("Rows of custody events on record", event_people(arranged))
    rows = flow.drop("Versions merged", "a later version of a custody event that is counted already", ~first)
    reasons = events["reason"].take(rows).to_pylist()
    why = "only a suspected offence or the breach of an order asks for a forecast"
    others = [reason for reason in REASONS if reason not in FORECAST_REASONS]
    rows = flow.drop_each("Not a reason for a forecast", why, reasons, others)
    flow.drop(
        "Withdrawn later", "the custody event was taken off the record (known afterwards)", withdrawn(arranged)[rows]
    )
    return flow


def merged(one: Sequence[Step], other: Sequence[Step]) -> tuple[Step, ...]:
    """Return the lines of two flows with the same steps and no person in common as those of one flow.

    No lines at all are the flow of nobody, so that parts can be added up from nothing.
    """
    if not one or not other:
        return tuple(one or other)
    if [step.label for step in one] != [step.label for step in other]:
        raise ValueError("flows with different steps cannot be merged")  # a fault of ours, not of the records
    return tuple(
        Step(a.label, a.why, a.dropped + b.dropped, a.left + b.left, a.people + b.people, a.noted + b.noted)
        for a, b in zip(one, other, strict=True)
    )
