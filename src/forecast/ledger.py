"""Keep the one log of the house that only grows: each entry holds the hash of the one before it.

Merges of people, promotions of models, signed stages, allocations, contracts and decisions are written here. A ledger
is a file of JSON lines, `{"at", "kind", "n", "previous", "sha256", "what", "who"}`, and beside it its head,
`<ledger>.head`: how many entries there are, how many bytes, and the hash of the last. The head tells an end that was
cut off from an end that was never written.

What this shows and what it cannot: whoever edits, removes, inserts or reorders entries, or cuts off the end, breaks the
chain or the head, and :meth:`Ledger.verify` names the first broken place. Whoever may write to both files can write a
new ledger with a new head that fits; only a head kept elsewhere (printed, sent, minuted) shows that. So print
:meth:`Ledger.head` where it counts. It never proves that a name belongs to the person who typed it.

Locks are those of the operating system (``flock``): they hold on one machine, not always on a network drive.
"""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forecast.problems import Problem

GENESIS = "0" * 64
"""What the first entry names as the hash before it."""

Clock = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    """Return the time, in UTC."""
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: ``n`` counts from 1; ``at`` is in UTC and never before that of the entry before; ``what`` is JSON."""

    n: int
    at: datetime.datetime
    kind: str
    who: str
    what: Mapping[str, Any]
    previous: str
    sha256: str = ""

    def line(self) -> bytes:
        """Return the entry as it stands in the file: the only way to write it, so that no byte may differ."""
        return _line({**self._content(), "sha256": self.sha256})

    def digest(self) -> str:
        """Return the sha256 of all but the hash itself."""
        return hashlib.sha256(_line(self._content())).hexdigest()

    def _content(self) -> dict[str, Any]:
        at = _text(self.at)
        return {
            "n": self.n,
            "at": at,
            "kind": self.kind,
            "who": self.who,
            "what": self.what,
            "previous": self.previous,
        }


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger ends: ``n`` entries in ``size`` bytes, the last written ``at`` with the hash ``sha256``."""

    n: int = 0
    size: int = 0
    at: str = ""
    sha256: str = GENESIS

    def line(self) -> bytes:
        """Return the head as its file holds it."""
        return _line({"n": self.n, "size": self.size, "at": self.at, "sha256": self.sha256})


