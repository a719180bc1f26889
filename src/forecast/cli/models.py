"""`forecast models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from forecast.cli.console import interval, table


@click.group()
def models() -> None:
    """Show what a bundle holds."""


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
    cutoffs, data = manifest["cutoffs"], manifest["data"]
    signed = f"signed by {cutoffs['signed_by']}" if cutoffs["signed_by"] else "not signed"
    rows = [
        ("model id", manifest["model_id"]),
        ("model", manifest["experiment"]["model"]),
        ("experiment", manifest["name"]),
        ("table", manifest["description"]["name"] + (f":{manifest['variant']}" if manifest["variant"] else "")),
        ("outcome", ", ".join(manifest["description"]["outcome"]["scale"])),
        ("cut-offs", ", ".join(str(c) for c in cutoffs["values"]) + f" ({signed})"),
        ("trained on", f"{data['cases']:,} cases of {data['file']}, sha256 {data['sha256'][:16]}..."),
        ("bundle format", manifest["format"]),
        ("versions", ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())),
        ("files", f"{len(manifest['files'])}, all with the sha256 of the manifest"),
    ]
    parts = [f"{bundle}\n" + "\n".join(f"  {name:<14} {value}" for name, value in rows)]
    for level, by_model in manifest["metrics"].items():
        figures = [(name, interval(*m["auc"]), interval(*m["brier"])) for name, m in by_model.items()]
        parts.append(f"Tested, level '{level}', with 95 % intervals\n" + table(("model", "AUC", "Brier"), figures))
    return "\n\n".join(parts)
