"""Let a model expire: warn before the day, refuse after some days of grace.

The date belongs to the registration, not to the bundle: the same model is the same model whenever it is trained. So the
ledger holds it, with a copy in `registration.json` beside the registered bundle, and a bundle that was never registered
(an experiment) does not expire.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forecast.ledger import utc_now
from forecast.problems import Problem
from forecast.registry.dates import day_of
from forecast.registry.lines import STAGES
from forecast.registry.registration import REGISTRATION, read_registration
from forecast.registry.store import Registry

if TYPE_CHECKING:
    from forecast.ledger import Clock
    from forecast.models.bundle import ModelBundle
    from forecast.registry.lines import Registered
    from forecast.settings import Settings

State = Literal["ok", "warn", "expired", "refused"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a model stands on a day: ``expired`` may still be used, up to the day before ``refused_from``."""

    state: State
    expires: datetime.date
    refused_from: datetime.date
    sentence: str


def standing(expires: datetime.date, today: datetime.date, settings: Settings) -> Standing:
    """Return where a model stands that expires on the first moment of the day ``expires``, UTC."""
    refused_from = expires + datetime.timedelta(days=settings.model_expiry_grace_days)
    warned_from = expires - datetime.timedelta(days=settings.model_expiry_warn_days)
    if today >= refused_from:
        return Standing("refused", expires, refused_from, f"expired on {expires}; not used since {refused_from}")
    if today >= expires:
        return Standing("expired", expires, refused_from, f"expired on {expires}; refused from {refused_from}")
    if today >= warned_from:
        days = (expires - today).days
        return Standing("warn", expires, refused_from, f"expires on {expires}, in {days} day{'s' if days > 1 else ''}")
    return Standing("ok", expires, refused_from, f"expires on {expires}")


def refuse_expired(model: Registered, today: datetime.date, settings: Settings) -> Standing:
    """Return where a model stands; raise ``model-expired`` after its days of grace."""
    found = standing(model.expires, today, settings)
    if found.state == "refused":
        raise Problem(
            "model-expired",
            model=model.model_id,
            expires=found.expires,
            refused_from=found.refused_from,
            name=model.name,
        )
    return found


def notes_on_use(bundle: ModelBundle, settings: Settings, clock: Clock = utc_now) -> list[str]:
    """Return what a user of a bundle must know of its expiry and retirement; raise ``model-expired`` after the grace.

    A bundle is found in the registry of this installation by its model id, wherever its folder lies; where its ledger
    does not name it, the registration beside a registered copy tells. A ledger that cannot be relied upon stops
    registered models only (``registered-ledger``).
    """
    registry, beside = Registry(settings), read_registration(bundle)
    try:
        lines = registry.lines()
    except Problem as problem:
        if beside is not None or any(registry.folder.glob(f"*/{bundle.model_id}")):
            raise Problem(
                "registered-ledger", model=bundle.model_id, detail=problem.sentence.removesuffix(".")
            ) from problem
        return [f"Whether this model is registered or retired was not looked up: {problem.sentence}"]
    today, notes = day_of(clock()), []
    known = [line for line in lines.values() if bundle.model_id in line.models]
    for line in known:
        model = line.models[bundle.model_id]
        if beside is not None and beside.name == line.name and beside.expires != model.expires:
            raise Problem("registration-changed", path=bundle.folder / REGISTRATION, detail="the ledger differs")
        notes += _expiry_notes(model, today, settings)
        retired = line.signed.get(bundle.model_id, {}).get(STAGES[-1])
        if retired is not None:
            notes.append(f"The model {bundle.model_id} of '{line.name}' was retired on {day_of(retired.at)}.")
    if not known and beside is not None:
        notes += _expiry_notes(beside, today, settings)
        notes.append("This copy is registered elsewhere: whether it was retired there is not known here.")
    return notes


def _expiry_notes(model: Registered, today: datetime.date, settings: Settings) -> list[str]:
    found = refuse_expired(model, today, settings)
    return [] if found.state == "ok" else [f"The model {model.model_id} of '{model.name}' {found.sentence}."]
