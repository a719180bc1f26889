"""`forecast tracking`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from forecast.cli.console import settings_option
from forecast.problems import need
from forecast.settings import load_settings


@click.command()
@click.option(
    "--port", default=5000, show_default=True, type=click.IntRange(1, 65_535), help="The port on this machine."
)
@settings_option
def tracking(port: int, settings_path: Path | None) -> None:
    """Open MLflow's page of tracked runs on this machine, until Ctrl-C; its telemetry is off."""
    from forecast.training.tracking import tracking_uri

    need("mlflow", "train")
    settings = load_settings(settings_path)
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    arguments = ["ui", "--backend-store-uri", tracking_uri(settings), "--host", "127.0.0.1", "--port", str(port)]
    click.echo(f"Tracked runs: http://127.0.0.1:{port}  (Ctrl-C ends it)")
    os.execve(sys.executable, [sys.executable, "-m", "mlflow", *arguments], environment)
