"""Make a synthetic police force: canonical records of a whole force, and the truth behind them.

A person is drawn with a place, a frailty and a career; a whole life of true offending is lived; the police learn of a
part of it; what they write down is late, wrong or missing here and there. Ethnicity has no effect on offending, only on
where people live, and so on how much the police see. Recipe, targets and the origin of each figure: ``force.toml``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from forecast.files import refuse_existing, whole_folder
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.records.records import Records
from forecast.synthetic import codes as c
from forecast.synthetic import events as ev
from forecast.synthetic import intelligence as intel
from forecast.synthetic import nominals as nom
from forecast.synthetic import offences as off
from forecast.synthetic.codes import Bools, Floats, Ints
from forecast.synthetic.duplicates import plant
from forecast.synthetic.lives import Lives, live
from forecast.synthetic.parameters import Parameters, load_parameters
from forecast.synthetic.people import Latent, draw_people

TABLES = ("persons", "custody_events", "offences", "intelligence", "orders")
NAMED = ("nominals.parquet", "truth/nominals.parquet")
"""Written only where duplicates were asked for."""
PEOPLE, SEED = 45_000, 1


@dataclass(frozen=True)
class Force:
    """A synthetic force: its records, every true offence, and the true person behind each nominal."""

    records: Records
    true_offences: pa.Table
    true_persons: pa.Table


@dataclass(frozen=True, slots=True)
class ForceSummary:
    """What was written: the folder, what it was made from, and the number of rows of each table by file name."""

    folder: Path
    people: int
    seed: int
    rows: dict[str, int]


def make_force(
    people: int = PEOPLE,
    seed: int = SEED,
    parameters: Parameters | None = None,
    progress: Progress = SILENT,
    *,
    look: Floats | None = None,
) -> Force:
    """Make a force in which about ``people`` people have a custody event in 2008-12.

    The same arguments give the same force, to the byte. Records run from 1985 to the end of 2017; times are UTC.
    ``look``: for each area how many times as likely as usual an offence leads to an arrest; the people are the same.
    """
    p = parameters or load_parameters()
    latent = draw_people(people, seed, p)
    if look is not None:
        latent = _looked_at(latent, look, p)
    lives = live(latent, seed, p, progress)
    progress.begin("writing records", None)
    rng = np.random.default_rng([seed, 2])
    return _Tables(latent, lives, p, rng).force()


def _looked_at(latent: Latent, look: Floats, p: Parameters) -> Latent:
    """Return the people with the exposure at which their offences lead to an arrest ``look`` times as often."""
    chance = (1.0 + p.exposure_effect * np.array(p.exposure)) * look
    exposure = ((chance - 1.0) / p.exposure_effect)[latent.area]
    return dataclasses.replace(latent, lives=latent.lives._replace(exposure=exposure))


class _Tables:
    """The steps from lives to tables; each draws from the one generator, in this order."""

    def __init__(self, latent: Latent, lives: Lives, p: Parameters, rng: np.random.Generator) -> None:
        self.latent, self.lives, self.p, self.rng = latent, lives, p, rng
        self.people = len(latent)

    def force(self) -> Force:
        """Make all tables."""
        latent, lives, p, rng = self.latent, self.lives, self.p, self.rng
        events = ev.order_events(lives, latent.area, rng)
        on_record = np.bincount(events.person, minlength=self.people) > 0
        reports = intel.report(latent, lives.offences, on_record, p, rng)
        nominals = nom.name(events.person, events.recorded, reports.first(self.people), p, rng)
        records, true_offences = self._records(events, reports, nominals)
        offended = self._offended(lives.offences)
        return Force(records, true_offences, nom.true_persons(nominals, latent, offended, p))

    def _records(self, events: ev.Events, reports: intel.Reports, nominals: nom.Nominals) -> tuple[Records, pa.Table]:
        lives, p, rng = self.lives, self.p, self.rng
        codes = off.codes_of(p)
        code = off.draw_codes(lives, codes, rng)
        known = off.know(lives, events, code, codes, p, rng)
        true_offences = off.true_offences(lives, code, known.truth, codes)
        records = Records(
            persons=nom.persons_table(nominals, self.latent, p, rng),
            custody_events=ev.events_table(events, nominals.of_event),
            offences=off.offences_table(off.edit(known, codes, p, rng), nominals.of_event, codes),
            intelligence=intel.intelligence_table(reports, nominals.of_person),
            orders=ev.orders_table(ev.on_record(lives.orders, nominals.of_person > 0), nominals.of_person, rng),
        )
        return records, true_offences

    def _offended(self, offences: Ints) -> Bools:
        return np.bincount(offences[:, c.O_PERSON], minlength=self.people) > 0


MAPPING_FILE = "records.toml"
MAPPING = "# Names and codes are the canonical ones; nothing was recorded from this day on.\nends_before = 2018-01-01\n"


def write_force(
    folder: Path,
    people: int = PEOPLE,
    seed: int = SEED,
    parameters: Parameters | None = None,
    progress: Progress = SILENT,
    *,
    look: Floats | None = None,
    duplicates: float | None = None,
    overwrite: bool = False,
) -> ForceSummary:
    """Make a force and write it to ``folder`` as Parquet, whole or not at all, the truth in a folder of its own.

    ``duplicates``: that share of the people has a second nominal, and the nominals are named and written too, for
    linking. A folder that exists is refused before any work is done; ``overwrite`` replaces an older force, never a
    folder that holds anything else.
    """
    import pyarrow.parquet as pq

    refuse_folder(folder, overwrite)
    if duplicates is not None:
        parameters = dataclasses.replace(parameters or load_parameters(), duplicates=duplicates)
    force = make_force(people, seed, parameters, progress, look=look)
    named: dict[str, pa.Table] = {}
    if duplicates is not None:
        planted = plant(force, seed)
        force = planted.force
        named = dict(zip(NAMED, (planted.nominals, planted.truth), strict=True))
    tables = {f"{name}.parquet": getattr(force.records, name) for name in TABLES}
    tables |= {"truth/offences.parquet": force.true_offences, "truth/persons.parquet": force.true_persons} | named
    progress.begin("saving tables", len(tables))
    with whole_folder(folder) as temporary:
        (temporary / "truth").mkdir()
        for name, table in tables.items():
            pq.write_table(table, temporary / name, compression="zstd", compression_level=1)
            progress.advance()
        (temporary / MAPPING_FILE).write_text(MAPPING, encoding="utf-8", newline="\n")
    return ForceSummary(folder, people, seed, {name: table.num_rows for name, table in tables.items()})


def refuse_folder(folder: Path, overwrite: bool) -> None:
    """Raise ``output-exists``, or ``output-not-force`` if ``folder`` holds anything that this module does not write."""
    refuse_existing(folder, overwrite)
    if not folder.exists():
        return
    ours = {f"{name}.parquet" for name in TABLES} | {
        "truth",
        "truth/offences.parquet",
        "truth/persons.parquet",
        MAPPING_FILE,
        *NAMED,
    }
    if not folder.is_dir() or any(path.relative_to(folder).as_posix() not in ours for path in folder.rglob("*")):
        raise Problem("output-not-force", path=folder)
