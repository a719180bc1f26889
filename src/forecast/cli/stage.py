"""`forecast stage`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import settings_option, table
from forecast.cli.registry import UTC, by_option, open_registry, why_option

if TYPE_CHECKING:
    from forecast.registry.lines import Line, Registered


@click.group()
def stage() -> None:
    """Lead a model through its stages: engage, evolve, embed, shadow, live, retired."""


@stage.command()
@click.argument("name")
@click.argument("model")
@click.argument("which", metavar="[STAGE]", required=False)
@settings_option
def show(name: str, model: str, which: str | None, settings_path: Path | None) -> None:
    """Show the stages of MODEL; with STAGE its file, which is written to be filled in where there is none yet."""
    from forecast.registry.stages import write_template

    registry = open_registry(settings_path)
    line = registry.line(name)
    chosen = line.model(model)
    if which is None:
        click.echo(stages_text(line, chosen))
        return
    path, new = write_template(registry, chosen, which)
    click.echo(f"{path}{' (new: fill in each TODO)' if new else ''}\n\n{path.read_text('utf-8-sig')}")


def stages_text(line: Line, model: Registered) -> str:
    """Return the stages of a model as a table."""
    from forecast.registry.dates import shown
    from forecast.registry.lines import STAGES
    from forecast.registry.stages import ABOUT, next_stage

    signed = line.signed.get(model.model_id, {})
    rows = []
    for name in STAGES:
        entry = signed.get(name)
        facts = (shown(entry.at), entry.who, entry.what["why"]) if entry else ("", "", "")
        rows.append((name, *facts, ABOUT[name]))
    after = next_stage(line, model)
    last = f"Next to be signed: {after}." if after else "The model is retired."
    head = table(("stage", "signed", "by", "why", "what it means"), rows)
    return f"{line.name} {model.model_id}\n\n{head}\n{UTC}\n{last}"


@stage.command()
@click.argument("name")
@click.argument("model")
@click.argument("which", metavar="STAGE")
@by_option
@why_option
@settings_option
def sign(name: str, model: str, which: str, who: str, why: str, settings_path: Path | None) -> None:
    """Sign that MODEL enters STAGE; its file must be complete and the stages before it signed."""
    from forecast.registry.dates import shown
    from forecast.registry.stages import sign as sign_stage

    entry = sign_stage(open_registry(settings_path), name, model, which, who=who, why=why)
    what = entry.what
    click.echo(f"Signed on {shown(entry.at)} UTC: {name} {what['model']}, stage {which}, by {entry.who}.")
    click.echo(f"Ledger: entry {entry.n}, sha256 {entry.sha256}")
