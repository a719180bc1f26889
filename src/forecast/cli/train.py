"""`forecast train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.training.train import Material


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The folder of the bundle; needed unless --plan.")
@click.option("--plan", is_flag=True, help="Show the folds and stop: nothing is fitted or written.")
@click.option("--no-track", is_flag=True, help="Do not write the run to the tracking store.")
@overwrite_option
@quiet_option
@settings_option
def train(
    experiment: Path,
    out: Path | None,
    plan: bool,
    no_track: bool,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Test the models of EXPERIMENT (a TOML file) on people they have not seen; write the bundle and its report."""
    if out is None and not plan:
        raise click.UsageError("Give --out DIR for the bundle, or --plan to see the folds only.")
    from forecast.cli.results import trained_text
    from forecast.files import refuse_existing
    from forecast.training import train as training
    from forecast.training.experiment import load_experiment

    settings = load_settings(settings_path)
    if out is not None:
        refuse_existing(out, overwrite)
    progress = Terminal(quiet)
    try:
        material = training.prepare(load_experiment(experiment), settings, near=experiment.parent, progress=progress)
        if plan or out is None:
            progress.close()
            click.echo(plan_text(material))
            return
        trained = training.train(material, out, settings, overwrite=overwrite, tracked=not no_track, progress=progress)
    finally:
        progress.close()
    click.echo(trained_text(trained))


def plan_text(material: Material) -> str:
    """Return the folds as a table."""
    from forecast.training.train import split_sentence

    rows = [(f.label, len(f.train), len(f.test), f.purged) for folds in material.repeats for f in folds]
    flow = "\n".join(f"  {label}: {count}" for label, count in material.cases.counts.items())
    return f"{material.description.label}\n{flow}\n{split_sentence(material)}\n\n" + table(
        ("fold", "train", "test", "purged"), rows, right=(1, 2, 3)
    )
