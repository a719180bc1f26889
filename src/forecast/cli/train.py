"""`forecast train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.training.material import Material


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The folder of the bundle; with --plan a picture (.svg), if wanted."
)
@click.option("--plan", is_flag=True, help="Show the folds and stop: nothing is fitted, no bundle is written.")
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
    from forecast.training.material import prepare

    settings = load_settings(settings_path)
    picture = out if plan and out is not None and out.suffix == ".svg" else None
    if out is not None and (picture or not plan):
        refuse_existing(out, overwrite)
    with Terminal(quiet) as progress:
        material = prepare(load_experiment(experiment), settings, near=experiment.parent, progress=progress)
        if plan or out is None:
            progress.close()
            click.echo(plan_text(material))
            _drawn(material, picture)
            return
        trained = training.train(material, out, settings, overwrite=overwrite, tracked=not no_track, progress=progress)
    click.echo(trained_text(trained))


def plan_text(material: Material) -> str:
    """Return the folds as a table and, where they are in time, as lines on one axis."""
    from forecast.training.plan import header, lines, rows
    from forecast.training.said import split_sentence

    first = material.repeats[0]
    columns, every = header(first), [row for folds in material.repeats for row in rows(folds)]
    flow = "\n".join(f"  {label}: {count}" for label, count in material.cases.counts.items())
    parts = [f"{material.description.label}\n{flow}\n{split_sentence(material)}"]
    parts += ["\n".join(drawn)] if (drawn := lines(first, material.experiment.train_before)) else []
    return "\n\n".join([*parts, table(columns, every, right=range(1, len(columns)))])


def _drawn(material: Material, picture: Path | None) -> None:
    """Write the picture of the folds if one is wanted, and say where it is or how to get one."""
    if picture is None:
        click.echo("\nFor a picture: --plan --out FILE.svg")
        return
    from forecast.training.plan import write_picture

    write_picture(material, picture)
    click.echo(f"\n{picture}: the folds as a picture")
