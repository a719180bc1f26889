"""`forecast features`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecast.cli.console import Terminal, interval, overwrite_option, quiet_option, settings_option, table
from forecast.problems import Problem
from forecast.settings import load_settings

if TYPE_CHECKING:
    from forecast.features.prove import Proof
    from forecast.features.spec import FeatureSet
    from forecast.tables.assemble import Assembled


@click.group()
def features() -> None:
    """List features, build cases from records, prove that nothing leaks."""


@features.command("list")
@click.argument("name", default="")
def list_features(name: str) -> None:
    """List the sets of features, or what stands in the set NAME: meaning, missing values, sources, what is off."""
    from forecast.features.catalogue import SETS, whole_set

    if not name:
        rows = [(one, len(whole_set(one).features), whole_set(one).note) for one in SETS]
        click.echo(table(("set", "features", "what it is"), rows, right=(1,)))
        return
    click.echo(set_text(whole_set(name)))


def set_text(feature_set: FeatureSet) -> str:
    """Return a set as a table, then what its features read and when that is known; what is off or protected."""
    rows = [
        (f.name, f.phrase, f.unit, f.direction, f.missing, "" if f.default_on else "off") for f in feature_set.features
    ]
    parts = [f"{feature_set.name}: {feature_set.note}"]
    parts.append(table(("feature", "what it is", "unit", "more of it", "missing", ""), rows))
    sources = [f"{f.name}\n  known: {f.known}\n  reads: {sources_text(f.reads)}" for f in feature_set.features]
    parts.append("When each becomes known, and the columns of the records that it reads\n" + "\n".join(sources))
    held = [f"{f.name}: {f.protected}. {f.contested}".strip() for f in feature_set.features if f.protected]
    if held:
        parts.append("Only by a declared exception ([[exceptions]] in the assembly file)\n" + "\n".join(held))
    return "\n\n".join(parts)


def sources_text(reads: Sequence[str]) -> str:
    """Return table.column names with each table named once: `offences: code, committed_at; persons: born_on`."""
    by_table: dict[str, list[str]] = {}
    for name, column in (read.split(".") for read in reads):
        by_table.setdefault(name, []).append(column)
    return "; ".join(f"{name}: {', '.join(columns)}" for name, columns in by_table.items())


@features.command()
@click.argument("records", type=click.Path(path_type=Path))
@click.option(
    "--assembly", type=click.Path(path_type=Path), help="A TOML file: features, period, outcomes, exceptions."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file of cases (.parquet).")
@click.option("--rates", is_flag=True, help="Also measure base rates under other choices (all records in memory).")
@overwrite_option
@quiet_option
@settings_option
def build(
    records: Path,
    assembly: Path | None,
    out: Path,
    rates: bool,
    overwrite: bool,
    quiet: bool,
    settings_path: Path | None,
) -> None:
    """Build cases from RECORDS that `forecast data check` accepted: features, outcomes, and their description."""
    from forecast.tables.assemble import write_cases
    from forecast.tables.assembly import Assembly, read_assembly

    load_settings(settings_path)
    wanted = Assembly() if assembly is None else read_assembly(assembly)
    with Terminal(quiet) as progress:
        made = write_cases(records, out, wanted, rates=rates, overwrite=overwrite, progress=progress)
    click.echo(assembled_text(made))


def assembled_text(made: Assembled) -> str:
    """Return the flow from custody events to cases, and where things lie."""
    rows = [
        (s.label, s.why, f"{s.noted:,} of them" if s.noted else f"-{s.dropped:,}" if s.dropped else "", f"{s.left:,}",
         f"{s.people:,}")
        for s in made.steps
    ]  # fmt: skip
    flow = table(("step", "why", "", "events left", "people"), rows, right=(2, 3, 4))
    where = f"{made.cases}: {made.rows:,} cases, {made.complete:,} with a complete outcome window"
    ends = f"The data end before {made.observed_until}, by {made.known_from}."
    parts = [flow, *([_rates_text(made.rates)] if made.rates else []), f"{ends}\n{where}"]
    return "\n\n".join(parts) + f"\n{made.description}: their description, for `forecast train`"


def _rates_text(rates: Sequence[Mapping[str, Any]]) -> str:
    """Return base rates under other choices as a table, people in 100 with 95 % intervals."""
    rows = []
    for row in rates:
        figures = []
        for level in ("any", "serious"):
            value, low, high = (
                None if v is None else 100 * v for v in (row[level], row[f"{level}_low"], row[f"{level}_high"])
            )
            figures.append(interval(value, low, high, 1))
        rows.append((row["choice"], f"{row['cases']:,}", *figures))
    return "How much the base rates hang on choices, in 100\n" + table(
        ("choice", "cases", "any", "serious"), rows, right=(1,)
    )


@features.command()
@click.argument("records", type=click.Path(path_type=Path))
@click.option("--set", "name", default="extended", show_default=True, help="The set of features.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file of the matrix (.parquet).")
@overwrite_option
@quiet_option
@settings_option
def matrix(records: Path, name: str, out: Path, overwrite: bool, quiet: bool, settings_path: Path | None) -> None:
    """Write the features alone, of all forecast moments of RECORDS: no outcomes, nobody left out; for studies."""
    from forecast.features.catalogue import load_set
    from forecast.features.matrix import build_matrix

    settings = load_settings(settings_path)
    require_checked(records)
    with Terminal(quiet) as progress:
        made = build_matrix(records, out, load_set(name), settings=settings, progress=progress, overwrite=overwrite)
    click.echo(f"{made.path}: {made.rows:,} moments of {made.events:,} custody events, {len(made.features)} features")


def require_checked(records: Path) -> None:
    """Raise unless ``records`` is a folder that `forecast data check` wrote: it leaves its account in it."""
    from forecast.records.result import CHECK_FILE

    if not records.exists():
        raise Problem("file-missing", path=records)
    if not (records / CHECK_FILE).is_file():
        detail = f"there is no {CHECK_FILE}, so it is not what a check wrote"
        raise Problem("records-not-canonical", path=records, detail=detail)


@features.command()
@click.argument("records", type=click.Path(path_type=Path))
@click.option("--set", "name", default="extended", show_default=True, help="The set of features.")
@click.option("--cases", default=2_000, show_default=True, type=click.IntRange(1, 100_000), help="Random moments.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Which moments.")
@click.option("--plant-leak", is_flag=True, help="Add a feature that sees the future, to see it caught.")
@quiet_option
@settings_option
def prove(
    records: Path, name: str, cases: int, seed: int, plant_leak: bool, quiet: bool, settings_path: Path | None
) -> None:
    """Prove on random cases of RECORDS that no feature sees the future; say what late recording would change."""
    from forecast.features.catalogue import whole_set
    from forecast.features.compute import compute, prepare
    from forecast.features.prove import leaking, prove_records

    load_settings(settings_path)
    feature_set = whole_set(name)
    prepared = prepare(feature_set)
    computed = leaking(lambda a, m: compute(a, m, prepared)) if plant_leak else lambda a, m: compute(a, m, prepared)
    with Terminal(quiet) as progress:
        proof = prove_records(
            records, computed, cases=cases, seed=seed, unversioned=feature_set.unversioned, progress=progress
        )
    click.echo(proof_text(proof))
    proof.raise_leaks()


def proof_text(proof: Proof) -> str:
    """Return what the proof found, and which features late recording would change."""
    from forecast.features.prove import sentences

    parts = list(sentences(proof))
    if proof.late:
        rows = sorted(proof.late.items(), key=lambda item: (-item[1], item[0]))
        shares = [(name, f"{count:,}", f"{100 * count / proof.checked:.2f} %") for name, count in rows]
        parts.append(
            "If facts counted from when they happened, not from when they were recorded, these would differ\n"
            + table(("feature", "moments", "share"), shares, right=(1, 2))
        )
    else:
        parts.append("Late recording would change nothing at these moments.")
    return "\n\n".join(parts)
