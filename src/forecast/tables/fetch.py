"""Bring a data set from its publisher, or from a local copy, into the data folder.

A download goes on where it was broken off; a file takes its final name only when it is whole and its checksum is
one of the known ones. Data sets are fetched, never shipped.
"""

from __future__ import annotations

import http.client
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.files import sha256, whole_files
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.settings import read_toml
from forecast.tables.description import merge
from forecast.tables.library import shipped

BLOCK = 1 << 18
SECONDS = 30
NETWORK = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a data set: its place under the data folder, its address and its known checksums."""

    file: str
    url: str
    sha256: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is now in the data folder; ``checked`` says whether its checksum was a known one."""

    path: Path
    sha256: str
    checked: bool
    already: bool


def files_of(name: str) -> list[Wanted]:
    """Return the files of a data set that can be fetched, each once."""
    fetchable = {n: read_toml(path) for n, path in shipped().items()}
    fetchable = {n: content for n, content in fetchable.items() if list(_wanted(content))}
    if name not in fetchable:
        raise Problem("dataset-unknown", name=name, known=", ".join(fetchable))
    return list({w.file: w for w in _wanted(fetchable[name])}.values())


def _wanted(content: dict[str, Any]) -> Iterator[Wanted]:
    base = {k: v for k, v in content.items() if k != "variants"}
    for over in content.get("variants", {"": {}}).values():
        head = merge(base, over)
        if head.get("url"):
            target = head.get("fetch_to") or head["file"]
            yield Wanted(target, head["url"], tuple(head.get("sha256", ())), head.get("fetch_note", ""))


def fetch(name: str, folder: Path, *, source: Path | None = None, progress: Progress = SILENT) -> list[Fetched]:
    """Bring every file of the data set ``name`` into ``folder``, from its publisher or from the folder ``source``."""
    if source is not None and not source.is_dir():
        raise Problem("file-missing", path=source)
    return [_one(name, wanted, folder, source, progress) for wanted in files_of(name)]


def _one(name: str, wanted: Wanted, folder: Path, source: Path | None, progress: Progress) -> Fetched:
    target = folder / wanted.file
    if target.exists() and sha256(target) in wanted.sha256:
        return Fetched(target, sha256(target), True, True)
    if source is not None:
        return _copied(wanted, target, source)
    part = target.with_name(target.name + ".part")
    if not wanted.sha256:  # nothing would tell that the file has changed since an earlier part of it came
        part.unlink(missing_ok=True)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _download(wanted.url, part, progress)
    except NETWORK as error:
        detail = getattr(error, "reason", None) or error
        raise Problem("fetch-no-network", url=wanted.url, detail=detail, name=name) from error
    except OSError as error:
        raise Problem("file-unwritable", path=part, detail=error.strerror or error) from error
    digest = sha256(part)
    if wanted.sha256 and digest not in wanted.sha256:
        raise Problem("fetch-checksum", path=part, found=digest)
    part.replace(target)
    return Fetched(target, digest, bool(wanted.sha256), False)


def _copied(wanted: Wanted, target: Path, source: Path) -> Fetched:
    """Copy from a folder laid out like the data folder, or one that holds the file itself."""
    places = (source / wanted.file, source / Path(wanted.file).name)
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise Problem("file-missing", path=places[0])
    if not (target.exists() and found.samefile(target)):
        with whole_files(target) as [temporary]:
            shutil.copyfile(found, temporary)
    digest = sha256(target)
    return Fetched(target, digest, digest in wanted.sha256, False)


def _download(url: str, part: Path, progress: Progress) -> None:
    """Download to ``part``, from where an earlier try broke off if the server allows it."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send: the part is the whole
            return
        raise
    with response:
        resumed = response.status == 206
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise ConnectionError("the server sent another part of the file than the one asked for")
        length = response.headers.get("Content-Length")
        whole = (have if resumed else 0) + int(length) if length else None
        progress.begin(f"fetching {part.name.removesuffix('.part')}", whole)
        progress.advance(have if resumed else 0)
        with part.open("ab" if resumed else "wb") as handle:
            while block := response.read(BLOCK):
                handle.write(block)
                progress.advance(len(block))
    if whole is not None and part.stat().st_size < whole:
        raise ConnectionError(f"the connection ended after {part.stat().st_size} of {whole} bytes")
