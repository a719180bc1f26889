"""Look for better options of a model with Optuna, on folds that end before the test begins where it is in time.

A trial fits and calibrates the model on each fold as a training run would, and is judged by the Brier score, averaged
over levels and folds. Each finished trial is kept at once in an SQLite file, so that a search that was stopped goes on
where it was; the sampler is seeded anew for each trial, so that it then takes the same steps as if it had not stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.files import to_json
from forecast.problems import Problem, need
from forecast.progress import SILENT, Progress
from forecast.training.assess import cases_digest
from forecast.training.experiment import Experiment
from forecast.training.fit import Trainer
from forecast.training.parts import WEIGHTED
from forecast.training.splits import Fold, training_cases
from forecast.training.weighting import weighted_sample

if TYPE_CHECKING:
    import optuna

    from forecast.cases import Cases
    from forecast.tables.description import Description

STUDY = "tuning"
RANDOM_TRIALS = 10
"""Trials drawn at random before the sampler learns from them."""
CALIBRATION_FOLDS = 2
"""Folds within a trial's training cases: fewer than in training, to save time."""
DIGITS = 3
"""Significant digits of an option that is not whole: what a person reads is what was tried."""
UNTUNED = (
    *("name", "base", "table", "file", "beside", "cutoffs", "cutoffs_signed_by", "cutoffs_reason", "costs"),
    *("intervals", "interval_refits"),
)
"""Keys that change no trial."""


@dataclass(frozen=True, slots=True)
class Span:
    """The values that are tried of a numeric option; ``log``: ratios count, not differences."""

    low: float
    high: float
    log: bool = True


YES_OR_NO = None
Space = Mapping[str, Span | None]
"""The options to tune, by their key in an experiment; None for one that is true or false."""

_TREES: Space = {
    "boosting_rounds": Span(60, 800),
    "boosting_learning_rate": Span(0.02, 0.3),
    "boosting_cases_a_leaf": Span(20, 400),
    "boosting_feature_share": Span(0.1, 0.8),
    "boosting_row_share": Span(0.5, 1.0, log=False),
    "boosting_l2": Span(1, 200),
    "boosting_monotone": YES_OR_NO,
}
_BOOSTING: Space = {**_TREES, "boosting_leaves": Span(3, 24)}
_LINE: Space = {"logistic_penalty": Span(0.1, 10_000)}
SPACES: Mapping[str, Space] = {
    "boosting": _BOOSTING,
    "boosting-ipcw": _BOOSTING,
    "additive": {
        **{name: span for name, span in _TREES.items() if name not in ("boosting_rounds", "boosting_learning_rate")},
        "additive_rounds": Span(100, 2_000),
        "additive_learning_rate": Span(0.02, 0.3),
        "additive_pairs": Span(0, 20, log=False),
    },
    "logistic": _LINE,
    "splines": {"splines_penalty": Span(1, 100_000)},
    "blend": {**_BOOSTING, **_LINE, "blend_logistic": Span(0.0, 0.8, log=False)},
}


@dataclass(frozen=True)
class Search:
    """What is tuned, and on what: an experiment's model on cases, by the folds of `tuned.tuning_folds`."""

    experiment: Experiment
    description: Description
    cases: Cases
    folds: Sequence[Fold]
    space: Space
    threads: int = 0

    def loss(self, options: Mapping[str, Any]) -> float:
        """Return the mean Brier score of the experiment's model with these options."""
        tried = dataclasses.replace(self.experiment, calibration_folds=CALIBRATION_FOLDS, **options)
        trainer = Trainer(self.description, tried, self.threads)
        scores = []
        for fold in self.folds:
            late = None
            if tried.model.endswith(WEIGHTED):
                late = weighted_sample(training_cases(self.cases, fold), self.description.closing_months)
            forecaster = trainer.forecasters([tried.model], self.cases.take(fold.train), late=late)[tried.model]
            forecast = forecaster.forecast(self.cases.features.iloc[fold.test].reset_index(drop=True)).probability
            happened = self.cases.outcomes.to_numpy(dtype=bool)[fold.test]
            scores.append(float(np.mean((forecast - happened) ** 2)))
        return float(np.mean(scores))

    @property
    def present(self) -> dict[str, Any]:
        """The options as the experiment has them."""
        return {name: getattr(self.experiment, name) for name in self.space}

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides what a trial gives, so that trials of another search are not taken for ours."""
        fixed = {n: str(v) for n, v in dataclasses.asdict(self.experiment).items() if n not in (*self.space, *UNTUNED)}
        spans = {n: None if span is None else dataclasses.asdict(span) for n, span in self.space.items()}
        made = hashlib.sha256(to_json([fixed, spans, self.present, cases_digest(self.cases)]).encode())
        for fold in self.folds:
            for rows in (fold.train, fold.test, fold.censored):
                made.update(b"" if rows is None else rows.tobytes())
        made.update(np.ascontiguousarray(self.cases.outcomes.to_numpy(dtype=bool)).tobytes())
        return made.hexdigest()


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished trial: what was tried, its mean Brier score, and how long it took."""

    number: int
    options: Mapping[str, Any]
    loss: float
    seconds: float


