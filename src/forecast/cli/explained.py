"""Put an explained case into text for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.cli.console import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from forecast.cases import Reason
    from forecast.explanations.distance import Step, Trial
    from forecast.explanations.texts import Texts
    from forecast.explanations.told import Told
    from forecast.models.bundle import ModelBundle
    from forecast.scoring.corrections import Corrected
    from forecast.scoring.explained import Explained
    from forecast.scoring.whole_case import WholeCase

MOST_IDS, MOST_CHANGES = 5, 5


def whole_text(case: WholeCase) -> str:
    """Return all that is said of a case: what was corrected, the case itself, and how far it is from another band."""
    from forecast.explanations.texts import texts_of

    texts = texts_of(case.settings)
    parts = [*(_difference(case.bundle, case.corrected, texts) if case.corrected else [])]
    parts += [explained_text(case.bundle, case.explained, texts)]
    parts += [_distance(case.bundle, case.steps, case.trial, texts)]
    return "\n\n".join(part for part in parts if part)


def explained_text(bundle: ModelBundle, explained: Explained, texts: Texts | None = None) -> str:
    """Return an explained case as text: the figure both ways round, then start, facts, remainder and sum."""
    from forecast.explanations import wording
    from forecast.explanations.texts import load_texts
    from forecast.scoring.explained import told_levels

    said = texts or load_texts()
    parts = [said.say("case.title", id=explained.case_id, model=bundle.model_id, band=explained.band)]
    parts += [] if bundle.forecaster.cutoffs.signed else [said["notes.not_signed"]]
    told = told_levels(bundle, explained)
    parts += [_level(bundle, explained, told[k], k, said) for k in range(len(told))]
    parts.append(_themes(bundle, explained, said))
    parts += _records(told, said)
    parts += explained.own
    parts += [explained.outside] if explained.outside else []
    parts += explained.reasons[bundle.scale.reached[0]].notes
    parts += [wording.sentence(f"{explained.note}.")] if explained.note else []
    parts += [explained.outcomes] if explained.outcomes else []
    parts += [said["limits.about_the_group"]] if explained.interval else []
    parts.append(said["case.group"])
    return "\n\n".join(parts)


def _level(bundle: ModelBundle, explained: Explained, found: Told, k: int, texts: Texts) -> str:
    """Return the figure of a level and the table that adds up to it."""
    from forecast.explanations import limits, wording

    level, words = bundle.scale.reached[k], bundle.scale.words[k]
    shown, others = (wording.about(n, texts=texts) for n in (found.shown, 100 - found.shown))
    percent = wording.percent(found.shown, texts=texts)
    head = texts.say("case.head", shown=shown, words=words, percent=percent, others=others)
    if level in explained.interval:
        interval = limits.interval_text(found.shown, *explained.interval[level], texts=texts)
        head += f" {texts.say('case.head_interval', interval=interval)}"
    rows: list[tuple[object, ...]] = [(texts["reason.start"], "", "", found.start)]
    for item, number in found.rows:
        moves = f"{item.direction} {item.strength}" if item.points else item.direction
        theme = item.theme if item.feature else ""
        rows.append((item.fact, theme, moves, f"{number:+d}" if number else texts["case.under_1"]))
    rows += [
        (texts["reason.remainder"], "", "", f"{found.remainder:+d}"),
        (texts["case.forecast"], "", "", found.shown),
    ]
    columns = (texts["case.fact"], texts["case.theme"], "", texts["case.points"])
    return f"{head}\n\n" + table(columns, rows, right=(3,))


def _themes(bundle: ModelBundle, explained: Explained, texts: Texts) -> str:
    """Return the sums of all facts of a kind, shown or not, from the start to the forecast; a column a level."""
    from forecast.explanations.reasons import whole_themes

    reasons = [explained.reasons[level] for level in bundle.scale.reached]
    each = [dict(whole_themes(one)) for one in reasons]
    kinds = dict.fromkeys(kind for one in each for kind, size in one.items() if size)
    rows: list[tuple[object, ...]] = [(texts["reason.start"], *(round(one.start) for one in reasons))]
    rows += [(kind, *(f"{size:+d}" if (size := one.get(kind, 0)) else "0" for one in each)) for kind in kinds]
    rows.append((texts["case.forecast"], *(round(one.shown) for one in reasons)))
    heads = bundle.scale.words if len(each) > 1 else (texts["case.points"],)
    shown = table((texts["case.theme"], *heads), rows, right=tuple(range(1, 1 + len(each))))
    return f"{texts['case.themes']}\n\n{shown}"


def _records(levels: Sequence[Told], texts: Texts) -> Iterator[str]:
    """Yield the records behind the facts, the newest few of each, and which facts may be wrong in which way."""
    from forecast.scoring.explained import newest

    items: dict[str, Reason] = {item.feature: item for level in levels for item, _ in level.rows}
    rows = [(item.fact, newest(item.records, MOST_IDS, texts)) for item in items.values() if item.records]
    if rows:
        yield table((texts["case.fact"], texts["case.records"]), rows)
    doubts: dict[str, list[str]] = {}
    for item in items.values():
        if item.can_be_wrong:
            doubts.setdefault(item.can_be_wrong, []).append(item.fact)
    if doubts:
        lines = [texts.say("case.doubt", how=how, facts="; ".join(facts)) for how, facts in doubts.items()]
        yield "\n".join([texts["case.can_be_wrong"], *(f"  {line}" for line in lines)])


def _distance(bundle: ModelBundle, steps: tuple[Step, ...], trial: Trial, texts: Texts) -> str:
    """Return how far the forecast is from other bands, and what would change its band."""
    from forecast.explanations import wording

    said = dict(zip(bundle.scale.reached, bundle.scale.words, strict=True))
    lines = [f"{wording.sentence(said[step.level])}: {step.words(texts)}." for step in steps]
    if trial.tried:
        lines += [change.words(texts) for change in trial.changes[:MOST_CHANGES]]
        more = len(trial.changes) - MOST_CHANGES
        lines += [texts.say("distance.more", count=more)] if more > 0 else []
        if not trial.changes:
            lines.append(texts.say("distance.no_record" if trial.of_records else "distance.no_fact", count=trial.tried))
        elif not trial.of_records:
            lines.append(texts["distance.alone"])
    return "\n".join(lines)


def _difference(bundle: ModelBundle, correction: Corrected, texts: Texts) -> Iterator[str]:
    """Yield what was put right, both figures and both bands, and for each level the facts whose part differs."""
    from forecast.explanations import wording
    from forecast.explanations.told import shown_in_100
    from forecast.scoring.corrections import moved

    before, after = correction.before, correction.after
    yield correction.title(texts)
    yield texts.say("sheet.bands", before=before.band, after=after.band)
    for k, (level, words) in enumerate(zip(bundle.scale.reached, bundle.scale.words, strict=True)):
        shown = [shown_in_100(each.probability[level]) for each in (before, after)]
        rows, rest = moved(bundle, correction, k, texts)
        figures = {"words": wording.sentence(words), "before": shown[0], "after": shown[1]}
        lines: list[tuple[object, ...]] = [(r.before, r.after, f"{r.points:+d}") for r in rows]
        lines.append((texts["reason.remainder"], "", f"{rest:+d}"))
        head = (texts["correction.fact_before"], texts["correction.fact_after"], texts["case.points"])
        yield f"{texts.say('correction.figures', **figures)}\n\n{table(head, lines, right=(2,))}"
