"""Cases and bundles of the small force, with our features, the forest's and the scales' in one table."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from pathlib import Path

from forecast.models.bundle import ModelBundle, load_bundle, write_bundle
from forecast.records.instants import instant
from forecast.settings import Settings
from forecast.synthetic.whole_way import DATA_END, assembly
from forecast.tables.assemble import write_cases
from forecast.tables.origin import origin_of
from forecast.training.fit import Trainer
from forecast.training.material import Material, prepare
from tests.helpers import small_experiment

SINCE = datetime.date(2008, 1, 1)
WINDOW = {"since": instant(SINCE), "before": instant(DATA_END)}
"""The moments that are cases."""


@dataclass
class World:
    """The small force: its accepted records, its cases, and bundles fitted on these when they are first asked for."""

    records: Path
    cases: Path
    material: Material
    folder: Path
    made: dict[str, ModelBundle] = field(default_factory=dict)

    def bundle(self, kind: str = "boosting") -> ModelBundle:
        """Return the bundle of a kind of model, with its limits."""
        if kind not in self.made:
            folder, material = self.folder / kind, self.material
            folder.mkdir()
            trainer = Trainer(material.description, replace(material.experiment, model=kind), threads=1)
            found = trainer.fitted([kind], material.cases, sure=[kind])[kind].forecaster
            data = {"file": self.cases.name, "sha256": "0" * 64, "cases": len(material.cases), "cases_sha256": ""}
            write_bundle(folder, material.description, found, {"data": {**data, "made": origin_of(self.cases).made}})
            self.made[kind] = load_bundle(folder, threads=1)
        return self.made[kind]


def make_world(records: Path, folder: Path, settings: Settings) -> World:
    """Make the cases of the small force."""
    made = write_cases(records, folder / "cases.parquet", assembly(since=SINCE))
    experiment = small_experiment(made.cases, table=str(made.description), boosting_rounds=10)
    return World(records, made.cases, prepare(experiment, settings), folder)
