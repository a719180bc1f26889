"""Decide whether a model may be promoted: each check with its figure, its tolerance and a sentence.

What was measured comes from the ledger's comparison (`evidence.py`), so that figures are looked at that cannot be
changed afterwards; signatures, the expiry date and the tolerances in the settings are looked at when it is decided.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.evaluation.gaps import RATE_WORDS
from forecast.registry.dates import day_of
from forecast.registry.expiry import standing

if TYPE_CHECKING:
    from forecast.ledger import Entry
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
    judged: bool = True
    """False for what is told and closes no gate."""

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
    model: Registered,
    comparison: Mapping[str, Any],
    papers: Papers,
    settings: Settings,
    today: datetime.date,
    *,
    earlier: Sequence[Entry] = (),
) -> GateResult:
    """Put every question to a model that is to be promoted; ``earlier``: its comparisons with the same champion."""
    measured = measured_checks(comparison, settings)
    before = _earlier(earlier, comparison["cases"], settings)
    return GateResult((*measured, before, *_signed_checks(model, papers, settings, today)))


def measured_checks(comparison: Mapping[str, Any], settings: Settings) -> tuple[Check, ...]:
    """Return the checks of what was measured; they need nobody's signature."""
    found = [_cases(comparison), _own_test(comparison)]
    for level, measured in comparison["levels"].items():
        found += [_enough(level, measured, comparison["cases"], settings)]
        found += [_brier(level, measured, comparison["champion"])]
        found += [_slope(level, measured, settings)]
        found += [_gaps(level, measured, settings), _errors(level, measured)]
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
    notes = "".join(f" {note[0].upper()}{note[1:]}." for note in comparison.get("notes", ()))
    return Check("unseen cases", True, f"{count} that neither model was fitted on{aside}.{notes}", (), "no overlap")


def _own_test(comparison: Mapping[str, Any]) -> Check:
    """Refuse cases that somebody could have chosen: fewer than the model's own test had, and not all of those."""
    name, tolerance, cases = "whole test", "all cases of its own test, or as many", comparison["cases"]
    tested = comparison.get("tested")
    if not tested:
        words = "The bundle does not say how many cases it was tested on; train it again."
        return Check(name, False, words, (), tolerance)
    if comparison.get("holds_test"):
        return Check(
            name, True, f"All {tested['cases']:,} cases of the model's own test are in the file.", (), tolerance
        )
    words = f"{cases:,} cases; the model's own test had {tested['cases']:,}"
    if cases >= tested["cases"]:
        return Check(name, True, f"{words}.", (), tolerance)
    return Check(name, False, f"{words}, and not all of those are in the file: a choice is no evidence.", (), tolerance)


def _earlier(earlier: Sequence[Entry], cases: int, settings: Settings) -> Check:
    """Tell what was compared before; one that failed on at least as many cases stands for this pair of models."""
    told, stands = [], False
    for entry in earlier:
        failed = [check.name for check in measured_checks(entry.what, settings) if not check.passed]
        standing_one = bool(failed) and entry.what["cases"] >= cases
        stands |= standing_one
        result = f"failed {', '.join(failed)}{', and stands' if standing_one else ''}" if failed else "passed"
        what = f"{entry.what['cases']:,} cases of {entry.what['file']}"
        told.append(f"entry {entry.n} of {day_of(entry.at)}, {what}: {result}")
    sentence = f"{len(told)}. {'; '.join(told)}." if told else "None."
    if stands:
        sentence += " A failure on at least as many cases is not undone by another file: register a newer model."
    return Check("earlier comparisons", not stands, sentence, (), "none failed on as many cases")


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
    """Hold the gap between outcome and forecast of each group against the tolerance.

    The gap is observed less forecast share: how far the forecast misjudges a group on average. A group closes the gate
    if its point is beyond the tolerance and its interval excludes zero; a group of fewer than ``gate_group_cases``,
    whose point strays by chance, only if the whole interval is beyond. Whose interval reaches beyond is named.
    """
    name, most, least = f"{level}: gap in a group", settings.gate_group_gap, settings.gate_group_cases
    tolerance = f"at most {most:g} either way"
    few = f" Too few to judge: {', '.join(measured['too_few'])}." if measured["too_few"] else ""
    judged = [g for g in measured["groups"] if g["gap"][0] is not None]
    large = [g for g in judged if g["cases"] >= least]
    beyond = [g for g in judged if _beyond(g["gap"], most, large=g in large)]
    near = [g for g in judged if g not in beyond and _reach(g["gap"]) > most]
    look = f" Look at this, the interval reaches beyond {most:g}: {'; '.join(_told(g) for g in near)}." if near else ""
    if not large and not beyond:
        return Check(name, False, f"No group has {least:,} cases.{look}{few}", (), tolerance)
    worst = max(beyond or large, key=lambda g: abs(g["gap"][0]))
    told = "; ".join(_told(g) for g in (beyond or [worst]))
    lead = "Beyond the tolerance: " if beyond else f"Largest of {len(large)} with {least:,} cases or more: "
    return Check(name, not beyond, f"{lead}{told}.{look}{few}", tuple(worst["gap"]), tolerance)


def _beyond(gap: Figure, most: float, *, large: bool) -> bool:
    """Say whether a gap closes the gate; without an interval its point alone tells."""
    value, low, high = gap
    if value is None or abs(value) <= most:
        return False
    if low is None or high is None:
        return large
    nearest = low if value > 0 else -high
    return nearest > (0 if large else most)


def _reach(gap: Figure) -> float:
    return max(abs(end) for end in gap if end is not None)


def _errors(level: str, measured: Mapping[str, Any]) -> Check:
    """Tell the largest gaps of error rates between groups; they follow base rates, so nothing is judged by them."""
    gaps = [e for e in measured.get("error_gaps", ()) if e["gap"][0] is not None]
    told = "; ".join(_error(e) for e in gaps) or "no attribute has two groups that are large enough"
    sentence = f"Told, not judged, for they follow base rates: {told}."
    return Check(f"{level}: error rates of groups", True, sentence, (), "not judged", judged=False)


def _error(found: Mapping[str, Any]) -> str:
    value, low, high = (None if v is None else 100 * v for v in found["gap"])
    spread = "" if low is None or high is None else f" ({low:.1f} to {high:.1f})"
    ends = f"{found['highest']} most, {found['lowest']} fewest"
    return f"{found['attribute']}, {RATE_WORDS[found['rate']]}: {value:.1f} apart{spread}, {ends}"


def _told(group: Mapping[str, Any]) -> str:
    points = 100 * group["gap"][0]
    way = "more" if points > 0 else "fewer"
    who = f"{group['attribute']} {group['value']}"
    _, low, high = group["gap"]
    spread = "" if low is None or high is None else f", interval {100 * low:+.1f} to {100 * high:+.1f}"
    return f"{who} ({abs(points):.1f} in 100 {way} than forecast{spread}, {group['cases']:,} cases)"


def _signed_checks(model: Registered, papers: Papers, settings: Settings, today: datetime.date) -> Iterator[Check]:
    by = papers.costs_signed_by
    words = f"Signed by {by}." if by else "Nobody has signed what errors cost."
    yield Check("costs signed", bool(by), words, (), "signed")
    lacking = papers.stage_lacking
    yield Check("stage signed", not lacking, lacking or "The stage 'live' is signed.", (), "'live' signed")
    found = standing(model.expires, today, settings)
    sentence = f"{found.sentence[0].upper()}{found.sentence[1:]}."
    yield Check("not expired", found.state in ("ok", "warn"), sentence, (), f"before {found.expires}")
