"""`forecast evaluate`."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from forecast.cli.console import (
    Terminal,
    observed_option,
    overwrite_option,
    part_option,
    quiet_option,
    settings_option,
)
from forecast.settings import load_settings


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="The report; by default FILE's name with .report.html, here."
)
@part_option
@observed_option
@click.option("--allow-refused", is_flag=True, help="Leave out rows that cannot be read, and say so in the report.")
@overwrite_option
@quiet_option
@settings_option
def evaluate(
    bundle: Path,
    file: Path,
    out: Path | None,
    part: str | None,
    observed_until: datetime.datetime | None,
    allow_refused: bool,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Evaluate the model in BUNDLE on FILE, a table with outcomes, and write a report to look at."""
    from forecast.cli.results import evaluations_text
    from forecast.models.bundle import load_bundle
    from forecast.training.evaluate_bundle import evaluate_bundle

    settings = load_settings(settings_path)
    report = out or Path(f"{file.name.split('.')[0]}.report.html")
    with Terminal(quiet) as progress:
        done = evaluate_bundle(
            load_bundle(bundle, threads=settings.threads),
            file,
            report,
            settings,
            part=part,
            observed_until=observed_until.date() if observed_until else None,
            allow_refused=allow_refused,
            overwrite=overwrite,
            progress=progress,
        )
    notes = "".join(f"Note: {note}\n" for note in done.notes)
    click.echo(f"{evaluations_text(done.levels)}\n\n{notes}Report: {report}")
