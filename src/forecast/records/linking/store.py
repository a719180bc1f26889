"""Keep what a load found out, for the next one: the folder `linking` beside the linked records.

It holds names and dates of birth, so only its owner may open it; nothing in it is needed after linking.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from forecast.files import to_json
from forecast.problems import Problem
from forecast.records.linking.decisions import Decision, from_data
from forecast.records.linking.fields import CLEANED, COMPARED
from forecast.records.linking.identity import Rank

if TYPE_CHECKING:
    import pandas as pd

FOLDER, RECORDS = "linking", "records"
LINK_FILE, IDENTITIES, NOMINALS, PAIRS, PERSON_IDS, REVIEW, DECISIONS = (
    "link.json",
    "identities.parquet",
    "nominals.parquet",
    "pairs.parquet",
    "person_ids.parquet",
    "review.parquet",
    "decisions.json",
)
FORMAT = 1
_NOMINALS = pa.schema(
    [("nominal_id", pa.string()), ("recorded_at", pa.int64()), *((name, pa.string()) for name in CLEANED)]
)
_PAIRS = pa.schema(
    [
        ("first", pa.string()),
        ("second", pa.string()),
        ("probability", pa.float64()),
        *((name, pa.int8()) for name in COMPARED),
    ]
)
IDENTITY = pa.schema(
    [
        pa.field("nominal_id", pa.string(), False, {"meaning": "the nominal"}),
        pa.field("person_id", pa.string(), False, {"meaning": "the person"}),
        pa.field("first_load", pa.int32(), False, {"meaning": "number of the load that first had the nominal"}),
        pa.field("recorded_at", pa.int64(), False, {"meaning": "when it was put on record: microseconds since 1970"}),
        pa.field(
            "probability",
            pa.float64(),
            True,
            {"meaning": "of the likeliest pair that joins it to the person; empty: alone, or only by decision"},
        ),
    ]
)
_PERSON_IDS = pa.schema([("person_id", pa.string()), ("alive", pa.bool_())])


@dataclass(frozen=True)
class State:
    """What is known of a force after a load.

    ``pairs`` as :func:`forecast.records.linking.model.compare` returns them; ``used``: all ids ever given, and whether
    a person still has them; ``of`` and ``age`` by nominal.
    """

    lineage: str
    load: int
    trained: dict[str, Any]
    threshold: float
    nominals: pd.DataFrame
    pairs: pd.DataFrame
    of: dict[str, str]
    age: dict[str, Rank]
    used: dict[str, bool]
    decisions: list[Decision] = field(default_factory=list)


def nothing() -> State:
    """Return what is known before the first load."""
    return State("", 0, {}, 0.0, _NOMINALS.empty_table().to_pandas(), _PAIRS.empty_table().to_pandas(), {}, {}, {})


def read_state(folder: Path) -> State:
    """Read the folder of an earlier load, that of its records or the one within; raise ``link-not-identities``."""
    place = folder if (folder / LINK_FILE).is_file() else folder / FOLDER
    if not (place / LINK_FILE).is_file():
        raise Problem("link-not-identities", path=folder, detail=f"it has no {FOLDER}/{LINK_FILE}")
    try:
        head = json.loads((place / LINK_FILE).read_text("utf-8"))
        if head["format"] > FORMAT:
            raise Problem("toml-version", path=place / LINK_FILE, found=head["format"], newest=FORMAT)
        identities = _read(place / IDENTITIES, IDENTITY).to_pydict()
        used = _read(place / PERSON_IDS, _PERSON_IDS).to_pydict()
        ids = identities["nominal_id"]
        ages = zip(identities["first_load"], identities["recorded_at"], ids, strict=True)
        return State(
            head["lineage"],
            head["load"],
            head["model"],
            head["thresholds"]["link"],
            _read(place / NOMINALS, _NOMINALS).to_pandas(),
            _read(place / PAIRS, _PAIRS).to_pandas(),
            dict(zip(ids, identities["person_id"], strict=True)),
            dict(zip(ids, ages, strict=True)),
            dict(zip(used["person_id"], used["alive"], strict=True)),
            [from_data(row) for row in json.loads((place / DECISIONS).read_text("utf-8"))],
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise Problem("link-not-identities", path=folder, detail=f"{type(error).__name__}: {error}") from error


def write_state(folder: Path, state: State, probability: Mapping[str, float]) -> None:
    """Write all that the next load needs but `link.json`; ``probability`` by nominal."""
    ids = sorted(state.of)
    _write(folder / NOMINALS, state.nominals.sort_values("nominal_id"), _NOMINALS)
    _write(folder / PAIRS, state.pairs.sort_values(["first", "second"]), _PAIRS)
    identities = {
        "nominal_id": ids,
        "person_id": [state.of[n] for n in ids],
        "first_load": [state.age[n][0] for n in ids],
        "recorded_at": [state.age[n][1] for n in ids],
        "probability": [probability.get(n) for n in ids],
    }
    write_table(folder / IDENTITIES, pa.table(identities, schema=IDENTITY))
    used = sorted(state.used)
    write_table(
        folder / PERSON_IDS,
        pa.table({"person_id": used, "alive": [state.used[name] for name in used]}, schema=_PERSON_IDS),
    )
    decisions = [decision.as_data() for decision in state.decisions]
    (folder / DECISIONS).write_text(to_json(decisions), "utf-8")


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet: the same table, the same bytes."""
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd", compression_level=1)


def _write(path: Path, frame: pd.DataFrame, schema: pa.Schema) -> None:
    columns = [pa.array(frame[f.name].to_numpy(), f.type, from_pandas=True) for f in schema]
    write_table(path, pa.Table.from_arrays(columns, schema=schema))


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(path).select(schema.names).cast(schema)
