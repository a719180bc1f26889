"""Tests of expiry: warn, then refuse after some days of grace."""

from __future__ import annotations

import datetime

import pytest

from forecast.problems import Problem
from forecast.registry.dates import months_later
from forecast.registry.expiry import notes_on_use, standing
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
