from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from forecast.tables import fetch as module
from forecast.tables.fetch import fetch, files_of

CONTENT = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(40_000))
SUM = hashlib.sha256(CONTENT).hexdigest()


class Publisher(BaseHTTPRequestHandler):
    """Serves CONTENT; the path says how: /whole, /norange, /wrongrange, /garbage; `cut` bytes at most, once."""

    cut: int | None = None
    ranges: list[str | None]

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        type(self).ranges.append(asked)
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/garbage":
            self.wfile.write(b"this is not HTTP\r\n\r\n")
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.path != "/norange" else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        if start:
            said = start + 1 if self.path == "/wrongrange" else start
            self.send_header("Content-Range", f"bytes {said}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.end_headers()
        self.wfile.write(CONTENT[start : start + type(self).cut if type(self).cut else None])
        type(self).cut = None

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Publisher]]:
    """A publisher on the loopback interface alone; ``Publisher.address`` is where."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    handler = type("Handler", (Publisher,), {"ranges": [], "cut": None})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield handler
        server.shutdown()
        thread.join()


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Describe a data set `toy` at an address; return the data folder."""

    def make(url: str, sums: tuple[str, ...] = (SUM,), **keys: str) -> Path:
        path = tmp_path / "toy.toml"
        lines = [f'url = "{url}"', 'file = "toy/cases.csv"', f"sha256 = {list(sums)!r}"]
        path.write_text("\n".join([*lines, *(f'{k} = "{v}"' for k, v in keys.items())]))
        monkeypatch.setattr(module, "shipped", lambda: {"toy": path})
        return tmp_path / "data"

    return make


def test_a_whole_file_is_downloaded_and_checked(publisher: Any, offer: Callable[..., Path]) -> None:
    [got] = fetch("toy", folder := offer(f"{publisher.address}/whole"))
    assert got.path == folder / "toy" / "cases.csv"
    assert got.path.read_bytes() == CONTENT
    assert (got.sha256, got.checked, got.already) == (SUM, True, False)
    assert [p.name for p in got.path.parent.iterdir()] == ["cases.csv"]
    assert publisher.ranges == [None]


def test_a_download_that_broke_off_goes_on_where_it_was(
    publisher: Any, offer: Callable[..., Path], only_code: Callable[..., str]
) -> None:
    folder = offer(f"{publisher.address}/whole")
    publisher.cut = 100_000
    assert only_code(fetch, "toy", folder) == "fetch-no-network"
    part = folder / "toy" / "cases.csv.part"
    assert part.read_bytes() == CONTENT[:100_000]
    assert not (folder / "toy" / "cases.csv").exists()
    [got] = fetch("toy", folder)
    assert publisher.ranges == [None, "bytes=100000-"]
    assert got.path.read_bytes() == CONTENT
    assert not part.exists()


def test_a_server_that_cannot_go_on_sends_the_whole_again(publisher: Any, offer: Callable[..., Path]) -> None:
    folder = offer(f"{publisher.address}/norange")
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "cases.csv.part").write_bytes(b"an old part")
    [got] = fetch("toy", folder)
    assert publisher.ranges == ["bytes=11-"]
    assert got.path.read_bytes() == CONTENT


def test_a_part_that_is_the_whole_is_taken_as_it_is(publisher: Any, offer: Callable[..., Path]) -> None:
    folder = offer(f"{publisher.address}/whole")
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "cases.csv.part").write_bytes(CONTENT)
    [got] = fetch("toy", folder)
    assert got.checked
    assert publisher.ranges == [f"bytes={len(CONTENT)}-"]


def test_another_part_than_the_one_asked_for_is_not_glued_on(
    publisher: Any, offer: Callable[..., Path], only_code: Callable[..., str]
) -> None:
    folder = offer(f"{publisher.address}/wrongrange")
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "cases.csv.part").write_bytes(CONTENT[:50])
    assert only_code(fetch, "toy", folder) == "fetch-no-network"
    assert (folder / "toy" / "cases.csv.part").read_bytes() == CONTENT[:50]


def test_a_file_without_a_known_checksum_is_never_made_of_two_downloads(
    publisher: Any, offer: Callable[..., Path]
) -> None:
    folder = offer(f"{publisher.address}/whole", sums=())
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "cases.csv.part").write_bytes(b"of an older file")
    [got] = fetch("toy", folder)
    assert got.path.read_bytes() == CONTENT
    assert (got.checked, publisher.ranges) == (False, [None])


