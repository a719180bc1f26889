"""Make a model the champion, or go back to the one before; every decision, a refusal too, is in the ledger.

The ledger's entry is the promotion. MLflow's aliases follow it, and where its store fails, they follow later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.registry import mirror
from forecast.registry.evidence import measure
from forecast.registry.expiry import refuse_expired
from forecast.registry.gate import GateResult, Papers, gate
from forecast.registry.lines import COMPARED, PROMOTED, REFUSED, ROLLED_BACK, Line, Registered
from forecast.registry.stages import lacking_for_live
from forecast.registry.store import Registry, check_who_and_why

if TYPE_CHECKING:
    from pathlib import Path

    from forecast.ledger import Entry


@dataclass(frozen=True)
class Compared:
    """A comparison as it stands in the ledger, and what the gate says of it today."""

    model: Registered
    champion: str | None
    entry: Entry
    result: GateResult


def compare(
    registry: Registry, name: str, model: str, path: Path, *, who: str, progress: Progress = SILENT
) -> Compared:
    """Measure a model beside the champion on the cases of a file, and enter the figures into the ledger."""
    check_who_and_why("compare", who, "measured")
    line = registry.line(name)
    challenger = line.model(model)
    if challenger.model_id == line.champion:
        raise Problem("promotion-already-live", name=name, model=challenger.model_id)
    champion = line.models[line.champion] if line.champion else None
    measured = measure(
        registry.load(challenger),
        registry.load(champion) if champion else None,
        path,
        registry.settings,
        progress=progress,
    )
    entry = registry.ledger.append(COMPARED, who, {"name": name, **measured})
    after = registry.line(name)
    result = _gate(registry, after, challenger, after.comparisons(challenger.model_id, measured["champion"]))
    return Compared(challenger, line.champion, entry, result)


def promote(registry: Registry, name: str, model: str, *, who: str, why: str, evidence: str = "") -> Entry:
    """Make a model the champion if the gate is open; ``evidence`` adds to the comparison, of which the last counts.

    Raises ``promotion-no-evidence`` without a comparison with today's champion, and ``promotion-refused`` where a check
    fails; the refusal is then in the ledger. ``registry-store-down`` means nothing was promoted if MLflow failed
    before, and that the promotion stands if it failed after, which its words say.
    """
    check_who_and_why("promote", who, why)
    again = f"forecast models promote {name} {model} --by NAME --why TEXT"
    with registry.locked():
        line = registry.line(name)
        chosen = line.model(model)
        if chosen.model_id == line.champion:
            _catch_up(registry, line, again)
            raise Problem("promotion-already-live", name=name, model=chosen.model_id)
        compared = line.comparisons(chosen.model_id, line.champion)
        if not compared:
            raise Problem(
                "promotion-no-evidence", name=name, model=chosen.model_id, champion=line.champion or "nothing yet"
            )
        result = _gate(registry, line, chosen, compared)
        what = {
            "name": name,
            "model": chosen.model_id,
            "before": line.champion,
            "why": why,
            "evidence": evidence,
            "comparison": compared[-1].sha256,
            "checks": [check.to_json() for check in result.checks],
        }
        if not result.passed:
            registry.ledger.append(REFUSED, who, what)
            failed = "\n".join(f"  {c.name}: {c.sentence}" for c in result.failed).removesuffix(".")
            raise Problem("promotion-refused", name=name, model=chosen.model_id, failed=failed)
        return _decide(registry, name, PROMOTED, who, what, again=again)


def rollback(registry: Registry, name: str, *, who: str, why: str) -> Entry:
    """Go back to the model that was live before; it must be whole and within its days of grace."""
    check_who_and_why("rollback", who, why)
    with registry.locked():
        line = registry.line(name)
        succession = line.succession
        if line.champion is None or len(succession) < 2:
            raise Problem("rollback-nothing", name=name)
        earlier = line.models[succession[-2]]
        refuse_expired(earlier, registry.today, registry.settings)
        registry.load(earlier)
        what = {"name": name, "model": earlier.model_id, "before": line.champion, "why": why}
        again = f"forecast models list {name}"
        return _decide(registry, name, ROLLED_BACK, who, what, again=again)


def _decide(registry: Registry, name: str, kind: str, who: str, what: Mapping[str, Any], *, again: str) -> Entry:
    """Enter a decision into the ledger and let MLflow follow; where MLflow is down already, nothing is decided."""
    _catch_up(registry, registry.line(name), again)
    entry = registry.ledger.append(kind, who, what)
    with mirror.store(registry.settings, state=mirror.BEHIND, again=again) as client:
        mirror.follow(client, registry, registry.line(name))
    return entry


def _catch_up(registry: Registry, line: Line, again: str) -> None:
    with mirror.store(registry.settings, state=mirror.NOTHING, again=again) as client:
        mirror.follow(client, registry, line)


def _gate(registry: Registry, line: Line, model: Registered, compared: Sequence[Entry]) -> GateResult:
    """Ask everything of a model; the last comparison counts, and what failed before it is looked at too."""
    bundle = registry.load(model)
    rule = bundle.forecaster.cutoffs
    papers = Papers(rule.signed_by.strip() if rule.signed else "", lacking_for_live(registry, line, model))
    *earlier, last = compared
    return gate(model, last.what, papers, registry.settings, registry.today, earlier=earlier)
