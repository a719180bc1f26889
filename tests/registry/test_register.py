"""Tests of registration: once, whole, and never half of it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from forecast.models.bundle import load_bundle
from forecast.problems import Problem
from forecast.registry import mirror
from forecast.registry.register import register
from forecast.registry.store import Registry
from tests.registry.conftest import NAME, Failing, House, aliases

WHO, WHY = "A. Analyst", "new data"


def problem_of(house: House, which: str = "first", name: str = NAME, **changes: object) -> Problem:
    with pytest.raises(Problem) as caught:
        register(house.registry, name, house.bundles[which].folder, **{"who": WHO, "why": WHY, **changes})
    return caught.value


def test_a_registered_bundle_is_copied_whole_and_is_the_challenger(house: House):
    model = house.register("first")
    folder = house.registry.folder_of(NAME, model)
    assert load_bundle(folder).manifest == house.bundles["first"].manifest
    assert aliases(house.registry) == {"challenger": model}
    [entry] = house.registry.ledger.entries()
    assert (entry.kind, entry.who, entry.what["model"], entry.what["why"]) == ("registered", WHO, model, WHY)
    assert entry.what["expires"] == "2027-01-05"
    assert entry.what["manifest_sha256"] == house.bundles["first"].manifest["manifest_sha256"]


def test_the_version_in_the_store_has_the_tags_and_the_files_of_the_bundle(house: House):
    model = house.register("first")
    with mirror.store(house.registry.settings, state="", again="") as client:
        [version] = client.search_model_versions(f"name='{NAME}'")
        files = {item.path for item in client.list_artifacts(version.run_id)}
    assert version.tags["model_id"] == model
    assert version.tags["manifest_sha256"] == house.bundles["first"].manifest["manifest_sha256"]
    assert version.tags["expires"] == "2027-01-05"
    assert {"manifest.json", "model"} <= files


def test_to_register_the_same_bundle_again_changes_nothing(house: House):
    house.register("first")
    again = register(house.registry, NAME, house.bundles["first"].folder, who=WHO, why=WHY)
    assert again.before
    assert house.kinds == ["registered"]
    with mirror.store(house.registry.settings, state="", again="") as client:
        assert len(client.search_model_versions(f"name='{NAME}'")) == 1


def test_another_bundle_of_the_same_model_id_is_refused(no_store: House, tmp_path: Path):
    import shutil

    from forecast.files import to_json
    from forecast.models.bundle import _digest

    no_store.register("first")
    other = tmp_path / "other"
    shutil.copytree(no_store.bundles["first"].folder, other)
    manifest = json.loads((other / "manifest.json").read_text("utf-8"))
    manifest["name"] = "another experiment"
    manifest["manifest_sha256"] = _digest({k: v for k, v in manifest.items() if k != "manifest_sha256"})
    (other / "manifest.json").write_text(to_json(manifest, sort_keys=False), "utf-8")
    with pytest.raises(Problem) as caught:
        register(no_store.registry, NAME, other, who=WHO, why=WHY)
    assert caught.value.code == "registry-differs"


@pytest.mark.parametrize("name", ["", "Custody", "a b", "../x", "ledger.jsonl", "-x", "x" * 61])
def test_a_name_that_could_be_no_folder_is_refused(no_store: House, name: str):
    assert problem_of(no_store, name=name).code == "registry-name"


def test_a_registration_by_nobody_leaves_nothing_behind(no_store: House):
    assert problem_of(no_store, who=" ").code == "ledger-nobody"
    assert problem_of(no_store, why=" ").code == "registry-why"
    assert not no_store.registry.folder.exists()


def test_what_is_no_bundle_is_refused(no_store: House, tmp_path: Path):
    with pytest.raises(Problem) as caught:
        register(no_store.registry, NAME, tmp_path, who=WHO, why=WHY)
    assert caught.value.code == "bundle-missing"


@pytest.mark.parametrize("day", ["2026-01-05", "2027-01-06", "2020-01-01"])
def test_an_expiry_date_that_is_past_or_too_far_is_refused(no_store: House, day: str):
    problem = problem_of(no_store, expires=datetime.date.fromisoformat(day))
    assert problem.code == "registry-expiry"
    assert day in problem.sentence


@pytest.mark.parametrize(
    ("method", "registered"),
    [
        pytest.param("search_model_versions", False, marks=pytest.mark.slow),
        pytest.param("create_registered_model", False, marks=pytest.mark.slow),
        pytest.param("create_run", False, marks=pytest.mark.slow),
        pytest.param("log_artifacts", False, marks=pytest.mark.slow),
        pytest.param("set_terminated", False, marks=pytest.mark.slow),
        ("create_model_version", False),
        pytest.param("get_registered_model", True, marks=pytest.mark.slow),
        ("set_registered_model_alias", True),
        pytest.param("set_model_version_tag", True, marks=pytest.mark.slow),
    ],
)
def test_a_store_that_dies_leaves_nothing_half_registered_and_a_second_try_completes(
    house: House, dies_at: Failing, method: str, registered: bool
):
    dies_at(method)
    problem = problem_of(house)
    assert problem.code == "registry-store-down"
    assert ("only MLflow is behind" if registered else "Nothing was registered") in problem.sentence
    folder = house.registry.folder_of(NAME, house.bundles["first"].model_id)
    assert folder.exists() == registered
    assert house.kinds == (["registered"] if registered else [])
    dies_at("")
    model = house.register("first")
    assert house.kinds == ["registered"]
    assert aliases(house.registry) == {"challenger": model}
    with mirror.store(house.registry.settings, state="", again="") as client:
        assert len(client.search_model_versions(f"name='{NAME}'")) == 1


def test_a_folder_that_a_killed_run_left_is_taken_up(no_store: House):
    import shutil

    folder = no_store.registry.folder_of(NAME, no_store.bundles["first"].model_id)
    shutil.copytree(no_store.bundles["first"].folder, folder)
    assert no_store.registry.lines() == {}
    no_store.register("first")
    assert no_store.kinds == ["registered"]


@pytest.mark.slow
def test_a_store_that_was_lost_is_filled_again_from_the_ledger(house: House, empty_store: Path):
    import shutil

    first = house.register("first")
    shutil.copy(empty_store, house.registry.settings.models_folder / "mlflow.db")
    second = house.register("second")
    assert aliases(house.registry) == {"challenger": second}
    with mirror.store(house.registry.settings, state="", again="") as client:
        assert {v.tags["model_id"] for v in client.search_model_versions(f"name='{NAME}'")} == {first, second}


def test_a_server_that_is_down_is_a_clear_problem_and_nothing_is_registered(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    problem = problem_of(house)
    assert problem.code == "registry-store-down"
    assert "http://127.0.0.1:9" in problem.sentence
    assert "Nothing was registered" in problem.sentence
    assert house.kinds == []


def test_a_model_is_named_by_its_id_its_beginning_or_its_alias(no_store: House):
    first, second = no_store.register("first"), no_store.register("second")
    line = no_store.registry.line(NAME)
    assert [line.model(w).model_id for w in (first, first[:6], "challenger")] == [first, first, second]
    for word in ("champion", first[:2], "ffffffff", ""):
        with pytest.raises(Problem) as caught:
            line.model(word)
        assert caught.value.code == "registry-model-unknown"


def test_an_unknown_name_is_answered_with_the_nearest(no_store: House):
    with pytest.raises(Problem, match="Register one"):
        no_store.registry.line("custodi")
    no_store.register("first")
    with pytest.raises(Problem, match="Did you mean 'custody'"):
        Registry(no_store.registry.settings).line("custodi")
