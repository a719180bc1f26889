"""`forecast data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.settings import data_folder, load_settings

if TYPE_CHECKING:
    from forecast.tables.describe import TableSummary
    from forecast.tables.description import Description


@click.group()
def data() -> None:
    """Fetch, describe and make tables of cases."""


@data.command()
@click.argument("name")
@click.option("--from", "source", type=click.Path(path_type=Path), help="A folder that holds a local copy.")
@quiet_option
@settings_option
def fetch(name: str, source: Path | None, quiet: bool, settings_path: Path | None) -> None:
    """Bring the data set NAME (compas, nij) into the data folder, from its publisher or a local copy."""
    from forecast.tables.fetch import fetch as fetch_files
    from forecast.tables.fetch import files_of

    settings = load_settings(settings_path)
    for note in dict.fromkeys(wanted.note for wanted in files_of(name) if wanted.note):
        click.echo(f"Note: {note}")
    progress = Terminal(quiet)
    try:
        fetched = fetch_files(name, data_folder(settings), source=source, progress=progress)
    finally:
        progress.close()
    for file in fetched:
        state = "there already" if file.already else "fetched"
        known = "a known checksum" if file.checked else f"a checksum we do not know (sha256 {file.sha256})"
        click.echo(f"{file.path}: {state}, {known}")


@data.command()
@click.argument("name")
@click.option("--file", "path", type=click.Path(path_type=Path), help="The table's file, if it is not where NAME says.")
@quiet_option
@settings_option
def describe(name: str, path: Path | None, quiet: bool, settings_path: Path | None) -> None:
    """Show what the table NAME holds (a TOML file, or compas:general, nij:round1, ...), and what looks like a leak."""
    from forecast.tables.describe import describe as describe_table
    from forecast.tables.library import find, load, local_copy

    settings = load_settings(settings_path)
    description = load(name)
    progress = Terminal(quiet)
    try:
        where = path or local_copy(description, settings, find(name)[0].parent)
        summary = describe_table(description, where, settings, progress=progress)
    finally:
        progress.close()
    click.echo(summary_text(description, summary))


def summary_text(description: Description, summary: TableSummary) -> str:
    """Return a table's summary as text."""
    head = f"{description.label}: {description.head.title}; one row a {description.head.unit}\n{description.head.about}"
    head = head.strip()
    flow = "\n".join(f"  {label}: {count:,}" for label, count in summary.flow.items())
    features = [(f.name, f.kind, f.missing, f.seen) for f in summary.features]
    rates = [
        (r.attribute, r.group, r.level, f"{r.cases:,}", f"{r.events:,}", f"{r.events / max(r.cases, 1):.3f}")
        for r in summary.rates
    ]
    parts = [
        f"{head}\n{flow}\n  people: {summary.people:,}",
        "Features\n" + table(("feature", "kind", "missing", "values"), features, right=(2,)),
        "Base rates\n" + table(("attribute", "group", "level", "cases", "events", "rate"), rates, right=(3, 4, 5)),
    ]
    if len(summary.refused):
        rows = summary.refused.groupby(["code", "column"]).size().reset_index().to_numpy().tolist()
        parts.append("Rows that cannot be read\n" + table(("code", "column", "rows"), rows, right=(2,)))
    parts.append(_suspicions(summary))
    parts += [f"Leak, never a feature: {', '.join(b.columns)}\n  {b.why}" for b in description.leaks]
    parts += [f"Caution: {caution}" for caution in description.head.cautions]
    if summary.undeclared:
        parts.append(f"Columns that the description says nothing about, never read: {', '.join(summary.undeclared)}")
    return "\n\n".join(parts)


def _suspicions(summary: TableSummary) -> str:
    """Return the signs of a leak, those about columns in use first."""
    if not summary.suspicions:
        return "No column and no block in time looks like a leak by itself."
    ordered = sorted(summary.suspicions, key=lambda pair: "leak" in summary.roles.get(pair[1].column, ""))
    rows = [(s.column, summary.roles.get(s.column, "not declared"), level, s.seen) for level, s in ordered]
    used = sum("leak" not in role for _, role, _, _ in rows)
    head = (
        f"WARNING: {used} signs that a column may leak the outcome, beside those declared as leaks"
        if used
        else "Signs of leaks, all in columns that are declared as leaks"
    )
    return f"{head}\n" + table(("column", "used as", "level", "what was seen"), rows)


@data.command("make-table")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write it; by default in the data folder.")
@click.option(
    "--people", default=4_000, show_default=True, type=click.IntRange(100, 2_000_000), help="How many people."
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="The same seed gives the same bytes."
)
@overwrite_option
@settings_option
def make_table(out: Path | None, people: int, seed: int, overwrite: bool, settings_path: Path | None) -> None:
    """Make the synthetic table of custody cases that `synthetic` describes."""
    from forecast.files import refuse_existing
    from forecast.synthetic.table import write_table

    target = out or load_settings(settings_path).data_folder / "synthetic" / "cases.csv"
    refuse_existing(target, overwrite)
    click.echo(f"{target}: {write_table(target, people, seed):,} cases of {people:,} people, all made up")
