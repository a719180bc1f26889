"""Audit proxies: how well do a model's features tell a protected attribute that the model is not given?

A light model is fitted on two thirds of the people to tell each value of the attribute from the others, and tried on
the third that it has not seen, three times over. An AUC of 0.5 says that the features know nothing of the attribute;
the nearer to 1, the more the model could treat its groups apart without ever being told. That they could does not say
that the model does: that is what the errors by group show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation.bootstrap import Estimate, estimate, estimates, person_codes, resampled
from forecast.evaluation.groups import NOT_RECORDED, find_groups
from forecast.evaluation.ranked import Ranked

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from forecast.cases import Floats, Ints
    from forecast.progress import Progress
    from forecast.settings import Settings
    from forecast.tables.description import Feature

MOST_CASES = 10_000
FOLDS = 3
ROUNDS = 100
TELLING = 5
"""Features named, at most."""

ALMOST_NOTHING, SOME = 0.6, 0.75
"""AUCs at which the words change; a convention of this report, not a published one."""

TOO_FEW_VALUES = "fewer than two values have enough cases"


@dataclass(frozen=True, slots=True)
class ProxyAudit:
    """How well the features tell one attribute.

    ``auc``: plain mean over the values of the out-of-fold AUC of telling each from the others; ``by_value``: each
    one's. ``telling``: (phrase, share of the fitted models' gain), largest first; ``left_out``: features that say the
    attribute itself; ``not_used``: cases without a recorded value, or with one that too few cases have.
    """

    attribute: str
    auc: Estimate
    by_value: Mapping[str, Estimate]
    telling: tuple[tuple[str, float], ...]
    left_out: tuple[str, ...]
    cases: int
    people: int
    not_used: int
    replicates: int


def proxy_audit(
    attribute: str,
    values: pd.Series[Any],
    frame: pd.DataFrame,
    features: Sequence[Feature],
    persons: Any,
    *,
    without: Collection[str],
    settings: Settings,
    replicates: int,
    seed: int,
    progress: Progress,
) -> ProxyAudit:
    """Predict a protected attribute, values (n,) as texts, from the features (n, F) of persons (n,).

    Parameters
    ----------
    features : those of the model; ``frame`` has their columns.
    without : names of the features that say the attribute itself; they are not used.
    settings : a value that fewer cases have than a judged group needs is left out; threads.
    """
    used = [feature for feature in features if feature.name not in without]
    rows, codes, names = _usable(values, person_codes(persons), settings, seed)
    missing = int(len(values) - len(rows)) if len(values) <= MOST_CASES else _unusable(values, settings)
    left_out = tuple(feature.phrase for feature in features if feature.name in without)
    people = person_codes(np.asarray(persons, dtype=object)[rows])
    who = int(people.max(initial=-1)) + 1
    if len(names) < 2 or not used:
        nothing = Estimate(None, None, None, TOO_FEW_VALUES)
        return ProxyAudit(attribute, nothing, {}, (), left_out, len(rows), who, missing, 0)
    scores, gain = _out_of_fold(frame.iloc[rows], used, codes, len(names), people, seed=seed, threads=settings.threads)
    ranked = {name: Ranked(scores[:, k], codes == k) for k, name in enumerate(names)}

    def measure(weights: Floats) -> dict[str, Floats]:
        return {name: one.auc(weights) for name, one in ranked.items()}

    found = resampled({"": measure}, people, replicates=replicates, seed=seed, progress=progress)[""]
    order = sorted(range(len(used)), key=lambda j: (-gain[j], used[j].name))[:TELLING]
    return ProxyAudit(
        attribute=attribute,
        auc=estimate(np.mean(list(found.values()), axis=0)),
        by_value=estimates(found),
        telling=tuple((used[j].phrase, round(float(gain[j]), 6)) for j in order if gain[j] > 0),
        left_out=left_out,
        cases=len(rows),
        people=who,
        not_used=missing,
        replicates=replicates,
    )


def _recorded(values: pd.Series[Any], settings: Settings) -> dict[str, Ints]:
    """Return the positions of the cases with each recorded value that enough cases have."""
    nobody = np.zeros(len(values), dtype=bool)
    groups = find_groups(values.to_frame("value"), nobody, np.arange(len(values)), settings)
    return {
        group.value: group.rows
        for group in groups
        if group.value != NOT_RECORDED and len(group.rows) >= settings.small_group_cases
    }


def _unusable(values: pd.Series[Any], settings: Settings) -> int:
    return len(values) - sum(len(rows) for rows in _recorded(values, settings).values())


def _usable(values: pd.Series[Any], people: Ints, settings: Settings, seed: int) -> tuple[Ints, Ints, list[str]]:
    """Return positions (m,), the number of each one's value (m,) and the values; of many cases those of some people."""
    if len(values) > MOST_CASES:
        shuffled = np.random.default_rng(seed).permutation(int(people.max()) + 1)[people]
        chosen = np.flatnonzero(shuffled < np.sort(shuffled)[MOST_CASES])
    else:
        chosen = np.arange(len(values))
    found = _recorded(values.iloc[chosen], settings)
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), []
    rows = np.concatenate(list(found.values()))
    codes = np.concatenate([np.full(len(places), k) for k, places in enumerate(found.values())])
    order = np.argsort(rows, kind="stable")
    return chosen[rows[order]], codes[order].astype(np.int64), list(found)


def _out_of_fold(
    frame: pd.DataFrame,
    features: Sequence[Feature],
    codes: Ints,
    values: int,
    people: Ints,
    *,
    seed: int,
    threads: int,
) -> tuple[Floats, Floats]:
    """Return scores (m, values) by models that have not seen the person, and each feature's share of gain, (F,)."""
    import lightgbm as lgb

    from forecast.models.boosting import threads_for
    from forecast.models.design import fit_design, tree_columns

    design = fit_design(features, frame, tree_columns)
    matrix = design.matrix(frame)
    threads = threads_for(matrix, threads)
    fold = np.random.default_rng(seed).integers(0, FOLDS, int(people.max()) + 1)[people]
    data = lgb.Dataset(matrix, codes, params=_parameters(values, seed, threads), free_raw_data=False).construct()
    scores, gain = np.zeros((len(codes), values)), np.zeros(matrix.shape[1])
    for k in range(FOLDS):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        if not len(test) or not len(train):
            continue
        booster = lgb.train(_parameters(values, seed, threads), data.subset(train), num_boost_round=ROUNDS)
        made = np.asarray(booster.predict(matrix[test], num_threads=threads))
        scores[test] = made if values > 2 else np.column_stack([1 - made, made])
        gain += booster.feature_importance("gain")
    by_feature = np.bincount(design.owner, weights=gain, minlength=len(features)).astype(np.float64)
    return scores, by_feature / max(float(by_feature.sum()), 1e-300)


def _parameters(values: int, seed: int, threads: int) -> dict[str, Any]:
    kind: dict[str, Any] = {"objective": "binary"} if values == 2 else {"objective": "multiclass", "num_class": values}
    return kind | {
        "learning_rate": 0.1,
        "num_leaves": 8,
        "min_data_in_leaf": 40,
        "feature_fraction": 0.2,
        "max_bin": 63,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }


def proxy_words(auc: Estimate) -> str:
    """Say in words what an AUC means for a protected attribute."""
    if auc.value is None:
        return f"cannot be told: {auc.note}"
    if auc.value < ALMOST_NOTHING:
        return "the features tell almost nothing of it"
    return "the features tell something of it" if auc.value < SOME else "the features tell it well"
