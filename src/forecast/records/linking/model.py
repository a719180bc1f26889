"""Estimate how likely two nominals are one person, with Splink's model of Fellegi and Sunter (1969) on DuckDB.

The probability that two nominals of one person agree on a field (m) is estimated by expectation maximisation, and that
two people agree by chance (u) by comparing nominals at random; frequent names count less than rare ones. One thread, a
seed, rows in the order of their ids and rounded parameters: the same nominals give the same probabilities.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from forecast.problems import Problem, need
from forecast.records.linking.comparisons import block, settings
from forecast.records.linking.database import connect
from forecast.records.linking.fields import CLEANED, COMPARED

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from splink import DuckDBAPI, Linker

SURE: tuple[tuple[str, ...], ...] = (("pnc",), ("forename", "surname", "born"))
"""Nominals that agree on all of any of these are taken for one person, to learn how common such pairs are..."""
SURE_SHARE = 0.6
"""...and are taken to be this share of all pairs of one person."""
TRAINED_ON: tuple[tuple[str, ...], ...] = (("born", "root"), ("born", "surname"), ("surname", "root"))
"""Pairs that agree on one of these show how often the other fields agree in nominals of one person."""
FEWEST_SURE = 10
"""With fewer sure pairs nothing can be learnt."""
RANDOM_PAIRS = 1e6
SEED = 1
DIGITS = 6
"""Significant digits of a parameter, and decimals of a probability."""
LEAST_M, LEAST_U = 1e-3, 1e-6
"""Used for levels that were seen never or hardly ever."""
DIFFERENT = {"forename": 0.01, "born": 0.01, "pnc": 0.01}
"""How often the nominals of one person differ wholly in these. Stated, not estimated: twins agree in everything but the
forename, namesakes at one address in everything but the date of birth, and would teach that one person's often differ;
and few pairs have two PNC ids."""


def train(nominals: pd.DataFrame, *, work: Path) -> dict[str, Any]:
    """Return the settings with estimated parameters, rounded; raise ``link-nothing-to-learn`` where none can be.

    ``work``: a folder for what does not fit into memory, names among it.
    """
    with _database(work) as api:
        sure, pairs = _sure_pairs(api, nominals), len(nominals) * (len(nominals) - 1) / 2
        if sure < FEWEST_SURE:
            raise Problem("link-nothing-to-learn", found=sure, needed=FEWEST_SURE, nominals=len(nominals))
        start = settings() | {"probability_two_random_records_match": min(sure / SURE_SHARE / pairs, 0.5)}
        linker = _linker(api, nominals, start)
        # One chunk: no early end, so that the estimate does not hang on where a chunk happens to stop.
        linker.training.estimate_u_using_random_sampling(
            RANDOM_PAIRS, seed=SEED, min_count_per_level=None, num_chunks=1
        )
        for columns in TRAINED_ON:
            linker.training.estimate_parameters_using_expectation_maximisation(block(columns))
        made = linker.misc.save_model_to_json()
    return _settled(made, nominals["pnc"].nunique())


def compare(
    known: pd.DataFrame, new: pd.DataFrame, trained: dict[str, Any], least: float, *, work: Path
) -> pd.DataFrame:
    """Return the pairs among ``new`` and between ``new`` and ``known`` that are likely at least as ``least``.

    How common a name is, is counted over all nominals. The result has ``first`` < ``second`` (ids of nominals),
    ``probability``, and for each field of :data:`COMPARED` the number of the level of its comparison (-1: not known).
    ``work`` as for :func:`train`.
    """
    import pandas as pd

    found = []
    with _database(work) as api:
        linker = _linker(api, pd.concat([known, new], ignore_index=True), trained)
        for name in ("forename", "surname"):
            linker.table_management.compute_tf_table(name)
        fresh = api.register(_ready(new))
        if len(new) > 1:
            found.append(linker.inference.predict_within(fresh, threshold_match_probability=least))
        if len(known) and len(new):
            old = api.register(_ready(known))
            found.append(linker.inference.predict_between(old, fresh, threshold_match_probability=least))
        frames = [_pairs(frame.as_pandas_dataframe()) for frame in found]
    made = pd.concat(frames) if frames else _no_pairs()
    return made.sort_values(["first", "second"], ignore_index=True)


def _settled(made: dict[str, Any], pnc_ids: int) -> dict[str, Any]:
    """Return settings in which every level has its parameters, rounded, and none is nought or one."""
    for comparison in made["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level", False)]
        m = _with_stated([level.get("m_probability") or 0.0 for level in levels], comparison["output_column_name"])
        u = [level.get("u_probability") or 0.0 for level in levels]
        if comparison["output_column_name"] == "pnc":  # an id is nobody else's but by mistake: too rare to be seen
            u = [1 / max(pnc_ids, 2), 1 - 1 / max(pnc_ids, 2)]
        for level, of_one, of_two in zip(levels, m, u, strict=True):
            level["m_probability"] = _rounded(min(max(of_one, LEAST_M), 1 - LEAST_M))
            level["u_probability"] = _rounded(min(max(of_two, LEAST_U), 1 - LEAST_U))
    made["probability_two_random_records_match"] = _rounded(made["probability_two_random_records_match"])
    return made


def _with_stated(m: list[float], field: str) -> list[float]:
    """Return the probabilities of a field's levels with the stated one for the last, the others in proportion."""
    if field not in DIFFERENT:
        return m
    rest = sum(m[:-1])
    last = DIFFERENT[field]
    return [value * (1 - last) / rest if rest else (1 - last) / len(m[:-1]) for value in m[:-1]] + [last]


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _sure_pairs(api: DuckDBAPI, nominals: pd.DataFrame) -> int:
    """Count the pairs that agree on all of any of :data:`SURE`."""
    unions = " union ".join(
        "select l.nominal_id, r.nominal_id from sure l join sure r on "
        + " and ".join(f"l.{c} = r.{c}" for c in columns)
        + " and l.nominal_id < r.nominal_id"
        for columns in SURE
    )
    con = api.duckdb_con
    con.register("sure", _ready(nominals))
    found = con.execute(f"select count(*) from ({unions})").fetchall()
    con.unregister("sure")
    return int(found[0][0])


