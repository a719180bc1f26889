"""Let a model expire: warn before the day, refuse after some days of grace.

The date belongs to the registration, not to the bundle: the same model is the same model whenever it is trained. So the
ledger holds it, and a bundle that was never registered (an experiment) does not expire.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forecast.ledger import utc_now
from forecast.problems import Problem
from forecast.registry.dates import day_of
from forecast.registry.lines import STAGES, read_lines
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

    A bundle is found in the registry of this installation by its model id, wherever its folder lies.
    """
    notes = []
    for line in read_lines(Registry(settings).ledger.entries()).values():
        model = line.models.get(bundle.model_id)
        if model is None:
            continue
        found = refuse_expired(model, day_of(clock()), settings)
        if found.state != "ok":
            notes.append(f"The model {bundle.model_id} of '{line.name}' {found.sentence}.")
        retired = line.signed.get(bundle.model_id, {}).get(STAGES[-1])
        if retired is not None:
            notes.append(f"The model {bundle.model_id} of '{line.name}' was retired on {day_of(retired.at)}.")
    return notes
