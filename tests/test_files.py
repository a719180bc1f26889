from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecast import files
from forecast.files import refuse_existing, sha256, to_json, whole_files, whole_folder
from forecast.problems import Problem


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def half_written(paths: list[Path], error: BaseException | type[BaseException]) -> None:
    for path in paths:
        path.write_text("half")
    raise error


@pytest.fixture(params=["read-only folder", "a file where the folder should be"])
def unwritable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A path that cannot be written."""
    folder = tmp_path / "closed"
    if request.param.startswith("a file"):
        folder.write_text("")
        yield folder / "out"
        return
    if os.geteuid() == 0:
        pytest.skip("root may write into any folder; run the tests as another user to check this")
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    yield folder / "out"
    folder.chmod(stat.S_IRWXU)


def test_files_appear_under_their_names_only_when_the_block_ends(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.json"
    first.write_text("old")
    with whole_files(first, second) as [one, two]:
        one.write_text("new")
        two.write_text("{}")
        assert first.read_text() == "old"
        assert not second.exists()
        assert one.suffix == ".csv"
    assert (first.read_text(), second.read_text()) == ("new", "{}")
    assert names(tmp_path) == ["a.csv", "b.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_nothing_changes_and_nothing_is_left_behind_after_an_exception(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(error), whole_files(path, tmp_path / "b.csv") as work:
        half_written(work, error)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_a_file_of_an_older_run_that_this_run_did_not_write_is_removed(tmp_path: Path) -> None:
    kept, stale = tmp_path / "a", tmp_path / "b"
    stale.write_text("of an older run")
    with whole_files(kept, stale) as [one, _]:
        one.write_text("new")
    assert names(tmp_path) == ["a"]


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    with whole_files(tmp_path / "x" / "y" / "a") as [one]:
        one.write_text("new")
    assert (tmp_path / "x" / "y" / "a").read_text() == "new"


def test_a_full_disk_is_a_problem_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught, whole_files(tmp_path / "a") as work:
        half_written(work, OSError(28, "No space left on device"))
    assert caught.value.code == "file-unwritable"
    assert "No space left" in caught.value.sentence
    assert names(tmp_path) == []


def test_a_problem_in_the_block_comes_through_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught, whole_files(tmp_path / "a"):
        raise Problem("file-empty", path="x")
    assert caught.value.code == "file-empty"


def test_a_place_that_cannot_be_written_is_a_problem_for_files(unwritable: Path) -> None:
    with pytest.raises(Problem) as caught, whole_files(unwritable):
        pytest.fail("the block must not run")
    assert caught.value.code == "file-unwritable"


def test_a_place_that_cannot_be_written_is_a_problem_for_folders(unwritable: Path) -> None:
    with pytest.raises(Problem) as caught, whole_folder(unwritable):
        pytest.fail("the block must not run")
    assert caught.value.code == "file-unwritable"


def test_a_folder_in_place_of_a_file_is_a_problem_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(Problem) as caught, whole_files(tmp_path / "a") as [one]:
        one.write_text("new")
    assert caught.value.code == "file-unwritable"
    assert names(tmp_path) == ["a"]


def test_a_folder_takes_its_name_when_the_block_ends_and_replaces_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").write_text("")
    with whole_folder(path) as work:
        (work / "new").write_text("")
        assert names(path) == ["old"]
    assert names(path) == ["new"]
    assert names(tmp_path) == ["model"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_keeps_the_older_folder(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").write_text("")
    with pytest.raises(error), whole_folder(path) as work:
        half_written([work / "new"], error)
    assert names(path) == ["old"]
    assert names(tmp_path) == ["model"]


def test_an_exception_leaves_no_folder_where_there_was_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError), whole_folder(tmp_path / "model"):
        raise ValueError
    assert names(tmp_path) == []


def test_the_older_folder_comes_back_if_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").write_text("")
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if target == path and (self / "new").exists():
            raise OSError(5, "Input/output error")
        return original(self, target)

    monkeypatch.setattr(files.Path, "replace", replace)
    with pytest.raises(Problem) as caught, whole_folder(path) as work:
        (work / "new").write_text("")
    assert caught.value.code == "file-unwritable"
    assert names(path) == ["old"]
    assert names(tmp_path) == ["model"]


def test_a_file_where_the_folder_goes_is_replaced_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file")
    with whole_folder(tmp_path / "model") as work:
        (work / "new").write_text("")
    assert names(tmp_path) == ["model"]


def test_a_relative_folder_is_written_where_the_run_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with whole_folder(Path("model")) as work:
        (work / "new").write_text("")
    assert names(tmp_path / "model") == ["new"]


def test_an_existing_file_is_refused_unless_it_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    refuse_existing(path, overwrite=False)
    path.touch()
    refuse_existing(path, overwrite=True)
    with pytest.raises(Problem) as caught:
        refuse_existing(path, overwrite=False)
    assert caught.value.code == "output-exists"


def test_the_same_value_gives_the_same_json_and_nan_is_refused() -> None:
    assert to_json({"b": 1, "a": "é"}) == to_json({"a": "é", "b": 1}) == '{\n "a": "é",\n "b": 1\n}\n'
    assert json.loads(to_json([1.5, None])) == [1.5, None]
    with pytest.raises(ValueError):
        to_json(float("nan"))


def test_the_hash_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def write_all(parts: list[Path], error: OSError | None = None) -> None:
    """Write all parts, or the first one before an error."""
    for part in parts[: 1 if error else None]:
        part.write_text("new")
    if error:
        raise error


def two_folders(folder: Path) -> tuple[Path, Path]:
    """Return a file that is there in one folder, and the name of one in another."""
    for name in ("one", "two"):
        (folder / name).mkdir()
    (folder / "one" / "a").write_text("old")
    return folder / "one" / "a", folder / "two" / "b"


def test_files_of_two_folders_are_made_each_beside_its_own_name(tmp_path: Path) -> None:
    paths = two_folders(tmp_path)
    with whole_files(*paths) as parts:
        assert [part.parent.parent for part in parts] == [path.parent for path in paths]
        for part in parts:
            part.write_text("new")
    assert [path.read_text() for path in paths] == ["new", "new"]
    assert [names(path.parent) for path in paths] == [["a"], ["b"]]


def test_a_second_folder_that_cannot_be_written_is_named_before_the_block_runs(
    tmp_path: Path, unwritable: Path
) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(Problem) as caught, whole_files(tmp_path / "a", unwritable):
        pytest.fail("the block must not run")
    assert caught.value.facts["path"] == unwritable
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a", "closed"]


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_what_was_renamed_before_a_failure_gets_its_older_file_back(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, blocked = two_folders(tmp_path)
    blocked.mkdir()  # a folder where the file should go

    def refused(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(files.os, "link", refused)
    with pytest.raises(Problem) as caught, whole_files(older, tmp_path / "fresh", blocked) as parts:
        write_all(parts)
    assert caught.value.facts["path"] == blocked
    assert older.read_text() == "old"
    assert names(tmp_path) == ["one", "two"]
    assert names(tmp_path / "one") == ["a"]
    assert names(tmp_path / "two") == ["b"]


def test_a_part_that_cannot_be_written_is_called_by_its_final_name(tmp_path: Path) -> None:
    paths = two_folders(tmp_path)
    with pytest.raises(Problem) as caught, whole_files(*paths) as parts:
        write_all(parts, OSError(28, "No space left on device", str(parts[1])))
    assert caught.value.facts["path"] == str(paths[1])
    assert paths[0].read_text() == "old"
