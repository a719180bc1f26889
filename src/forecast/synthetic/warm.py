"""Compile every kernel once and keep the result, so that nobody waits later: `python -m forecast.synthetic.warm`.

`make setup` runs this; a kernel whose source changes is compiled again when it is next used.
"""

from __future__ import annotations

import numpy as np


def warm() -> None:
    """Compile the kernels of records, features, outcomes and contributions, and those of the comparison of models."""
    _history()
    _contributions()
    _comparison()


def _comparison() -> None:
    """Compare two made-up models, where what they are measured with is installed."""
    from forecast.evaluation.compare import compare_models
    from forecast.evaluation.smooth import smooth_calibration
    from forecast.progress import SILENT

    rng = np.random.default_rng(1)
    forecast = np.sort(rng.random((200, 2)), axis=1)[:, ::-1]
    happened = np.sort(rng.random((200, 2)) < forecast, axis=1)[:, ::-1]
    persons = np.arange(200).astype(str)
    compare_models({"one": forecast, "other": forecast[::-1]}, happened, persons, "one", replicates=2)
    smooth_calibration(forecast[:, 0], happened[:, 0], np.arange(200), replicates=2, seed=1, progress=SILENT)


def _contributions() -> None:
    """Explain a tree or two."""
    import lightgbm as lgb

    from forecast.models.tree_tables import tables_of

    matrix = np.arange(100.0)[:, None]
    tree = lgb.train({"verbosity": -1, "num_threads": 1}, lgb.Dataset(matrix, matrix[:, 0]), num_boost_round=2)
    tables = tables_of([tree], np.zeros(1, dtype=np.int64), 1)
    assert tables is not None
    tables.contributions(matrix)


def _history() -> None:
    """Make a handful of people and take them through features and outcomes."""
    from forecast.features.catalogue import SETS, whole_set
    from forecast.features.compute import compute, prepare
    from forecast.outcomes.build import follow
    from forecast.outcomes.definition import Definition
    from forecast.records.arrange import arrange
    from forecast.records.moments import moments
    from forecast.records.taxonomy import load_taxonomy
    from forecast.synthetic.force import make_force

    taxonomy = load_taxonomy()
    records = make_force(people=100, seed=1).records
    known = ~taxonomy.encode(records.offences["code"]).unknown
    arranged = arrange(type(records)(**{**vars(records), "offences": records.offences.filter(known)}))
    every = moments(arranged)
    for name in SETS:
        compute(arranged, every, prepare(whole_set(name), taxonomy))
    follow(arranged, every, taxonomy, Definition(), int(np.iinfo(np.int64).max) // 2)


if __name__ == "__main__":
    warm()
