"""Make conformal sets of outcomes: those that a case may have, so that each outcome is in its set 80 times of 100.

Class-conditional ("label-conditional", Mondrian) conformal prediction: Vovk, Gammerman, Shafer 2005 (Algorithmic
Learning in a Random World, section 4.5); with a threshold for each class's probability these are the smallest such sets
on average: LABEL of Sadinle, Lei, Wasserman 2019 (Journal of the American Statistical Association 114:223).

They are sets of outcomes, not of bands: a band says what a person decided that errors cost. The promise holds for cases
like those of training; here it is fitted on out-of-fold forecasts, whose models are not quite the one in use, and
people come more than once, so it is checked on later data (`evaluation/coverage.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from forecast.cases import Bools, Floats, Ints

SHARE = 0.8
MOST_VACUOUS = 0.25
"""Share of sets with every outcome above which they say too little to be shown."""


@dataclass(frozen=True, slots=True)
class OutcomeSets:
    """For each outcome, "none" included, the probability from which it is in the set.

    ``share``: how often the outcome that comes is meant to be in the set, whichever it is. ``vacuous`` and ``empty``:
    shares of the cases it was fitted on whose set held every outcome, or held none before the likeliest was put in.
    """

    thresholds: tuple[float, ...]
    share: float
    vacuous: float
    empty: float

    @property
    def telling(self) -> bool:
        """Whether the sets say enough to be shown: no more than a quarter of them hold every outcome."""
        return self.vacuous <= MOST_VACUOUS

    def sets(self, probability: Floats) -> Bools:
        """Return which outcomes the sets hold, (n, K), from (n, K-1) probabilities of reaching each level.

        A set may come out empty, where no outcome is as likely as it usually is for those who have it; it then gets
        the likeliest outcome, which can only raise the share of sets that are right.
        """
        classes = class_probabilities(probability)
        held: Bools = classes >= np.array(self.thresholds)
        none = ~held.any(axis=1)
        held[none, classes[none].argmax(axis=1)] = True
        return held

    def to_json(self) -> dict[str, Any]:
        """Return the thresholds as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> OutcomeSets:
        """Build sets from plain data."""
        return cls(tuple(content["thresholds"]), content["share"], content["vacuous"], content["empty"])


def class_probabilities(probability: Floats) -> Floats:
    """Return the probability of each outcome, (n, K), from those of reaching each level, (n, K-1)."""
    ends = np.ones((len(probability), 1)), np.zeros((len(probability), 1))
    classes: Floats = -np.diff(np.hstack([ends[0], probability, ends[1]]), axis=1)
    return classes


def outcome_of(happened: Bools) -> Ints:
    """Return the outcome of each case, (n,): 0 for none, else the highest level reached of (n, K-1)."""
    highest: Ints = happened.sum(axis=1).astype(np.int64)
    return highest


def fit_outcome_sets(probability: Floats, happened: Bools, *, share: float = SHARE) -> OutcomeSets:
    """Return the sets for calibrated probabilities (n, K-1) of people that the fits had not seen.

    The threshold of an outcome is the k-th smallest probability that those who had it were given, k = (1 - share)
    (m + 1) rounded down, m their number; 0, which lets everybody in, where that is less than one of them.
    """
    classes, outcome = class_probabilities(probability), outcome_of(happened)
    thresholds = []
    for one in range(classes.shape[1]):
        given = np.sort(classes[outcome == one, one])
        rank = int(np.floor((1 - share) * (len(given) + 1) + 1e-9))
        thresholds.append(float(given[rank - 1]) if rank else 0.0)
    held = classes >= np.array(thresholds)
    return OutcomeSets(tuple(thresholds), share, float(held.all(axis=1).mean()), float((~held.any(axis=1)).mean()))
