"""Refuse cases that nothing can be learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.problems import Problem

if TYPE_CHECKING:
    from forecast.cases import Cases

FEWEST = 20
"""Cases of each kind below which an outcome is too rare to judge."""


def check_varies(cases: Cases, path: object) -> None:
    """Raise the problem of an outcome that is the same in all cases."""
    for level in cases.outcomes:
        happened = int(cases.outcomes[level].sum())
        if happened in (0, len(cases)):
            value = "no" if happened == 0 else "yes"
            raise Problem("outcome-constant", path=path, level=level, value=value, count=len(cases))


def check_outcomes(cases: Cases, path: object) -> None:
    """Raise the problem of an outcome that is constant or too rare to judge."""
    check_varies(cases, path)
    for level in cases.outcomes:
        happened = int(cases.outcomes[level].sum())
        fewer = min(happened, len(cases) - happened)
        if fewer < FEWEST:
            raise Problem("outcome-rare", path=path, level=level, count=fewer, total=len(cases), needed=FEWEST)


def check_features(cases: Cases, path: object) -> None:
    """Raise the problem of a feature without a value in any row."""
    for name in cases.features:
        if cases.features[name].isna().all():
            raise Problem("feature-all-missing", path=path, column=name)
