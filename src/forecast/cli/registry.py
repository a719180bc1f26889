"""`forecast models register|list|compare|promote|rollback|history`: which model is live, and how it came to be."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, day_type, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.ledger import Entry
    from forecast.registry.gate import Check
    from forecast.registry.lines import Line, Span
    from forecast.registry.promotion import Compared
    from forecast.registry.store import Registry

by_option = click.option("--by", "who", required=True, help="Who does this; the ledger keeps the name.")
why_option = click.option("--why", required=True, help="Why; the ledger keeps it.")
UTC = "Times are in UTC."


def open_registry(settings_path: Path | None) -> Registry:
    """Return the registry of the settings."""
    from forecast.registry.store import Registry

    return Registry(load_settings(settings_path))


@click.command()
@click.argument("name")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--expires", type=day_type, help="The day it expires; by default after model_expiry_months.")
@by_option
@why_option
@settings_option
def register(
    name: str, bundle: Path, expires: datetime.datetime | None, who: str, why: str, settings_path: Path | None
) -> None:
    """Register the bundle in the folder BUNDLE under NAME, as the challenger."""
    from forecast.registry.register import register as register_bundle

    day = expires.date() if expires else None
    done = register_bundle(open_registry(settings_path), name, bundle, who=who, why=why, expires=day)
    model = done.model
    click.echo(f"{'Registered already' if done.before else 'Registered'}: {name} {model.model_id}, in {done.folder}")
    click.echo(f"It expires on {model.expires}.")


@click.command(name="list")
@click.argument("name", required=False)
@settings_option
def list_models(name: str | None, settings_path: Path | None) -> None:
    """List what is registered, under NAME or under all names, and where each model stands."""
    registry = open_registry(settings_path)
    lines = [registry.line(name)] if name else list(registry.lines().values())
    if not lines:
        click.echo(f"Nothing is registered in {registry.folder}.")
        return
    click.echo(list_text(registry, lines))


def list_text(registry: Registry, lines: list[Line]) -> str:
    """Return models as a table."""
    from forecast.registry.dates import shown
    from forecast.registry.expiry import standing
    from forecast.registry.lines import STAGES

    rows = []
    for line in lines:
        for model in line.models.values():
            alias = {line.champion: "champion", line.challenger: "challenger"}.get(model.model_id, "")
            signed = line.signed.get(model.model_id, {})
            stage = next((s for s in reversed(STAGES) if s in signed), "none signed")
            stands = standing(model.expires, registry.today, registry.settings).sentence
            rows.append((line.name, model.model_id, alias, stage, shown(model.at), stands))
    return table(("name", "model", "alias", "stage", "registered", "expiry"), rows) + f"\n{UTC}"


@click.command()
@click.argument("name")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path))
@by_option
@quiet_option
@settings_option
def compare(name: str, model: str, file: Path, who: str, quiet: bool, settings_path: Path | None) -> None:
    """Hold MODEL against the champion on cases of FILE that neither was fitted on; print the gate.

    The figures go into the ledger, and a failure stays there; which model is live does not change.
    """
    from forecast.registry.promotion import compare as compare_models

    with Terminal(quiet) as progress:
        compared = compare_models(open_registry(settings_path), name, model, file, who=who, progress=progress)
    click.echo(compared_text(compared))


def compared_text(compared: Compared) -> str:
    """Return a comparison as text: every check of the gate, and what follows."""
    against = f"the champion {compared.champion}" if compared.champion else "the base rate (nothing is live yet)"
    head = f"{compared.model.name} {compared.model.model_id} beside {against}"
    return f"{head}\n\n{gate_text(compared.result.checks)}\n\n{_verdict(compared)}"


def _verdict(compared: Compared) -> str:
    if compared.result.passed:
        return "The gate is open: a person may promote it (forecast models promote)."
    failed = len(compared.result.failed)
    return f"The gate is closed: {failed} check{'s' if failed > 1 else ''} failed. Nothing was promoted."


def gate_text(checks: tuple[Check, ...]) -> str:
    """Return the checks as a table, those that failed marked, and then what each says."""
    rows = [(_mark(c), c.name, _figure(c.figure), c.tolerance) for c in checks]
    told = "\n".join(f"  {c.name}: {c.sentence}" for c in checks)
    return table(("", "check", "figure (95 %)", "tolerance"), rows) + f"\n\n{told}"


def _mark(check: Check) -> str:
    if not check.judged:
        return "told"
    return "passed" if check.passed else "FAILED"


def _figure(figure: tuple[float | None, ...]) -> str:
    if not figure or figure[0] is None:
        return ""
    value, low, high = figure
    spread = "" if low is None or high is None else f" ({low:.4f} to {high:.4f})"
    return f"{value:.4f}{spread}"


@click.command()
@click.argument("name")
@click.argument("model")
@by_option
@why_option
@click.option("--evidence", default="", help="What else it rests on: a minute, a report. The comparisons always count.")
@settings_option
def promote(name: str, model: str, who: str, why: str, evidence: str, settings_path: Path | None) -> None:
    """Make MODEL the champion of NAME, if the gate is open; a refusal is kept in the ledger too."""
    from forecast.registry.promotion import promote as promote_model

    registry = open_registry(settings_path)
    entry = promote_model(registry, name, model, who=who, why=why, evidence=evidence)
    click.echo(_live_text(registry, entry))


@click.command()
@click.argument("name")
@by_option
@why_option
@settings_option
def rollback(name: str, who: str, why: str, settings_path: Path | None) -> None:
    """Go back to the model of NAME that was live before this one."""
    from forecast.registry.promotion import rollback as roll_back

    registry = open_registry(settings_path)
    click.echo(_live_text(registry, roll_back(registry, name, who=who, why=why)))


def _live_text(registry: Registry, entry: Entry) -> str:
    from forecast.registry.dates import shown

    what = entry.what
    before = f" in place of {what['before']}" if what["before"] else ""
    head = registry.ledger.head()
    return (
        f"Live since {shown(entry.at)} UTC: {what['name']} {what['model']}{before}.\n"
        f"Ledger: entry {entry.n}; head to be kept elsewhere: {head.n} {head.sha256}"
    )


@click.command()
@click.argument("name")
@click.option("--on", "day", type=day_type, help="Only which model was live on this day (UTC), as 2026-05-03.")
@settings_option
def history(name: str, day: datetime.datetime | None, settings_path: Path | None) -> None:
    """Print what the ledger says about NAME, after checking it: who did what, when and why."""
    registry = open_registry(settings_path)
    line = registry.line(name)
    if day is not None:
        click.echo(live_text(line, day.date()))
        return
    head = registry.ledger.head()
    click.echo(history_text(line))
    click.echo(f"\nThe chain of the ledger is whole: {head.n} entries, head {head.sha256}")


def live_text(line: Line, day: datetime.date) -> str:
    """Say which model was live on a day."""
    spans = line.live_on(day)
    if not spans:
        return f"On {day} (UTC) no model of '{line.name}' was live."
    return "\n".join(f"On {day} (UTC) live: {line.name} {_span(span)}" for span in spans)


def _span(span: Span) -> str:
    from forecast.registry.dates import shown

    until = f"until {shown(span.until)}" if span.until else "and still is"
    entry = span.entry
    return f"{span.model_id}, since {shown(span.since)} {until}; {entry.kind} by {entry.who}: {entry.what['why']}"


def history_text(line: Line) -> str:
    """Return a line's entries as a table, then the spans in which each model was live."""
    from forecast.registry.dates import shown

    rows = [(e.n, shown(e.at), _what(e), e.what["model"], e.who, _why(e), e.sha256[:12]) for e in line.entries]
    head = ("entry", "when", "what", "model", "who", "why", "sha256")
    spans = [(s.model_id, shown(s.since), shown(s.until) if s.until else "now", s.entry.n) for s in line.spans]
    live = table(("live", "since", "until", "by entry"), spans, right=(3,)) if spans else "Nothing has been live yet."
    return f"{table(head, rows, right=(0,))}\n\n{live}\n{UTC}"


def _what(entry: Entry) -> str:
    return f"signed {entry.what['stage']}" if entry.kind == "stage" else entry.kind


def _why(entry: Entry) -> str:
    what = entry.what
    if entry.kind == "compared":
        return f"with {what['champion'] or 'the base rate'} on {what['cases']:,} cases of {what['file']}"
    if entry.kind == "refused":
        failed = ", ".join(check["name"] for check in what["checks"] if not check["passed"])
        return f"{what['why']} (failed: {failed})"
    return str(what["why"])


COMMANDS = (register, list_models, compare, promote, rollback, history)
