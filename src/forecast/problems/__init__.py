"""Hold every problem that a user can meet: its code, what was found, and what to do next.

Code raises :class:`Problem` (one) or :class:`Problems` (all that one pass found) and never writes a
sentence of its own, so that the command line, the tests and the documentation share one wording.
The command line prints them and exits with status 2; any other exception is a fault of ours (status 1).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from forecast.problems import (
    databases,
    explaining,
    files,
    linking,
    machine,
    models,
    record_rows,
    records,
    registry,
    scoring,
    tables,
)
from forecast.problems.entry import Entry

CATALOGUE: dict[str, Entry] = {
    **files.ENTRIES,
    **tables.ENTRIES,
    **records.ENTRIES,
    **record_rows.ENTRIES,
    **databases.ENTRIES,
    **linking.ENTRIES,
    **models.ENTRIES,
    **explaining.ENTRIES,
    **scoring.ENTRIES,
    **registry.ENTRIES,
    **machine.ENTRIES,
}


class Problem(Exception):
    """A problem that the user can mend.

    ``code`` is a key of :data:`CATALOGUE`; ``facts`` fill its sentence and next step.
    """

    def __init__(self, code: str, **facts: object) -> None:
        entry = CATALOGUE[code]
        self.code = code
        self.facts = facts
        self.sentence = entry.sentence.format(**facts)
        self.next_step = entry.next_step.format(**facts)
        super().__init__(f"{self.sentence} {self.next_step}".strip())


class Problems(Exception):
    """All the problems that one pass found."""

    def __init__(self, items: Sequence[Problem]) -> None:
        self.items = tuple(items)
        super().__init__("; ".join(str(item) for item in self.items))


def raise_all(items: Sequence[Problem]) -> None:
    """Raise nothing for no problem, the problem itself for one, :class:`Problems` for more."""
    if len(items) == 1:
        raise items[0]
    if items:
        raise Problems(items)


_MOST_LISTED, _MOST_NEAREST, _FIRST = 40, 5, 5


def first_of(names: Sequence[str]) -> str:
    """Return the first five names and how many more there are: "a, b, c, d, e and 185 more"."""
    more = len(names) - _FIRST
    return ", ".join(names[:_FIRST]) + (f" and {more} more" if more > 0 else "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known word; else all of them, if they are few, or the nearest five."""
    options = sorted(known)
    close = difflib.get_close_matches(word, options, n=_MOST_NEAREST, cutoff=0.3)
    if difflib.get_close_matches(word, close, n=1, cutoff=0.6):
        return f"Did you mean '{close[0]}'?"
    if len(options) <= _MOST_LISTED:
        return f"Known: {', '.join(options) or 'none'}."
    return (
        f"The nearest of {len(options)} known: {', '.join(close)}." if close else f"None of {len(options)} is like it."
    )


def need(module: str, extra: str) -> None:
    """Raise the problem that names the extra to install when ``module`` cannot be found."""
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise Problem("extra-missing", module=module, extra=extra)
