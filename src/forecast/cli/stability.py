"""`forecast explain stability`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.studies.stability import Stability


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The page to write (.html).")
@click.option("--refits", default=10, show_default=True, type=click.IntRange(2, 200), help="Models fitted again.")
@click.option("--cases", default=500, show_default=True, type=click.IntRange(20), help="Cases explained, at most.")
@overwrite_option
@quiet_option
@settings_option
def stability(
    experiment: Path, out: Path, refits: int, cases: int, overwrite: bool, quiet: bool, settings_path: Path | None
) -> None:
    """Measure how much the reasons of EXPERIMENT's model move when it is fitted again, and with tiny changes."""
    from forecast.files import refuse_existing
    from forecast.studies.stability import stability as measured
    from forecast.studies.stability_page import write_stability
    from forecast.training.experiment import load_experiment
    from forecast.training.material import prepare

    settings = load_settings(settings_path)
    refuse_existing(out, overwrite)
    with Terminal(quiet) as progress:
        material = prepare(load_experiment(experiment), settings, near=experiment.parent, progress=progress)
        found = measured(material, settings, refits=refits, cases=cases, progress=progress)
    write_stability(found, material, settings, out)
    click.echo(f"{stability_text(found)}\n\nPage: {out}")


def stability_text(found: Stability) -> str:
    """Return the measures, a table a level."""
    from forecast.studies.stability_page import how, rows, shown

    parts = [how(found)]
    for level in found.levels:
        right = tuple(range(1, 1 + len(level.figures)))
        parts.append(f"{level.words}\n" + table(("", *level.figures), rows(level), right=right))
        parts.append(f"The first reason is contested or protected in {shown('top', level.contested)} of 100 cases.")
    return "\n\n".join(parts)
