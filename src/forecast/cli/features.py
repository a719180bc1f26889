"""`forecast features`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.cli.console import Terminal, overwrite_option, quiet_option, settings_option, table
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
    """List the sets of features, or what stands in the set NAME: meaning, missing values, what is contested."""
    from forecast.features.catalogue import SETS, whole_set

    if not name:
        rows = [(one, len(whole_set(one).features), whole_set(one).note) for one in SETS]
        click.echo(table(("set", "features", "what it is"), rows, right=(1,)))
        return
    click.echo(set_text(whole_set(name)))


def set_text(feature_set: FeatureSet) -> str:
    """Return a set as a table, and what is off or protected in it."""
    rows = [
        (f.name, f.phrase, f.unit, f.direction, f.missing, "" if f.default_on else "off") for f in feature_set.features
    ]
    parts = [f"{feature_set.name}: {feature_set.note}"]
    parts.append(table(("feature", "what it is", "unit", "more of it", "missing", ""), rows))
    held = [f"{f.name}: {f.protected}. {f.contested}".strip() for f in feature_set.features if f.protected]
    if held:
        parts.append("Only by a declared exception ([[exceptions]] in the assembly file)\n" + "\n".join(held))
    return "\n\n".join(parts)


@features.command()
@click.argument("records", type=click.Path(path_type=Path))
@click.option(
    "--assembly", type=click.Path(path_type=Path), help="A TOML file: features, period, outcomes, exceptions."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file of cases (.parquet).")
@overwrite_option
@quiet_option
@settings_option
def build(
    records: Path, assembly: Path | None, out: Path, overwrite: bool, quiet: bool, settings_path: Path | None
) -> None:
    """Build cases from RECORDS that `forecast data check` accepted: features, outcomes, and their description."""
    from forecast.tables.assemble import write_cases
    from forecast.tables.assembly import Assembly, read_assembly

    load_settings(settings_path)
    wanted = Assembly() if assembly is None else read_assembly(assembly)
    progress = Terminal(quiet)
    try:
        made = write_cases(records, out, wanted, overwrite=overwrite, progress=progress)
    finally:
        progress.close()
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
    return f"{flow}\n\n{where}\n{made.description}: their description, for `forecast train`"


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
    progress = Terminal(quiet)
    try:
        made = build_matrix(records, out, load_set(name), settings=settings, progress=progress, overwrite=overwrite)
    finally:
        progress.close()
    click.echo(f"{made.path}: {made.rows:,} moments of {made.events:,} custody events, {len(made.features)} features")


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
    prepared = prepare(whole_set(name))
    computed = leaking(lambda a, m: compute(a, m, prepared)) if plant_leak else lambda a, m: compute(a, m, prepared)
    progress = Terminal(quiet)
    try:
        proof = prove_records(records, computed, cases=cases, seed=seed, progress=progress)
    finally:
        progress.close()
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
