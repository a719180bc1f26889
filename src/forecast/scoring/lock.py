"""Keep two runs off one output: a lock that the operating system frees when its holder dies, however it dies."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from forecast.problems import Problem

LOCK = "lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make ``folder`` if need be and hold its lock; raise ``score-locked``, which names the holder, if another has it.

    The lock is ``flock``: it holds on one machine, not always on a network drive.
    """
    with _held(folder) as handle:
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps(_myself()))
        handle.flush()
        yield


def _held(folder: Path) -> IO[str]:
    """Return the lock file, open and locked; a run that ends removes it, and then there is a new one to be locked."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            if folder.is_dir() or not (folder.exists() or folder.is_symlink()):
                continue  # another run made or removed it in this very moment
            raise Problem("file-unwritable", path=folder.parent, detail=error.strerror or str(error)) from error
        except OSError as error:
            raise Problem("file-unwritable", path=folder.parent, detail=error.strerror or str(error)) from error
        try:
            handle = (folder / LOCK).open("a+", encoding="utf-8")
        except FileNotFoundError:
            continue  # another run ended and removed the folder between the two
        except OSError as error:
            raise Problem("file-unwritable", path=folder, detail=error.strerror or str(error)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(handle)
            handle.close()
            raise Problem("score-locked", path=folder, holder=holder) from error
        except OSError as error:
            handle.close()
            raise Problem("file-unwritable", path=folder, detail=error.strerror or str(error)) from error
        if _is_still(folder / LOCK, handle):
            return handle
        handle.close()


def _is_still(path: Path, handle: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False


def _myself() -> dict[str, object]:
    now = datetime.datetime.now(datetime.UTC)
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat(" ", "seconds")}


def _holder(handle: IO[str]) -> str:
    """Return who holds the lock, as it wrote itself."""
    handle.seek(0)
    try:
        found = json.loads(handle.read())
        return f"process {found['pid']} on {found['host']}, since {found['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process, which has only just begun"
