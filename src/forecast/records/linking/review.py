"""Say which pairs of nominals a person should look at, with what agrees in words, and without any name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from forecast.records.linking.clusters import Clusters
from forecast.records.linking.comparisons import labels
from forecast.records.linking.decisions import Decision
from forecast.records.linking.fields import COMPARED

if TYPE_CHECKING:
    import pandas as pd

UNSURE = "between the thresholds"
SCHEMA = pa.schema(
    [
        pa.field("first", pa.string(), False, {"meaning": "a nominal"}),
        pa.field("second", pa.string(), False, {"meaning": "another nominal"}),
        pa.field("probability", pa.float64(), False, {"meaning": "how likely the two are one person, by the model"}),
        pa.field("why", pa.string(), False, {"meaning": "why the pair was not joined by itself"}),
        pa.field("first_person", pa.string(), False, {"meaning": "the person of the first nominal"}),
        pa.field("second_person", pa.string(), False, {"meaning": "the person of the second nominal"}),
        *(pa.field(name, pa.string(), False, {"meaning": f"how the two agree in {name}"}) for name in COMPARED),
    ]
)


def for_review(
    pairs: pd.DataFrame,
    clusters: Clusters,
    of: Mapping[str, str],
    decisions: Iterable[Decision],
    least: float,
    trained: dict[str, Any],
) -> pa.Table:
    """Return the pairs likely at least as ``least`` that are not one person, likeliest first, but those decided."""
    decided = {decision.pair for decision in decisions}
    said = labels(trained)
    rows: list[dict[str, Any]] = []
    for row in pairs[pairs["probability"] >= least].to_dict("records"):
        pair = (row["first"], row["second"])
        if of[pair[0]] == of[pair[1]] or pair in decided:
            continue
        levels = {name: said[name].get(int(row[name]), "not known") for name in COMPARED}
        persons = {"first_person": of[pair[0]], "second_person": of[pair[1]]}
        about = {"probability": row["probability"], "why": clusters.refused.get(pair, UNSURE)}
        rows.append({"first": pair[0], "second": pair[1]} | about | persons | levels)
    rows.sort(key=lambda row: (-row["probability"], row["first"], row["second"]))
    return pa.Table.from_pylist(rows, SCHEMA)
