"""Write the sections of the disclosure sheet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from forecast.explanations import wording
from forecast.explanations.distance import distances, in_100
from forecast.explanations.told import Told, shown_in_100, signed
from forecast.models.bands import CutOffs, signature
from forecast.scoring.explained import newest, told_levels
from forecast.scoring.not_known import topics_unknown
from forecast.scoring.sheet_form import Cell, Line, Section, Table
from forecast.scoring.track_record import track_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forecast.cases import Reason
    from forecast.explanations.distance import Otherwise, Trial
    from forecast.explanations.texts import Texts
    from forecast.models.bundle import ModelBundle
    from forecast.scoring.corrections import Corrected
    from forecast.scoring.one import Explained
    from forecast.scoring.used import Used
    from forecast.tables.description import Feature

MOST_CHANGES, MOST_IDS = 3, 3
KINDS = {
    "(age)": "sheet.age",
    "(sex)": "sheet.sex",
    "(ethnicity)": "sheet.ethnicity",
    "(religion)": "sheet.religion",
    "(disability)": "sheet.disability",
    "geography": "sheet.geography",
    "commercial": "sheet.segment",
    "intelligence": "sheet.intelligence",
}
"""By what makes a feature sensitive, the text of what it is. What of these is used is said to be; the rest is not."""
COUNTS = {
    "custody_events": "sheet.custody_events",
    "offences": "sheet.offences",
    "orders": "sheet.orders",
    "intelligence": "sheet.intelligence_reports",
}


@dataclass(frozen=True)
class Parts:
    """Writes the sections of one case."""

    bundle: ModelBundle
    explained: Explained
    texts: Texts

    @cached_property
    def _told(self) -> list[Told]:
        return told_levels(self.bundle, self.explained)

    @cached_property
    def _features(self) -> list[Feature]:
        return [self.bundle.description.feature(name) for name in self.bundle.forecaster.model.features]

    def forecast(self) -> Section:
        """Say what was forecast: both ways round, with its range, about whom, and the band."""
        lines = [self._level(k, each.shown) for k, each in enumerate(self._told)]
        return Section(self.texts["sheet.forecast"], (*lines, self.texts["sheet.which"], " ".join(self._band())))

    def _level(self, k: int, shown: int) -> str:
        line = self.texts.say(
            "sheet.level",
            shown=wording.about(shown, texts=self.texts),
            words=self.bundle.scale.words[k],
            percent=wording.percent(shown, texts=self.texts),
            others=wording.sentence(wording.about(100 - shown, texts=self.texts)),
        )
        ends = self.explained.interval.get(self.bundle.scale.reached[k])
        if ends is None:
            return line
        low, high = min(round(100 * ends[0]), shown), max(round(100 * ends[1]), shown)
        return f"{line} {self.texts.say('sheet.range', low=low, high=high)}"

    def _band(self) -> Iterator[str]:
        rule, scale, texts = self.bundle.forecaster.cutoffs, self.bundle.scale, self.texts
        yield texts.say("sheet.band", band=self.explained.band)
        if isinstance(rule, CutOffs):
            for band, at, words in zip(scale.bands[1:], rule.values, scale.words, strict=True):
                yield texts.say("sheet.cut_off", band=band, at=in_100(at), words=words)
        steps = distances(rule, list(self.explained.probability.values()), scale)
        said = dict(zip(scale.reached, scale.words, strict=True))
        for step in steps:
            yield texts.say("sheet.away", words=said[step.level], step=step.words(texts))
        if not steps:
            yield texts["sheet.no_step"]
        yield texts.say("sheet.signed", signature=signature(rule)) if rule.signed else texts["sheet.not_signed"]

    def used(self, used: Used, *, changed: bool = False) -> Section:
        """Say what was used, until when, and what was not; ``changed``: the forecast is one after a correction."""
        texts, features = self.texts, self._features
        if used.counts:
            counts = ", ".join(texts.say(COUNTS[name], count=count) for name, count in used.counts)
            lines = [texts.say("sheet.from_records", until=used.until, counts=counts)]
        elif used.until:
            given = {"source": used.source, "until": used.until, "count": len(features)}
            lines = [texts.say("sheet.from_dated_table", **given)]
        else:
            lines = [texts.say("sheet.from_table", source=used.source, count=len(features))]
        lines += [texts["sheet.not_as_it_stands"]] if changed else []
        kinds = {f.sensitive for f in features if f.sensitive}
        there = [key for kind, key in KINDS.items() if any(kind in each for each in kinds)]
        absent = ["sheet.name", *(key for key in KINDS.values() if key not in there)]
        lines += [texts.say("sheet.also_used", names=", ".join(texts[key] for key in there))] if there else []
        lines.append(texts.say("sheet.not_used", names=", ".join(texts[key] for key in absent)))
        return Section(texts["sheet.used"], (" ".join(lines),))

    def why(self) -> Section:
        """Say why: all levels in one table, the facts that move any of them most first."""
        texts, each = self.texts, self._told
        lines = [Line(texts["reason.start"], tuple(Cell(str(t.start), "", t.start) for t in each), total=True)]
        lines += self._facts()
        rest = tuple(Cell(signed(t.remainder), "", t.remainder) for t in each)
        lines.append(Line(texts["reason.remainder"], rest))
        lines.append(Line(texts["case.forecast"], tuple(Cell(str(t.shown), "", t.shown) for t in each), total=True))
        notes = self.explained.reasons[self.bundle.scale.reached[0]].notes
        table = Table(tuple(self.bundle.scale.words), tuple(lines))
        return Section(texts["sheet.why"], (texts["sheet.adds_up"],), table, after=notes)

    def _facts(self) -> list[Line]:
        items: dict[str, Reason] = {}
        cells: dict[str, list[Cell]] = {}
        for k, level in enumerate(self._told):
            for item, points in level.rows:
                items[item.feature] = item
                row = cells.setdefault(item.feature, [Cell("", self.texts["sheet.elsewhere"])] * len(self._told))
                row[k] = self._cell(item, points)
        order = sorted(cells, key=lambda name: -max(abs(cell.points) for cell in cells[name]))
        return [Line(items[name].fact, tuple(cells[name]), self._ids(items[name].records)) for name in order]

    def _cell(self, item: Reason, points: int) -> Cell:
        if not points:
            return Cell(self.texts["case.under_1"])
        key = "sheet.raises" if points > 0 else "sheet.lowers"
        return Cell(signed(points), self.texts.say(key, strength=item.strength), points)

    def _ids(self, ids: Sequence[str]) -> str:
        """Return the newest few ids, and how many earlier ones there are."""
        return self.texts.say("sheet.records", ids=newest(ids, MOST_IDS, self.texts)) if ids else ""

    def unknown(self) -> Section:
        """Say what the forecast does not know, and where the record is unlike those it was learnt from."""
        note = wording.sentence(f"{self.explained.note}.") if self.explained.note else ""
        further = [line for line in (self.explained.outside, note) if line]
        names = [self.texts[f"sheet.{topic}"] for topic in (*topics_unknown(self._features), "your_say")]
        said = names[0]
        if len(names) > 1:
            said = self.texts.say("sheet.names_or", first=", ".join(names[:-1]), last=names[-1])
        return Section(self.texts["sheet.unknown"], (self.texts.say("sheet.not_known", names=said), *further))

    def right(self) -> Section:
        """Say how often such forecasts came true."""
        levels = enumerate(self.bundle.scale.reached)
        lines = [
            " ".join(track_record(self.bundle, k, self.explained.probability[level], self.texts)) for k, level in levels
        ]
        said = [line for line in lines if line]
        if not said:
            return Section(self.texts["sheet.right"], (self.texts["sheet.untested"],))
        return Section(self.texts["sheet.right"], (f"{self.texts['sheet.tested']} {said[0]}", *said[1:]))

    def decides(self) -> Section:
        """Say who decides."""
        return Section(self.texts["sheet.decides"], (self.texts["sheet.person_decides"],))

    def challenge(self, contact: str, trial: Trial | None) -> Section:
        """Say how to challenge the forecast, and which facts put right would change the band."""
        texts = self.texts
        asked = (texts.say("sheet.ask", contact=contact),) if contact else ()
        alone = (texts["distance.alone"],) if trial and trial.changes and not trial.of_records else ()
        said = " ".join([texts["sheet.rights"], *self._doubts(), *self._tried(trial)])
        points = tuple(self._change(change) for change in trial.changes[:MOST_CHANGES]) if trial else ()
        gap = "" if contact else texts["sheet.gap"]
        return Section(texts["sheet.challenge"], (said,), points=points, after=(*alone, *asked), gap=gap)

    def _doubts(self) -> Iterator[str]:
        """Say how the facts shown may be wrong, each way once."""
        items = [item for level in self._told for item, _ in level.rows]
        ways = dict.fromkeys(item.can_be_wrong for item in items if item.can_be_wrong)
        if ways:
            yield self.texts.say("sheet.may_be_wrong", how=" ".join(ways))

    def _tried(self, trial: Trial | None) -> Iterator[str]:
        if trial is None or not trial.tried:
            return
        if trial.changes:
            more = len(trial.changes) - MOST_CHANGES
            yield (
                self.texts.say("sheet.changes_of", count=len(trial.changes))
                if more > 0
                else self.texts["sheet.changes"]
            )
        else:
            key = "sheet.no_record" if trial.of_records else "sheet.no_fact"
            yield self.texts.say(key, count=trial.tried)

    def _change(self, change: Otherwise) -> str:
        if change.record:
            return self.texts.say("sheet.if_record", record=change.named, band=change.band)
        return self.texts.say("sheet.if_fact", fact=change.fact, instead=change.instead, band=change.band)

    def correction(self, corrected: Corrected) -> Section:
        """Say what this sheet shows with a correction: both figures of each level, both bands."""
        before, after = corrected.before, corrected.after
        lines = [self.texts.say("sheet.corrected", what=wording.sentence("; ".join(corrected.what)))]
        for level, words in zip(self.bundle.scale.reached, self.bundle.scale.words, strict=True):
            shown = [shown_in_100(each.probability[level]) for each in (before, after)]
            lines.append(self.texts.say("sheet.before_after", before=shown[0], after=shown[1], words=words))
        lines.append(self.texts.say("sheet.bands", before=before.band, after=after.band))
        return Section(self.texts["sheet.correction"], (" ".join(lines),))
