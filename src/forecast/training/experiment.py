"""Read an experiment: one flat TOML file that says which table, which models, which split, which seed."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields, replace
from pathlib import Path

from forecast.models.boosting import BoostingOptions
from forecast.models.forest_fit import TREES, ForestOptions
from forecast.models.scales.constants import SCALES
from forecast.problems import Problem
from forecast.settings import from_mapping, key, read_toml

MODELS = (
    "blend",
    "boosting",
    "boosting-ipcw",
    "additive",
    "logistic",
    "splines",
    "forest",
    "forest-overlapping",
    *SCALES,
    "two-feature",
    "base-rate",
)
SPLITS = ("folds", "flag", "time", "rolling")
REPLICATES = ("hart",)


@dataclass(frozen=True, slots=True)
class Experiment:
    """The keys of an experiment file; the defaults are one configuration for all shipped examples."""

    name: str = key("short name of the experiment, used in the tracking store")
    table: str = key("the table description: NAME, NAME:VARIANT, or the path of a TOML file")
    file: str = key("the table's file; by default the local copy that the description names", "")
    base: str = key("another experiment file whose keys hold where this one has none", "")
    model: str = key("the model that goes into the bundle", "boosting", allowed=MODELS)
    beside: tuple[str, ...] = key(
        "models to evaluate beside it", ("logistic", "two-feature", "base-rate"), allowed=MODELS
    )
    split: str = key(
        "how to test: person-grouped folds, the table's own flag, time, or time again and again ('rolling')",
        "folds",
        allowed=SPLITS,
    )
    folds: int = key('person-grouped folds of split = "folds"', 5, low=2, high=20)
    repeats: int = key("how often the folds are drawn anew", 1, low=1, high=50)
    test_from: datetime.date | None = key("splits in time: the first day that is tested", None)
    test_before: datetime.date | None = key(
        "splits in time: the first day after the last test; by default no end", None
    )
    train_from: datetime.date | None = key("splits in time: the first day of the training period; by default all", None)
    train_before: datetime.date | None = key(
        "splits in time: the first day after it; by default where the test begins", None
    )
    origins_every_months: int = key(
        'split = "rolling": months from one origin (a new fit) to the next', 12, low=1, high=120
    )
    test_months: int = key(
        'split = "rolling": months after each origin that are tested; 0: until the next origin', 0, low=0, high=120
    )
    history_months: int = key(
        "splits in time: months before the origin that a fit learns from; 0: all", 0, low=0, high=600
    )
    embargo_days: int = key(
        "splits in time: days before the origin by which a training outcome must have been complete", 0, low=0, high=730
    )
    replicate: str = key(
        '"hart" repeats the published years: training outcomes reach into the test period (overlapping, not evidence)',
        "",
        allowed=("", *REPLICATES),
    )
    calibration_folds: int = key("person-grouped folds within the training cases, for calibration", 5, low=2, high=20)
    seed: int = key("the seed of every random step", 1, low=0, high=2_000_000)
    allow_refused: bool = key("train on the rows that can be read and leave out those that cannot", False)
    cutoffs: tuple[float, ...] = key("for each level the probability from which a case is in its band", (0.5,))
    cutoffs_signed_by: str = key("who signed the cut-offs", "")
    cutoffs_reason: str = key("why they are what they are", "")
    costs: str = key("a costs file (its path from this file), instead of the cut-offs; empty: the cut-offs hold", "")
    logistic_penalty: float = key("ridge penalty of the logistic model", 30.0, low=1e-6, high=1e6)
    splines_penalty: float = key("ridge penalty of the model of splines", 1000.0, low=1e-6, high=1e6)
    blend_logistic: float = key("the logistic model's share of the blend's log-odds", 0.3, low=0, high=1)
    boosting_rounds: int = key("trees a booster", 700, low=1, high=20_000)
    boosting_learning_rate: float = key("learning rate", 0.02, low=1e-4, high=1)
    boosting_leaves: int = key("leaves a tree", 8, low=2, high=512)
    boosting_cases_a_leaf: int = key("smallest number of cases in a leaf", 40, low=1, high=100_000)
    boosting_feature_share: float = key("share of columns that a tree may use", 0.3, low=0.01, high=1)
    boosting_row_share: float = key("share of rows that a tree sees", 0.7, low=0.01, high=1)
    boosting_l2: float = key("ridge penalty on leaf values", 20.0, low=0, high=1e6)
    boosting_boosters: int = key("boosters averaged for each level, with other seeds", 3, low=1, high=50)
    boosting_monotone: bool = key("hold the trees to the directions that features declare", False)

    additive_rounds: int = key("trees a level of the additive model, one feature each", 600, low=1, high=20_000)
    additive_learning_rate: float = key("its learning rate", 0.05, low=1e-4, high=1)
    additive_pairs: int = key("pairs of features that it may use besides; 0: none", 0, low=0, high=200)
    forest_trees: int = key("trees of the forest", TREES, low=1, high=5_000)
    forest_cases_a_leaf: int = key(
        "distinct drawn cases that a leaf of the forest holds at least", 25, low=1, high=10_000
    )
    forest_sizes: tuple[int, ...] = key(
        "cases of each class that a tree of the forest draws, lowest class first; empty: found for forest_ratio", ()
    )
    forest_ratio: float = key(
        "cautious errors of the forest for each dangerous one; 0: a tree draws as many of each class as there are",
        2.0,
        low=0,
        high=100,
    )
    forest_low_share: float = key(
        "share of cases that the forest should call the lowest class, for forest_ratio; 0: as many as turned out so",
        0.0,
        low=0,
        high=1,
    )
    forest_ratio_signed_by: str = key("who signed that ratio", "")
    intervals: str = key(
        'where intervals come from: "default" the models of the person folds, "full" fits on other people (slow)',
        "default",
        allowed=("default", "full"),
    )
    interval_refits: int = key('fits on resamples of people for intervals = "full"', 30, low=10, high=1_000)
    outcome_set_share: float = key(
        "share of outcomes of each kind that the sets of outcomes hold", 0.8, low=0.5, high=0.99
    )
    features: str = key("the set of features for our own models, where the table has several; by default its first", "")

    @property
    def weighted(self) -> bool:
        """Whether a model of the experiment learns from cases of incomplete follow-up."""
        return any(name.endswith("-ipcw") for name in self.models)

    @property
    def chosen_weighted(self) -> bool:
        """Whether the model of the bundle does."""
        return self.model.endswith("-ipcw")

    @property
    def additive(self) -> BoostingOptions:
        """The options of the additive model."""
        return replace(self.boosting, rounds=self.additive_rounds, learning_rate=self.additive_learning_rate)

    @property
    def forest(self) -> ForestOptions:
        """The options of the forest."""
        return ForestOptions(self.forest_trees, self.forest_sizes or None, self.forest_cases_a_leaf)

    @property
    def boosting(self) -> BoostingOptions:
        """The options of the boosted models."""
        return BoostingOptions(**{f.name: getattr(self, f"boosting_{f.name}") for f in fields(BoostingOptions)})

    @property
    def models(self) -> tuple[str, ...]:
        """All models of the experiment, the chosen one first."""
        return tuple(dict.fromkeys((self.model, *self.beside)))


def load_experiment(path: Path) -> Experiment:
    """Read an experiment file, laid over its ``base`` if it names one (a path relative to the file)."""
    return from_mapping(Experiment, _with_base(path, ()), path)


def _with_base(path: Path, seen: tuple[Path, ...]) -> dict[str, object]:
    content = read_toml(path)
    base = content.get("base")
    if not isinstance(base, str) or not base:
        return content
    below = (path.parent / base).resolve()
    if below in (*seen, path.resolve()):
        raise Problem(
            "toml-bad-value",
            path=path,
            key="base",
            found=base,
            allowed="a file that is not itself",
            hint="Remove the circle.",
        )
    return {**_with_base(below, (*seen, path.resolve())), **content}