def _pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """Return Splink's pairs with the smaller id first, rounded."""
    made = frame[["match_probability"]].round(DIGITS).rename(columns={"match_probability": "probability"})
    ends = frame[["nominal_id_l", "nominal_id_r"]]
    made.insert(0, "first", ends.min(axis=1))
    made.insert(1, "second", ends.max(axis=1))
    return made.join(frame[[f"gamma_{name}" for name in COMPARED]].rename(columns=lambda name: name[6:]))


def _no_pairs() -> pd.DataFrame:
    import pandas as pd

    kinds = {"first": "str", "second": "str", "probability": "float64"} | dict.fromkeys(COMPARED, "int32")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def _ready(nominals: pd.DataFrame) -> pa.Table:
    """Return the columns that are compared as texts, with the same types whatever is missing."""
    import pyarrow as pa

    return pa.table(
        {name: pa.array(nominals[name], pa.string(), from_pandas=True) for name in ("nominal_id", *CLEANED)}
    )


def _linker(api: DuckDBAPI, nominals: pd.DataFrame, configured: dict[str, Any]) -> Linker:
    from splink import Linker

    return Linker(api.register(_ready(nominals)), configured, log_level=logging.CRITICAL)


@contextmanager
def _database(work: Path) -> Iterator[DuckDBAPI]:
    """Yield a database of its own, in memory, that spills into ``work``; Splink's talk is silenced meanwhile."""
    need("splink", "link")
    from splink import DuckDBAPI

    talk = logging.getLogger("splink")
    level = talk.level
    con = connect(work)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            con.execute("SET enable_progress_bar = false")
            talk.setLevel(logging.CRITICAL)
            yield DuckDBAPI(connection=con)
    finally:
        talk.setLevel(level)
        con.close()
