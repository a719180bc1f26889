"""Published scales as models: OGRS3, the static predictors of 2026, the static OVP, the PSA, a Burgess checklist."""

from __future__ import annotations

from forecast.models.scales.constants import SCALES
from forecast.models.scales.scale import Scale, scale_model

__all__ = ["SCALES", "Scale", "scale_model"]