@dataclass(frozen=True)
class Ledger:
    """A ledger at ``path``; it comes into being with its first entry. ``clock`` is replaced in tests."""

    path: Path
    clock: Clock = field(default=utc_now, repr=False)

    @property
    def head_path(self) -> Path:
        """The file that holds the head."""
        return self.path.with_name(self.path.name + ".head")

    def append(self, kind: str, who: str, what: Mapping[str, Any]) -> Entry:
        """Write one entry and return it; on return it is on the disk.

        Raises ``ledger-nobody`` for an empty ``who``, ``ledger-broken`` where the end does not fit the head (nothing is
        appended then) and ``ledger-unwritable``. What a crash left of a half-written entry, which
        nobody was told was kept, is set aside in `<ledger>.torn`.
        """
        if not who.strip():
            raise Problem("ledger-nobody", kind=kind)
        with self._locked() as handle:
            last = self._mended(handle)
            now = _text(max(self.clock(), _moment(last.at)) if last.at else self.clock())
            entry = Entry(last.n + 1, _moment(now), kind, " ".join(who.split()), what, last.sha256)
            entry = dataclasses.replace(entry, sha256=entry.digest())
            _write(handle, entry.line())
            self._anchor(_after(last, entry))
        return entry

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries, oldest first, after checking the chain; raise ``ledger-broken`` where it is broken."""
        found, problem = self._read()
        if problem is not None:
            raise problem
        return found

    def verify(self) -> Problem | None:
        """Return the first broken place, or ``None`` where everything fits."""
        return self._read()[1]

    def head(self) -> Head:
        """Return the checked head, to be printed and kept elsewhere."""
        entries = self.entries()
        size = sum(len(entry.line()) for entry in entries)
        return Head(len(entries), size, _text(entries[-1].at), entries[-1].sha256) if entries else Head()

    def _read(self) -> tuple[tuple[Entry, ...], Problem | None]:
        if not self.path.exists() and not self.head_path.exists():
            return (), None
        try:
            with self.path.open("rb") as handle:
                fcntl.flock(handle, fcntl.LOCK_SH)
                content = handle.read()
                if not content and not self.head_path.exists():  # a crash before the very first entry
                    return (), None
                head = self._head()
            return _checked(content, head, self.path), None
        except FileNotFoundError:
            return (), _broken(self.path, 1, "the file is gone, its head is still there")
        except OSError as error:
            return (), Problem("ledger-unreadable", path=self.path, detail=error.strerror or str(error))
        except Problem as problem:
            return (), problem

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Yield the file, open for appending, while no other process has it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise Problem("ledger-unwritable", path=self.path, detail=error.strerror or str(error)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        except OSError as error:
            raise Problem("ledger-unwritable", path=self.path, detail=error.strerror or str(error)) from error
        finally:
            os.close(handle)  # gives the lock back

    def _mended(self, handle: int) -> Head:
        """Return the head of the file as it is, after mending what a crash in the middle of an append left."""
        size = os.fstat(handle).st_size
        if size == 0 and not self.head_path.exists():
            self._anchor(Head())
        head = self._head()
        if size < head.size:
            raise _broken(self.path, head.n, f"the end is cut off: the head counts {head.n} entries")
        if size == head.size:
            return head
        rest = os.pread(handle, size - head.size, head.size)
        whole = rest[: rest.rfind(b"\n") + 1]
        mended = _walk(whole, head, self.path)[1]
        torn = rest[len(whole) :]
        if torn:
            with self.path.with_name(self.path.name + ".torn").open("ab") as aside:
                aside.write(torn + b"\n")
            os.ftruncate(handle, head.size + len(whole))
        self._anchor(mended)
        return mended

    def _head(self) -> Head:
        try:
            content = self.head_path.read_bytes()
            head = Head(**json.loads(content))
            if head.line() != content or type(head.n) is not int or type(head.size) is not int:
                raise ValueError
        except FileNotFoundError as error:
            raise _broken(self.path, 1, f"its head, {self.head_path.name}, is gone") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise _broken(self.path, 1, f"its head, {self.head_path.name}, was changed") from error
        return head

    def _anchor(self, head: Head) -> None:
        """Put the head in its place, whole or not at all, and onto the disk."""
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            _write(handle, head.line())
            os.fchmod(handle, 0o644)
            os.close(handle)
            Path(name).replace(self.head_path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # a new file's name must be on the disk too
        finally:
            os.close(folder)


def _checked(content: bytes, head: Head, path: Path) -> tuple[Entry, ...]:
    """Return the entries of a ledger that fits its head; a half-written entry after the head is not yet one."""
    entries, _ = _walk(content[: content.rfind(b"\n") + 1], Head(), path)
    if len(entries) < head.n:
        raise _broken(path, len(entries) + 1, f"the end is cut off: the head counts {head.n} entries")
    anchored = Head()
    for entry in entries[: head.n]:
        anchored = _after(anchored, entry)
    if anchored != head:
        raise _broken(path, head.n, "the head names another end than the ledger has")
    return entries


def _walk(content: bytes, head: Head, path: Path) -> tuple[tuple[Entry, ...], Head]:
    """Read whole lines that follow ``head``; raise at the first that does not fit the one before it."""
    found: list[Entry] = []
    for line in (part + b"\n" for part in content.split(b"\n")[:-1]):
        entry = _parsed(line)
        if entry is None:
            raise _broken(path, head.n + 1, "the line is not an entry as this package writes it")
        if entry.n != head.n + 1:
            raise _broken(path, head.n + 1, f"entry {entry.n} stands there: entries were removed, added or reordered")
        if entry.previous != head.sha256:
            raise _broken(path, entry.n, "it does not follow the entry before it")
        if entry.digest() != entry.sha256:
            raise _broken(path, entry.n, "its content is not what its hash was made of")
        if _text(entry.at) < head.at:
            raise _broken(path, entry.n, "its time lies before that of the entry before it")
        found.append(entry)
        head = _after(head, entry)
    return tuple(found), head


def _parsed(line: bytes) -> Entry | None:
    """Return the entry of a line, or ``None`` where the line is not exactly what the entry would be written as."""
    try:
        content = json.loads(line)
        entry = Entry(**{**content, "at": _moment(content["at"])})
        return entry if entry.line() == line else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _after(head: Head, entry: Entry) -> Head:
    return Head(entry.n, head.size + len(entry.line()), _text(entry.at), entry.sha256)


def _write(handle: int, content: bytes) -> None:
    """Write all of it and wait until the disk has it."""
    while content:
        content = content[os.write(handle, content) :]
    os.fsync(handle)


def _line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _text(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)


def _broken(path: Path, n: int, detail: str) -> Problem:
    return Problem("ledger-broken", path=path, n=n, detail=detail)
