"""Tests of `forecast models`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from forecast.models.bundle import ModelBundle

from .conftest import Ended

Run = Callable[..., Ended]


def test_a_bundle_is_shown_with_its_figures(run: Run, bundle: ModelBundle):
    ended = run("models", "show", bundle.folder)
    assert ended.status == 0
    for word in (bundle.model_id, "boosting", "synthetic", "none, any, serious", "0.4, 0.2 (not signed)", "AUC"):
        assert word in ended.out


def test_the_whole_manifest_can_be_printed(run: Run, bundle: ModelBundle):
    assert json.loads(run("models", "show", bundle.folder, "--json").out) == bundle.manifest


def test_a_damaged_bundle_is_a_problem(run: Run, here: Path, bundle: ModelBundle):
    shutil.copytree(bundle.folder, here / "copy")
    (here / "copy" / "model" / "design.json").write_text("{}", "utf-8")
    ended = run("models", "show", "copy")
    assert ended.status == 2
    assert "[bundle-corrupt]" in ended.err
