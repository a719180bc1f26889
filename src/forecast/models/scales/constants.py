"""Read the constants of the published scales, which are data: ``coefficients.toml`` beside this file."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.files import to_json
from forecast.records.actuarial import load_actuarial
from forecast.settings import read_toml

if TYPE_CHECKING:
    from forecast.cases import Floats

OGRS3 = "ogrs3"
PREDICTORS = ("arp", "vrp", "svrp")
OVP, PSA, BURGESS = "ovp", "psa", "burgess"
SCALES = (OGRS3, *PREDICTORS, OVP, PSA, BURGESS)
"""The names of the scales."""


@functools.cache
def constants(scale: str) -> Mapping[str, Any]:
    """Return the constants of one scale."""
    found: Mapping[str, Any] = _all()[scale]
    return found


@functools.cache
def _all() -> Mapping[str, Any]:
    return read_toml(Path(str(resources.files("forecast.models.scales"))) / "coefficients.toml")


def offence_categories(scale: str) -> Mapping[str, str]:
    """Return which of a scale's own kinds of offence each category of offences is."""
    found: Mapping[str, str] = _all()["predictor_categories"] if scale in PREDICTORS else constants(scale)["categories"]
    return found


@functools.cache
def offence_weights(scale: str) -> Floats:
    """Return the weight of each category of offences, in the order of ``actuarial.toml``: the most serious first."""
    table, own = constants(scale), offence_categories(scale)
    on_top = table.get("on_top", {})
    return np.array([table["offence"][own[name]] + on_top.get(name, 0.0) for name in load_actuarial().names])


def digest(scale: str) -> str:
    """Return a short hash of all constants of a scale, by which a saved model notices others."""
    used = {"constants": constants(scale)}
    if "offence" in constants(scale):
        used["categories"] = offence_categories(scale)
    return hashlib.sha256(to_json(used).encode()).hexdigest()[:16]