@pytest.mark.parametrize("path", ["/missing", "/garbage"])
def test_an_address_that_gives_nothing_is_a_problem(
    publisher: Any, offer: Callable[..., Path], only_code: Callable[..., str], path: str
) -> None:
    folder = offer(f"{publisher.address}{path}")
    assert only_code(fetch, "toy", folder) == "fetch-no-network"
    assert not (folder / "toy" / "cases.csv").exists()


def test_a_refused_connection_is_a_problem(offer: Callable[..., Path], publisher: Any, only_code: Any) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        folder = offer(f"http://127.0.0.1:{taken.getsockname()[1]}/whole")
        assert only_code(fetch, "toy", folder) == "fetch-no-network"


def test_a_file_with_another_checksum_does_not_take_its_name(
    publisher: Any, offer: Callable[..., Path], only_code: Callable[..., str]
) -> None:
    folder = offer(f"{publisher.address}/whole", sums=("0" * 64,))
    assert only_code(fetch, "toy", folder) == "fetch-checksum"
    assert not (folder / "toy" / "cases.csv").exists()


def test_a_file_that_is_there_already_is_not_fetched_again(publisher: Any, offer: Callable[..., Path]) -> None:
    folder = offer(f"{publisher.address}/whole")
    fetch("toy", folder)
    [got] = fetch("toy", folder)
    assert got.already
    assert publisher.ranges == [None]


def test_a_file_that_is_there_but_spoilt_is_fetched_again(publisher: Any, offer: Callable[..., Path]) -> None:
    folder = offer(f"{publisher.address}/whole")
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "cases.csv").write_bytes(b"spoilt")
    [got] = fetch("toy", folder)
    assert (got.already, got.path.read_bytes() == CONTENT) == (False, True)


@pytest.mark.parametrize("place", ["toy/cases.csv", "cases.csv"])
@pytest.mark.parametrize(("sums", "checked"), [((SUM,), True), (("0" * 64,), False), ((), False)])
def test_a_local_copy_is_found_in_both_layouts_and_its_checksum_is_told(
    tmp_path: Path, offer: Callable[..., Path], place: str, sums: tuple[str, ...], checked: bool
) -> None:
    copy = tmp_path / "copy" / place
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT)
    [got] = fetch("toy", offer("http://unused.invalid/", sums), source=tmp_path / "copy")
    assert got.path.read_bytes() == CONTENT
    assert (got.sha256, got.checked) == (SUM, checked)


def test_a_local_copy_that_is_the_data_folder_itself_is_left_alone(tmp_path: Path, offer: Callable[..., Path]) -> None:
    folder = offer("http://unused.invalid/", ())
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "cases.csv").write_bytes(CONTENT)
    [got] = fetch("toy", folder, source=folder)
    assert got.path.read_bytes() == CONTENT


def test_a_copy_that_is_not_in_the_folder_is_named(
    tmp_path: Path, offer: Callable[..., Path], only_code: Callable[..., str]
) -> None:
    assert only_code(fetch, "toy", offer("http://unused.invalid/"), source=tmp_path) == "file-missing"


def test_a_data_folder_that_cannot_be_made_is_a_problem(
    tmp_path: Path, offer: Callable[..., Path], only_code: Callable[..., str]
) -> None:
    folder = offer("http://unused.invalid/")
    folder.write_text("a file where the folder should be")
    assert only_code(fetch, "toy", folder) == "file-unwritable"


def test_an_unknown_data_set_names_the_known_ones(offer: Callable[..., Path], problems_of: Callable[..., Any]) -> None:
    [problem] = problems_of(fetch, "compass", offer("http://unused.invalid/"))
    assert problem.code == "dataset-unknown"
    assert "toy" in problem.next_step


def test_the_shipped_data_sets_name_each_file_once() -> None:
    assert [w.file for w in files_of("nij")] == ["nij/nij_full_dataset.csv"]
    assert len({w.file for w in files_of("compas")}) == len(files_of("compas")) == 2
    assert all(w.url.startswith("https://") for name in ("compas", "nij") for w in files_of(name))


def test_a_target_of_its_own_is_kept_apart_from_the_file_that_is_read(offer: Callable[..., Path]) -> None:
    offer("http://unused.invalid/", (), fetch_to="toy/full.csv")
    assert [w.file for w in files_of("toy")] == ["toy/full.csv"]
