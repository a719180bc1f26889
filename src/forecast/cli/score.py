"""`forecast score`."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option
from forecast.problems import Problem
from forecast.settings import load_settings


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The scores, a .parquet file.")
@click.option("--allow-refused", is_flag=True, help="Exit with 0 even if rows were refused.")
@click.option("--no-reasons", is_flag=True, help="Write probabilities and bands only; several times faster.")
@overwrite_option
@quiet_option
@settings_option
def score(
    bundle: Path,
    file: Path,
    out: Path,
    allow_refused: bool,
    no_reasons: bool,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Score each row of FILE (CSV or Parquet) with the model in BUNDLE; outcomes in the file are never read.

    Refused rows go to refused.parquet beside the output with their code and sentence; a manifest counts all.
    """
    from forecast.models.bundle import load_bundle
    from forecast.registry.expiry import notes_on_use
    from forecast.scoring.batch import score_file

    settings = load_settings(settings_path)
    with Terminal(quiet) as progress:
        loaded = load_bundle(bundle, threads=settings.threads)
        standing = notes_on_use(loaded, settings)  # refuses an expired model before any work is done
        done = score_file(loaded, file, out, settings, reasons=not no_reasons, overwrite=overwrite, progress=progress)
    click.echo(f"{done.rows:,} rows in: {done.scored:,} scored, {done.refused:,} refused.")
    for note in (*standing, *done.notes):
        click.echo(f"Note: {note}")
    click.echo(f"Scores: {done.out}\nManifest: {done.manifest_file}")
    if done.refused:
        codes = ", ".join(f"{code}: {count}" for code, count in done.by_code.items())
        click.echo(f"Refused rows: {done.refused_file} ({codes})")
        if not allow_refused:
            raise Problem(
                "scored-with-refusals",
                refused=done.refused,
                rows=done.rows,
                scored=done.scored,
                path=file,
                codes=codes,
                refused_file=done.refused_file,
            )
