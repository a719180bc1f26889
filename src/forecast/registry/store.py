"""Keep registered bundles under `models/registry/<name>/<model id>/`, each written once and never replaced.

The ledger beside them is the truth about what is registered; MLflow's model registry follows it (see `mirror.py`). A
folder that the ledger does not name was left by a run that was killed, and is taken up again by the next one.
"""

from __future__ import annotations

import datetime
import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.files import whole_folder
from forecast.ledger import Clock, Ledger, utc_now
from forecast.models.bundle import load_bundle, read_manifest
from forecast.problems import Problem, nearest
from forecast.registry.dates import day_of
from forecast.registry.lines import Line, Registered, read_lines
from forecast.registry.registration import REGISTRATION

if TYPE_CHECKING:
    from forecast.models.bundle import ModelBundle
    from forecast.settings import Settings

FEWEST_LETTERS, FEWEST_LETTERS_WHY = 2, 4
NOBODY = frozenset(
    {
        *("na", "none", "nobody", "noone", "no", "null", "nil", "unknown", "anon", "anonymous", "someone", "somebody"),
        *("anybody", "anyone", "tbc", "tbd", "todo", "test", "xx", "xxx", "user", "name", "me", "admin", "root"),
    }
)
NO_REASON = frozenset(
    ("none", "nothing", "noreason", "unknown", "because", "test", "todo", "xxxx", "asdf", "reason", "why", "null")
)
"""What is typed where a name or a reason is asked for and stands for none; compared without signs and spaces."""

NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")


@dataclass(frozen=True)
class Registry:
    """The registry of an installation; ``clock`` is replaced in tests."""

    settings: Settings
    clock: Clock = field(default=utc_now, repr=False)

    @property
    def folder(self) -> Path:
        """Where the ledger and the bundles lie."""
        return self.settings.models_folder / "registry"

    @property
    def ledger(self) -> Ledger:
        """The ledger of this registry."""
        return Ledger(self.folder / "ledger.jsonl", self.clock)

    @property
    def today(self) -> datetime.date:
        """The day, in UTC."""
        return day_of(self.clock())

    def folder_of(self, name: str, model_id: str) -> Path:
        """Return the folder of a registered bundle."""
        return self.folder / name / model_id

    def lines(self) -> dict[str, Line]:
        """Return every line of models, from a ledger that was checked and that names all that was registered."""
        marks = [mark for what in (REGISTRATION, "stages") for mark in sorted(self.folder.glob(f"*/*/{what}"))]
        lines = read_lines(self.ledger.entries())  # after the folders were listed: their entries come before them
        for folder in (mark.parent for mark in marks):
            line = lines.get(folder.parent.name)
            if line is None or folder.name not in line.models:
                raise Problem("ledger-gone", path=self.ledger.path, folder=folder)
        return lines

    def line(self, name: str) -> Line:
        """Return the line of a name; raise ``registry-unknown`` where nothing was registered under it."""
        lines = self.lines()
        if name not in lines:
            hint = nearest(name, lines) if lines else "Register one: forecast models register NAME BUNDLE."
            raise Problem("registry-unknown", name=name, path=self.folder, hint=hint)
        return lines[name]

    def load(self, model: Registered) -> ModelBundle:
        """Load a registered bundle after checking it against its own hashes and against the ledger's."""
        folder = self.folder_of(model.name, model.model_id)
        if read_manifest(folder)["manifest_sha256"] != model.manifest_sha256:
            raise Problem("registry-changed", path=folder)
        return load_bundle(folder, threads=self.settings.threads)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time read the ledger, decide and write."""
        path = self.folder / ".lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = path.open("a")
        except OSError as error:
            raise Problem("file-unwritable", path=path, detail=error.strerror or str(error)) from error
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def check_name(name: str) -> None:
    """Raise ``registry-name`` for a name that cannot be a folder or a name in MLflow's registry."""
    if not NAME.fullmatch(name):
        raise Problem("registry-name", name=name)


def check_who_and_why(action: str, who: str, why: str) -> None:
    """Raise the problem of an action by nobody or without a reason, before any work is done."""
    if not who.strip():
        raise Problem("ledger-nobody", kind=action)
    if not why.strip():
        raise Problem("registry-why", what=action)
    if _plain(who) in NOBODY or sum(c.isalpha() for c in who) < FEWEST_LETTERS:
        raise Problem("registry-who", who=who.strip(), what=action)
    if _plain(why) in NO_REASON or sum(c.isalpha() for c in why) < FEWEST_LETTERS_WHY:
        raise Problem("registry-why-empty", why=why.strip(), what=action)


def _plain(text: str) -> str:
    """Return the letters and digits of a text in small letters, so that "N/A", "n.a." and "na" are one."""
    return "".join(c for c in text.casefold() if c.isalnum())


def keep_copy(bundle: ModelBundle, folder: Path) -> bool:
    """Copy a bundle into its place, whole or not at all; return whether there was anything to copy.

    Raises ``registry-differs`` where another bundle of the same model id lies there.
    """
    if folder.exists():
        if read_manifest(folder)["manifest_sha256"] != bundle.manifest["manifest_sha256"]:
            raise Problem("registry-differs", path=folder)
        load_bundle(folder, threads=1)
        return False
    with whole_folder(folder) as work:
        # what belongs to another registration of the same bundle stays there
        others = shutil.ignore_patterns(REGISTRATION, "stages")
        shutil.copytree(bundle.folder, work, dirs_exist_ok=True, ignore=others)
    return True
