"""`forecast models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from forecast.cli.console import interval, table
from forecast.cli.costs import costs
from forecast.cli.registry import COMMANDS
from forecast.cli.update import update


@click.group()
def models() -> None:
    """Show what a bundle holds; register, compare and promote models, and say which was live."""


for command in (*COMMANDS, costs, update):
    models.add_command(command)


@models.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the whole manifest.")
def show(bundle: Path, as_json: bool) -> None:
    """Check the bundle in DIR against its hashes and print what it holds."""
    from forecast.models.bundle import load_bundle

    loaded = load_bundle(bundle)
    manifest = dict(loaded.manifest)
    click.echo(json.dumps(manifest, indent=1, ensure_ascii=False) if as_json else manifest_text(manifest, bundle))


def manifest_text(manifest: dict[str, Any], bundle: Path) -> str:
    """Return a manifest as text."""
    data = manifest["data"]
    rows = [
        ("model id", manifest["model_id"]),
        ("model", manifest["experiment"]["model"]),
        ("experiment", manifest["name"]),
        ("table", manifest["description"]["name"] + (f":{manifest['variant']}" if manifest["variant"] else "")),
        ("outcome", ", ".join(manifest["description"]["outcome"]["scale"])),
        _bands_row(manifest),
        ("trained on", f"{data['cases']:,} cases of {data['file']}, sha256 {data['sha256'][:16]}..."),
        *_updates(manifest),
        ("bundle format", manifest["format"]),
        ("versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())),
        ("files", f"{len(manifest['files'])}, all with the sha256 of the manifest"),
    ]
    parts = [f"{bundle}\n" + "\n".join(f"  {name:<14} {value}" for name, value in rows)]
    for level, by_model in manifest["metrics"].items():
        figures = [(name, interval(*m["auc"]), interval(*m["brier"])) for name, m in by_model.items()]
        parts.append(f"Tested, level '{level}', with 95 % intervals\n" + table(("model", "AUC", "Brier"), figures))
    return "\n\n".join(parts)


def _updates(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Say what the calibration was updated on since the model was fitted."""
    return [
        (
            "updated",
            f"from {one['parent']} on {one['cases']:,} cases of {one['file']}, sha256 {one['sha256'][:16]}..., "
            f"grade {one['grade']}; not tested since",
        )
        for one in manifest.get("updates", ())
    ]


def _bands_row(manifest: dict[str, Any]) -> tuple[str, str]:
    """Say what the bands come from, and who answers for it."""
    from forecast.models.bands import Costs, CutOffs, signature

    if "costs" in manifest:
        found = Costs.from_json(manifest["costs"])
        return "costs", "; ".join(", ".join(f"{c:g}" for c in row) for row in found.matrix) + f" ({signature(found)})"
    cutoffs = manifest["cutoffs"]
    said = signature(CutOffs(tuple(cutoffs["values"]), cutoffs["signed_by"]))
    return "cut-offs", ", ".join(str(c) for c in cutoffs["values"]) + f" ({said})"
