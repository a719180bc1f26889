"""`forecast models costs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import (
    Terminal,
    interval,
    overwrite_option,
    part_option,
    quiet_option,
    settings_option,
    table,
)
from forecast.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.evaluation.costs import SensitivityRow
    from forecast.models.bands import Proposal


def _shares(_: click.Context, __: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    """Read shares of the bands, lowest first, as "0.35,0.5,0.15"."""
    try:
        return None if value is None else tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not a list of numbers like 0.35,0.5,0.15") from error


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ratio", required=True, type=float, help="Cautious errors wanted to one dangerous error.")
@click.option("--shares", callback=_shares, help="Wanted shares of the bands, lowest first, such as 0.35,0.5,0.15.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The costs file to write, unsigned.")
@part_option
@click.option("--allow-refused", is_flag=True, help="Leave out rows that cannot be read.")
@overwrite_option
@quiet_option
@settings_option
def costs(
    bundle: Path,
    file: Path,
    ratio: float,
    shares: tuple[float, ...] | None,
    out: Path,
    part: str | None,
    allow_refused: bool,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Propose costs for a wanted ratio of errors, from BUNDLE's forecasts on FILE, a table with outcomes.

    The costs file is unsigned: a person weighs the errors that come of it, and signs it, or does not.
    """
    from forecast.models.bundle import load_bundle
    from forecast.training.propose_costs import propose_costs

    settings = load_settings(settings_path)
    with Terminal(quiet) as progress:
        done = propose_costs(
            load_bundle(bundle, threads=settings.threads),
            file,
            out,
            settings,
            target_ratio=ratio,
            target_shares=shares,
            part=part,
            allow_refused=allow_refused,
            overwrite=overwrite,
            progress=progress,
        )
    notes = "".join(f"Note: {note}\n" for note in done.notes)
    click.echo(f"{proposal_text(done.proposal, done.bands)}\n\n{sensitivity_text(done.rows)}\n\n{notes}Costs: {out}")
    click.echo("Not signed: nobody answers for these costs until a person puts name, day and reason into the file.")


def proposal_text(proposal: Proposal, bands: Sequence[str]) -> str:
    """Return the proposed matrix, and what was asked for beside what it gives on these cases."""
    rows = [(band, *(f"{cost:g}" for cost in costs)) for band, costs in zip(bands, proposal.matrix, strict=True)]
    head = ("placed in", *(f"outcome {k + 1}" for k in range(len(bands))))
    matrix = table(head, rows, right=range(1, len(bands) + 1))
    wanted = proposal.target_shares or ("any",) * len(bands)
    reached = [("cautious errors to one dangerous", f"{proposal.target_ratio:g}", f"{proposal.ratio:.2f}")]
    reached += [
        (f"share in {band}", want if isinstance(want, str) else f"{want:g}", f"{got:.3f}")
        for band, want, got in zip(bands, wanted, proposal.shares, strict=True)
    ]
    found = table(("on these cases", "wanted", "reached"), reached, right=(1, 2))
    if proposal.moved is None:
        return f"{matrix}\n\n{found}"
    away = f"{100 * proposal.moved:.1f} of 100 people would have to be in another band"
    return f"{matrix}\n\n{found}\nAt this ratio of errors the shares come no nearer: for those wanted, {away}."


def sensitivity_text(rows: Sequence[SensitivityRow]) -> str:
    """Return bands and errors by the ratio of costs as a table."""
    bands = rows[0].table.bands
    very = rows[0].very_cautious is not None
    head = ["ratio of costs", *bands, "cautious", "dangerous", *(["very cautious", "very dangerous"] if very else [])]
    lines = []
    for row in rows:
        name = f"{row.cost_ratio:.3g}{' (proposed)' if row.chosen else ''}"
        shares = [f"{100 * (share.value or 0):.1f} %" for share in row.shares]
        extremes = [f"{row.very_cautious:,}", f"{row.very_dangerous:,}"] if very else []
        e = row.error_ratio
        lines.append(
            (name, *shares, f"{row.cautious:,}", f"{row.dangerous:,}", *extremes, interval(e.value, e.low, e.high, 2))
        )
    text = table([*head, "ratio of errors"], lines, right=range(1, len(head)))
    return f"A ratio of costs is not a ratio of errors; 95 % intervals from people drawn again\n{text}"
