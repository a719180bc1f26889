"""Forecast and explain: files of cases or records in bounded memory, or one case of them.

The public names are resolved when they are first used, so that importing the room loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.scoring.explained import Explained
    from forecast.scoring.from_records import RecordScorer
    from forecast.scoring.one import Ready, explain_case, explain_record, ready, score_one
    from forecast.scoring.scorer import Scorer

_WHERE = {
    "Explained": "explained",
    "Ready": "one",
    "RecordScorer": "from_records",
    "Scorer": "scorer",
    "explain_case": "one",
    "explain_record": "one",
    "ready": "one",
    "score_one": "one",
}

__all__ = ["Explained", "Ready", "RecordScorer", "Scorer", "explain_case", "explain_record", "ready", "score_one"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'forecast.scoring' has no attribute '{name}'")
    return getattr(importlib.import_module(f"forecast.scoring.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
