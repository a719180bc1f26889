"""`forecast study`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, interval, overwrite_option, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.studies.learning import LearningCurve


@click.group()
def study() -> None:
    """Ask what if: how much history is enough, and does the forecast punish exposure to the police?"""


@study.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The page to write (.html).")
@overwrite_option
@quiet_option
@settings_option
def learning(experiment: Path, out: Path, overwrite: bool, quiet: bool, settings_path: Path | None) -> None:
    """Fit the model of EXPERIMENT (a TOML file) on ever more years of history, and test each on the same cases."""
    from forecast.files import refuse_existing
    from forecast.studies.learning import learning_curve, write_learning
    from forecast.training.experiment import load_experiment
    from forecast.training.material import prepare

    settings = load_settings(settings_path)
    refuse_existing(out, overwrite)
    with Terminal(quiet) as progress:
        material = prepare(load_experiment(experiment), settings, near=experiment.parent, progress=progress)
        curve = learning_curve(material, settings, progress=progress)
    write_learning(curve, material, settings, out)
    click.echo(f"{learning_text(curve)}\n\nPage: {out}")


def learning_text(curve: LearningCurve) -> str:
    """Return the sizes and their figures, a table for each level."""
    parts = [curve.how]
    for level, words in curve.words.items():
        rows = []
        for size in curve.sizes:
            brier, auc = (size.figures[level][name] for name in ("brier", "auc"))
            rows.append((size.label, f"{size.cases:,}", interval(brier.value, brier.low, brier.high, 4),
                         interval(auc.value, auc.low, auc.high)))  # fmt: skip
        parts.append(f"{words}\n" + table(("training", "cases", "Brier", "AUC"), rows, right=(1,)))
    return "\n\n".join(parts)


@study.command()
@click.option("--area", default=7, show_default=True, type=click.IntRange(1, 20), help="The area with twice the look.")
@click.option("--people", default=45_000, show_default=True, type=click.IntRange(200), help="About how many people.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The seed of the force.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The page to write (.html).")
@overwrite_option
@quiet_option
@settings_option
def exposure(
    area: int, people: int, seed: int, out: Path, overwrite: bool, quiet: bool, settings_path: Path | None
) -> None:
    """Double the chance of arrest in one area of a synthetic force, and measure what the forecast makes of it."""
    from forecast.synthetic.exposure import exposure_study

    with Terminal(quiet) as progress:
        settings = load_settings(settings_path)
        found = exposure_study(
            out, settings, area=area, people=people, seed=seed, overwrite=overwrite, progress=progress
        )
    click.echo(f"{found.verdict}\n\nPage: {out}")
