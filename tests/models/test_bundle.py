"""Tests of the folder that a trained model is kept in."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecast
from forecast.files import sha256, to_json
from forecast.models import boosting
from forecast.models.bands import CutOffs
from forecast.models.bundle import MANIFEST, ModelBundle, load_bundle, read_manifest, versions, write_bundle
from forecast.models.calibration import identity
from forecast.models.forecaster import Forecaster
from forecast.problems import Problem
from forecast.settings import Settings
from forecast.tables.description import build
from forecast.tables.library import load
from forecast.training.material import Material, prepare
from forecast.training.train import Trained, train
from tests.helpers import KINDS, run_python, small_experiment

SOURCE = Path(forecast.__file__).parent


@pytest.fixture
def copy(bundle: ModelBundle, tmp_path: Path) -> Path:
    """A copy of the trained bundle that a test may damage."""
    return Path(shutil.copytree(bundle.folder, tmp_path / "copy"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_bundle_forecasts_and_explains_to_the_bit_like_the_model_that_was_kept(
    kind: str, bundle_of: Callable[[str], ModelBundle], features: pd.DataFrame, tmp_path: Path
):
    first = bundle_of(kind)
    model_id = write_bundle(tmp_path, first.description, first.forecaster, {})
    again = load_bundle(tmp_path, threads=1)
    assert again.model_id == model_id == first.model_id
    assert again.description == first.description
    assert again.scale == first.scale
    mine, theirs = first.forecaster.forecast(features), again.forecaster.forecast(features)
    np.testing.assert_array_equal(mine.probability, theirs.probability)
    np.testing.assert_array_equal(mine.band, theirs.band)
    for level in range(2):
        mine_c, theirs_c = (f.contributions(features, level) for f in (first.forecaster, again.forecaster))
        assert mine_c.base == theirs_c.base
        np.testing.assert_array_equal(mine_c.values, theirs_c.values)
        np.testing.assert_array_equal(mine_c.cap, theirs_c.cap)


@pytest.mark.parametrize("name", ["nij:round2", "compas:general-corrected", "synthetic"])
def test_the_description_comes_back_from_json_with_its_variant_and_dates(
    name: str, bundle: ModelBundle, tmp_path: Path
):
    description = load(name)
    levels = len(description.scale.reached)
    fitting = Forecaster(bundle.forecaster.model, identity(levels), CutOffs((0.5,) * levels))
    write_bundle(tmp_path, description, fitting, {})
    back = load_bundle(tmp_path).description
    assert back == description
    assert back.observed_until is None or isinstance(back.observed_until, datetime.date)


def test_two_runs_with_the_same_data_settings_and_seed_give_the_same_files(
    table_file: Path, settings: Settings, tmp_path: Path, quick_report: None, monkeypatch: pytest.MonkeyPatch
):
    def run(name: str, seed: int = 1, threads: int = 1) -> Trained:
        here = dataclasses.replace(settings, threads=threads)
        experiment = small_experiment(table_file, seed=seed, boosting_rounds=4)
        return train(prepare(experiment, here), tmp_path / name, here, tracked=False)

    first, again, other = run("first"), run("again"), run("other", seed=2)
    assert first.model_id == again.model_id
    assert files_of(first.folder) == files_of(again.folder)
    assert first.model_id != other.model_id
    monkeypatch.setattr(boosting, "SMALL_CELLS", 0)  # else so little work runs on one thread anyway
    assert files_of(run("parallel", threads=2).folder) == files_of(first.folder)


@pytest.mark.slow
def test_the_report_too_is_the_same_in_two_runs(
    bundle: ModelBundle, material: Material, settings: Settings, tmp_path: Path
):
    again = train(material, tmp_path / "again", settings, tracked=False)
    assert files_of(again.folder) == files_of(bundle.folder)


def test_the_model_id_follows_the_cut_offs(bundle: ModelBundle, tmp_path: Path):
    cutoffs = dataclasses.replace(bundle.forecaster.cutoffs, values=(0.5, 0.2))
    changed = dataclasses.replace(bundle.forecaster, cutoffs=cutoffs)
    assert write_bundle(tmp_path, bundle.description, changed, {}) != bundle.model_id


def test_the_manifest_names_every_file_but_the_report_and_the_run(bundle: ModelBundle):
    manifest = read_manifest(bundle.folder)
    named = set(manifest["files"])
    assert set(files_of(bundle.folder)) - named == {MANIFEST, "report.html"}
    assert all(sha256(bundle.folder / name) == digest for name, digest in manifest["files"].items())


def damaged(detail: str) -> Any:
    return pytest.raises(Problem, match=detail)


def test_a_changed_model_file_is_named(copy: Path):
    path = copy / "model" / "level1-booster1.txt"
    path.write_bytes(path.read_bytes().replace(b"leaf_value=", b"leaf_value=9", 1))
    with damaged("model/level1-booster1.txt does not have the sha256") as found:
        load_bundle(copy)
    assert found.value.code == "bundle-corrupt"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["calibration"]["a"].__setitem__(0, 3.0),
        lambda m: m["cutoffs"]["values"].__setitem__(0, 0.9),
        lambda m: m.update(variant="other"),
        lambda m: m.pop("manifest_sha256"),
        lambda m: m["files"].pop("model/design.json"),
    ],
    ids=["calibration", "cut-offs", "variant", "own hash gone", "a file no longer named"],
)
def test_a_manifest_edited_by_hand_is_refused(copy: Path, change: Callable[[dict[str, Any]], None]):
    edit(copy, change)
    with damaged("manifest.json was changed after training") as found:
        load_bundle(copy)
    assert found.value.code == "bundle-corrupt"


def test_a_missing_file_is_named(copy: Path):
    (copy / "model" / "design.json").unlink()
    with damaged("model/design.json is missing") as found:
        load_bundle(copy)
    assert found.value.code == "bundle-corrupt"


def test_a_booster_smuggled_in_is_refused(copy: Path):
    shutil.copy(copy / "model" / "level1-booster1.txt", copy / "model" / "level1-booster3.txt")
    with damaged("model/level1-booster3.txt is not in the manifest") as found:
        load_bundle(copy)
    assert found.value.code == "bundle-corrupt"


def test_a_newer_format_asks_for_an_upgrade(copy: Path):
    edit(copy, lambda m: m.update(format=99))
    with pytest.raises(Problem) as found:
        load_bundle(copy)
    assert found.value.code == "bundle-newer"
    assert found.value.next_step == "Upgrade the package."


@pytest.mark.parametrize("content", [b"not json", b"[1, 2]", b"\xff\xfe", b"{}", b""], ids=repr)
def test_a_manifest_that_cannot_be_read_is_damage(copy: Path, content: bytes):
    (copy / MANIFEST).write_bytes(content)
    with damaged("manifest.json cannot be read") as found:
        load_bundle(copy)
    assert found.value.code == "bundle-corrupt"


@pytest.mark.parametrize(
    "make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("x")], ids=["nothing", "folder", "file"]
)
def test_what_is_no_bundle_is_called_so(tmp_path: Path, make: Callable[[Path], object]):
    make(tmp_path / "no")
    with pytest.raises(Problem) as found:
        load_bundle(tmp_path / "no")
    assert found.value.code == "bundle-missing"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_in_a_bundle_is_a_pickle(kind: str, bundle_of: Callable[[str], ModelBundle]):
    for name, content in files_of(bundle_of(kind).folder).items():
        content.decode("utf-8")
        with pytest.raises((pickle.UnpicklingError, EOFError, ValueError, KeyError, AttributeError, IndexError)):
            pickle.loads(content)
        assert name.endswith((".json", ".txt"))


def test_no_module_of_ours_imports_a_pickler():
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in ("pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"), path


def test_loading_and_forecasting_never_unpickle(bundle: ModelBundle):
    code = (
        "import pickle, sys\n"
        "def refuse(*a, **k): raise SystemExit('unpickled')\n"
        "pickle.load = pickle.loads = pickle.Unpickler = refuse\n"
        "from pathlib import Path\n"
        "from forecast.models.bundle import load_bundle\n"
        "print(load_bundle(Path(sys.argv[1]), threads=1).model_id)\n"
    )
    done = run_python(code, str(bundle.folder))
    assert done.stdout.strip() == bundle.model_id, done.stderr


def test_versions_name_this_package_and_what_it_computes_with():
    found = versions()
    assert found["forecast"] == forecast.__version__
    assert {"python", "lightgbm", "numpy", "pandas", "pyarrow"} <= set(found)


def test_levels_that_are_not_in_alphabetical_order_come_back_in_theirs(bundle: ModelBundle, tmp_path: Path):
    raw = json.loads(
        json.dumps(bundle.manifest["description"]).replace('"any"', '"low"').replace('"serious"', '"high"')
    )
    raw["outcome"]["observed_until"] = datetime.date(2017, 1, 2)
    description = build(raw, "a test")
    write_bundle(tmp_path, description, bundle.forecaster, {})
    assert load_bundle(tmp_path).scale.reached == ("low", "high")


def test_a_bundle_of_the_first_days_still_loads(copy: Path, bundle: ModelBundle):
    """Manifests were written with sorted keys once."""
    manifest = json.loads((copy / MANIFEST).read_text("utf-8"))
    del manifest["manifest_sha256"]
    manifest["manifest_sha256"] = hashlib.sha256(to_json(manifest).encode()).hexdigest()
    (copy / MANIFEST).write_text(to_json(manifest), "utf-8")
    assert load_bundle(copy).model_id == bundle.model_id


def resigned(folder: Path, **changes: Any) -> None:
    """Change a manifest and give it the hash that fits, as somebody with the code could."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8")) | changes
    manifest.pop("manifest_sha256")
    manifest["manifest_sha256"] = forecast.models.bundle._digest(manifest)
    (folder / "manifest.json").write_text(to_json(manifest), "utf-8")


@pytest.mark.parametrize(
    "changes",
    [{"kind": "oracle"}, {"calibration": {"a": [], "b": []}}, {"format": "1"}],
    ids=["unknown kind", "no calibration", "format as text"],
)
def test_a_manifest_that_fits_its_hash_but_not_itself_is_damaged(
    bundle: ModelBundle, tmp_path: Path, changes: dict[str, Any]
):
    write_bundle(tmp_path, bundle.description, bundle.forecaster, {})
    resigned(tmp_path, **changes)
    with pytest.raises(Problem) as found:
        load_bundle(tmp_path)
    assert found.value.code == "bundle-corrupt"
