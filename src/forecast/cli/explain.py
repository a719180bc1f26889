"""`forecast explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import settings_option, table
from forecast.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecast.cases import Reason
    from forecast.models.bundle import ModelBundle
    from forecast.scoring.one import Explained


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "case_id", required=True, help="The case's id, as it stands in the key column.")
@settings_option
def explain(bundle: Path, file: Path, case_id: str, settings_path: Path | None) -> None:
    """Print the forecast of one case of FILE and its reasons, which add up to the figure shown."""
    from forecast.models.bundle import load_bundle
    from forecast.registry.expiry import notes_on_use
    from forecast.scoring.one import explain_case

    settings = load_settings(settings_path)
    loaded = load_bundle(bundle, threads=settings.threads)
    for note in notes_on_use(loaded, settings):
        click.echo(f"Note: {note}", err=True)
    click.echo(explained_text(loaded, explain_case(loaded, file, case_id, settings)))


def explained_text(bundle: ModelBundle, explained: Explained) -> str:
    """Return an explained case as text: the figure both ways round, then start, facts, remainder and sum."""
    from forecast.explanations import limits, wording
    from forecast.explanations.reasons import whole_points

    parts = [f"Case {explained.case_id}, model {bundle.model_id}: band {explained.band}"]
    parts += [] if bundle.forecaster.cutoffs.signed else [wording.NOT_SIGNED]
    for level, words in zip(bundle.scale.reached, bundle.scale.words, strict=True):
        reasons = explained.reasons[level]
        start, points, remainder, shown = whole_points(reasons)
        head = (
            f"Of 100 people with a record like this, {wording.about(shown)} were {words} ({shown} %); "
            f"{wording.about(100 - shown)} were not."
        )
        if level in explained.interval:
            head += f" With its interval: {limits.interval_text(shown, *explained.interval[level])}."
        rows: list[tuple[object, ...]] = [(wording.START, "", start)]
        for item, number in _told(bundle, zip(reasons.items, points, strict=True)):
            moves = f"{item.direction} {item.strength}" if item.points else item.direction
            rows.append((item.fact, moves, f"{number:+d}" if number else "under 1"))
        rows += [(wording.REMAINDER, "", f"{remainder:+d}"), ("Forecast", "", shown)]
        parts.append(f"{head}\n\n" + table(("fact on record", "", "people in 100"), rows, right=(2,)))
    parts += explained.own
    parts += [explained.outside] if explained.outside else []
    parts += explained.reasons[bundle.scale.reached[0]].notes
    parts += [wording.sentence(f"{explained.note}.")] if explained.note else []
    parts += [explained.outcomes] if explained.outcomes else []
    parts += [limits.ABOUT_THE_GROUP] if explained.interval else []
    parts.append("The figure is about the group: nobody knows which of the 100 this person is.")
    return "\n\n".join(parts)


def _told(bundle: ModelBundle, items: Iterable[tuple[Reason, int]]) -> list[tuple[Reason, int]]:
    """Return the facts to print: those of whole people in 100, and those of none only where they must be named.

    If none comes to one in 100, as in a forecast near zero, all are printed.
    """
    known = list(items)
    told = [(i, n) for i, n in known if n or (i.feature and bundle.description.feature(i.feature).always_shown)]
    return told if any(number for _, number in told) else known
