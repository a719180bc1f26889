"""`forecast challenge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.studies.compas import BesidePublished
    from forecast.studies.nij import Round


@click.group()
def challenge() -> None:
    """Answer public challenges and stand beside published tables, by one configuration."""


@challenge.command()
@click.option("--test", type=click.Path(path_type=Path), required=True, help="The file of the people to forecast.")
@click.option(
    "--train", type=click.Path(path_type=Path), help="The challenge's training file; by default the local copy."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder of the answers.")
@overwrite_option
@quiet_option
@settings_option
def nij(
    test: Path, train: Path | None, out: Path, overwrite: bool, quiet: bool, settings_path: Path | None
) -> None:  # fmt: skip
    """Forecast the people of a file for the three rounds of the NIJ challenge: round1.csv, round2.csv, round3.csv."""
    from forecast.studies.nij import answer

    with Terminal(quiet) as progress:
        settings = load_settings(settings_path)
        rounds = answer(test, out, settings, train=train, overwrite=overwrite, progress=progress)
    click.echo(rounds_text(rounds, out))


def rounds_text(rounds: list[Round], out: Path) -> str:
    """Return what became of each round's people, and how the answers did where the file tells the outcomes."""
    from forecast.studies.nij import FIRST_PLACE

    rows = [
        (one.name, f"{one.rows:,}", f"{one.forecast:,}", f"{one.trained_on:,}", f"{sum(one.refused.values()):,}")
        for one in rounds
    ]
    head = ("round", "rows in", "forecast", "left out: fitted on", "refused")
    parts = [table(head, rows, right=(1, 2, 3, 4))]
    parts += [f"{one.name}: refused {code}: {n:,}" for one in rounds for code, n in one.refused.items()]
    marked = [(one.name, one.marks) for one in rounds if one.marks is not None]
    if marked:
        figures = [
            (name, f"{m.people:,}", f"{m.men:.4f}", f"{m.women:.4f}", f"{m.average:.4f}", _fair(m.fair_men),
             _fair(m.fair_women), " / ".join(f"{x:.4f}" for x in FIRST_PLACE[name]))
            for name, m in marked
        ]  # fmt: skip
        columns = (
            "round",
            "people",
            "men",
            "women",
            "average",
            "fair, men",
            "fair, women",
            "first places, small teams",
        )
        said = (
            "Brier scores (lower is better) and fair-and-accurate scores (higher is better), on the people of this file"
        )
        parts.append(f"\n{said}\n" + table(columns, figures))
        parts.append("The first places are on the challenge's own test people, each figure by another team.")
    return "\n".join([*parts, f"Answers in {out}"])


def _fair(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"


@challenge.command()
@click.option("--file", type=click.Path(path_type=Path), help="The two-year file; by default the local copy.")
@click.option("--repeats", default=4, type=click.IntRange(1, 50), help="How often the five folds are drawn anew.")
@quiet_option
@settings_option
def compas(file: Path | None, repeats: int, quiet: bool, settings_path: Path | None) -> None:
    """Print the table of Dressel and Farid beside ours, on the two-year COMPAS data."""
    from forecast.studies.compas import beside_published

    with Terminal(quiet) as progress:
        found = beside_published(load_settings(settings_path), file=file, repeats=repeats, progress=progress)
    click.echo(compas_text(found))


def compas_text(found: BesidePublished) -> str:
    """Return published and own figures in one table."""
    from forecast.studies.compas import MEASURES, PUBLISHED, SOURCE

    rows = [
        (f"{whose}: {name}", *(f"{value:.1f} ({low:.1f} to {high:.1f})" for value, low, high in figures))
        for whose, by_model in (("published", PUBLISHED), ("ours", found.ours))
        for name, figures in by_model.items()
    ]
    how = (
        f"Published: {SOURCE}, mean over 1,000 random splits with 95 % intervals. "
        f"Ours: {found.cases:,} people, mean over {found.splits} splits of 80 to 20 with the range of 95 % of them.\n"
        "In percent. FPR: flagged among those not arrested again; FNR: not flagged among those who were."
    )
    return table(("model", *MEASURES), rows) + f"\n{how}"
