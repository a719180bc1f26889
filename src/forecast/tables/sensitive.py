"""Guess from a column's name whether it is protected or contested, as a net under declared attributes.

The net only asks for a declaration: an [[exceptions]] block, or `protected = "none"` where the name misleads.
"""

from __future__ import annotations

import functools
import re
from itertools import pairwise

_SENSITIVE = {
    "a protected attribute (age)": {"age", "dob", "birth", "birthdate"},
    "a protected attribute (sex)": {"sex", "gender"},
    "a protected attribute (ethnicity)": {"race", "racial", "ethnic", "ethnicity", "nationality", "heritage"},
    "a protected attribute (religion)": {"religion", "faith"},
    "a protected attribute (disability)": {"disability", "disabled"},
    "geography": {"postcode", "zip", "zipcode", "puma", "ward", "beat", "lsoa", "msoa", "neighbourhood", "address"},
    "a commercial segment": {"mosaic", "acorn", "experian"},
    "an intelligence count": {"intel", "intelligence"},
}


@functools.cache
def sensitivity(name: str) -> str:
    """Return what a column called ``name`` seems to be, or an empty text.

    Names are split at underscores, spaces, hyphens, digits and capitals: `Age_at_Release`, `ageAtRelease` and `AGE18`
    all hold "age". Neighbours are also tried together: `PostCode` and `post_code` are "postcode".
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    tokens = re.sub(r"[^A-Za-z]+", " ", spaced).lower().split()
    seen = {*tokens, *(first + second for first, second in pairwise(tokens))}
    return next((what for what, words in _SENSITIVE.items() if seen & words), "")
