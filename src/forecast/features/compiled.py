"""Import numba with a place to keep compiled code, so that the kernel is compiled once a machine and not once a run.

numba keeps compiled code beside the source file. Where that folder may not be written to, NUMBA_CACHE_DIR has to name
another one before numba is first imported; where no folder can be written to, the kernel is compiled anew in each run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_HERE = Path(__file__).parent


def _writable(folder: Path) -> bool:
    """Say whether a file can be made in a folder, by making one: permissions alone do not tell."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def cache_folder() -> Path | None:
    """Return where compiled code can be kept if not beside the source: NUMBA_CACHE_DIR, else the user's cache."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    folder = base if named else base / "forecast" / "numba"
    return folder if _writable(folder) else None


def _prepare() -> bool:
    """Name a cache folder if numba could not find one by itself; say whether there is one."""
    if not os.environ.get("NUMBA_CACHE_DIR") and _writable(_HERE / "__pycache__"):
        return True
    folder = cache_folder()
    if folder is not None:
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder is not None


CACHED = _prepare()


def compiled(function: F) -> F:
    """Compile a function when it is first called; it runs without the lock of the interpreter.

    Everything becomes one piece of machine code: calls between parts would count references to arrays.
    """
    import numba

    made: F = numba.njit(cache=CACHED, nogil=True, inline="always", error_model="numpy")(function)
    return made
