"""Read from the ledger what is registered, signed and live; nothing else is the truth about it.

A *line* is the succession of models under one name ("custody-24-months"): at most one of them is live, the champion,
and at most one is the challenger. Everything here is a replay of the ledger's entries.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecast.problems import Problem, nearest
from forecast.registry.dates import day_of

if TYPE_CHECKING:
    from forecast.ledger import Entry

REGISTERED, COMPARED, REFUSED = "registered", "compared", "refused"
PROMOTED, ROLLED_BACK, SIGNED = "promoted", "rolled-back", "stage"
KINDS = (REGISTERED, COMPARED, REFUSED, PROMOTED, ROLLED_BACK, SIGNED)
STAGES = ("engage", "evolve", "embed", "shadow", "live", "retired")
SHORTEST_ID = 4


@dataclass(frozen=True)
class Registered:
    """A model as it was registered; ``manifest_sha256`` names the bundle, ``expires`` is the first day without it."""

    name: str
    model_id: str
    manifest_sha256: str
    expires: datetime.date
    run_id: str | None
    at: datetime.datetime


@dataclass(frozen=True)
class Span:
    """A model was live in `[since, until)`; ``until`` is None where it still is. ``entry`` made it so."""

    model_id: str
    since: datetime.datetime
    until: datetime.datetime | None
    entry: Entry

    def touches(self, day: datetime.date) -> bool:
        """Say whether it was live at any time of a day, in UTC."""
        return day_of(self.since) <= day and (self.until is None or self.until > _midnight(day))


@dataclass
class Line:
    """All that the ledger says about one name, in the order in which it happened."""

    name: str
    entries: list[Entry] = field(default_factory=list)
    models: dict[str, Registered] = field(default_factory=dict)
    signed: dict[str, dict[str, Entry]] = field(default_factory=dict)
    """By model and stage."""
    spans: list[Span] = field(default_factory=list)
    succession: list[str] = field(default_factory=list)
    """The models that may be gone back to, and last the champion."""
    challenger: str | None = None

    @property
    def champion(self) -> str | None:
        """The model that is live now."""
        return self.spans[-1].model_id if self.spans and self.spans[-1].until is None else None

    def live_on(self, day: datetime.date) -> list[Span]:
        """Return what was live on a day, in UTC: none, one, or several where it changed on that day."""
        return [span for span in self.spans if span.touches(day)]

    def model(self, word: str) -> Registered:
        """Return the model that a word names: its id, the beginning of its id, `champion` or `challenger`."""
        named = {"champion": self.champion, "challenger": self.challenger}.get(word, word)
        found = [
            m for m in self.models if named and (m == named or (len(named) >= SHORTEST_ID and m.startswith(named)))
        ]
        if len(found) != 1:
            hint = nearest(word, self.models) if not found else f"It may be {' or '.join(found)}."
            raise Problem("registry-model-unknown", name=self.name, model=word, hint=hint)
        return self.models[found[0]]

    def comparisons(self, model_id: str, champion: str | None) -> tuple[Entry, ...]:
        """Return every comparison of a model with a champion, oldest first."""
        wanted = (model_id, champion)
        return tuple(e for e in self.entries if e.kind == COMPARED and (e.what["model"], e.what["champion"]) == wanted)

    def take(self, entry: Entry) -> None:
        """Take in the next entry of the ledger."""
        self.entries.append(entry)
        what, model = entry.what, entry.what["model"]
        if entry.kind == REGISTERED:
            self.models[model] = _registered(entry)
            self.challenger = model
        elif entry.kind == PROMOTED:
            self.succession = [m for m in self.succession if m != model] + [model]
            self.challenger = None if self.challenger == model else self.challenger
            self._goes_live(model, entry)
        elif entry.kind == ROLLED_BACK:
            self.succession = self.succession[: self.succession.index(model) + 1]
            self._goes_live(model, entry)
        elif entry.kind == SIGNED:
            self.signed.setdefault(model, {})[what["stage"]] = entry
            if what["stage"] == STAGES[-1]:
                self._retires(model, entry)

    def _goes_live(self, model: str, entry: Entry) -> None:
        self._ends(entry)
        self.spans.append(Span(model, entry.at, None, entry))

    def _retires(self, model: str, entry: Entry) -> None:
        if self.champion == model:
            self._ends(entry)
        self.succession = [m for m in self.succession if m != model]
        self.challenger = None if self.challenger == model else self.challenger

    def _ends(self, entry: Entry) -> None:
        if self.champion is not None:
            last = self.spans[-1]
            self.spans[-1] = Span(last.model_id, last.since, entry.at, last.entry)


def read_lines(entries: Iterable[Entry]) -> dict[str, Line]:
    """Return every line by its name."""
    lines: dict[str, Line] = {}
    for entry in entries:
        if entry.kind in KINDS:
            name = str(entry.what["name"])
            lines.setdefault(name, Line(name)).take(entry)
    return lines


def _registered(entry: Entry) -> Registered:
    what: Mapping[str, Any] = entry.what
    expires = datetime.date.fromisoformat(what["expires"])
    return Registered(what["name"], what["model"], what["manifest_sha256"], expires, what["run"], entry.at)


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)
