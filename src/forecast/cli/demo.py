"""`forecast demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, quiet_option, settings_option
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.settings import Settings
    from forecast.training.experiment import Experiment


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the bundle; models/demo by default.")
@click.option("--synthetic", is_flag=True, help="Use the synthetic table even if COMPAS is at hand.")
@quiet_option
@settings_option
def demo(out: Path | None, synthetic: bool, quiet: bool, settings_path: Path | None) -> None:
    """Train, evaluate, score and explain, to a report to look at; takes about a minute.

    Uses COMPAS where FORECAST_DATA or the data folder holds it, else a synthetic table that it makes.
    """
    from forecast.cli.explain import explained_text
    from forecast.cli.results import trained_text
    from forecast.models.bundle import load_bundle
    from forecast.scoring.batch import score_file
    from forecast.scoring.one import explain_case
    from forecast.training import train as training

    settings = load_settings(settings_path)
    folder = out or settings.models_folder / "demo"
    progress = Terminal(quiet)
    try:
        material = training.prepare(_experiment(settings, synthetic), settings, progress=progress)
        trained = training.train(material, folder, settings, overwrite=True, progress=progress)
        bundle = load_bundle(folder)
        scored = score_file(
            bundle,
            material.path,
            folder.with_name(f"{folder.name}-scores.parquet"),
            settings,
            overwrite=True,
            progress=progress,
        )
    finally:
        progress.close()
    case_id = str(material.cases.keys["case_id"].iloc[0])
    click.echo(f"Data: {material.description.label}, {material.path}\n")
    click.echo(trained_text(trained))
    click.echo(
        f"\nScored: {scored.rows:,} rows in, {scored.scored:,} scored, {scored.refused:,} refused: {scored.out}\n"
    )
    click.echo(explained_text(bundle, explain_case(bundle, material.path, case_id, settings)))
    click.echo(f"\nLook at the report: {(folder / 'report.html').resolve()}")


def _experiment(settings: Settings, synthetic: bool) -> Experiment:
    """Return the experiment on COMPAS if it is at hand, else on the synthetic table, made where it is missing."""
    from forecast.synthetic.table import write_table
    from forecast.tables.library import load, local_copy
    from forecast.training.experiment import Experiment

    compas = Experiment(name="demo-compas", table="compas:general-corrected")
    if not synthetic and local_copy(load(compas.table), settings).exists():
        return compas
    made = settings.data_folder / load("synthetic").head.file  # FORECAST_DATA may be read-only
    if not made.exists():
        write_table(made)
    return Experiment(name="demo-synthetic", table="synthetic", file=str(made), cutoffs=(0.4, 0.2))