@dataclass(frozen=True)
class Tuned:
    """All finished trials of a search, this run's and earlier ones; ``stopped``: a person ended it."""

    trials: tuple[Trial, ...]
    stopped: bool = field(default=False)

    @property
    def best(self) -> Trial:
        """The trial of the lowest loss; of equals the first."""
        return min(self.trials, key=lambda trial: (trial.loss, trial.number))

    @property
    def present(self) -> Trial:
        """The trial of the options that the experiment came with."""
        return self.trials[0]


def space_of(model: str, path: object) -> Space:
    """Return what is tuned of a model, or raise ``tune-model``."""
    if model not in SPACES:
        raise Problem("tune-model", path=path, model=model, known=", ".join(SPACES))
    return SPACES[model]


def tune(
    search: Search,
    storage: Path,
    *,
    trials: int | None = None,
    minutes: float | None = None,
    progress: Progress = SILENT,
) -> Tuned:
    """Run trials until ``storage`` holds so many, or for so many minutes (the trial that runs then is finished).

    The first trial is the experiment as it is. Ctrl-C ends the search; what was finished is returned and kept.
    Raises ``tune-storage`` for a file that is no study, ``tune-other`` for one of another search.
    """
    need("optuna", "train")
    study = _open(search, storage)
    kept = _finished(study, search.space)
    progress.begin("tuning", trials)
    progress.advance(len(kept))
    deadline = math.inf if minutes is None else time.monotonic() + 60 * minutes
    most = math.inf if trials is None else trials
    while len(kept) < most and (time.monotonic() < deadline or not kept):
        try:
            _run(study, search, kept)
        except KeyboardInterrupt:
            if not kept:
                raise
            return Tuned(tuple(kept), stopped=True)
        kept = _finished(study, search.space)
        progress.advance()
    return Tuned(tuple(kept))


def _run(study: optuna.Study, search: Search, kept: Sequence[Trial]) -> None:
    """Ask for the next options, try them and keep what came of it; the same options are not tried twice."""
    import optuna

    if not kept and not study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,)):
        study.enqueue_trial(search.present)
    study.sampler = optuna.samplers.TPESampler(seed=search.experiment.seed + len(kept), n_startup_trials=RANDOM_TRIALS)
    trial = study.ask(_distributions(search))
    options, started = _readable(trial.params, search.space), time.monotonic()
    with ExitStack() as undo:
        undo.callback(study.tell, trial, state=optuna.trial.TrialState.FAIL)
        known = next((k.loss for k in kept if k.options == options), None)
        loss = search.loss(options) if known is None else known
        undo.pop_all()
    trial.set_user_attr("seconds", round(time.monotonic() - started, 1))
    study.tell(trial, loss)


def _distributions(search: Search) -> dict[str, Any]:
    """Return what Optuna draws from; a span reaches to the present value where that lies outside."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    made: dict[str, Any] = {}
    for name, span in search.space.items():
        now = search.present[name]
        if span is None:
            made[name] = CategoricalDistribution((False, True))
            continue
        low, high = min(span.low, now), max(span.high, now)
        whole = isinstance(now, int)
        made[name] = IntDistribution(int(low), int(high), log=span.log) if whole else FloatDistribution(
            low, high, log=span.log and low > 0
        )  # fmt: skip
    return made


def _readable(options: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Return options in the order of the space, with few digits."""
    return {n: float(f"{options[n]:.{DIGITS}g}") if isinstance(options[n], float) else options[n] for n in space}


def _finished(study: optuna.Study, space: Space) -> list[Trial]:
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return [
        Trial(i + 1, _readable(t.params, space), float(t.values[0]), float(t.user_attrs.get("seconds", 0.0)))
        for i, t in enumerate(done)
    ]


def _open(search: Search, storage: Path) -> optuna.Study:
    """Open the study of a file, or begin one; Optuna's own messages are silenced."""
    _check_storage(storage)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage.parent.mkdir(parents=True, exist_ok=True)
    try:
        kept = optuna.storages.RDBStorage(f"sqlite:///{storage}")
        study = optuna.create_study(storage=kept, study_name=STUDY, load_if_exists=True)
        owner = study.user_attrs.get("search")
        if owner is None:
            study.set_user_attr("search", search.fingerprint)
    except (optuna.exceptions.StorageInternalError, RuntimeError) as error:
        raise Problem("tune-storage", path=storage, detail=str(error).splitlines()[0]) from error
    if owner not in (None, search.fingerprint):
        raise Problem("tune-other", path=storage)
    return study


def _check_storage(storage: Path) -> None:
    """Raise ``tune-storage`` for a file that is there and is not a sound SQLite file of Optuna."""
    if not storage.exists() or (storage.is_file() and not storage.stat().st_size):
        return
    try:
        with contextlib.closing(sqlite3.connect(f"{storage.resolve().as_uri()}?mode=ro", uri=True)) as file:
            found = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            state = file.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise Problem("tune-storage", path=storage, detail=error) from error
    if not {"studies", "trials"} <= found:
        raise Problem("tune-storage", path=storage, detail="it holds no trials of Optuna")
    if state != "ok":
        raise Problem("tune-storage", path=storage, detail=str(state).splitlines()[0])
