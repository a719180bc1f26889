"""The built wheel holds what it needs, and works outside the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(REPOSITORY)], check=True, timeout=300)
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_library_and_the_template_and_nothing_else(installed: Path):
    names = {p.relative_to(installed).as_posix() for p in installed.rglob("*") if p.is_file()}
    assert "forecast/tables/library/compas.toml" in names
    assert "forecast/evaluation/report.html" in names
    assert "forecast/evaluation/report.css" in names
    assert "forecast/evaluation/sections/compare.html" in names
    assert "forecast/records/actuarial.toml" in names
    assert "forecast/records/linking/short_forms.toml" in names
    assert "forecast/explanations/texts.toml" in names
    assert "forecast/scoring/sheet.html" in names
    assert "forecast/models/scales/coefficients.toml" in names
    assert "forecast/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "examples", "benchmarks", "data", "models"))]
    assert not [name for name in names if name.endswith((".csv", ".parquet", ".pyc"))]


@pytest.mark.timeout(900)
def test_the_demo_runs_from_the_wheel_in_an_empty_folder(installed: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
    environment.pop("FORECAST_DATA", None)
    code = "import forecast, sys; from forecast.cli import main; print(forecast.__file__); "
    code += "main(['demo', '--quiet', '--people', '9000'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    assert str(installed) in done.stdout
    assert (tmp_path / "models" / "demo" / "report.html").stat().st_size > 50_000
    assert (tmp_path / "models" / "demo-scores.parquet").exists()
    assert (tmp_path / "models" / "mlflow.db").exists()
