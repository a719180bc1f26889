"""Decide whether a model may be promoted: each check with its figure, its tolerance and a sentence.

What was measured comes from the ledger's comparison (`evidence.py`), so that figures are looked at that cannot be
changed afterwards; signatures, the expiry date and the tolerances in the settings are looked at when it is decided.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.registry.expiry import standing

if TYPE_CHECKING:
    from forecast.registry.lines import Registered
    from forecast.settings import Settings

Figure = list[float | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a model: whether it ``passed``, the figure looked at and what it was held against."""

    name: str
    passed: bool
    sentence: str
    figure: tuple[float | None, ...] = ()
    """Value, lower and upper end of the 95 % interval; empty where nothing was measured."""
    tolerance: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the check as plain data for the ledger."""
        return {
            "name": self.name,
            "passed": self.passed,
            "sentence": self.sentence,
            "figure": list(self.figure),
            "tolerance": self.tolerance,
        }


@dataclass(frozen=True, slots=True)
class GateResult:
    """All checks; the gate is open only if every one passed."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the model may be promoted."""
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that stand in the way."""
        return tuple(check for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True)
class Papers:
    """What people have signed of a model: its costs (by whom, else empty) and why its stage does not do, else empty."""

    costs_signed_by: str
    stage_lacking: str


def gate(
    model: Registered, comparison: Mapping[str, Any], papers: Papers, settings: Settings, today: datetime.date
) -> GateResult:
    """Put every question to a model that is to be promoted."""
    return GateResult((*measured_checks(comparison, settings), *_signed_checks(model, papers, settings, today)))


def measured_checks(comparison: Mapping[str, Any], settings: Settings) -> tuple[Check, ...]:
    """Return the checks of what was measured; they need nobody's signature."""
    found = [_cases(comparison)]
    for level, measured in comparison["levels"].items():
        found += [_enough(level, measured, comparison["cases"], settings)]
        found += [_brier(level, measured, comparison["champion"])]
        found += [_slope(level, measured, settings)]
        found += [_gaps(level, measured, settings)]
    return tuple(found)


def _cases(comparison: Mapping[str, Any]) -> Check:
    count = f"{comparison['cases']:,} cases of {comparison['people']:,} people in {comparison['file']}"
    if comparison["overlapping"]:
        why = "training outcomes of one of the models reach into the test period (replicate): no evidence"
        return Check("unseen cases", False, f"{count}; {why}.", (), "no overlap")
    if comparison["unshown"]:
        whose = " and ".join(comparison["unshown"])
        why = f"what {whose} was fitted on has no last day and no mark, so these cases may be among it"
        return Check("unseen cases", False, f"{count}; {why}.", (), "no overlap")
    aside = f"; {comparison['set_aside']:,} others were set aside" if comparison["set_aside"] else ""
    return Check("unseen cases", True, f"{count} that neither model was fitted on{aside}.", (), "no overlap")


def _enough(level: str, measured: Mapping[str, Any], cases: int, settings: Settings) -> Check:
    rarer = min(measured["events"], cases - measured["events"])
    least, least_events = settings.small_group_cases, settings.small_group_events
    enough = cases >= least and rarer >= least_events
    words = f"{cases:,} cases, {measured['events']:,} with the outcome"
    tolerance = f"at least {least:,} cases, {least_events:,} of each kind"
    return Check(
        f"{level}: enough cases", enough, f"{words}: {'enough' if enough else 'too few to judge'}.", (), tolerance
    )


def _brier(level: str, measured: Mapping[str, Any], champion: str | None) -> Check:
    """Refuse a model that is worse than the champion with an interval that excludes zero.

    A first model has nobody to be as good as: it must be better than the base rate, the interval excluding zero.
    """
    value, low, high = measured["brier_difference"]
    name = f"{level}: Brier score"
    if value is None or low is None or high is None:
        return Check(name, False, "The difference in Brier score has no interval.", (value, low, high))
    if champion is None:
        better = high < 0
        words = "better than the base rate for everybody" if better else "not shown to be better than the base rate"
        return Check(name, better, f"{words[0].upper()}{words[1:]}.", (value, low, high), "below 0, interval too")
    worse = low > 0
    words = "Worse than" if worse else ("Better than" if high < 0 else "Not told apart from")
    return Check(name, not worse, f"{words} the champion {champion}.", (value, low, high), "interval not above 0")


def _slope(level: str, measured: Mapping[str, Any], settings: Settings) -> Check:
    value, low, high = measured["slope"]
    floor, ceiling = settings.gate_slope_low, settings.gate_slope_high
    name, tolerance = f"{level}: calibration slope", f"{floor:g} to {ceiling:g}"
    if value is None:
        return Check(name, False, "The calibration slope is not defined for these cases.", (), tolerance)
    if floor <= value <= ceiling:
        return Check(name, True, "Forecasts spread as outcomes do.", (value, low, high), tolerance)
    words = "too extreme" if value < floor else "too timid"
    return Check(name, False, f"Forecasts are {words}.", (value, low, high), tolerance)


def _gaps(level: str, measured: Mapping[str, Any], settings: Settings) -> Check:
    """Hold the largest gap between outcome and forecast in any group against the tolerance.

    The gap is observed less forecast share of a protected group: how far the forecast misjudges it on average. The
    point counts, whatever its interval: a force must seek evidence on bias, not rest on the lack of it.
    """
    name, most = f"{level}: gap in a group", settings.gate_group_gap
    tolerance = f"at most {most:g} either way"
    few = f" Too few to judge: {', '.join(measured['too_few'])}." if measured["too_few"] else ""
    judged = [g for g in measured["groups"] if g["gap"][0] is not None]
    if not judged:
        return Check(name, False, f"No group is large enough to judge.{few}", (), tolerance)
    beyond = [g for g in judged if abs(g["gap"][0]) > most]
    worst = max(judged, key=lambda g: abs(g["gap"][0]))
    told = "; ".join(_told(g) for g in (beyond or [worst]))
    lead = "Beyond the tolerance: " if beyond else f"Largest of {len(judged)}: "
    return Check(name, not beyond, f"{lead}{told}.{few}", tuple(worst["gap"]), tolerance)


def _told(group: Mapping[str, Any]) -> str:
    points = 100 * group["gap"][0]
    way = "more" if points > 0 else "fewer"
    who = f"{group['attribute']} {group['value']}"
    return f"{who} ({abs(points):.1f} in 100 {way} than forecast, {group['cases']:,} cases)"


def _signed_checks(model: Registered, papers: Papers, settings: Settings, today: datetime.date) -> Iterator[Check]:
    by = papers.costs_signed_by
    words = f"Signed by {by}." if by else "Nobody has signed what errors cost."
    yield Check("costs signed", bool(by), words, (), "signed")
    lacking = papers.stage_lacking
    yield Check("stage signed", not lacking, lacking or "The stage 'live' is signed.", (), "'live' signed")
    found = standing(model.expires, today, settings)
    sentence = f"{found.sentence[0].upper()}{found.sentence[1:]}."
    yield Check("not expired", found.state in ("ok", "warn"), sentence, (), f"before {found.expires}")
