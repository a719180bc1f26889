"""Write files whole or not at all, and name their content by hash."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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

    Nothing appears under the final names before all is written, and nothing is left behind after a failure.
    A final file whose temporary one was not written is removed: it would belong to an older run.
    """
    try:
        work = _beside(paths[0])
    except OSError as error:
        raise Problem("file-unwritable", path=paths[0], detail=error.strerror) from error
    try:
        temporary = [work / f"{i}-{path.name}" for i, path in enumerate(paths)]
        yield temporary
        for source, path in zip(temporary, paths, strict=True):
            path.unlink(missing_ok=True) if not source.exists() else source.replace(path)
    except OSError as error:
        raise Problem("file-unwritable", path=paths[0], detail=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


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
