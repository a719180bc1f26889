"""Tests of expiry: warn, then refuse after some days of grace."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from forecast.models.bundle import ModelBundle, load_bundle
from forecast.problems import Problem
from forecast.registry.dates import months_later
from forecast.registry.expiry import notes_on_use, standing
from forecast.registry.register import register
from forecast.registry.registration import REGISTRATION, read_registration
from forecast.settings import Settings
from tests.registry.conftest import NAME, House

EXPIRES = datetime.date(2027, 1, 5)


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2026-11-05", "ok"),
        ("2026-11-06", "warn"),
        ("2027-01-04", "warn"),
        ("2027-01-05", "expired"),
        ("2027-02-03", "expired"),
        ("2027-02-04", "refused"),
        ("2030-01-01", "refused"),
    ],
)
def test_a_model_warns_for_60_days_before_and_is_refused_30_days_after(day: str, state: str):
    assert standing(EXPIRES, datetime.date.fromisoformat(day), Settings()).state == state


def test_the_settings_say_how_long():
    settings = Settings(model_expiry_warn_days=0, model_expiry_grace_days=0)
    assert standing(EXPIRES, datetime.date(2027, 1, 4), settings).state == "ok"
    assert standing(EXPIRES, EXPIRES, settings).state == "refused"


def test_use_of_a_registered_model_warns_and_then_is_refused_wherever_its_folder_lies(no_store: House):
    no_store.register("first")
    bundle, settings = no_store.bundles["first"], no_store.registry.settings
    assert notes_on_use(bundle, settings, no_store.clock) == []
    no_store.clock.on("2026-12-26")
    [note] = notes_on_use(bundle, settings, no_store.clock)
    assert note == f"The model {bundle.model_id} of '{NAME}' expires on 2027-01-05, in 10 days."
    no_store.clock.on("2027-01-10")
    assert "refused from 2027-02-04" in notes_on_use(bundle, settings, no_store.clock)[0]
    no_store.clock.on("2027-02-04")
    with pytest.raises(Problem) as caught:
        notes_on_use(bundle, settings, no_store.clock)
    assert caught.value.code == "model-expired"


def test_a_bundle_that_was_never_registered_does_not_expire(no_store: House):
    no_store.register("first")
    no_store.clock.on("2030-01-01")
    assert notes_on_use(no_store.bundles["second"], no_store.registry.settings, no_store.clock) == []


def test_a_retired_model_says_so(no_store: House):
    model = no_store.register("first")
    no_store.fill_in(model, "retired")
    no_store.sign(model, "retired")
    [note] = notes_on_use(no_store.bundles["first"], no_store.registry.settings, no_store.clock)
    assert note.endswith("was retired on 2026-01-05.")


def copy_of(house: House, folder: Path) -> ModelBundle:
    """Take a registered copy elsewhere."""
    model = house.register("first")
    shutil.copytree(house.registry.folder_of(NAME, model), folder)
    return load_bundle(folder, threads=1)


def test_a_registered_copy_taken_elsewhere_expires_too(no_store: House, tmp_path: Path):
    copy = copy_of(no_store, tmp_path / "elsewhere")
    elsewhere = Settings(models_folder=tmp_path / "other")
    [note] = notes_on_use(copy, elsewhere, no_store.clock)
    assert "registered elsewhere" in note
    no_store.clock.on("2026-12-26")
    assert "expires on 2027-01-05, in 10 days" in notes_on_use(copy, elsewhere, no_store.clock)[0]
    no_store.clock.on("2027-02-04")
    with pytest.raises(Problem) as caught:
        notes_on_use(copy, elsewhere, no_store.clock)
    assert caught.value.code == "model-expired"


@pytest.mark.parametrize(("old", "new"), [("2027-01-05", "2037-01-05"), ('"sha256"', '"sha"'), ("{", "[")])
def test_an_altered_registration_is_refused(no_store: House, tmp_path: Path, old: str, new: str):
    copy = copy_of(no_store, tmp_path / "elsewhere")
    path = copy.folder / REGISTRATION
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(Problem) as caught:
        notes_on_use(copy, Settings(models_folder=tmp_path / "other"), no_store.clock)
    assert caught.value.code == "registration-changed"


def test_a_registration_of_another_bundle_is_refused(no_store: House, tmp_path: Path):
    copy = copy_of(no_store, tmp_path / "elsewhere")
    shutil.copytree(no_store.bundles["second"].folder, tmp_path / "second")
    shutil.copy(copy.folder / REGISTRATION, tmp_path / "second")
    with pytest.raises(Problem, match="written for another bundle"):
        notes_on_use(load_bundle(tmp_path / "second", threads=1), no_store.registry.settings, no_store.clock)


def test_a_copy_that_is_registered_again_leaves_the_first_registration_behind(no_store: House, tmp_path: Path):
    copy = copy_of(no_store, tmp_path / "elsewhere")
    no_store.clock.on("2026-03-01")
    done = register(no_store.registry, "other", copy.folder, who="A. Analyst", why="another force")
    found = read_registration(load_bundle(done.folder, threads=1))
    assert (found.name, str(found.expires)) == ("other", "2027-03-01")


def test_a_broken_ledger_stops_registered_models_only_and_says_what_to_do_at_a_desk(no_store: House):
    model = no_store.register("first")
    path, settings = no_store.registry.ledger.path, no_store.registry.settings
    path.write_bytes(path.read_bytes().replace(b"new data", b"old data"))
    [note] = notes_on_use(no_store.bundles["second"], settings, no_store.clock)
    assert "was not looked up" in note
    assert "broken at entry 1" in note
    copy = load_bundle(no_store.registry.folder_of(NAME, model), threads=1)
    for bundle in (copy, no_store.bundles["first"]):
        with pytest.raises(Problem) as caught:
            notes_on_use(bundle, settings, no_store.clock)
        assert caught.value.code == "registered-ledger"
        assert "At a desk: decide without the forecast" in caught.value.next_step


@pytest.mark.parametrize("how", ["deleted", "emptied", "older"])
def test_a_ledger_that_lacks_what_was_registered_is_found(no_store: House, how: str):
    no_store.register("first")
    ledger = no_store.registry.ledger
    kept = ledger.path.read_bytes(), ledger.head_path.read_bytes()
    no_store.register("second")
    ledger.head_path.unlink()
    if how == "deleted":
        ledger.path.unlink()
    elif how == "emptied":
        ledger.path.write_bytes(b"")
    else:
        ledger.path.write_bytes(kept[0])
        ledger.head_path.write_bytes(kept[1])
    with pytest.raises(Problem) as caught:
        no_store.registry.lines()
    assert caught.value.code == "ledger-gone"


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-03-15", -3, "2025-12-15"),
        ("2026-12-01", 0, "2026-12-01"),
    ],
)
def test_months_are_by_calendar(day: str, months: int, later: str):
    assert months_later(datetime.date.fromisoformat(day), months).isoformat() == later
