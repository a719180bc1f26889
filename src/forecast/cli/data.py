"""`forecast data`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
from forecast.cli.link import link
from forecast.settings import data_folder, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from forecast.records.result import CheckResult
    from forecast.tables.describe import TableSummary
    from forecast.tables.description import Description
    from forecast.tables.suspicion import Suspicion


FEW = 5
"""Signs of the same kind, and names of columns, beyond this many are summed up."""


@click.group()
def data() -> None:
    """Fetch, describe, check and make data."""


data.add_command(link)


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
    with Terminal(quiet) as progress:
        fetched = fetch_files(name, data_folder(settings), source=source, progress=progress)
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
    with Terminal(quiet) as progress:
        where = path or local_copy(description, settings, find(name)[0].parent)
        summary = describe_table(description, where, settings, progress=progress)
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
    parts.append(_suspicions(description, summary))
    parts += [f"Leak, never a feature: {', '.join(b.columns)}\n  {b.why}" for b in description.leaks]
    parts += [f"Caution: {caution}" for caution in description.head.cautions]
    if summary.undeclared:
        parts.append(f"Columns that the description says nothing about, never read: {', '.join(summary.undeclared)}")
    return "\n\n".join(parts)


def _suspicions(description: Description, summary: TableSummary) -> str:
    """Return the signs of a leak: those to look into first, then what explains the others."""
    if not summary.suspicions:
        return "No column and no block in time looks like a leak by itself."
    empty = {f.source for f in description.features if f.missing_words}
    declared: list[tuple[str, Suspicion]] = []
    explained: list[tuple[str, Suspicion]] = []
    open_: list[tuple[str, Suspicion]] = []
    for level, sign in summary.suspicions:
        if "leak" in summary.roles.get(sign.column, ""):
            declared.append((level, sign))
        else:
            (explained if sign.sign == "empty" and sign.column in empty else open_).append((level, sign))
    parts = []
    if open_:
        beside = ", beside those declared as leaks" if declared else ""
        head = f"WARNING: {_signs(len(open_))} that a column may leak the outcome{beside}"
        rows = list(_grouped(open_, summary.roles))
        parts.append(f"{head}\n" + table(("column", "used as", "level", "what was seen"), rows))
    if explained:
        parts.append(
            "Expected where empty means 'no such history', as the description says it does: the outcome is much "
            f"rarer or commoner where these are empty\n  {_few(s.column for _, s in explained)}"
        )
    if declared:
        columns = _few(s.column for _, s in declared)
        parts.append(f"Signs of leaks in columns that are declared as leaks: {len(declared)}\n  {columns}")
    return "\n\n".join(parts)


def _grouped(signs: list[tuple[str, Suspicion]], roles: dict[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row a sign, or one row for all of the same kind where they are more than a few."""
    from forecast.tables.suspicion import SIGNS

    groups: dict[tuple[str, str, str], list[Suspicion]] = {}
    for level, sign in signs:
        groups.setdefault((sign.sign, level, roles.get(sign.column, "not declared")), []).append(sign)
    for (kind, level, role), found in groups.items():
        columns = {sign.column for sign in found}
        if len(columns) > FEW:
            yield f"{len(columns)} columns", role, level, f"{SIGNS[kind]}: {_few(sign.column for sign in found)}"
        else:
            yield from ((sign.column, role, level, sign.seen) for sign in found)


def _signs(count: int) -> str:
    return "1 sign" if count == 1 else f"{count} signs"


def _few(names: Iterable[str]) -> str:
    """Return the names, each once; of many the first few and how many more there are."""
    unique = list(dict.fromkeys(names))
    if len(unique) <= FEW:
        return ", ".join(unique)
    return f"{', '.join(unique[:FEW])} and {len(unique) - FEW} more"


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


@data.command("make-force")
@click.option("--people", default=45_000, show_default=True, type=click.IntRange(100, 5_000_000),
              help="About how many people have a custody event in 2008-12.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The same seed, the same bytes.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write; by default in the data folder.")
@click.option("--duplicates", type=click.FloatRange(0, 0.5),
              help="Name the nominals, for linking; this share of the people has two.")  # fmt: skip
@overwrite_option
@quiet_option
@settings_option
def make_force(
    people: int,
    seed: int,
    out: Path | None,
    duplicates: float | None,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Make the records of a synthetic force: whole lives from 1985 to 2017, all made up, and the truth behind them."""
    from forecast.synthetic.force import write_force

    target = out or load_settings(settings_path).data_folder / "synthetic" / "force"
    with Terminal(quiet) as progress:
        summary = write_force(target, people, seed, progress=progress, duplicates=duplicates, overwrite=overwrite)
    rows = [(name, f"{count:,}") for name, count in summary.rows.items()]
    click.echo(f"{target}: a force that never was, seed {seed}\n" + table(("table", "rows"), rows, right=(1,)))


@data.command()
@click.argument("records")
@click.option("--mapping", type=click.Path(path_type=Path), help="A TOML file that renames columns and codes.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the accepted records, in the canonical form.")
@click.option("--quarantine", type=click.Path(path_type=Path), help="Folder for refused rows, with their codes.")
@click.option("--max-refused", type=click.FloatRange(0, 1), help="Largest share of rows to refuse.")
@overwrite_option
@quiet_option
@settings_option
def check(
    records: str,
    mapping: Path | None,
    out: Path | None,
    quarantine: Path | None,
    max_refused: float | None,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Check RECORDS (a folder of CSV or Parquet files, a DuckDB file, or the address of a database) in one pass.

    An address is written postgresql://user@host/name, or env:NAME for one in an environment variable.
    """
    from forecast.records.check import check_records
    from forecast.records.places import is_url

    settings = load_settings(settings_path)
    with Terminal(quiet) as progress:
        result = check_records(
            records if is_url(records) else Path(records),
            mapping,
            out=out,
            quarantine=quarantine,
            overwrite=overwrite,
            max_refused=max_refused,
            settings=settings,
            progress=progress,
        )
    click.echo(checked_text(result))
    if out is not None and not result.problems:
        click.echo(f"\nAccepted records: {out}")
    if quarantine is not None:
        click.echo(f"Refused rows: {quarantine}")
    result.raise_problems()


def checked_text(result: CheckResult) -> str:
    """Return what a check found as tables: each problem, and the account of each table."""
    found = [(f.severity, f.table, f.code, f"{f.count:,}", f.sentence, ", ".join(f.examples)) for f in result.findings]
    totals = [
        (t.table, f"{t.rows:,}", f"{t.accepted:,}", f"{t.quarantined:,}", f"{t.values_set_aside:,}")
        for t in result.totals
    ]
    parts = [f"Assumed: {assumption}" for assumption in result.assumptions]
    if found:
        parts.append(table(("", "table", "code", "count", "what was found", "for example"), found, right=(3,)))
    else:
        parts.append("No problem was found.")
    head = ("table", "rows in", "accepted", "quarantined", "values set aside")
    parts.append(table(head, totals, right=(1, 2, 3, 4)))
    return "\n\n".join(parts)
