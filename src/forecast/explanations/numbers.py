"""Put numbers into words: counts, years, ages, shares, with the decimal mark and the words of the texts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.explanations.texts import Texts

A_MONTH = 1 / 12
"""In years."""


def rounded(value: float, decimals: int, texts: Texts) -> str:
    """Return a number with at most so many decimals, none of them a useless nought."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("0" if text == "-0" else text).replace(".", texts["numbers.decimal"])


def span(years: float, texts: Texts) -> str:
    """Return a time in years as people say it: whole months below a year, else years with one decimal."""
    if years < A_MONTH:
        return texts["numbers.under_a_month"]
    if years < 1:
        months = math.floor(years * 12)
        return texts["numbers.month"] if months == 1 else texts.say("numbers.months", count=months)
    count = rounded(years, 1, texts)
    return texts["numbers.year"] if count == "1" else texts.say("numbers.years", count=count)


def share(value: float, texts: Texts) -> str:
    """Return a share as a count in 100 that says none or all only where it is so."""
    count = round(100 * value)
    if (count == 0) != (value == 0):
        said = texts["numbers.nobody"]
    else:
        said = texts["numbers.everybody"] if count == 100 and value < 1 else str(count)
    return texts.say("numbers.in_100", count=said)


def about(count: int, texts: Texts) -> str:
    """Return a count out of 100 people as text that never claims nobody or everybody."""
    edge = {0: texts["numbers.nobody"], 100: texts["numbers.everybody"]}
    return edge.get(count) or texts.say("numbers.about_count", count=count)
