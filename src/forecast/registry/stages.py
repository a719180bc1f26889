"""Lead a model through six stages, each a file that a person fills in and signs.

Engage, evolve and embed are the stages of the College of Policing's practice for data-driven technologies, each with an
objective, a decision maker, a question to be answered before going on, the advice taken and the documents completed.
Shadow, live and retired are this package's: *shadow* is at least three months in which the model scores and no officer
sees it. Signing a stage means that the model enters it; a stage is signed in the order of the list, `retired` at any
time. The files lie with the model, `stages/<stage>.toml`; the ledger has who signed when, and each file's sha256.
"""

from __future__ import annotations

import datetime
import json
import re
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.files import sha256, whole_files
from forecast.problems import Problem
from forecast.registry import mirror
from forecast.registry.dates import day_of
from forecast.registry.lines import SIGNED, STAGES, Line, Registered
from forecast.registry.shadow import shadow_facts
from forecast.registry.store import Registry, check_who_and_why
from forecast.settings import from_mapping, key, read_toml

if TYPE_CHECKING:
    from forecast.ledger import Entry

TODO = "TODO"


@dataclass(frozen=True, slots=True)
class StageFile:
    """The keys of a stage's file."""

    objective: str = key("what this stage is to achieve")
    decision_maker: str = key("who decides that the model may enter it")
    question: str = key("the question that must be answered before it does")
    advice_taken: str = key("whose advice was taken, and what it was")
    documents_complete: tuple[str, ...] = key("the documents that are complete: design report, impact assessment, ...")
    signed_by: str = key("filled in by forecast stage sign", "")
    signed_on: str = key("filled in by forecast stage sign", "")


@dataclass(frozen=True, slots=True)
class LiveFile(StageFile):
    """The keys of live.toml, which also names what was scored in shadow."""

    shadow_scores: tuple[str, ...] = key(
        "the files of scores that no officer saw; paths beside this file, or absolute", ()
    )
    shadow_from: datetime.date | None = key("the first day scored in shadow", None)
    shadow_until: datetime.date | None = key("the first day after it", None)


ABOUT = {
    "engage": "the need is understood, and those concerned are heard, before anything is built upon the model",
    "evolve": "the model is tested on the force's own data: report, groups, costs",
    "embed": "people, training, screens and procedures are ready",
    "shadow": "the model scores every case, and no officer sees it, for at least three months",
    "live": "officers see the forecast; only such a model can be promoted",
    "retired": "the model is out of use, for good",
}


def schema(stage: str) -> type[StageFile]:
    """Return the keys that a stage's file has."""
    if stage not in STAGES:
        raise Problem("stage-unknown", stage=stage, known=", ".join(STAGES))
    return LiveFile if stage == "live" else StageFile


def stage_file(registry: Registry, model: Registered, stage: str) -> Path:
    """Return where the file of a stage lies."""
    return registry.folder_of(model.name, model.model_id) / "stages" / f"{stage}.toml"


def next_stage(line: Line, model: Registered) -> str:
    """Return the first stage that is not signed; empty when the model is retired."""
    signed = line.signed.get(model.model_id, {})
    return "" if STAGES[-1] in signed else next(stage for stage in STAGES if stage not in signed)


def write_template(registry: Registry, model: Registered, stage: str) -> tuple[Path, bool]:
    """Write the file of a stage if there is none; return its path and whether it is new."""
    schema(stage)
    path = stage_file(registry, model, stage)
    if path.exists():
        return path, False
    with whole_files(path) as [temporary]:
        temporary.write_text(template(model, stage), encoding="utf-8")
    return path, True


def template(model: Registered, stage: str) -> str:
    """Return a stage's file with each key to be filled in."""
    lines = [f"# {model.name} {model.model_id}, stage {stage}: {ABOUT[stage]}.", ""]
    for f in fields(schema(stage)):
        lines += [f"# {f.metadata['meaning']}", f"{f.name} = {_blank(f.name)}", ""]
    return "\n".join(lines)


def _blank(name: str) -> str:
    if name in ("signed_by", "signed_on"):
        return '""'
    return f'["{TODO}"]' if name in ("documents_complete", "shadow_scores") else f'"{TODO}"'


