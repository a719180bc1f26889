"""Make the mistakes of somebody who types a name or a date of birth."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_NEAR = {"a": "s", "e": "r", "i": "o", "o": "i", "u": "y", "n": "m", "m": "n", "t": "r", "s": "d", "l": "k", "d": "f"}
_YOUNGEST = 3_653
"""Days: nobody is put on record before about their tenth birthday, whatever is typed."""


def mistyped(name: str, rng: np.random.Generator) -> str:
    """Return the name with one letter left out, doubled, struck beside its key, or exchanged with the next one."""
    place = int(rng.integers(1, len(name) - 1)) if len(name) > 2 else 0
    kind = int(rng.integers(0, 4))
    head, letter, tail = name[:place], name[place], name[place + 1 :]
    if kind == 0:
        return head + tail
    if kind == 1:
        return head + letter * 2 + tail
    if kind == 2 or not tail or tail[0] == letter:
        return head + _NEAR.get(letter.lower(), "e") + tail
    return head + tail[0] + letter + tail[1:]


def mistyped_date(born: datetime.date, recorded: datetime.datetime, rng: np.random.Generator) -> datetime.date:
    """Return the date with its year or month one off, or another figure in its day; the same where that is no date."""
    kind, step = int(rng.integers(0, 3)), int(rng.choice([-1, 1]))
    try:
        if kind == 0:
            made = born.replace(year=born.year + step)
        elif kind == 1:
            made = born.replace(month=born.month + step)
        else:
            made = born.replace(day=born.day % 10 + 10 * int(rng.integers(0, 3)))
    except ValueError:
        return born
    return made if (recorded.date() - made).days >= _YOUNGEST else born


def swapped(born: object, recorded: object) -> datetime.date | None:
    """Return the date with day and month exchanged, or nothing where that is no other possible date of birth."""
    if not isinstance(born, datetime.date) or not isinstance(recorded, datetime.datetime):
        return None
    if born.day > 12 or born.day == born.month:
        return None
    turned = born.replace(day=born.month, month=born.day)
    return turned if (recorded.date() - turned).days >= _YOUNGEST else None
