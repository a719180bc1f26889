"""Run an experiment: test every model on people it has not seen, fit the chosen one, write the bundle."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.evaluation.report import need_report_tools, write_report
from forecast.files import refuse_existing, sha256, to_json, whole_folder
from forecast.models.bundle import MANIFEST, versions, write_bundle
from forecast.problems import Problem, need
from forecast.progress import SILENT, Progress
from forecast.tables.origin import origin_of
from forecast.training.assess import (
    Tested,
    cases_digest,
    cautions_of,
    evaluate_levels,
    global_importance,
    metrics_of,
    report_context,
    technical_facts,
)
from forecast.training.fit import Trainer
from forecast.training.material import Material
from forecast.training.pages import Pages, pages_of
from forecast.training.plan import plan_section
from forecast.training.said import notes_of, repeat_notes, split_sentence, steps_of
from forecast.training.testing import held_out_forecasts
from forecast.training.tracking import track

if TYPE_CHECKING:
    from forecast.cases import Cases
    from forecast.evaluation.results import LevelEvaluation
    from forecast.models.forecaster import Forecaster
    from forecast.settings import Settings
    from forecast.tables.origin import Origin


@dataclass(frozen=True)
class Trained:
    """What a training run gave."""

    folder: Path
    model_id: str
    evaluations: list[LevelEvaluation]
    run_id: str | None
    notes: list[str] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)


def train(
    material: Material,
    out: Path,
    settings: Settings,
    *,
    overwrite: bool = False,
    tracked: bool = True,
    brief: bool = False,
    progress: Progress = SILENT,
) -> Trained:
    """Test, fit and write a bundle with its report into ``out``; nothing is left there if anything fails.

    ``brief``: the report leaves out what takes longest to measure (see `pages.pages_of`).
    """
    need("sklearn", "train")
    need_report_tools()
    if tracked:
        need("mlflow", "train")
    refuse_existing(out, overwrite)
    refuse_foreign(out)
    experiment, description = material.experiment, material.description
    tested = [held_out_forecasts(material, folds, settings.threads, progress) for folds in material.repeats]
    evaluations = evaluate_levels(tested[0], description, settings, experiment.seed, progress)
    cases = _bundle_cases(material)
    forecaster = tested[0].fitted or _fit_for_bundle(material, cases, settings, progress)
    pages = pages_of(tested[0], description, settings, seed=experiment.seed, forecaster=forecaster, brief=brief,
                     progress=progress)  # fmt: skip
    notes = [*notes_of(material), *repeat_notes(tested, description)]
    with whole_folder(out) as folder:
        model_id = _write(folder, material, forecaster, evaluations, pages, tested[0], cases, notes, settings)
        run_id = None
        if tracked:
            progress.begin("tracking the run")
            run_id = track(
                experiment.name,
                settings,
                parameters=asdict(experiment),
                evaluations=evaluations,
                tags={"model_id": model_id, "data_sha256": sha256(material.path), **versions()},
                folder=folder,
            )
        started = {"trained_on": datetime.date.today().isoformat(), "mlflow_run": run_id}
        (folder / "run.json").write_text(to_json(started), encoding="utf-8")
    return Trained(out, model_id, evaluations, run_id, notes, cautions_of(description))


def _fit_for_bundle(material: Material, cases: Cases, settings: Settings, progress: Progress) -> Forecaster:
    """Fit the chosen model on all cases, after folds have told how good such models are."""
    model = material.experiment.model
    trainer = Trainer(material.description, material.experiment, settings.threads, progress, material.rule)
    progress.begin(f"fitting {model} for the bundle", trainer.fits([model], [model]))
    return trainer.fitted([model], cases, sure=[model])[model].forecaster


def refuse_foreign(out: Path) -> None:
    """Raise ``output-not-bundle`` rather than replace a folder that holds anything else."""
    filled = out.is_dir() and any(out.iterdir())
    if out.is_file() or (filled and not (out / MANIFEST).is_file()):
        raise Problem("output-not-bundle", path=out)


def _bundle_cases(material: Material) -> Cases:
    """Return the cases that the bundle's model is fitted on: all, or the last training part where there is a test."""
    if material.experiment.split == "folds":
        return material.cases
    return material.cases.take(material.repeats[0][-1].train)


def _facts(
    material: Material, cases: Cases, tested: Tested, origin: Origin, evaluations: Sequence[LevelEvaluation]
) -> dict[str, Any]:
    """Return what the manifest says of the experiment, its data and its figures."""
    given = asdict(material.experiment)
    return {
        "name": material.experiment.name,
        "experiment": {k: str(v) if isinstance(v, (datetime.date, Path)) else v for k, v in given.items()},
        "data": {
            "file": material.path.name,
            "sha256": sha256(material.path),
            "cases": len(cases),
            "cases_sha256": cases_digest(cases),
            "tested": {"cases": len(tested.cases), "cases_sha256": cases_digest(tested.cases)},
            "made": dict(origin.made),
        },
        "flow": dict(material.cases.counts),
        "metrics": metrics_of(evaluations),
        "versions": versions(),
    }


def _write(
    folder: Path,
    material: Material,
    forecaster: Forecaster,
    evaluations: Sequence[LevelEvaluation],
    pages: Pages,
    tested: Tested,
    cases: Cases,
    notes: Sequence[str],
    settings: Settings,
) -> str:
    """Write metrics, importance, the bundle and the report into ``folder``; return the model id."""
    experiment, description = material.experiment, material.description
    levels = description.scale.reached
    weights = dict(zip(levels, global_importance(forecaster, cases, experiment.seed), strict=True))
    (folder / "evaluation.json").write_text(to_json([e.to_dict() for e in evaluations]), encoding="utf-8")
    if pages.further is not None:
        (folder / "comparison.json").write_text(to_json(pages.further.to_dict()), encoding="utf-8")
    (folder / "importance.json").write_text(to_json(weights), encoding="utf-8")
    origin = origin_of(material.path)
    facts = _facts(material, cases, tested, origin, evaluations)
    needed = description.only(forecaster.model.features) if forecaster.model.features else description
    model_id = write_bundle(folder, needed, forecaster, facts)
    context = report_context(
        tested,
        description,
        evaluations,
        title=f"Evaluation: {experiment.name}",
        split=split_sentence(material),
        importance=weights,
        technical=technical_facts(
            f"{forecaster.model.kind}, id {model_id}",
            data=f"{material.path.name}, sha256 {facts['data']['sha256']}",
            bootstrap=f"{settings.bootstrap_replicates} resamples of people",
            more={"Experiment": experiment.name, "Seed": str(experiment.seed)},
        ),
        notes=notes,
        origin=origin,
        steps=steps_of(material),
        front=pages.front,
        sections=[*pages.sections, plan_section(material)],
    )
    write_report(context, folder / "report.html")
    return model_id
