"""`forecast tune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.training.tuning import Tuned

SHOWN = 5


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The experiment to write, a TOML file.")
@click.option("--trials", type=click.IntRange(min=1), help="Trials in all, those of earlier runs included.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Minutes that this run may take.")
@click.option("--folds", type=click.IntRange(1, 10), default=2, show_default=True, help="Folds of the search.")
@click.option("--study", type=click.Path(path_type=Path), help="Where trials are kept; OUT.study.sqlite by default.")
@overwrite_option
@quiet_option
@settings_option
def tune(
    experiment: Path,
    out: Path,
    trials: int | None,
    minutes: float | None,
    folds: int,
    study: Path | None,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Look for better options of EXPERIMENT's model, on folds that end before its test begins.

    With split = "folds" there are none: the search then sees the cases that the experiment is tested on, and says so.

    Ctrl-C keeps what was finished; the same command with --overwrite goes on from there.
    """
    if trials is None and minutes is None:
        raise click.UsageError("Give --trials or --minutes, or both.")
    from forecast.files import refuse_existing
    from forecast.training.experiment import load_experiment
    from forecast.training.material import prepare
    from forecast.training.tuned import SEEN, saw_test, tuning_folds, write_tuned
    from forecast.training.tuning import Search, space_of
    from forecast.training.tuning import tune as run

    refuse_existing(out, overwrite)
    settings, chosen = load_settings(settings_path), load_experiment(experiment)
    space = space_of(chosen.model, experiment)
    with Terminal(quiet) as progress:
        material = prepare(chosen, settings, near=experiment.parent, progress=progress)
        drawn = tuning_folds(material.cases, material.description, chosen, experiment, folds)
        search = Search(chosen, material.description, material.cases, drawn, space, settings.threads)
        kept = study or out.with_suffix(".study.sqlite")
        tuned = run(search, kept, trials=trials, minutes=minutes, progress=progress)
    write_tuned(out, experiment, chosen, tuned, folds=len(drawn))
    click.echo(tuned_text(tuned, out, kept))
    if saw_test(chosen):
        click.echo(f"Note: {SEEN}.")


def tuned_text(tuned: Tuned, out: Path, study: Path) -> str:
    """Return the best trials as a table, and what to do next."""
    best = sorted(tuned.trials, key=lambda trial: (trial.loss, trial.number))[:SHOWN]
    shown = best if tuned.present in best else [*best, tuned.present]
    names = list(tuned.best.options)
    rows = [
        (
            "as it was" if trial is tuned.present else f"trial {trial.number}",
            f"{trial.loss:.5f}",
            f"{trial.seconds:.0f}",
            *(trial.options[name] for name in names),
        )
        for trial in shown
    ]
    short = [name.removeprefix("boosting_") for name in names]
    ended = "Stopped. " if tuned.stopped else ""
    return (
        f"{ended}Trials so far: {len(tuned.trials)}, kept in {study}\n\n"
        f"{table(('', 'Brier', 'seconds', *short), rows, right=range(1, len(names) + 3))}\n\n"
        f"The best stands in {out}; test it with: forecast train {out} --out DIR"
    )
