"""Make one force twice, with usual policing and with twice the look in one area, and forecast in both."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import AS_OF, PERSON_ID
from forecast.evaluation.page import write_study
from forecast.files import refuse_existing
from forecast.progress import SILENT, Progress
from forecast.records.check import check_records
from forecast.studies.feedback import Feedback, World, feedback, feedback_section
from forecast.synthetic.force import write_force
from forecast.synthetic.parameters import load_parameters
from forecast.synthetic.whole_way import HEADLINE, assembly
from forecast.tables.assemble import write_cases
from forecast.training.material import prepare
from forecast.training.testing import held_out_forecasts

if TYPE_CHECKING:
    from forecast.cases import Cases, Floats, Ints
    from forecast.models.forecaster import Forecaster
    from forecast.settings import Settings
    from forecast.training.material import Material

FACTOR = 2.0
PEOPLE, SEED = 45_000, 1


@dataclass(frozen=True)
class _Lived:
    """A force that was lived, its test cases and its model."""

    folder: Path
    material: Material
    test: Cases
    forecaster: Forecaster


def exposure_study(
    out: Path,
    settings: Settings,
    *,
    area: int = 7,
    people: int = PEOPLE,
    seed: int = SEED,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Feedback:
    """Double the chance of arrest in one area (1 to 20), measure what the forecast makes of it, and write the page."""
    refuse_existing(out, overwrite)
    look = np.ones(len(load_parameters().exposure))
    look[area - 1] = FACTOR
    with tempfile.TemporaryDirectory(prefix="forecast-exposure-") as folder:
        usual = _live(Path(folder) / "usual", people, seed, None, settings, progress)
        doubled = _live(Path(folder) / "doubled", people, seed, look, settings, progress)
        worlds = [
            _world("usual policing, its own model", usual, usual.forecaster, area),
            _world("twice the look, the model from before", doubled, usual.forecaster, area),
            _world("twice the look, a model fitted there", doubled, doubled.forecaster, area),
        ]
    found = feedback(worlds, replicates=settings.bootstrap_replicates, seed=seed)
    technical = {
        "Force": f"about {people:,} people, seed {seed}, made up",
        "Area": f"number {area}: the chance that an offence leads to an arrest there times {FACTOR:g}",
        "Model": f"{HEADLINE.model}, fitted on 2008-10, tested on 2013",
        "Bootstrap": f"{settings.bootstrap_replicates} resamples of true people",
    }
    words = usual.material.description.scale.words[0]
    write_study(out, [feedback_section(found, words)], title="Does the forecast punish exposure?",
                lead="A study on a synthetic force, where true offending is known.", technical=technical)  # fmt: skip
    return found


def _live(folder: Path, people: int, seed: int, look: Floats | None, settings: Settings, progress: Progress) -> _Lived:
    write_force(folder / "force", people, seed, look=look, progress=progress)
    checked = check_records(folder / "force", out=folder / "records", quarantine=folder / "quarantine",
                            settings=settings, progress=progress)  # fmt: skip
    checked.raise_problems()
    made = write_cases(folder / "records", folder / "cases.parquet", assembly("extended"), progress=progress)
    experiment = dataclasses.replace(HEADLINE, table=str(made.description), file=str(made.cases), beside=("base-rate",))
    material = prepare(experiment, settings, progress=progress)
    tested = held_out_forecasts(material, material.repeats[0], settings.threads, progress)
    assert tested.fitted is not None
    return _Lived(folder, material, tested.cases, tested.fitted)


def _world(name: str, lived: _Lived, forecaster: Forecaster, area: int) -> World:
    """Join test cases to the truth behind them."""
    truth = pd.read_parquet(
        lived.folder / "force" / "truth" / "persons.parquet", columns=["person_id", "true_id", "area"]
    )
    known = truth.dropna(subset=["person_id"]).set_index("person_id")
    keys = lived.test.keys
    who = known["true_id"].reindex(keys[PERSON_ID]).to_numpy()
    lives = known["area"].reindex(keys[PERSON_ID]).to_numpy()
    level = lived.material.description.scale.reached[0]
    return World(
        name,
        who.tolist(),
        np.asarray(lives == area),
        forecaster.forecast(lived.test.features).probability[:, 0],
        lived.test.outcomes[level].to_numpy(dtype=bool),
        _true_offences(lived, who, keys[AS_OF], lived.material.description.scale.horizon_months),
    )


def _true_offences(lived: _Lived, who: object, as_of: pd.Series, months: int) -> Ints:
    """Count the true offences of each case's person in the window, (n,)."""
    done = pd.read_parquet(lived.folder / "force" / "truth" / "offences.parquet", columns=["true_id", "committed_at"])
    done["at"] = done["committed_at"].dt.tz_localize(None)
    start = pd.to_datetime(as_of)
    cases = pd.DataFrame(
        {"true_id": who, "start": start.to_numpy(), "end": (start + pd.DateOffset(months=months)).to_numpy()}
    )
    cases["row"] = np.arange(len(cases))
    joined = cases.merge(done[done["true_id"].isin(set(cases["true_id"]))][["true_id", "at"]], on="true_id")
    inside = joined[(joined["at"] >= joined["start"]) & (joined["at"] < joined["end"])]
    counts: Ints = np.bincount(inside["row"].to_numpy(), minlength=len(cases)).astype(np.int64)
    return counts
