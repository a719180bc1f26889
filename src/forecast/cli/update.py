"""`forecast models update`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import (
    Terminal,
    observed_option,
    overwrite_option,
    part_option,
    quiet_option,
    settings_option,
    table,
)
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.models.update import LevelUpdate
    from forecast.training.update_bundle import UpdatedBundle

Z95 = 1.96


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder of the updated bundle.")
@click.option(
    "--grade",
    type=click.Choice(["intercept", "slope", "tested"]),
    default="intercept",
    show_default=True,
    help="The intercept alone, intercept and slope, or the least that a closed test does not refute.",
)
@part_option
@observed_option
@click.option("--allow-refused", is_flag=True, help="Leave out rows that cannot be read.")
@overwrite_option
@quiet_option
@settings_option
def update(
    bundle: Path,
    file: Path,
    out: Path,
    grade: str,
    part: str | None,
    observed_until: datetime.datetime | None,
    allow_refused: bool,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Update BUNDLE's calibration on FILE, a table of newer cases with outcomes, and write a new bundle.

    The model's own files stay as they are. The updated model is a new one, with an id of its own: nothing that was
    measured of the old one holds for it, so test it on cases that are later still.
    """
    from forecast.models.bundle import load_bundle
    from forecast.training.update_bundle import update_bundle

    settings = load_settings(settings_path)
    with Terminal(quiet) as progress:
        done = update_bundle(
            load_bundle(bundle, threads=settings.threads),
            file,
            out,
            grade=grade,
            part=part,
            observed_until=observed_until.date() if observed_until else None,
            allow_refused=allow_refused,
            overwrite=overwrite,
            progress=progress,
        )
    notes = "".join(f"Note: {note}\n" for note in done.notes)
    click.echo(f"{update_text(done)}\n\n{notes}Bundle {done.model_id} in {done.folder}, updated from {done.parent}.")
    click.echo("Not tested since: `forecast evaluate` on cases that are later still tells how good it is.")


def update_text(done: UpdatedBundle) -> str:
    """Return what the update did, level by level."""
    rows = [
        (
            level.words,
            f"{level.before:.4f}",
            f"{level.after:.4f}",
            f"{level.observed:.4f}",
            shift_text(level.update),
            level.tested,
        )
        for level in done.levels
    ]
    head = ("level", "forecast before", "after", "observed", "change of log-odds, 95 % interval", "closed test chooses")
    text = table(head, rows, right=(1, 2, 3))
    return f"Means over {done.cases:,} cases\n{text}\n{done.other_band:,} of them are placed in another band."


def shift_text(level: LevelUpdate) -> str:
    """Say what was done to a level's calibrated log-odds, with standard errors by person."""
    if level.grade == "nothing":
        return "left as it was"
    low, high = (level.intercept + side * Z95 * level.intercept_error for side in (-1, 1))
    said = f"{level.intercept:+.3f} ({low:+.3f} to {high:+.3f}), standard error {level.intercept_error:.3f}"
    if level.grade == "intercept":
        return said
    return f"{said}; slope {level.slope:.3f}, standard error {level.slope_error:.3f}"
