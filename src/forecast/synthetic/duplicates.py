"""Give a synthetic force's nominals names and other marks of identity, with planted errors and planted lookalikes.

A person with two nominals is a duplicate that linking should find: the second nominal is written with typing errors,
under a short form or another surname, with a date of birth that is mistyped or has day and month swapped, from another
address. Twins, namesakes and parents
and children of one name are lookalikes that it must leave apart. The truth says who is who and what was planted.
All shares below are assumed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from forecast.records.linking.fields import NOMINALS
from forecast.records.schema import DAY
from forecast.synthetic.mistakes import mistyped, mistyped_date, swapped
from forecast.synthetic.names import CALLED, FORENAMES, SURNAMES

if TYPE_CHECKING:
    import pandas as pd

    from forecast.cases import Ints
    from forecast.synthetic.force import Force

TWINS, NAMESAKES, JUNIORS = 0.01, 0.01, 0.005
"""Planted pairs as shares of the people."""
SHORT, TYPED, SWAPPED, MARRIED, MOVED, NO_OTHER = 0.2, 0.35, 0.1, 0.15, 0.4, 0.4
"""How often a second nominal has each error; that of the surname of a woman who married is of women only."""
OTHER_NAME, PNC, PNC_AGAIN, NO_SECTOR = 0.6, 0.6, 0.3, 0.05
"""Share with another forename, with a PNC id on record, of their second nominals, and without an address."""
TRUTH = pa.schema(
    [
        pa.field("nominal_id", pa.string(), False, {"meaning": "the nominal"}),
        pa.field("true_id", pa.string(), False, {"meaning": "the true person: two nominals of one share it"}),
        pa.field("planted", pa.string(), True, {"meaning": "errors planted in this nominal; empty: none"}),
        pa.field("lookalike", pa.string(), True, {"meaning": "kind of planted lookalike: twin, namesake, junior"}),
        pa.field("lookalike_of", pa.string(), True, {"meaning": "the true person that this one must not be taken for"}),
    ],
    {"table": "true_nominals", "meaning": "who each nominal really is, and what was planted to make that hard to see"},
)


@dataclass(frozen=True)
class Planted:
    """A force whose records agree with its nominals, those nominals, and the truth about them."""

    force: Force
    nominals: pa.Table
    truth: pa.Table


def plant(force: Force, seed: int) -> Planted:
    """Name the nominals of a force; the same force and seed give the same names."""
    rng = np.random.default_rng([seed, 7])
    people, who = _people(force, rng)
    rows = _nominals(force, people, who, rng)
    second = np.flatnonzero(rows.duplicated("true_id").to_numpy())
    planted = _Second(rows, people, rng).err(second)
    truth = {
        "nominal_id": rows["nominal_id"],
        "true_id": rows["true_id"],
        "planted": [", ".join(planted.get(place, ())) or None for place in range(len(rows))],
        "lookalike": people["lookalike"].to_numpy(dtype=object)[who],
        "lookalike_of": people["lookalike_of"].to_numpy(dtype=object)[who],
    }
    columns = [pa.array(rows[c.name].tolist(), c.type, from_pandas=True) for c in NOMINALS.columns]
    nominals = pa.Table.from_arrays(columns, schema=NOMINALS.arrow)
    return Planted(_agreeing(force, nominals), nominals, _table(truth))


def _people(force: Force, rng: np.random.Generator) -> tuple[pd.DataFrame, Ints]:
    """Return a row a true person on record, and the row of each nominal's person."""
    import pandas as pd

    true = force.true_persons.slice(0, len(force.records.persons)).to_pandas(date_as_object=False)
    who, first = pd.factorize(true["true_id"])
    people = true.drop_duplicates("true_id").reset_index(drop=True)[["true_id", "sex", "born_on", "area"]]
    n = len(first)
    people["forename"] = [_common(FORENAMES[sex], u) for sex, u in zip(people["sex"], rng.random(n), strict=True)]
    people["other"] = [_common(FORENAMES[sex], u) for sex, u in zip(people["sex"], rng.random(n), strict=True)]
    people.loc[rng.random(n) >= OTHER_NAME, "other"] = ""
    people["surname"] = [_common(SURNAMES, u) for u in rng.random(n)]
    people["sector"] = [f"ZZ{area} {digit}" for area, digit in zip(people["area"], rng.integers(0, 10, n), strict=True)]
    people["pnc_id"] = _pnc_ids(n, rng)
    return _Lookalikes(people, rng).planted(), who.astype(np.int64)


