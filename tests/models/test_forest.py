"""Tests of the forest: votes, out-of-bag figures, contributions, and the files it is kept in."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.models.bundle import KINDS
from forecast.models.forest import Forest, plurality, shares
from forecast.models.forest_fit import FittedForest, ForestOptions, fit_forest
from forecast.models.forest_trees import TYPES, Trees, joined, leaf_votes, one_tree, read_trees, write_trees
from forecast.problems import Problem
from forecast.tables.description import Feature

SMALL = ForestOptions(trees=15, cases_a_leaf=5)


def cases(n: int = 600, columns: int = 5, *, seed: int = 1, a_person: int = 1) -> tuple[pd.DataFrame, Any, Any]:
    """Return features with a signal and missing values, levels reached, and people with ``a_person`` cases each."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, columns)).round(1)
    any_ = draw.random(n) < 1 / (1 + np.exp(-1.5 * x[:, 0]))
    serious = any_ & (draw.random(n) < 1 / (1 + np.exp(1 - 2 * x[:, 1])))
    x[draw.random(x.shape) < 0.15] = np.nan
    frame = pd.DataFrame(x, columns=[f"f{j}" for j in range(columns)])
    return frame, np.column_stack([any_, serious]), np.arange(n) // a_person


def described(frame: pd.DataFrame) -> list[Feature]:
    return [Feature(name=name, kind="number", phrase=name) for name in frame]


def fitted(
    data: tuple[pd.DataFrame, Any, Any], options: ForestOptions = SMALL, *, seed: int = 1, threads: int = 2
) -> FittedForest:
    frame, happened, persons = data
    return fit_forest(described(frame), frame, happened, persons, options=options, seed=seed, threads=threads)


def grown(frame: pd.DataFrame, reached: Any, count: int = 7, **how: Any) -> list[Any]:
    """Return scikit-learn's own trees on a frame."""
    from sklearn.tree import DecisionTreeClassifier

    matrix = frame.to_numpy(np.float32)
    return [
        DecisionTreeClassifier(random_state=i, max_features="sqrt", **how).fit(matrix, reached).tree_
        for i in range(count)
    ]


def forest_of(trees: list[Any], frame: pd.DataFrame, classes: int) -> Forest:
    from forecast.models.design import fit_design, tree_columns

    design = fit_design(described(frame), frame, tree_columns)
    return Forest(design, joined([one_tree(t) for t in trees]), classes, {})


