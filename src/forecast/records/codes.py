"""Read Home Office offence codes in whichever form they are written: recorded crime (8N) or PNC (00806)."""

from __future__ import annotations

import re

_PNC = re.compile(r"[0-9]{5}")
_SUBCLASS = re.compile(r"([0-9]{1,3})[/.]([0-9]{1,2})")
_NUMBER = re.compile(r"[0-9]{1,3}")
_LETTERED = re.compile(r"([0-9]{1,3})([A-Z])")
_RECORDED = re.compile(r"([0-9]{1,3})[A-Z]?")


def normalise(code: str) -> str:
    """Return a code in the one form in which it is looked up; text that is no code comes back without its blanks.

    Recorded-crime codes lose leading zeros (``008n`` gives ``8N``), PNC codes keep their five digits, and a code with a
    subclass is a PNC code (``37/2``, ``37.2`` and ``037/02`` give ``03702``). Digits that a spreadsheet has taken from
    a PNC code are not put back: ``806`` is class 806, which does not exist, and not 00806.
    """
    text = "".join(code.split()).upper()
    if match := _SUBCLASS.fullmatch(text):
        return f"{int(match[1]):03d}{int(match[2]):02d}"
    if match := _LETTERED.fullmatch(text):
        return f"{int(match[1])}{match[2]}"
    return str(int(text)) if _NUMBER.fullmatch(text) else text


def ho_class(code: str) -> str:
    """Return the class (three digits) of a normalised code; empty if it has none."""
    if _PNC.fullmatch(code):
        return code[:3]
    match = _RECORDED.fullmatch(code)
    return f"{int(match[1]):03d}" if match else ""


def selectors_of(code: str) -> tuple[str, ...]:
    """Return the selectors that may speak of a normalised code, the most specific first."""
    if _PNC.fullmatch(code):
        return (code, code[:3])
    # The class speaks for a number alone, never for a letter: 8L and 8N have little in common.
    return (f"={code}", ho_class(code)) if _NUMBER.fullmatch(code) else (f"={code}",)
