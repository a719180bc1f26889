"""`forecast score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.console import Terminal, day_type, overwrite_option, quiet_option, settings_option
from forecast.problems import Problem
from forecast.settings import load_settings

if TYPE_CHECKING:
    import datetime

    from forecast.scoring.batch import Scored


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("source", metavar="INPUT")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The scores, a .parquet file.")
@click.option("--resume", is_flag=True, help="Go on with the work of a run that was ended; the result is the same.")
@click.option("--restart", is_flag=True, help="Throw the work of a run that was ended away, and begin again.")
@click.option("--since", type=day_type, help="Of records: moments from this day on (UTC).")
@click.option("--before", type=day_type, help="Of records: moments before this day (UTC).")
@click.option("--since-run", type=click.Path(path_type=Path),
              help="Of records: only new moments of people with new records since that run.")  # fmt: skip
@click.option("--quarantine", type=click.Path(path_type=Path),
              help="Of accepted records: the folder of refused rows, if it is not beside them.")  # fmt: skip
@click.option("--mapping", type=click.Path(path_type=Path), help="Of records: the TOML file that renames columns.")
@click.option("--engine", type=click.Choice(["local", "spark"]), default="local", show_default=True,
              help="What computes; spark takes records only.")  # fmt: skip
@click.option("--master", default="", help="Of spark: spark://HOST:PORT, yarn, ...; by default this machine.")
@click.option("--to-database", help="Also write the scores into this table: postgresql://user@host/name#TABLE.")
@click.option("--allow-refused", is_flag=True, help="Exit with 0 even if rows of a table were refused.")
@click.option("--no-reasons", is_flag=True, help="Write probabilities and bands only; several times faster.")
@overwrite_option
@quiet_option
@settings_option
def score(
    bundle: Path,
    source: str,
    allow_refused: bool,
    no_reasons: bool,
    to_database: str | None,
    quiet: bool,
    settings_path: Path | None,
    **asked: Any,
) -> None:
    """Score INPUT with the model in BUNDLE.

    INPUT is a table of cases (CSV, Parquet, or postgresql://...#TABLE), or records: a folder, accepted by
    `forecast data check` or raw, a DuckDB file, or the address of a database; raw ones are checked first. Outcomes are
    never read, and no decision is ever written.

    Of a table, refused rows go to refused.parquet beside the output. Of records, people whose records lie in
    quarantine, or who may not be scored, have rows that say why; people without a custody event are only counted. A
    manifest counts all.
    """
    from forecast.models.bundle import load_bundle
    from forecast.records.places import is_url, parse_place, shown
    from forecast.registry.expiry import notes_on_use
    from forecast.scoring.batch import score_file
    from forecast.scoring.inputs import holds_cases
    from forecast.scoring.to_database import check_place

    settings = load_settings(settings_path)
    path = source if is_url(source) else Path(source)
    if allow_refused and not holds_cases(path):
        raise Problem("score-table-option", option="--allow-refused", path=shown(source) if is_url(source) else path)
    out, overwrite = asked.pop("out"), asked["overwrite"]
    asked |= {name: _day(asked[name]) for name in ("since", "before")}
    with Terminal(quiet) as progress:
        loaded = load_bundle(bundle, threads=1)  # parts are scored side by side, each in one thread
        standing = notes_on_use(loaded, settings)  # refuses an expired model before any work is done
        if to_database:
            check_place(parse_place(to_database), overwrite=overwrite)
        try:
            done = score_file(loaded, path, out, settings, reasons=not no_reasons, progress=progress, **asked)
        except KeyboardInterrupt:
            click.echo(f"\nStopped. Nothing stands at {out}; the same command with --resume goes on.", err=True)
            raise click.Abort from None
        if to_database:
            _write(done.out, to_database, overwrite, progress)
    _say(done, standing, to_database)
    if done.refused and done.refused_file is not None and not allow_refused:
        raise Problem(
            "scored-with-refusals",
            refused=done.refused,
            rows=done.rows,
            scored=done.scored,
            path=path,
            codes=_codes(done),
            refused_file=done.refused_file,
        )


def _day(value: datetime.datetime | None) -> datetime.date | None:
    return None if value is None else value.date()


def _write(scores: Path, place: str, overwrite: bool, progress: Terminal) -> None:
    from forecast.records.places import parse_place
    from forecast.scoring.to_database import write_scores

    try:
        write_scores(scores, parse_place(place), overwrite=overwrite, progress=progress)
    except Problem as error:
        raise Problem(
            "score-not-in-database", path=scores, sentence=error.sentence, refusal=error.code, then=error.next_step
        ) from error


def _say(done: Scored, standing: list[str], to_database: str | None) -> None:
    """Print what a run did."""
    for sentence in done.sentences():
        click.echo(sentence)
    for note in (*standing, *done.notes):
        click.echo(f"Note: {note}")
    click.echo(f"Scores: {done.out}\nManifest: {done.manifest_file}")
    if to_database:
        from forecast.records.places import parse_place

        click.echo(f"Scores in the database: {parse_place(to_database)}")
    if done.quarantine is not None:
        click.echo(f"Quarantine: {done.quarantine}")
    if done.refused:
        where = f"Refused rows: {done.refused_file}" if done.refused_file is not None else "Not scored, by code:"
        click.echo(f"{where} ({_codes(done)})")


def _codes(done: Scored) -> str:
    return ", ".join(f"{code}: {count}" for code, count in done.by_code.items())
