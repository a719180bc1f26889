from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecast.problems import Problem
from forecast.settings import Settings, read_toml
from forecast.tables.description import Description
from forecast.tables.library import load, local_copy, shipped
from forecast.tables.reader import open_table

LABELS = [
    f"{name}:{variant}" if variant else name
    for name, path in shipped().items()
    for variant in read_toml(path).get("variants", {"": {}})
]

RealTable = Callable[[Description], Path]


@pytest.mark.parametrize("label", LABELS)
def test_every_variant_of_every_shipped_description_loads(label: str) -> None:
    d = load(label)
    assert d.label == label
    assert d.head.cautions
    assert len(d.head.two_feature) == 2


@pytest.mark.parametrize("label", [label for label in LABELS if not label.startswith("synthetic")])
def test_every_declared_column_is_in_the_real_file(label: str, real_table: RealTable) -> None:
    d = load(label)
    path = real_table(d)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        header = {name.strip() for name in next(csv.reader(handle))}
    assert {column for column, _ in d.declared()} <= header
    open_table(d, path, learning=True).check_columns()


def test_a_name_without_a_variant_gives_the_first_one() -> None:
    assert load("compas").label == "compas:general"
    assert load("nij").label == "nij:round1"


@pytest.mark.parametrize("name", ["compass", "compas.csv", ""])
def test_an_unknown_name_names_the_shipped_ones(name: str) -> None:
    with pytest.raises(Problem) as caught:
        load(name)
    assert caught.value.code == "table-unknown"
    assert "compas, nij, synthetic" in caught.value.next_step


def test_an_unknown_variant_names_the_known_ones() -> None:
    with pytest.raises(Problem) as caught:
        load("compas:generall")
    assert caught.value.code == "variant-unknown"
    assert "general-corrected" in caught.value.next_step


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "file-missing"),
        (b"title = 'x", "toml-syntax"),
        ("title = 'é'".encode("latin-1"), "file-encoding"),
        (b"variants = ['a']", "toml-wrong-type"),
    ],
    ids=["missing", "syntax", "encoding", "shape"],
)
def test_a_path_that_cannot_be_read_gives_its_problem(
    tmp_path: Path, only_code: Callable[..., str], content: bytes | None, code: str
) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    assert only_code(load, str(path)) == code


def test_a_description_file_of_a_user_may_have_a_bom_and_variants(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "mine.toml"
    text = (Path(str(shipped()["synthetic"]))).read_text("utf-8")
    path.write_text("\ufeff" + text + '\n[variants.short]\ntitle = "Short"\n', encoding="utf-8")
    assert load(str(path)).head.title == "Short"
    assert load(f"{path}:short").variant == "short"


def test_the_local_copy_is_looked_for_in_the_data_folder_then_beside_the_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FORECAST_DATA", raising=False)
    d, near, data = load("nij"), tmp_path / "near", tmp_path / "data"
    settings = Settings(data_folder=data)
    assert local_copy(d, settings, near) == data / "nij" / "nij_training_people.csv"
    for folder, name in ((near, "nij_training_people.csv"), (data, "nij_full_dataset.csv")):
        (folder / "nij").mkdir(parents=True)
        (folder / "nij" / name).touch()
    assert local_copy(d, settings, near) == data / "nij" / "nij_full_dataset.csv"
    assert local_copy(d, Settings(data_folder=tmp_path), near) == near / "nij" / "nij_training_people.csv"


def test_a_description_without_a_file_says_so(tmp_path: Path, only_code: Callable[..., str], description: Any) -> None:
    assert only_code(local_copy, description, Settings()) == "toml-missing-key"