def sign(registry: Registry, name: str, word: str, stage: str, *, who: str, why: str) -> Entry:
    """Sign that a model enters a stage: its file is complete, the one before is signed, shadow was long enough."""
    check_who_and_why(f"sign {stage}", who, why)
    kind = schema(stage)
    with registry.locked():
        line = registry.line(name)
        model = line.model(word)
        _check_order(line, model, stage)
        path = stage_file(registry, model, stage)
        content = _filled_in(path, kind, model, stage)
        scores = shadow_facts(registry, line, model, content, path) if isinstance(content, LiveFile) else {}
        before = path.read_bytes()
        _write_signature(path, who, registry.today)
        what = {"name": name, "model": model.model_id, "stage": stage, "why": why, "file_sha256": sha256(path)}
        with ExitStack() as undo:
            undo.callback(path.write_bytes, before)
            entry = registry.ledger.append(SIGNED, who, {**what, **scores})
            undo.pop_all()
        if stage == STAGES[-1]:
            again = f"forecast models list {name}"
            with mirror.store(registry.settings, state=mirror.BEHIND, again=again) as client:
                mirror.follow(client, registry, registry.line(name))
    return entry


def lacking_for_live(registry: Registry, line: Line, model: Registered) -> str:
    """Say why a model's stage does not allow a promotion; empty where it does."""
    signed = line.signed.get(model.model_id, {})
    if STAGES[-1] in signed:
        return f"The model was retired on {day_of(signed[STAGES[-1]].at)}."
    after = next_stage(line, model)
    if "live" not in signed:
        return f"The stage 'live' is not signed; the next to be signed is '{after}'."
    changed = [s for s, entry in signed.items() if not _as_signed(registry, model, s, entry)]
    return f"Changed or gone after it was signed: {', '.join(f'{s}.toml' for s in changed)}." if changed else ""


def _as_signed(registry: Registry, model: Registered, stage: str, entry: Entry) -> bool:
    path = stage_file(registry, model, stage)
    return path.is_file() and sha256(path) == entry.what["file_sha256"]


def _check_order(line: Line, model: Registered, stage: str) -> None:
    """Raise ``stage-order`` unless the stage is the next one, or the last."""
    signed = line.signed.get(model.model_id, {})
    after = next_stage(line, model)
    detail = ""
    if stage in signed:
        detail = f"it was signed on {day_of(signed[stage].at)} by {signed[stage].who}"
    elif not after:
        detail = "the model is retired"
    elif stage not in (after, STAGES[-1]):
        detail = f"'{after}' is not signed"
    if detail:
        then = f"'{after}'" if after else "none, it is retired"
        raise Problem("stage-order", name=line.name, model=model.model_id, stage=stage, detail=detail, after=then)


def _filled_in(path: Path, kind: type[StageFile], model: Registered, stage: str) -> StageFile:
    """Read a stage's file; raise ``stage-todo`` that names every key still to be filled in."""
    if not path.exists():
        raise Problem("stage-missing", path=path, name=model.name, model=model.model_id, stage=stage)
    raw = read_toml(path)
    unfinished = [f.name for f in fields(kind) if f.name not in ("signed_by", "signed_on") and _open(raw.get(f.name))]
    if unfinished:
        raise Problem("stage-todo", path=path, keys=", ".join(unfinished))
    return from_mapping(kind, raw, path)


def _open(value: object) -> bool:
    if isinstance(value, list):
        return not value or any(_open(item) for item in value)
    return value is None or (isinstance(value, str) and (not value.strip() or TODO in value))


def _write_signature(path: Path, who: str, today: datetime.date) -> None:
    """Fill in who signed and when, and leave every other line as it is."""
    text = path.read_text("utf-8-sig")
    for name, value in (("signed_by", " ".join(who.split())), ("signed_on", today.isoformat())):
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
        there = re.search(rf"(?m)^{name}[ \t]*=.*$", text)
        text = f"{text[: there.start()]}{line}{text[there.end() :]}" if there else f"{text}\n{line}\n"
    with whole_files(path) as [temporary]:
        temporary.write_text(text, encoding="utf-8")