def _common(names: tuple[str, ...], u: float) -> str:
    """Draw a name; the share of the name at place i falls about as 1 / (i + 5), as names of people do."""
    return names[int(5 * ((len(names) + 5) / 5) ** u - 5)]


def _pnc_ids(n: int, rng: np.random.Generator) -> list[str | None]:
    """Return ids like 1998/0012345A, which no real person bears, and none for some."""
    numbers = rng.permutation(n)
    years, letters, there = rng.integers(1985, 2018, n), rng.integers(0, 23, n), rng.random(n) < PNC
    return [
        f"{y}/{k:07d}{'ZABCDEFGHJKLMNPQRTUVWXY'[c]}" if t else None
        for y, k, c, t in zip(years, numbers, letters, there, strict=True)
    ]


class _Lookalikes:
    """Makes couples of people look alike: born the same day, or of the same name; each person is in one couple."""

    def __init__(self, people: pd.DataFrame, rng: np.random.Generator) -> None:
        self.people, self.n = people, len(people)
        self.columns = {str(name): people[name].tolist() for name in people.columns}
        self.columns |= {"lookalike": [None] * self.n, "lookalike_of": [None] * self.n}
        self.born = people["born_on"].to_numpy().astype("datetime64[D]").astype(np.int64)
        self.order = rng.permutation(self.n)
        self.taken: set[int] = set()
        self.rng = rng

    def planted(self) -> pd.DataFrame:
        """Return the people with all couples planted."""
        import pandas as pd

        forenames, sexes, born = self.columns["forename"], self.columns["sex"], self.born
        twins = [(a, b) for a, b in self._same_day() if forenames[a] != forenames[b]]
        self._plant(twins, TWINS, "twin", ("surname", "sector"))
        half = self.n // 2
        couples = zip(self.order[:half].tolist(), self.order[half:].tolist(), strict=False)
        others = [(a, b) for a, b in couples if sexes[a] == sexes[b]]
        apart = [(a, b) for a, b in others if abs(born[a] - born[b]) > 366]
        self._plant(apart, NAMESAKES, "namesake", ("forename", "surname"))
        apart = [(a, b) for a, b in others if abs(born[a] - born[b]) > 16 * 365]
        self._plant(apart, JUNIORS, "junior", ("forename", "surname", "sector"))
        return pd.DataFrame(self.columns)

    def _same_day(self) -> list[tuple[int, int]]:
        by_day = self.order[np.argsort(self.born[self.order], kind="stable")]
        places = np.flatnonzero(self.born[by_day][1:] == self.born[by_day][:-1])
        return [(int(by_day[i]), int(by_day[i + 1])) for i in self.rng.permutation(places)]

    def _plant(self, couples: list[tuple[int, int]], share: float, kind: str, same: tuple[str, ...]) -> None:
        left = round(share * self.n)
        for one, two in couples:
            if left and one not in self.taken and two not in self.taken:
                left -= 1
                self.taken.update((one, two))
                for name in same:
                    self.columns[name][two] = self.columns[name][one]
                for this, other in ((one, two), (two, one)):
                    self.columns["lookalike"][this] = kind
                    self.columns["lookalike_of"][this] = self.columns["true_id"][other]


