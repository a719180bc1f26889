"""Find a table description: a shipped one by name, or a file of the user's by path."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from forecast.problems import Problem
from forecast.settings import Settings, data_folder, read_toml
from forecast.tables.description import Description, build


def shipped() -> dict[str, Path]:
    """Return the shipped descriptions by name."""
    folder = Path(str(resources.files("forecast.tables"))) / "library"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find(name: str) -> tuple[Path, str]:
    """Return (path of the TOML file, variant) for `compas:general` or `path/to/mine.toml`."""
    base, _, variant = name.partition(":")
    if base in shipped():
        return shipped()[base], variant
    if not base.endswith(".toml"):
        raise Problem("table-unknown", name=base, known=", ".join(shipped()))
    return Path(base), variant


def load(name: str) -> Description:
    """Return the description called ``name`` (``NAME``, ``NAME:VARIANT`` or a path, with ``:VARIANT`` or not).

    A description with variants and none named gives the first of them.
    """
    path, variant = find(name)
    content = read_toml(path)
    if not variant and content.get("variants"):
        variant = next(iter(content["variants"]))
    return build(content, path, variant)


def local_copy(description: Description, settings: Settings, near: Path | None = None) -> Path:
    """Return where the table's own file lies: under FORECAST_DATA, the data folder, or in ``near``."""
    if not description.head.file:
        raise Problem("toml-missing-key", path=description.label, key="file", meaning="where the table's file lies")
    folders = [data_folder(settings), settings.data_folder, *([near] if near else [])]
    places = [folder / name for folder in folders for name in (description.head.file, *description.head.also)]
    return next((place for place in places if place.exists()), places[0])
