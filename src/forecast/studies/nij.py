"""Answer the NIJ Recidivism Forecasting Challenge: one configuration for its three rounds, forecasts for any test file.

The answers have the columns of the challenge's answers, ``ID`` and ``Probability`` (its own sample file could not be
read when this was written; the names are as its publications describe them). Where the file holds the outcomes too,
they are scored as the challenge was: the Brier score of men, of women and the mean of the two, and its "fair and
accurate" score (1 - Brier) x (1 - |FPR of Black people - FPR of White people|), within each sex, cut at 0.5.
Nobody whom the models were fitted on is forecast.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.cases import CASE_ID
from forecast.files import refuse_existing, to_json, whole_folder
from forecast.problems import Problem
from forecast.progress import SILENT, Progress
from forecast.studies.research import CHALLENGE, fitted
from forecast.tables.library import load, local_copy
from forecast.tables.reader import open_table, read_cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.cases import Bools, Cases, Floats
    from forecast.models.forecaster import Forecaster
    from forecast.settings import Settings
    from forecast.tables.description import Description

ROUNDS = ("round1", "round2", "round3")
COLUMNS = ("ID", "Probability")
DIGITS = 6
CUT = 0.5
FIRST_PLACE = {
    "round1": (0.1916, 0.15420, 0.1733),
    "round2": (0.1658, 0.1233, 0.1450),
    "round3": (0.152370, 0.11614, 0.13577),
}
"""Brier scores of the first places among small teams, for men, women and on average, each by another team: the
challenge's results as copied by Wheeler (TabularRecid); on the challenge's own test people, which this file may not
be."""


@dataclass(frozen=True, slots=True)
class Marks:
    """How a round's answers did: people with a known outcome, Brier scores, and the fair score of each sex."""

    people: int
    men: float
    women: float
    fair_men: float | None
    fair_women: float | None

    @property
    def average(self) -> float:
        """The mean of the two sexes' Brier scores."""
        return (self.men + self.women) / 2


@dataclass(frozen=True)
class Round:
    """The answers of a round: ``rows`` of the file = ``forecast`` + ``trained_on`` + refused, by code."""

    name: str
    words: str
    fitted_on: int
    rows: int
    forecast: int
    trained_on: int
    refused: dict[str, int]
    marks: Marks | None


