"""Forecasts of further offending, honestly evaluated and explained, to support a person's decision.

The public names are resolved when they are first used, so that `import forecast` loads nothing beyond the
standard library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from forecast._version import __version__

if TYPE_CHECKING:
    from forecast.cases import Cases, Contributions, Forecasts, OutcomeScale, Reason, Reasons
    from forecast.models.bundle import ModelBundle, load_bundle
    from forecast.problems import Problem, Problems
    from forecast.scoring.batch import score_file
    from forecast.scoring.one import explain_case, explain_record, ready, score_one
    from forecast.settings import Settings, load_settings
    from forecast.synthetic.table import write_table
    from forecast.tables.describe import describe
    from forecast.tables.library import load as load_table
    from forecast.tables.reader import read_cases
    from forecast.training.experiment import Experiment, load_experiment
    from forecast.training.material import prepare
    from forecast.training.train import train

_WHERE = {
    "Cases": "cases",
    "Contributions": "cases",
    "Experiment": "training.experiment",
    "Forecasts": "cases",
    "ModelBundle": "models.bundle",
    "OutcomeScale": "cases",
    "Problem": "problems",
    "Problems": "problems",
    "Reason": "cases",
    "Reasons": "cases",
    "Settings": "settings",
    "describe": "tables.describe",
    "explain_case": "scoring.one",
    "explain_record": "scoring.one",
    "load_bundle": "models.bundle",
    "load_experiment": "training.experiment",
    "load_settings": "settings",
    "load_table": "tables.library:load",
    "prepare": "training.material",
    "read_cases": "tables.reader",
    "ready": "scoring.one",
    "score_file": "scoring.batch",
    "score_one": "scoring.one",
    "train": "training.train",
    "write_table": "synthetic.table",
}

__all__ = [
    "Cases",
    "Contributions",
    "Experiment",
    "Forecasts",
    "ModelBundle",
    "OutcomeScale",
    "Problem",
    "Problems",
    "Reason",
    "Reasons",
    "Settings",
    "__version__",
    "describe",
    "explain_case",
    "explain_record",
    "load_bundle",
    "load_experiment",
    "load_settings",
    "load_table",
    "prepare",
    "read_cases",
    "ready",
    "score_file",
    "score_one",
    "train",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'forecast' has no attribute '{name}'")
    module, _, attribute = _WHERE[name].partition(":")
    return getattr(importlib.import_module(f"forecast.{module}"), attribute or name)


def __dir__() -> list[str]:
    return sorted(__all__)
