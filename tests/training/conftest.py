"""Nothing of this machine's settings reaches a test of training."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORECAST_DATA", "FORECAST_SETTINGS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
