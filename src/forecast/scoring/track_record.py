"""Say in plain words how often a model's forecasts came true in its test, as far as its bundle knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from forecast.explanations.distance import in_100

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forecast.explanations.texts import Texts
    from forecast.models.bundle import ModelBundle

EVALUATION = "evaluation.json"


def track_record(bundle: ModelBundle, level: int, probability: float, texts: Texts) -> tuple[str, ...]:
    """Return sentences about the test of one level: people with such a forecast, pairs, errors at a line.

    ``level``: its place among the levels reached. Taken from the bundle's evaluation where it carries one (its hash was
    checked when the bundle was loaded), else from the manifest's metrics; nothing where it has neither.
    """
    said = bundle.scale.words[level]
    found = _evaluation(bundle, bundle.scale.reached[level])
    if found is not None:
        chosen = found["models"][found["chosen"]]["auc"]
        pairs = _pairs([chosen[k] for k in ("value", "low", "high")], said, texts)
        return tuple(
            line for line in (_near(found, probability, said, texts), pairs, _errors(found, said, texts)) if line
        )
    metrics = bundle.manifest.get("metrics", {}).get(bundle.scale.reached[level], {}).get(bundle.manifest["kind"], {})
    return tuple(filter(None, [_pairs(metrics["auc"], said, texts)])) if "auc" in metrics else ()


def _evaluation(bundle: ModelBundle, level: str) -> Mapping[str, Any] | None:
    if EVALUATION not in bundle.manifest["files"]:
        return None
    content = json.loads((bundle.folder / EVALUATION).read_text("utf-8"))
    return next((entry for entry in content if entry["level"] == level), None)


def _near(found: Mapping[str, Any], probability: float, said: str, texts: Texts) -> str:
    """Return what followed among people of the test whose forecast was nearest to this one."""
    bins = [b for b in found.get("reliability", []) if b.get("low") is not None and b["cases"]]
    if not bins:
        return ""
    near = min(bins, key=lambda b: (max(b["lowest"] - probability, probability - b["highest"], 0.0), b["lowest"]))
    if not near["lowest"] <= probability <= near["highest"]:
        return ""
    ends = texts.say("sheet.ends", low=_whole(near["low"]), high=_whole(near["high"]))
    return texts.say(
        "sheet.near",
        low=_whole(near["lowest"]),
        high=_whole(near["highest"]),
        observed=_whole(near["observed"]),
        words=said,
        ends=ends,
    )


def _pairs(auc: Any, said: str, texts: Texts) -> str:
    value, low, high = auc
    if value is None:
        return ""
    if low is None or high is None:
        return texts.say("sheet.pairs_plain", words=said, auc=_whole(value))
    ends = texts.say("sheet.ends", low=_whole(low), high=_whole(high))
    return texts.say("sheet.pairs", words=said, auc=_whole(value), ends=ends)


def _errors(found: Mapping[str, Any], said: str, texts: Texts) -> str:
    """Return how many of 100 people of the test were wrongly over and wrongly under the model's own line."""
    if not found.get("confusions"):
        return ""
    first = found["confusions"][0]
    over, under = (first["of_100"][name]["value"] for name in ("false_positives", "false_negatives"))
    if over is None or under is None:
        return ""
    cut = in_100(first["cutoff"])
    return texts.say("sheet.errors", cut=cut, over=round(over), under=round(under), words=said)


def _whole(share: float) -> int:
    return round(100 * share)
