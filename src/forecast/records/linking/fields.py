"""Say what is compared about two nominals, and bring it into a form in which it can be.

A nominal is a person as one of a force's systems knows them. Names, dates of birth, postcode sectors and PNC ids are
read here to find out which nominals are one person; nothing of this leaves the folder of the linking.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from forecast.records.schema import DAY, SEXES, TEXT, TIME, Column, Table

if TYPE_CHECKING:
    import pandas as pd

NOMINALS = Table(
    "nominals",
    "one row a nominal: a person as one of the force's systems knows them",
    "nominal_id",
    (
        Column("nominal_id", TEXT, "the id under which the other tables name the person", True),
        Column("recorded_at", TIME, "when the nominal was put on record; the earliest gives the person its id"),
        Column("forenames", TEXT, "all forenames, the first one first"),
        Column("surname", TEXT, "surname"),
        Column("born_on", DAY, "date of birth"),
        Column("sex", TEXT, "sex as recorded", values=SEXES),
        Column("postcode_sector", TEXT, "postcode without its last two letters, as AB1 2; empty: none"),
        Column("pnc_id", TEXT, "id on the Police National Computer, or another id that few systems share"),
    ),
)
COMPARED = ("forename", "other", "surname", "born", "sex", "sector", "pnc")
"""What is compared, in this order everywhere."""
CLEANED = (*COMPARED, "root", "outward", "turned")
"""Columns of a cleaned nominal, beside its id: ``root`` is the forename that a short form stands for, ``outward`` the
first half of the postcode, ``turned`` the date of birth with day and month exchanged, where that is another date."""
NO_BIRTH = "1900-01-01"
"""Stands in many systems for a date that nobody knows."""
_SHORTEST_PNC = 4


def cleaned(nominals: pd.DataFrame) -> pd.DataFrame:
    """Return nominals as they are compared, in the order of their ids; a text that holds nothing is missing.

    ``nominals`` has the columns of :data:`NOMINALS`; the result has ``nominal_id``, ``recorded_at`` (microseconds since
    1970 in UTC; the largest number where it is not known) and :data:`CLEANED`, all texts.
    """
    import pandas as pd

    forenames = [_words(text) for text in nominals["forenames"]]
    born = [_date(value) for value in nominals["born_on"]]
    sector = [_code(text) for text in nominals["postcode_sector"]]
    columns = {
        "forename": [words[0] if words else None for words in forenames],
        "other": [" ".join(words[1:]) or None for words in forenames],
        "surname": ["".join(_words(text)) or None for text in nominals["surname"]],
        "born": born,
        "sex": [value if isinstance(value, str) and value != "X" else None for value in nominals["sex"]],
        "sector": sector,
        "pnc": [code if code and len(code) >= _SHORTEST_PNC else None for code in map(_code, nominals["pnc_id"])],
        "root": [_root(words[0]) if words else None for words in forenames],
        "outward": [code[:-1] or None if code else None for code in sector],
        "turned": [turned(value) if value else None for value in born],
    }
    made = pd.DataFrame(columns, dtype=object)
    made.insert(0, "nominal_id", nominals["nominal_id"].to_numpy(dtype=object))
    made.insert(1, "recorded_at", nominals["recorded_at"].to_numpy("int64"))
    return made.sort_values("nominal_id", ignore_index=True)


def turned(born: str) -> str | None:
    """Return a date, as 2001-04-09, with day and month exchanged; nothing if that is no date or the same one."""
    year, month, day = born.split("-")
    return f"{year}-{day}-{month}" if day <= "12" and day != month else None


def _words(text: object) -> list[str]:
    """Return the words of a name in plain small letters; what joins the parts of a name parts them here."""
    if not isinstance(text, str):
        return []
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return re.findall(r"[^\W\d_]+", re.sub(r"['`\u2019]", "", letters))


def _code(text: object) -> str | None:
    return re.sub(r"[\W_]", "", text).upper() or None if isinstance(text, str) else None


def _date(value: object) -> str | None:
    text = str(value)[:10]
    return text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and text != NO_BIRTH else None


def _root(forename: str) -> str:
    return _short_forms().get(forename, forename)


@cache
def _short_forms() -> dict[str, str]:
    """Return the name for each short form."""
    import tomllib

    text = (resources.files(__package__) / "short_forms.toml").read_text("utf-8")
    return {short: name for name, shorts in tomllib.loads(text).items() for short in shorts}
