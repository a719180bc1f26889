"""Say what counts as an outcome: by arrest, charge or proof; what is serious; over how long; what never counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forecast.cases import OutcomeScale
from forecast.problems import Problem
from forecast.records.schema import REASONS
from forecast.settings import from_mapping, key, read_toml

COUNTED = ("arrest", "charge", "proven")
SERIOUS = ("taxonomy", "severity")
_VERBS = {"arrest": "arrested", "charge": "charged", "proven": "convicted or cautioned"}


def _span(months: int) -> str:
    """Say a number of months as people do: 24 are 2 years."""
    years, rest = divmod(months, 12)
    number, unit = (months, "month") if rest else (years, "year")
    return f"{number} {unit}{'s' if number != 1 else ''}"


@dataclass(frozen=True, slots=True)
class Definition:
    """An outcome definition; a flat TOML file may hold any of its keys.

    The window is ``[as_of, as_of + horizon_months)`` by calendar months; see `docs/outcomes.md`.
    The default of ``severity_from`` is a choice of this project, not a published threshold: above burglary of a
    dwelling and supply of drugs, below robbery.
    """

    counted: str = key("what makes an offence count: its arrest, charge or proof", "arrest", allowed=COUNTED)
    serious: str = key(
        "what makes it serious: the offence taxonomy, or its severity weight", "taxonomy", allowed=SERIOUS
    )
    severity_from: float = key("ONS severity weight from which an offence is serious", 600.0, low=0.001, high=10_000)
    horizon_months: int = key("length of the outcome window in calendar months", 24, low=1, high=240)
    conviction_months: int = key("how many months more a proof may take", 6, low=0, high=120)
    excluded_reasons: tuple[str, ...] = key(
        "reasons for custody that never count as a new offence", ("bail", "warrant", "recall"), allowed=REASONS
    )

    def __post_init__(self) -> None:
        """Raise ``outcome-definition`` for keys that contradict one another."""
        if "offence" in self.excluded_reasons:
            raise Problem("outcome-definition", detail="excluded_reasons holds 'offence', so that nothing could count")
        if self.counted not in COUNTED or self.serious not in SERIOUS:
            raise Problem("outcome-definition", detail=f"counted = {self.counted!r}, serious = {self.serious!r}")

    @property
    def closing_months(self) -> int:
        """Months from ``as_of`` until the outcome is settled: the horizon, and for proof the extra wait."""
        return self.horizon_months + (self.conviction_months if self.counted == "proven" else 0)

    @property
    def severity_milli(self) -> int:
        """``severity_from`` in thousandths, as weights are kept."""
        return round(self.severity_from * 1000)

    @property
    def scale(self) -> OutcomeScale:
        """The ordered outcomes: none, any, serious."""
        verb, within = _VERBS[self.counted], f"within {_span(self.horizon_months)}"
        words = (f"{verb} again {within}", f"{verb} again for a serious offence {within}")
        return OutcomeScale(("none", "any", "serious"), self.horizon_months, words)


def read_definition(path: Path) -> Definition:
    """Read a definition from a flat TOML file, or raise all the problems found in it."""
    return from_mapping(Definition, read_toml(path), path)
