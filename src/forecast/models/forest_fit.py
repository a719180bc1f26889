"""Grow the forest: fixed numbers of cases drawn a class, and votes of the trees that never drew a case.

Each tree draws ``sizes[c]`` cases of class c with replacement, from the original rows, and grows on the distinct ones
with the number of draws as weight; a case is *out of bag* for a tree only if it was never drawn.

Two kinds of out-of-bag votes are counted. *By case*, as published: the tree drew the case not once, though it may well
have drawn other cases of the same person. *By person*: the tree drew no case of the person. Where drawing alone
decides, people with many cases are hardly ever out of bag (ten cases: one tree in twenty thousand), and the honest
votes would be those of people with few. Therefore people are dealt into ``held_out`` parts and each tree leaves one
part aside: every case has at least its share of trees that know nothing of its person.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.models.design import fit_design, tree_columns
from forecast.models.forest import Forest, plurality, shares
from forecast.models.forest_trees import joined, leaf_votes, one_tree
from forecast.models.refits import person_numbers
from forecast.problems import Problem, need

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from forecast.cases import Bools, Floats, Ints
    from forecast.models.forest_trees import Trees
    from forecast.tables.description import Feature

TREES = 509
"""HART's number of trees; odd, so that two classes never have as many votes."""


@dataclass(frozen=True, slots=True)
class ForestOptions:
    """How a forest is grown.

    ``sizes``: cases that each tree draws of each class, lowest first; ``None``: as many as there are.
    ``cases_a_leaf``: distinct drawn cases that a leaf holds at least. ``features_a_split``: columns tried at a split,
    ``None``: the square root of their number. ``held_out``: parts of the people of which each tree leaves one aside;
    1: none, as published.
    """

    trees: int = TREES
    sizes: tuple[int, ...] | None = None
    cases_a_leaf: int = 25
    features_a_split: int | None = None
    held_out: int = 4


@dataclass(frozen=True)
class FittedForest:
    """A forest with the out-of-bag votes of its training cases, (n, K) each, as counted while it grew.

    They are votes of some of the trees (of 509 and four parts: about 101 by case, 127 or more by person), so that a
    forecast made of them is a little less settled than the whole forest's.
    """

    forest: Forest
    by_case: Ints
    by_person: Ints

    def margins(self) -> Floats:
        """Return the shares of votes from trees that knew nothing of the person, (n, K-1); NaN where there is none."""
        return shares(self.by_person)

    def classes(self, *, by_person: bool) -> Ints:
        """Return the class by plurality of the out-of-bag votes, (n,); -1 where there is none."""
        return plurality(self.by_person if by_person else self.by_case)


@dataclass(frozen=True)
class _Ground:
    """What every tree is grown on: float32 ``matrix`` (n, M), highest level reached, people and their parts."""

    matrix: Any
    reached: Ints
    people: Ints
    part: Ints
    sizes: tuple[int, ...]
    options: ForestOptions

    def pools(self, part: int) -> list[Ints]:
        """Return the rows of each class that a tree without this part may draw from."""
        open_ = self.part != part
        return [np.flatnonzero(open_ & (self.reached == c)) for c in range(len(self.sizes))]


def fit_forest(
    features: Sequence[Feature],
    frame: pd.DataFrame,
    happened: Bools,
    persons: Any,
    *,
    options: ForestOptions,
    seed: int,
    threads: int = 0,
) -> FittedForest:
    """Fit a forest on cases whose levels ``happened`` (n, K-1) and whose ``persons`` (n,) are given."""
    need("sklearn", "train")
    design = fit_design(features, frame, tree_columns)
    matrix = design.matrix(frame).astype(np.float32)
    ground = _ground(matrix, happened, persons, options, seed)
    grown, by_case, by_person = _grow(ground, seed, threads)
    facts = asdict(options) | {"sizes": list(ground.sizes), "seed": seed, "cases": len(matrix)}
    forest = Forest(design, grown, len(ground.sizes), facts, threads)
    return FittedForest(forest, by_case, by_person)


