"""Name databases and tables in them, and show them to people without what must stay secret.

A *place* is written `ADDRESS#TABLE`: `postgresql://reader@host/force#custody.events`. The address may be
`env:NAME`, which stands for the address in that environment variable. It is resolved only to connect, so that neither
files nor messages hold more than `env:NAME`.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from forecast.problems import Problem

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|env:[A-Za-z_]")
_QUERY = re.compile(r"\s*(select|with)\s", re.IGNORECASE)
_NAME = re.compile(r'"(?:[^"]|"")+"|[^".\s][^".]*')
_ODD = re.compile("[@/#]")
_QUOTED = re.compile(r'(?:"(?:[^"]|"")+"|[^".\s@/#][^".@/#]*)(?:\.(?:"(?:[^"]|"")+"|[^".\s@/#][^".@/#]*))?')
"""The name of a table that has what is odd between double quotes alone."""
_SECRETS = ("password", "pwd", "sslpassword", "odbc_connect", "token", "secret")


@dataclass(frozen=True, slots=True)
class Place:
    """A table (or, to read from, a query) in a database; prints without the password."""

    url: str = field(repr=False)
    table: str = ""

    def __str__(self) -> str:
        return shown(self.url, self.table)


def is_url(text: str) -> bool:
    """Say whether a text is the address of a database (or `env:NAME`) rather than a path."""
    return _ADDRESS.match(text) is not None


def parse_place(text: str) -> Place:
    """Cut `ADDRESS#TABLE` at its first '#'; raise, and show nothing, where that may be a '#' in a password."""
    url, _, table = text.partition("#")
    if _ODD.search(table) and not is_query(table) and not _QUOTED.fullmatch(table):
        place = url if url.startswith("env:") else f"{url.partition('://')[0]}://..." if "://" in url else "..."
        detail = "an '@', '/' or '#' behind its first '#' stands in a table's name only between double quotes"
        raise Problem("database-address", place=place, detail=detail)
    return Place(url, table)


def address(url: str) -> str:
    """Return the address itself, from the environment if that is where it stands; raise for one that is none."""
    name = url.removeprefix("env:")
    if name != url:
        url = os.environ.get(name, "")
        if not is_url(url) or url.startswith("env:"):
            raise Problem("database-variable", name=name, found="holds none" if name in os.environ else "is not set")
    if re.search("%(?![0-9A-Fa-f]{2})", url):
        raise Problem("database-address", place=shown(url), detail="a '%' stands for itself only when written %25")
    if _parts(url) is None:
        raise Problem("database-address", place=shown(url), detail="it cannot be cut into user, host and name")
    return url


def shown(url: str, table: str = "") -> str:
    """Return an address as people may see it: no password, no parameters; almost nothing of one that is malformed."""
    whole = url if url.startswith("env:") else _shown(url)
    return f"{whole}#{table}" if table and not is_query(table) else whole


def _shown(url: str) -> str:
    parts, scheme = _parts(url), url.partition("://")[0]
    if parts is None:
        return f"{scheme}://..."
    user, rest = parts
    return f"{scheme}://{user}@{rest}" if user else f"{scheme}://{rest}"


def _parts(url: str) -> tuple[str, str] | None:
    """Return user, and host, port and name, of an address; None where a password may stand in the wrong place."""
    try:
        cut = urlsplit(url)
        _ = cut.port  # raises for a port that is no number, as in user:pass/word@host
    except ValueError:
        return None
    if "@" in cut.path or cut.netloc.count("@") > 1 or cut.fragment:
        return None
    return cut.username or "", f"{cut.netloc.rpartition('@')[2]}{cut.path}"


def without_secrets(text: str, url: str) -> str:
    """Return the first line of what a driver said, without any password that stands in the address."""
    found = _passwords(url)
    line = " ".join(text.split("\n")[0].split()) or "no reason was given"
    for secret in sorted(found, key=len, reverse=True):
        line = line.replace(secret, "...")
    return line.rstrip(".")


def _passwords(url: str) -> set[str]:
    cut = urlsplit(url)
    found = {cut.password or ""}
    found |= {value for name, value in parse_qsl(cut.query) if any(word in name.lower() for word in _SECRETS)}
    return {text for secret in found if secret for text in (secret, unquote(secret))}


def place_digest(place: Place) -> str:
    """Return the hash of a resolved address without its password, and of the table or query: of what is read."""
    cut = urlsplit(address(place.url))
    rest = [(name, value) for name, value in parse_qsl(cut.query) if not any(word in name.lower() for word in _SECRETS)]
    read = [cut.scheme, cut.username, cut.netloc.rpartition("@")[2], cut.path, rest, place.table]
    return hashlib.sha256(repr(read).encode()).hexdigest()


def is_query(source: str) -> bool:
    """Say whether a text is a query rather than the name of a table."""
    return _QUERY.match(source) is not None


def table_name(place: str, source: str) -> tuple[str | None, str]:
    """Return schema (None: the one that the database looks in by itself) and table of `TABLE` or `SCHEMA.TABLE`."""
    if not source:
        raise Problem("database-no-table", place=place)
    first = _NAME.match(source)
    second = _NAME.fullmatch(source, first.end() + 1) if first and source[first.end() :].startswith(".") else None
    if first is None or (second is None and first.end() < len(source)):
        raise Problem("database-not-table", place=place, table=source)
    names = [_plain(match.group()) for match in (first, second) if match]
    return (names[0], names[1]) if len(names) == 2 else (None, names[0])


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
