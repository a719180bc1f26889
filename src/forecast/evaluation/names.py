"""Say in one place what each model is called in reports, and which of them need words of their own.

Names that are not here (of other instruments, or of models in tests) stand as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FOREST = "forest"

_SHOWN = {
    "blend": "blend of boosted trees and logistic regression",
    "boosting": "boosted trees",
    "boosting-ipcw": "boosted trees, recent cases weighted",
    "additive": "additive trees",
    "logistic": "logistic regression",
    "splines": "splines",
    FOREST: "forest (our replica of HART’s design)",
    "ogrs3": "OGRS3 (recalibrated)",
    "arp": "ARP (recalibrated)",
    "vrp": "VRP (recalibrated)",
    "svrp": "SVRP (recalibrated)",
    "ovp": "OVP, static points (recalibrated)",
    "psa": "PSA, new criminal activity (recalibrated)",
    "burgess": "Burgess checklist (recalibrated)",
    "two-feature": "two features only",
    "base-rate": "base rate for everybody",
}

MADE_UP_FOREST = "The forecast beats our replica on synthetic data; of HART itself that says nothing."
"""Said where the interval of the difference excludes zero, and only then."""


def shown(model: str) -> str:
    """Return what a model is called in a report."""
    return _SHOWN.get(model, model)


def reads_sentence(reads: Mapping[str, int], chosen: str, models: Iterable[str]) -> str:
    """Say how many features the compared models read, where that differs; an empty text where it does not.

    ``reads``: features by model; models that it does not have are left out. What is forecast the same for all is too.
    """
    ours = reads.get(chosen)
    others = {name: reads[name] for name in models if name != chosen and reads.get(name)}
    differ = {name: count for name, count in others.items() if count != ours}
    if not ours or not differ:
        return ""
    by_count: dict[int, list[str]] = {}
    for name, count in differ.items():
        by_count.setdefault(count, []).append(shown(name))
    told = "; ".join(f"{count} by {', '.join(names)}" for count, names in sorted(by_count.items(), reverse=True))
    return (
        f"Not all models read the same: {ours} features are read by the forecast ({shown(chosen)}), {told}. A "
        "difference between such models mixes what the model does with what it is given."
    )