def _ground(matrix: Any, happened: Bools, persons: Any, options: ForestOptions, seed: int) -> _Ground:
    reached = happened.sum(axis=1).astype(np.int64)
    people = person_numbers(persons)
    classes = happened.shape[1] + 1
    sizes = options.sizes or tuple(int(x) for x in np.bincount(reached, minlength=classes))
    if options.sizes is not None and (len(sizes) != classes or min(sizes) < 1):
        raise Problem("forest-sizes", sizes=list(sizes), classes=classes)
    ground = _Ground(matrix, reached, people, _parts(people, options.held_out, seed), sizes, options)
    for part in range(max(1, options.held_out)):
        for level, pool in enumerate(ground.pools(part)):
            if not len(pool):
                raise Problem("forest-class", level=level, cases=int((reached == level).sum()), parts=options.held_out)
    return ground


def _parts(people: Ints, held_out: int, seed: int) -> Ints:
    """Deal the people at random into parts of the same size, (n,); -1 (never left aside) where there is one part."""
    if held_out < 2:
        return np.full(len(people), -1, dtype=np.int64)
    generator = np.random.default_rng([seed, held_out])
    dealt: Ints = generator.permutation(int(people.max(initial=-1)) + 1) % held_out
    return dealt[people]


def _grow(ground: _Ground, seed: int, threads: int) -> tuple[Trees, Ints, Ints]:
    """Grow all trees; sums of whole numbers do not hang on the order in which threads finish."""
    shape = (len(ground.reached), len(ground.sizes))
    by_case, by_person, lock = np.zeros(shape, np.int64), np.zeros(shape, np.int64), threading.Lock()
    parts = max(1, ground.options.held_out)
    pools = [ground.pools(part) for part in range(parts)]

    def grow(at: tuple[int, np.random.SeedSequence]) -> Trees:
        number, own_seed = at
        tree, rows, votes, case_out, person_out = _grow_one(ground, pools[number % parts], number % parts, own_seed)
        with lock:
            by_case[rows[case_out], votes[case_out]] += 1
            by_person[rows[person_out], votes[person_out]] += 1
        return one_tree(tree)

    seeds = np.random.SeedSequence(seed).spawn(ground.options.trees)
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        grown = list(pool.map(grow, enumerate(seeds)))
    return joined(grown), by_case, by_person


def _grow_one(
    ground: _Ground, pools: list[Ints], part: int, seed: np.random.SeedSequence
) -> tuple[Any, Ints, Ints, Bools, Bools]:
    """Return a scikit-learn tree, the rows it may vote on, its votes there, and which count by case and by person."""
    from sklearn.tree import DecisionTreeClassifier

    generator = np.random.default_rng(seed)
    o = ground.options
    drawn = [pool[generator.integers(0, len(pool), size)] for pool, size in zip(pools, ground.sizes, strict=True)]
    times = np.bincount(np.concatenate(drawn), minlength=len(ground.reached))
    rows = np.flatnonzero(times)
    grower = DecisionTreeClassifier(
        min_samples_leaf=o.cases_a_leaf,
        max_features=o.features_a_split or "sqrt",
        random_state=int(generator.integers(2**31)),
    )
    tree = grower.fit(ground.matrix[rows], ground.reached[rows], sample_weight=times[rows].astype(np.float64)).tree_
    known = np.zeros(int(ground.people.max()) + 1, dtype=bool)
    known[ground.people[rows]] = True
    person_out = ~known[ground.people]
    case_out = (times == 0) & (ground.part != part)
    asked = np.flatnonzero(person_out | case_out)
    votes = leaf_votes(tree)[tree.apply(ground.matrix[asked])].astype(np.int64)
    return tree, asked, votes, case_out[asked], person_out[asked]
