"""`forecast demo`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, interval, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.synthetic.whole_way import WholeWay
    from forecast.training.train import Trained


@click.command()
@click.option("--people", default=45_000, show_default=True, type=click.IntRange(500, 1_000_000),
              help="About how many people have a custody event in 2008-12.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The seed of the force.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder for records and cases; data/demo by default.")
@click.option("--models", type=click.Path(path_type=Path), help="Folder for bundles, scores and the tracking store.")
@quiet_option
@settings_option
def demo(
    people: int, seed: int, data: Path | None, models: Path | None, quiet: bool, settings_path: Path | None
) -> None:
    """Go the whole way on a synthetic force, to a report to look at; takes a few minutes.

    Makes a force, checks its records, builds features and outcomes, trains, tests, explains and scores.
    """
    from forecast.synthetic.whole_way import go

    settings = load_settings(settings_path)
    if models is not None:
        settings = dataclasses.replace(settings, models_folder=models)  # the tracking store lies there too
    with Terminal(quiet) as progress:
        way = go(
            data or settings.data_folder / "demo",
            settings.models_folder,
            settings,
            people=people,
            seed=seed,
            progress=progress,
        )
    click.echo(way_text(way))


def way_text(way: WholeWay) -> str:
    """Return what the whole way gave, in the order of the way."""
    from forecast.cli.data import checked_text
    from forecast.cli.explained import whole_text
    from forecast.cli.features import assembled_text

    scored = way.scored
    parts = [
        "1. The records of a force that never was, checked\n\n" + checked_text(way.checked),
        "2. From custody events to cases\n\n" + assembled_text(way.cases),
        "3. Tested on later years\n\n" + tests_text(way.tests),
        f"4. The custody events of the last month, scored\n\n{scored.rows:,} custody events in, {scored.scored:,} "
        f"scored, {scored.refused:,} not, each with why: {scored.out}",
        f"5. One of them, explained\n\n{whole_text(way.case)}\n\nThe sheet for the person: {way.sheet}",
        f"Look at the report: {way.report.resolve()}",
    ]
    return "\n\n\n".join(parts)


def tests_text(tests: tuple[tuple[str, Trained], ...]) -> str:
    """Return the figures of each test in one table, and what must be known to read them."""
    rows, notes = [], []
    for label, trained in tests:
        for e in trained.evaluations:
            auc, brier, slope = (e.models[e.chosen][name] for name in ("auc", "brier", "calibration_slope"))
            figures = [interval(f.value, f.low, f.high, digits) for f, digits in ((auc, 3), (brier, 3), (slope, 2))]
            rows.append((label, e.level, f"{e.cases:,}", f"{100 * (e.base_rate.value or 0):.1f}", *figures))
        notes += [f"{label}: {note}" for note in trained.notes]
    head = ("test", "level", "cases", "base rate, %", "AUC", "Brier", "calibration slope")
    return table(head, rows, right=(2, 3)) + "\n\n" + "\n".join(notes)
