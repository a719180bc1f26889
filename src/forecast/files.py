"""Write files whole or not at all, and name their content by hash."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from forecast.problems import Problem


def sha256(path: Path) -> str:
    """Return the hexadecimal sha256 of a file, read in pieces."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def to_json(value: Any, *, sort_keys: bool = True) -> str:
    """Return JSON text that is the same for the same value: sorted keys, no NaN, a last newline.

    ``sort_keys=False`` is for values in which the order of keys means something.
    """
    return json.dumps(value, indent=1, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False) + "\n"


def _beside(path: Path) -> Path:
    """Make an empty temporary folder on the same file system as ``path``, so that a rename is atomic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Raise ``output-exists`` before any work is done, unless the user allowed to replace it."""
    if path.exists() and not overwrite:
        raise Problem("output-exists", path=path)


@contextmanager
def whole_files(*paths: Path) -> Iterator[list[Path]]:
    """Yield a temporary path for each of ``paths``; those written are renamed when the block succeeds.

    Nothing appears under the final names before all is written, and nothing is left behind after a failure; when one
    cannot take its name, those that did before it give it back. Each folder has a temporary one of its own, made before
    the block runs: the files may lie on several file systems.
    A final file whose temporary one was not written is removed: it would belong to an older run.
    """
    with ExitStack() as stack:
        works: dict[Path, Path] = {}
        for path in paths:
            if path.parent not in works:
                with _naming(path):
                    works[path.parent] = _beside(path)
                stack.callback(shutil.rmtree, works[path.parent], ignore_errors=True)
        temporary = [works[path.parent] / f"{i}-{path.name}" for i, path in enumerate(paths)]
        try:
            yield temporary
        except OSError as error:
            failed = _meant(error, temporary, paths)
            raise Problem("file-unwritable", path=failed, detail=error.strerror or str(error)) from error
        with ExitStack() as undo:
            for source, path in zip(temporary, paths, strict=True):
                with _naming(path):
                    _give_name(source, path, undo)
            undo.pop_all()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn an error of the system into a problem that names ``path``."""
    try:
        yield
    except OSError as error:
        raise Problem("file-unwritable", path=path, detail=error.strerror or str(error)) from error


def _meant(error: OSError, temporary: Sequence[Path], paths: Sequence[Path]) -> str:
    """Return the final name of the file that an error is about, or all of them where it does not say."""
    names = {str(source): str(path) for source, path in zip(temporary, paths, strict=True)}
    return names.get(str(error.filename)) or ", ".join(map(str, paths))


def _give_name(source: Path, path: Path, undo: ExitStack) -> None:
    """Rename a file, or remove the older one where there is no new one; ``undo`` puts back what was there."""
    older = source.with_name(f"older-{source.name}")
    if os.path.lexists(path):
        try:
            os.link(path, older)  # the final name is never without a file
        except OSError:  # a file system without links
            shutil.copy2(path, older)
        undo.callback(_quietly, older.replace, path)
    else:
        undo.callback(_quietly, path.unlink, True)
    path.unlink(missing_ok=True) if not source.exists() else source.replace(path)


def _quietly(put_back: Callable[[Any], object], what: object) -> None:
    with suppress(OSError):  # what made the first rename fail may forbid this one
        put_back(what)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that takes the name ``path`` when the block succeeds, replacing an older one."""
    path = path.absolute()  # "." has no name of its own
    try:
        work = _beside(path)
    except OSError as error:
        raise Problem("file-unwritable", path=path, detail=error.strerror or str(error)) from error
    try:
        work.chmod(0o755)
        yield work
        _exchange(work, path)
    except OSError as error:
        raise Problem("file-unwritable", path=path, detail=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _exchange(new: Path, path: Path) -> None:
    """Give the folder ``new`` the name ``path``; what had that name is removed, or comes back if this fails."""
    if not path.exists():
        new.replace(path)
        return
    bin_ = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        old = path.replace(bin_ / path.name)
        try:
            new.replace(path)
        except OSError:
            old.replace(path)
            raise
    finally:
        shutil.rmtree(bin_, ignore_errors=True)