def answer(
    test: Path,
    out: Path,
    settings: Settings,
    *,
    train: Path | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> list[Round]:
    """Fit on the training people, forecast those of ``test``, and write an answer a round into the folder ``out``.

    ``train`` is by default the local copy of the challenge's file. A person who is not at risk in a round any more, as
    far as the file tells, is refused there as "outside the cohort".
    """
    refuse_existing(out, overwrite)
    if out.is_dir() and any(path.suffix not in (".csv", ".json") for path in out.iterdir()):
        raise Problem("output-not-answers", path=out)
    rounds = []
    with whole_folder(out) as folder:
        for name in ROUNDS:
            description = load(f"nij:{name}")
            people = _training_people(description, train or local_copy(description, settings), progress)
            forecaster = fitted(CHALLENGE, description, people, settings.threads, progress)
            made, answers = _answers(name, description, forecaster, people, test, settings, progress)
            answers.to_csv(folder / f"{name}.csv", index=False, float_format=f"%.{DIGITS}f", lineterminator="\n")
            rounds.append(made)
        (folder / "answers.json").write_text(to_json([_plain(one) for one in rounds]), encoding="utf-8")
    return rounds


def _training_people(description: Description, path: Path, progress: Progress) -> Cases:
    cases, _ = read_cases(description, path, progress=progress)
    return cases if cases.part is None else cases.take(np.asarray(cases.part == "train"))


def _answers(
    name: str,
    description: Description,
    forecaster: Forecaster,
    people: Cases,
    test: Path,
    settings: Settings,
    progress: Progress,
) -> tuple[Round, pd.DataFrame]:
    """Forecast the people of a file, a chunk at a time."""
    known = set(people.keys[CASE_ID])
    parts, refused, rows, trained_on = [pd.DataFrame(columns=list(COLUMNS))], Counter[str](), 0, 0
    reader = open_table(description, test, learning=False)
    progress.begin(f"{name}: forecasting {test.name}")
    for chunk in reader.chunks(settings.chunk_rows):
        rows += chunk.read
        refused.update(chunk.refused["code"].tolist())
        new = np.asarray(~chunk.cases.keys[CASE_ID].isin(known), dtype=bool)
        trained_on += int((~new).sum())
        cases = chunk.cases.take(new)
        probability = forecaster.forecast(cases.features).probability[:, -1]
        parts.append(pd.DataFrame({"ID": cases.keys[CASE_ID].to_numpy(), "Probability": probability}))
        progress.advance(chunk.read)
    answers = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    if not len(answers):
        raise Problem("challenge-nobody", path=test, round=name, trained=trained_on, refused=sum(refused.values()))
    marks = _marks(description, test, answers) if _has_outcomes(description, reader.source.columns) else None
    words = description.scale.words[-1]
    return Round(
        name, words, len(people), rows, len(answers), trained_on, dict(sorted(refused.items())), marks
    ), answers


def _has_outcomes(description: Description, columns: Sequence[str]) -> bool:
    """Say whether a file with these columns tells the outcomes of a round, who was at risk, and sex and race."""
    wanted = {level.column for level in description.levels} | {c.column for c in description.cohort}
    wanted |= {a.source for a in description.audit} | ({description.split.column} if description.split else set())
    return wanted <= set(columns)


def _marks(description: Description, test: Path, answers: pd.DataFrame) -> Marks | None:
    """Score answers by the outcomes in the file; None where one sex has no known outcome."""
    cases, _ = read_cases(description, test, allow_refused=True)
    probability = answers.set_index("ID")["Probability"].reindex(cases.keys[CASE_ID]).to_numpy()
    told = ~np.isnan(probability)
    happened = cases.outcomes.iloc[:, -1].to_numpy(dtype=bool)
    sex, race = (cases.protected[column].to_numpy() for column in ("Gender", "Race"))
    men, women = told & (sex == "M"), told & (sex == "F")
    if not (men.any() and women.any()):
        return None
    return Marks(
        int(told.sum()),
        brier(happened[men], probability[men]),
        brier(happened[women], probability[women]),
        fair(happened[men], probability[men], race[men]),
        fair(happened[women], probability[women], race[women]),
    )


def brier(happened: Bools, probability: Floats) -> float:
    """Return the mean squared distance of forecast and outcome."""
    return float(np.mean((probability - happened) ** 2))


def fair(happened: Bools, probability: Floats, race: object) -> float | None:
    """Return the challenge's fair and accurate score of one sex; None where a race has nobody without the outcome."""
    gaps = []
    for one in ("BLACK", "WHITE"):
        without = (np.char.upper(np.asarray(race, dtype=str)) == one) & ~happened
        if not without.any():
            return None
        gaps.append(float(np.mean(probability[without] >= CUT)))
    return (1 - brier(happened, probability)) * (1 - abs(gaps[0] - gaps[1]))


def _plain(one: Round) -> dict[str, object]:
    marks = one.marks
    figures = None if marks is None else {
        "people": marks.people, "brier_men": marks.men, "brier_women": marks.women, "brier_average": marks.average,
        "fair_men": marks.fair_men, "fair_women": marks.fair_women,
    }  # fmt: skip
    return {
        "round": one.name,
        "forecast": one.words,
        "fitted_on": one.fitted_on,
        "rows": {"in": one.rows, "forecast": one.forecast, "trained_on": one.trained_on, "refused": one.refused},
        "marks": figures,
        "experiment": CHALLENGE.name,
        "model": CHALLENGE.model,
    }
