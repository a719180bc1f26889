"""Say whether there were enough cases to fit a model: the minimum of Riley et al. beside what there is.

Riley, Snell, Ensor, Burke, Harrell, Moons, Collins 2019 (Statistics in Medicine 38:1276) and Riley et al. 2020 (BMJ
368:m441), binary outcomes. The formulae are for regression without penalty. Boosted trees spend more than one parameter
a column and are held back by other means, so for them this is the least to ask for, not a guarantee.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.evaluation.wording import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast.cases import Bools, Floats
    from forecast.evaluation.page import Section

SHRINKAGE = 0.9
"""Effects may have to be shrunk by a tenth for new people, not by more."""
OPTIMISM = 0.05
"""Allowed difference of apparent and true R² on Nagelkerke's scale."""
PRECISION = 0.05
"""Half the width of the 95 % interval of the overall share."""
Z = 1.96
"""As the published examples round it."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Cases that each criterion asks for; ``None`` where no number of cases would meet it (R² not above zero)."""

    shrinkage: int | None
    optimism: int | None
    precision: int

    @property
    def cases(self) -> int | None:
        """The largest of the three."""
        asked = (self.shrinkage, self.optimism, self.precision)
        return None if None in asked else max(each for each in asked if each is not None)


@dataclass(frozen=True, slots=True)
class SampleSize:
    """What one level of outcome asks for, and what there is.

    ``r2``: Cox-Snell R² of forecasts for people that the fits had not seen. ``prevalence``: share with the outcome.
    """

    parameters: int
    prevalence: float
    r2: float
    needed: Needed
    cases: int
    people: int
    events: int

    @property
    def events_needed(self) -> int | None:
        """Cases with the outcome among those needed."""
        return None if self.needed.cases is None else math.ceil(self.needed.cases * self.prevalence)

    @property
    def events_a_parameter(self) -> float:
        """Cases with the outcome for each parameter, as there are."""
        return self.events / max(1, self.parameters)

    @property
    def events_a_parameter_needed(self) -> float | None:
        """Cases with the outcome for each parameter, as needed."""
        return None if self.needed.cases is None else self.needed.cases * self.prevalence / max(1, self.parameters)

    @property
    def enough(self) -> bool:
        """Whether even the number of people, who are fewer than the cases, reaches what is needed."""
        return self.needed.cases is not None and self.people >= self.needed.cases


def needed(parameters: int, prevalence: float, r2: float) -> Needed:
    """Return the least numbers of cases, equations 11, 22-24 and the interval of a share, each rounded up.

    Parameters
    ----------
    parameters : candidate predictor parameters, at least 1.
    prevalence : anticipated share with the outcome, above 0 and below 1.
    r2 : anticipated Cox-Snell R², of new people or adjusted for optimism.
    """
    precision = math.ceil((Z / PRECISION) ** 2 * prevalence * (1 - prevalence))
    largest = 1 - math.exp(2 * (prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)))
    if not 0 < r2 < largest:
        return Needed(None, None, precision)
    for_optimism = r2 / (r2 + OPTIMISM * largest)
    return Needed(_for_shrinkage(parameters, r2, SHRINKAGE), _for_shrinkage(parameters, r2, for_optimism), precision)


def _for_shrinkage(parameters: int, r2: float, shrinkage: float) -> int | None:
    if r2 >= shrinkage:
        return None
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - r2 / shrinkage)))


def cox_snell(happened: Bools, probability: Floats) -> float:
    """Return Cox and Snell's R² of (n,) forecasts: 1 - exp(2 (log-likelihood of the base rate - theirs) / n)."""
    share = float(np.mean(happened))
    p = np.clip(np.where(happened, probability, 1 - probability), 1e-15, 1.0)
    null = share * math.log(share) + (1 - share) * math.log(1 - share)
    return 1 - math.exp(2 * (null - float(np.mean(np.log(p)))))


def sample_size(*, parameters: int, happened: Bools, probability: Floats, people: int) -> SampleSize:
    """Hold the training cases against the minimum.

    ``happened`` and ``probability``: (n,), calibrated forecasts of people whom the fits had not seen (out of fold).
    ``parameters``: columns that the model may use. ``people``: how many there are behind the cases.
    """
    share, r2 = float(np.mean(happened)), cox_snell(happened, probability)
    need = needed(max(1, parameters), share, r2)
    return SampleSize(parameters, share, r2, need, len(happened), people, int(np.sum(happened)))


def sample_size_sentence(found: SampleSize, words: str) -> str:
    """Say in a sentence or two what is needed and what there is."""
    have = (
        f"there are {found.cases:,} of {found.people:,} people, {found.events:,} with the outcome "
        f"({number(found.events_a_parameter, 1)} a parameter)"
    )
    start = f"To forecast “{words}” with {found.parameters:,} predictor parameters"
    if found.needed.cases is None:
        return f"{start}, no number of cases would do: the forecast explains nothing for new people; {have}."
    verdict = "That is enough" if found.enough else "That is too few: expect forecasts that are too extreme"
    return (
        f"{start}, at least {found.needed.cases:,} cases are needed, {found.events_needed:,} of them with the outcome "
        f"({number(found.events_a_parameter_needed or 0.0, 1)} a parameter); {have}. {verdict}, counting each person "
        "once (criteria of Riley et al. 2019)."
    )


def sample_size_section(found: Mapping[str, SampleSize]) -> Section:
    """Return the section of the report; ``found`` by the words of each level."""
    from forecast.evaluation.page import section

    sentences = [sample_size_sentence(one, words) for words, one in found.items()]
    return section("sample-size", "Whether there were enough cases", "sample_size", found=found, sentences=sentences)
