"""Draw the pictures of the force behind the cases: age at arrest, custody events a month, concentration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.evaluation.plots import WIDE
from forecast.evaluation.svg import draw
from forecast.explanations.drawing import AMBER, GREY, NAVY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

SEX_WORDS = {"M": "male", "F": "female", "X": "other", "": "not recorded"}
LINES = (("-", NAVY), ("--", AMBER), (":", GREY), ("-.", GREY))


def force_pictures(portrait: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return (title, SVG, caption) of each picture for which ``portrait`` has counts."""
    made = []
    if portrait.get("ages"):
        made.append(("Age at arrest", age_plot(portrait["ages"]), AGE_CAPTION))
    if len(portrait.get("months", ())) > 1:
        made.append(("Custody events a month", tempo_plot(portrait["months"]), TEMPO_CAPTION))
    if portrait.get("events_each"):
        made.append(("How few people have how many events", *concentration(portrait["events_each"])))
    return made


AGE_CAPTION = (
    "Age-crime curve as it shows in custody: custody events by age in whole years. It counts arrests, not offending, "
    "and not how many people of each age there are."
)
TEMPO_CAPTION = (
    "Each bar is a calendar month. A change here is a change of policing or recording as much as of offending."
)


def age_plot(ages: Mapping[str, Sequence[int]]) -> str:
    """Draw custody events by age in years, a line for each sex."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for (dash, colour), (sex, counts) in zip(LINES, sorted(ages.items(), key=lambda i: -sum(i[1])), strict=False):
            axes.plot(range(len(counts)), counts, linestyle=dash, color=colour, label=SEX_WORDS.get(sex, sex))
        axes.set(xlim=(10, 80), xlabel="Age at arrest, years", ylabel="Custody events")
        axes.set_ylim(bottom=0)
        axes.legend()

    return draw(paint, (WIDE * 0.85, 2.6), name="force-age", label="Custody events by age at arrest and sex.")


def tempo_plot(months: Mapping[str, int]) -> str:
    """Draw custody events by calendar month."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        names = sorted(months)
        axes.bar(range(len(names)), [months[name] for name in names], width=0.9, color=NAVY)
        step = max(1, round(len(names) / 120)) * 12
        ticks = [i for i, name in enumerate(names) if name.endswith("-01")][:: step // 12]
        axes.set_xticks(ticks, [names[i][:4] for i in ticks])
        axes.set(ylabel="Custody events")

    return draw(paint, (WIDE, 2.3), name="force-tempo", label="Custody events in each calendar month.")


def concentration(events_each: Sequence[Sequence[int]]) -> tuple[str, str]:
    """Return the curve of the share of events by the share of people, most often arrested first, and its caption."""
    counts = np.array(events_each, dtype=np.int64)
    sizes, people = counts[np.argsort(-counts[:, 0])].T
    share_people = np.concatenate([[0.0], np.cumsum(people) / people.sum()])
    share_events = np.concatenate([[0.0], np.cumsum(people * sizes) / (people * sizes).sum()])

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([0, 100], [0, 100], linestyle="--", linewidth=1, color=GREY, label="if all had equally many")
        axes.plot(100 * share_people, 100 * share_events, color=NAVY, linewidth=2, label="as it is")
        axes.set(xlim=(0, 100), ylim=(0, 100))
        axes.set(xlabel="People in 100, most often arrested first", ylabel="Custody events in 100")
        axes.legend(loc="lower right")

    top = [float(np.interp(share, share_people, share_events)) for share in (0.01, 0.05, 0.2)]
    caption = (
        "Of all custody events, the 1 % of people with the most have "
        f"{100 * top[0]:.0f} %, the top 5 % {100 * top[1]:.0f} %, the top 20 % {100 * top[2]:.0f} %. "
        f"{int(people.sum()):,} people, {int((people * sizes).sum()):,} events in the period."
    )
    label = "Share of custody events by share of people, those most often arrested first."
    return draw(paint, (WIDE * 0.62, 3.4), name="force-concentration", label=label), caption
