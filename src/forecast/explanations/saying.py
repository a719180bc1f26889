"""Phrase many values of a feature, each distinct text once: what :func:`wording.fact` says of each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.cases import Floats, Ints

    Ends = tuple[Floats, Ints, tuple[str, ...]]

UNSAID = -1
MOST_KEPT = 100_000
"""Texts kept of one feature; past that, further ones are phrased anew."""


@dataclass
class Saying:
    """Phrases the values of one feature, and keeps what it phrased; may be shared by threads.

    ``phrase(value, recorded)`` returns the fact. Of numbers that are not whole, two with the same text must have all
    between them with that text too: it is so for whatever rounds, and spares phrasing each of many years and shares.
    """

    phrase: Callable[[Any, str | None], str]
    kept: dict[Any, str] = field(default_factory=dict)
    ends: Ends = (np.empty(0), np.empty(0, dtype=np.int64), ())
    """Rising numbers that are not whole, places and texts: the first and last number met of each text."""

    def numbers(self, values: Floats) -> tuple[list[str], Ints]:
        """Return texts, and for each of (n,) numbers (NaN: missing) the place of its text among them."""
        distinct, place = np.unique(values, return_inverse=True)
        whole = (distinct == np.floor(distinct)) | np.isnan(distinct)
        at = np.empty(len(distinct), dtype=np.int64)
        texts = [self._kept(None if v != v else v, None) for v in distinct[whole].tolist()]
        at[whole] = np.arange(len(texts))
        if not whole.all():
            parts, found = self._between(distinct[~whole])
            at[~whole] = len(texts) + found
            texts += parts
        return texts, at[place.reshape(-1)]

    def words(self, values: Sequence[Any], recorded: Sequence[str | None] | None) -> tuple[list[str], Ints]:
        """Return texts and places of values that are no plain numbers, or that stand otherwise in the file."""
        places: dict[Any, int] = {}
        quoted = recorded if recorded is not None else [None] * len(values)
        known = [(None if v is None or v != v else v, q) for v, q in zip(values, quoted, strict=True)]
        at = [places.setdefault(each, len(places)) for each in known]
        return [self._kept(*each) for each in places], np.array(at, dtype=np.int64)

    def _between(self, values: Floats) -> tuple[list[str], Ints]:
        """Return texts and places of rising numbers that are not whole, phrasing only where texts change."""
        known, codes, said = self.ends
        texts = list(said)
        places = {text: i for i, text in enumerate(texts)}
        rising = np.union1d(values, known)
        at = np.full(len(rising), UNSAID, dtype=np.int64)
        at[np.searchsorted(rising, known)] = codes

        def settle(i: int) -> None:
            text = self.phrase(float(rising[i]), None)
            if text not in places:
                places[text] = len(texts)
                texts.append(text)
            at[i] = places[text]

        for i in {0, len(rising) - 1}:
            if at[i] == UNSAID:
                settle(i)
        settled = np.flatnonzero(at != UNSAID)
        open_ones = settled[:-1][np.diff(settled) > 1].tolist(), settled[1:][np.diff(settled) > 1].tolist()
        waiting = list(zip(*open_ones, strict=True))
        while waiting:
            low, high = waiting.pop()
            if at[low] == at[high]:
                at[low:high] = at[low]
            elif high - low > 1:
                middle = (low + high) // 2
                settle(middle)
                waiting += [(low, middle), (middle, high)]
        self.ends = _ends(rising, at, texts)
        return texts, at[np.searchsorted(rising, values)]

    def _kept(self, value: Any, recorded: str | None) -> str:
        text = self.kept.get((value, recorded))
        if text is None:
            text = self.phrase(value, recorded)
            if len(self.kept) < MOST_KEPT:
                self.kept[value, recorded] = text
        return text


def _ends(rising: Floats, at: Ints, texts: list[str]) -> Ends:
    """Return the first and the last number of each stretch of one text."""
    changes = np.flatnonzero(at[1:] != at[:-1])
    ends = np.unique(np.concatenate([[0], changes, changes + 1, [len(at) - 1]]))[:MOST_KEPT]
    return rising[ends], at[ends], tuple(texts)
