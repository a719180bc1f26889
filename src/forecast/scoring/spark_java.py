"""Find a Java that Spark can run on: the one of JAVA_HOME, else the one on the PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from forecast.problems import Problem

OLDEST = 17
"""Spark 4 needs Java 17 or newer."""
_VERSION = re.compile(r'version "(?:1\.)?(\d+)[^"]*"')
_SECONDS = 60


def find_java() -> Path:
    """Return the home folder of a Java that is new enough; raise ``spark-no-java``, which says what was found."""
    said = []
    for where, program in _candidates():
        version = java_version(program)
        if version is not None and version >= OLDEST:
            return program.resolve().parent.parent
        said.append(f"{where} has " + (f"Java {version}" if version else "no Java that runs") + f" ({program})")
    raise Problem("spark-no-java", oldest=OLDEST, found="; ".join(said) or "JAVA_HOME is not set and PATH has no java")


def _candidates() -> list[tuple[str, Path]]:
    found = []
    if home := os.environ.get("JAVA_HOME"):
        found.append(("JAVA_HOME", Path(home) / "bin" / "java"))
    if on_path := shutil.which("java"):
        found.append(("PATH", Path(on_path)))
    return found


def java_version(program: Path) -> int | None:
    """Return the major version that a Java says it has: 8 for "1.8.0_312"; None where it does not run or say."""
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(done.stderr + done.stdout)
    return int(found.group(1)) if found and not done.returncode else None