def _nominals(force: Force, people: pd.DataFrame, who: Ints, rng: np.random.Generator) -> pd.DataFrame:
    """Return a row a nominal as it would be without its errors, with what the errors need to know."""
    import pandas as pd

    persons = force.records.persons
    n = len(persons)
    sector = people["sector"].to_numpy(dtype=object)[who]
    sector[rng.random(n) < NO_SECTOR] = None
    forename, other = people["forename"].to_numpy()[who], people["other"].to_numpy()[who]
    return pd.DataFrame(
        {
            "nominal_id": persons["person_id"].to_pylist(),
            "recorded_at": persons["recorded_at"].to_pylist(),
            "forename": forename,
            "other": other,
            "forenames": [f"{a} {b}".strip() for a, b in zip(forename, other, strict=True)],
            "surname": people["surname"].to_numpy(dtype=object)[who],
            "born_on": pd.Series(persons["born_on"].to_pylist(), dtype=object),
            "sex": persons["sex"].to_pylist(),
            "postcode_sector": sector,
            "pnc_id": people["pnc_id"].to_numpy(dtype=object)[who],
            "true_id": people["true_id"].to_numpy(dtype=object)[who],
            "truly_born": pd.Series(force.true_persons["born_on"].slice(0, n).to_pylist(), dtype=object),
        }
    )


class _Second:
    """Plants errors in second nominals, row by row; ``rows`` is changed in place."""

    def __init__(self, rows: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> None:
        self.rows, self.rng = rows, rng
        self.sectors = people["sector"].unique()

    def err(self, places: Ints) -> dict[int, list[str]]:
        """Plant errors in the rows at ``places`` and say which."""
        columns = {name: self.rows[name].to_numpy(dtype=object).copy() for name in self.rows.columns}
        said: dict[int, list[str]] = {}
        for place in places.tolist():
            row = {name: column[place] for name, column in columns.items()}
            said[place] = list(self._err(row))
            for name, value in row.items():
                columns[name][place] = value
        for name in ("forenames", "surname", "born_on", "postcode_sector", "pnc_id"):
            self.rows[name] = columns[name]
        return said

    def _err(self, row: dict[str, Any]) -> list[str]:
        rng, said = self.rng, []
        u = rng.random(7)
        forename, other = str(row["forename"]), str(row["other"])
        if u[0] < SHORT and forename in CALLED:
            forename = str(rng.choice(CALLED[forename]))
            said.append("short form")
        if u[1] < MARRIED and row["sex"] == "F":
            row["surname"] = _common(SURNAMES, rng.random())
            said.append("other surname")
        elif u[2] < TYPED:
            row["surname"], forename = self._typed(str(row["surname"]), forename)
            said.append("typing error")
        if u[3] < NO_OTHER:
            other = ""
        if u[4] < MOVED:
            row["postcode_sector"] = str(rng.choice(self.sectors))
            said.append("moved")
        if row["born_on"] and row["born_on"] != row["truly_born"]:  # the force's own slips, as a typing hand makes them
            row["born_on"] = mistyped_date(row["truly_born"], row["recorded_at"], rng)
            said.append("birth date mistyped")
        elif u[5] < SWAPPED and (turned := swapped(row["born_on"], row["recorded_at"])):
            row["born_on"] = turned
            said.append("day and month swapped")
        if u[6] >= PNC_AGAIN:
            row["pnc_id"] = None
        row["forenames"] = f"{forename} {other}".strip()
        return said

    def _typed(self, surname: str, forename: str) -> tuple[str, str]:
        if self.rng.random() < 0.6:
            return mistyped(surname, self.rng), forename
        return surname, mistyped(forename, self.rng)


def _agreeing(force: Force, nominals: pa.Table) -> Force:
    """Return the force with the birth dates of the nominals in its records: both come from one system."""
    persons = force.records.persons
    place = persons.schema.get_field_index("born_on")
    persons = persons.set_column(place, persons.schema.field(place), nominals["born_on"].cast(DAY))
    return dataclasses.replace(force, records=dataclasses.replace(force.records, persons=persons))


def _table(columns: dict[str, object]) -> pa.Table:
    return pa.table([pa.array(columns[f.name], f.type, from_pandas=True) for f in TRUTH], schema=TRUTH)