def kept(forest: Forest, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    forest.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def data() -> tuple[pd.DataFrame, Any, Any]:
    return cases()


@pytest.fixture(scope="module")
def fit(data: tuple[pd.DataFrame, Any, Any]) -> FittedForest:
    return fitted(data)


def accuracy(forecast: Any, reached: Any) -> float:
    voted = forecast >= 0
    return float(np.mean(forecast[voted] == reached[voted]))


# Votes


def test_the_votes_of_a_case_add_up_to_the_number_of_trees(fit: FittedForest, data: tuple[pd.DataFrame, Any, Any]):
    votes = fit.forest.votes(data[0])
    assert votes.shape == (600, 3)
    assert (votes >= 0).all()
    assert (votes.sum(axis=1) == SMALL.trees).all()


def test_margins_are_the_shares_of_the_votes_for_a_level_or_higher(
    fit: FittedForest, data: tuple[pd.DataFrame, Any, Any]
):
    votes = fit.forest.votes(data[0])
    np.testing.assert_array_equal(fit.forest.margins(data[0]), shares(votes))
    np.testing.assert_allclose(fit.forest.margins(data[0])[:, 1], votes[:, 2] / SMALL.trees)


@pytest.mark.parametrize(
    ("votes", "expected"),
    [((414, 87, 8), 0), ((8, 87, 414), 2), ((5, 5, 1), 1), ((5, 1, 5), 2), ((4, 4, 4), 2), ((0, 0, 0), -1)],
)
def test_the_class_with_most_votes_wins_and_of_equals_the_higher(votes: tuple[int, ...], expected: int):
    assert plurality(np.array([votes])).tolist() == [expected]


def test_shares_of_no_votes_are_missing_and_not_zero():
    found = shares(np.array([[0, 0, 0], [1, 2, 1]]))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [0.75, 0.25]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("leaf", [1, 20])
def test_every_vote_is_that_of_scikit_learns_own_leaf_with_missing_values_and_rounding(classes: int, leaf: int):
    draw = np.random.default_rng(classes)
    frame = cases(500, seed=classes)[0] + draw.random((500, 5)) * 1e-3
    trees = grown(frame, draw.integers(0, classes, 500), min_samples_leaf=leaf)
    forest = forest_of(trees, frame, classes)
    fresh = pd.concat([frame, cases(700, seed=9)[0] / 3], ignore_index=True)
    expected = np.zeros((len(fresh), classes), dtype=np.int64)
    for tree in trees:
        expected[np.arange(len(fresh)), leaf_votes(tree)[tree.apply(forest._matrix(fresh).astype(np.float32))]] += 1
    np.testing.assert_array_equal(forest.votes(fresh), expected)
    np.testing.assert_array_equal(forest.votes(fresh.iloc[:3]), expected[:3])


def test_a_number_on_the_threshold_goes_the_way_it_went_in_growing():
    frame = pd.DataFrame({"f0": np.float32([0.1, 0.1, 0.3, 0.3]).astype(np.float64)})
    forest = forest_of(grown(frame, [0, 0, 1, 1], 1), frame, 2)
    edge = float(forest.trees.threshold[0])
    at = pd.DataFrame({"f0": [edge, float(np.nextafter(np.float32(edge), np.float32(1)))]})
    tree = grown(frame, [0, 0, 1, 1], 1)[0]
    assert forest.plurality(at).tolist() == leaf_votes(tree)[tree.apply(at.to_numpy(np.float32))].tolist()


def test_a_leaf_with_as_many_cases_of_two_classes_votes_for_the_higher():
    frame = pd.DataFrame({"f0": [1.0, 1.0, 1.0, 1.0]})
    assert forest_of(grown(frame, [0, 0, 1, 1], 3), frame, 2).votes(frame).tolist() == [[0, 3]] * 4


def test_no_rows_give_no_votes_and_no_contributions(fit: FittedForest, data: tuple[pd.DataFrame, Any, Any]):
    nobody = data[0].iloc[:0]
    assert fit.forest.votes(nobody).shape == (0, 3)
    assert fit.forest.margins(nobody).shape == (0, 2)
    assert fit.forest.contributions(nobody, 0)[1].shape == (0, 5)


# Contributions


def test_base_and_contributions_add_up_to_the_share_of_votes(fit: FittedForest, data: tuple[pd.DataFrame, Any, Any]):
    for level in (0, 1):
        base, values = fit.forest.contributions(data[0], level)
        np.testing.assert_allclose(base + values.sum(axis=1), fit.forest.margins(data[0])[:, level], atol=1e-9)


@pytest.mark.parametrize("level", [0, 1])
def test_shap_agrees_with_the_contributions_to_the_share_of_votes(level: int):
    import shap

    frame, happened, _ = cases(300)
    trees = grown(frame, happened.sum(axis=1), 5, min_samples_leaf=8)
    base, values = forest_of(trees, frame, 3).contributions(frame, level)
    matrix = frame.to_numpy(np.float32).astype(np.float64)
    plain = [{"trees": [_plain_tree(tree, level)]} for tree in trees]
    referees = [shap.TreeExplainer(each, feature_perturbation="tree_path_dependent") for each in plain]
    expected = np.mean([np.asarray(r.shap_values(matrix)).reshape(300, -1) for r in referees], axis=0)
    np.testing.assert_allclose(values, expected, atol=1e-6)
    assert base == pytest.approx(np.mean([np.ravel(r.expected_value)[0] for r in referees]), abs=1e-6)


def _plain_tree(tree: Any, level: int) -> dict[str, Any]:
    """Return a whole tree, none of its branches drawn together, in the plain form that shap reads."""
    return {
        "children_left": tree.children_left,
        "children_right": tree.children_right,
        "children_default": np.where(tree.missing_go_to_left, tree.children_left, tree.children_right),
        "features": tree.feature,
        "thresholds": tree.threshold,
        "values": (leaf_votes(tree) > level).astype(float)[:, None],
        "node_sample_weight": tree.weighted_n_node_samples,
    }


# Out of bag


def noise(people: int, a_person: int, seed: int, columns: int = 6) -> tuple[pd.DataFrame, Any, Any]:
    """Return features that say nothing of the outcome, but much of the person, who mostly repeats the outcome."""
    draw = np.random.default_rng(seed)
    persons = np.repeat(np.arange(people), a_person)
    x = draw.normal(size=(people, columns))[persons] + 0.1 * draw.normal(size=(len(persons), columns))
    own, now = (draw.choice(3, n, p=(0.5, 0.35, 0.15)) for n in (people, len(persons)))
    reached = np.where(draw.random(len(persons)) < 0.9, own[persons], now)
    frame = pd.DataFrame(x, columns=[f"f{j}" for j in range(columns)])
    return frame, np.column_stack([reached >= 1, reached >= 2]), persons


def fresh_accuracy(fit: FittedForest, votes: Any, fresh: tuple[pd.DataFrame, Any, Any]) -> float:
    """Return the accuracy on fresh cases of as many of the trees as voted out of bag: more trees are more settled."""
    count = round(float(votes.sum(axis=1).mean()))
    trees, end = fit.forest.trees, int(fit.forest.trees.starts[count])
    parts = {name: getattr(trees, name)[:end] for name in TYPES}
    some = dataclasses.replace(fit.forest, trees=Trees(**(parts | {"starts": trees.starts[: count + 1]})))
    return accuracy(some.plurality(fresh[0]), fresh[1].sum(axis=1))


@pytest.mark.parametrize("sizes", [None, (300, 450, 450)], ids=str)
def test_on_noise_the_out_of_bag_accuracy_is_that_of_fresh_cases_whatever_the_sizes(sizes: Any):
    data, fresh = noise(4000, 1, 1), noise(8000, 1, 2)
    reached = data[1].sum(axis=1)
    fit = fitted(data, ForestOptions(trees=60, cases_a_leaf=5, sizes=sizes))
    for votes in (fit.by_case, fit.by_person):
        assert accuracy(plurality(votes), reached) == pytest.approx(fresh_accuracy(fit, votes, fresh), abs=0.02)
    inside = accuracy(fit.forest.plurality(data[0]), reached)
    assert inside > accuracy(fit.classes(by_person=True), reached) + 0.15  # it did learn some of them by heart


def test_where_people_repeat_themselves_only_votes_by_person_are_those_of_fresh_people():
    data, fresh = noise(1000, 4, 3), noise(3000, 4, 4)
    reached = data[1].sum(axis=1)
    fit = fitted(data, ForestOptions(trees=60, cases_a_leaf=5))
    honest = fresh_accuracy(fit, fit.by_person, fresh)
    assert accuracy(fit.classes(by_person=True), reached) == pytest.approx(honest, abs=0.02)
    assert accuracy(fit.classes(by_person=False), reached) > honest + 0.2


def test_every_case_has_its_share_of_trees_that_know_nothing_of_its_person_however_often_the_person_appears():
    data = cases(800, a_person=20)
    assert fitted(data, dataclasses.replace(SMALL, trees=20)).by_person.sum(axis=1).min() >= 5
    published = fitted(data, dataclasses.replace(SMALL, trees=20, held_out=1))
    assert (published.by_person.sum(axis=1) == 0).all()
    assert np.isnan(published.margins()).all()
    assert (published.classes(by_person=True) == -1).all()
    assert published.by_case.sum(axis=1).min() > 0


def test_a_case_is_out_of_bag_for_about_the_share_of_trees_that_drawing_leaves_out():
    fit = fitted(cases(1000), ForestOptions(trees=100, held_out=1, cases_a_leaf=20))
    assert fit.by_case.sum(axis=1).mean() == pytest.approx(100 * np.exp(-1), abs=1)


def test_a_larger_size_of_a_class_makes_the_forest_forecast_it_more(data: tuple[pd.DataFrame, Any, Any]):
    plain, cautious = (fitted(data, dataclasses.replace(SMALL, sizes=s)) for s in ((200, 200, 200), (100, 100, 400)))
    high = [np.mean(f.classes(by_person=True) == 2) for f in (plain, cautious)]
    assert high[1] > high[0] + 0.1


def test_a_case_without_a_named_person_counts_as_a_person_of_its_own():
    frame, happened, _ = cases(300)
    fit = fitted((frame, happened, np.full(300, None)))
    assert (fit.by_person.sum(axis=1) >= fit.by_case.sum(axis=1)).all()


# Problems


@pytest.mark.parametrize("sizes", [(10, 10), (10, 10, 10, 10), (10, 0, 10)])
def test_sizes_that_do_not_fit_the_classes_are_refused(data: tuple[pd.DataFrame, Any, Any], sizes: tuple[int, ...]):
    with pytest.raises(Problem) as caught:
        fitted(data, dataclasses.replace(SMALL, sizes=sizes))
    assert caught.value.code == "forest-sizes"


def test_a_class_that_only_one_person_has_is_refused_unless_nobody_is_held_out(data: tuple[pd.DataFrame, Any, Any]):
    frame, happened, _ = data
    once = happened.copy()
    once[:, 1] = once[:, 0] & (np.arange(600) < 3)
    once[:3] = True
    persons = np.maximum(np.arange(600), 2)
    with pytest.raises(Problem) as caught:
        fitted((frame, once, persons))
    assert caught.value.code == "forest-class"
    assert fitted((frame, once, persons), dataclasses.replace(SMALL, held_out=1)).forest.classes == 3


# Files


def test_the_same_seed_gives_the_same_bytes_with_one_thread_and_with_three(
    data: tuple[pd.DataFrame, Any, Any], tmp_path: Path
):
    one, three = fitted(data, threads=1), fitted(data, threads=3)
    assert kept(one.forest, tmp_path / "one") == kept(three.forest, tmp_path / "three")
    np.testing.assert_array_equal(one.by_case, three.by_case)
    np.testing.assert_array_equal(one.by_person, three.by_person)
    assert kept(fitted(data, seed=2).forest, tmp_path / "other") != kept(one.forest, tmp_path / "again")


def test_a_kept_forest_votes_and_explains_the_same(
    fit: FittedForest, data: tuple[pd.DataFrame, Any, Any], tmp_path: Path
):
    fit.forest.save(tmp_path)
    again = KINDS["forest"].load(tmp_path, 1)
    assert all(np.array_equal(getattr(again.trees, name), getattr(fit.forest.trees, name)) for name in TYPES)
    np.testing.assert_array_equal(again.votes(data[0]), fit.forest.votes(data[0]))
    np.testing.assert_array_equal(again.contributions(data[0], 1)[1], fit.forest.contributions(data[0], 1)[1])
    assert again.facts["sizes"] == fit.forest.facts["sizes"]
    assert again.features == fit.forest.features


def test_the_kept_trees_are_plain_arrays_that_ask_for_no_trust(fit: FittedForest, tmp_path: Path):
    from skops import io as skops

    fit.forest.save(tmp_path)
    assert skops.get_untrusted_types(file=tmp_path / "forest.skops") == []


def test_a_file_that_holds_another_type_is_refused(fit: FittedForest, data: tuple[pd.DataFrame, Any, Any], tmp_path):
    from skops import io as skops

    fit.forest.save(tmp_path)
    tree = grown(data[0], data[1].sum(axis=1), 1)[0]
    skops.dump(dict.fromkeys(TYPES, tree), tmp_path / "forest.skops")
    with pytest.raises(Problem, match="other things than plain arrays") as caught:
        Forest.load(tmp_path)
    assert caught.value.code == "bundle-corrupt"


@pytest.mark.parametrize("content", [b"", b"no zip", {"left": np.zeros(3)}, [1, 2]], ids=str)
def test_a_file_that_is_no_forest_is_refused(fit: FittedForest, tmp_path: Path, content: Any):
    from skops import io as skops

    fit.forest.save(tmp_path)
    (tmp_path / "forest.skops").write_bytes(content if isinstance(content, bytes) else skops.dumps(content))
    with pytest.raises(Problem) as caught:
        Forest.load(tmp_path)
    assert caught.value.code == "bundle-corrupt"


@pytest.mark.parametrize("name", ["forest.json", "design.json", "forest.skops"])
def test_a_forest_with_a_missing_file_is_refused(fit: FittedForest, tmp_path: Path, name: str):
    fit.forest.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(Problem) as caught:
        Forest.load(tmp_path)
    assert caught.value.code == "bundle-corrupt"


def with_first(trees: Trees, name: str, value: Any) -> Trees:
    changed = getattr(trees, name).copy()
    changed[0] = value
    return dataclasses.replace(trees, **{name: changed})


@pytest.mark.parametrize(
    ("name", "value"),
    [("left", 0), ("right", 10_000), ("right", 1), ("left", -5), ("feature", 99), ("feature", -1), ("cases", 0),
     ("threshold", np.nan), ("starts", 1)],
)  # fmt: skip
def test_nodes_that_lead_nowhere_are_refused_before_they_can_do_harm(
    fit: FittedForest, tmp_path: Path, name: str, value: Any
):
    write_trees(with_first(fit.forest.trees, name, value), tmp_path / "forest.skops")
    with pytest.raises(Problem) as caught:
        read_trees(tmp_path / "forest.skops", 5, 3)
    assert caught.value.code == "bundle-corrupt"


def test_a_vote_for_a_class_that_is_not_there_is_refused(fit: FittedForest, tmp_path: Path):
    write_trees(fit.forest.trees, tmp_path / "forest.skops")
    assert len(read_trees(tmp_path / "forest.skops", 5, 3)) == SMALL.trees
    with pytest.raises(Problem):
        read_trees(tmp_path / "forest.skops", 5, 2)


def test_the_kept_file_names_no_address_and_no_time(fit: FittedForest, tmp_path: Path):
    fit.forest.save(tmp_path)
    with zipfile.ZipFile(io.BytesIO((tmp_path / "forest.skops").read_bytes())) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert sorted(file.namelist()) == sorted([*(f"{i + 1}.npy" for i in range(len(TYPES))), "schema.json"])
