"""`forecast retrain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, quiet_option, settings_option
from forecast.cli.registry import by_option, compared_text, open_registry

if TYPE_CHECKING:
    from forecast.registry.retrain import Retrained


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The name under which the models are registered.")
@click.option("--why", default="retrained on the newest data", show_default=True, help="Why; the ledger keeps it.")
@by_option
@quiet_option
@settings_option
def retrain(experiment: Path, name: str, why: str, who: str, quiet: bool, settings_path: Path | None) -> None:
    """Train EXPERIMENT on the newest data, register it as the challenger, compare, print the gate. Never promotes."""
    from forecast.registry.retrain import retrain as run

    with Terminal(quiet) as progress:
        done = run(open_registry(settings_path), experiment, name, who=who, why=why, progress=progress)
    click.echo(retrained_text(done))


def retrained_text(done: Retrained) -> str:
    """Return a retraining as text."""
    days = done.experiment
    period = f"Tested on the cases from {days.test_from} to before {days.test_before}." if days.test_from else ""
    model = done.registered.model
    again = "Nothing is new: this very model is registered already." if done.registered.before else ""
    lines = [
        f"Bundle: {done.trained.folder} (report.html is its report)",
        period,
        f"Registered: {model.name} {model.model_id}, expires on {model.expires}. {again}".strip(),
        "",
        compared_text(done.compared),
    ]
    return "\n".join(line for i, line in enumerate(lines) if line or i == 3)
