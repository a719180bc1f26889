"""Check that a matrix is a matrix of costs: the right size, finite, and never better to be further wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from forecast.problems import Problem, raise_all


def check_costs(matrix: Sequence[Sequence[float]], levels: int, path: object) -> None:
    """Raise every problem of a cost matrix (a row a band, a column an outcome) for ``levels`` levels.

    ``path`` is only named in messages. Raises ``costs-shape`` or ``costs-not-number`` alone; else all of
    ``costs-negative``, ``costs-diagonal`` (being right is not the cheapest), ``costs-order`` (being further wrong costs
    less) and ``costs-band-never`` (another band is never dearer, so nobody could be in this one).
    """
    widths = sorted({len(row) for row in matrix})
    if len(matrix) != levels or widths != [levels]:
        found = f"{len(matrix)} rows of {' or '.join(str(w) for w in widths) or 'no'} numbers"
        raise Problem("costs-shape", path=path, found=found, wanted=levels)
    raise_all(list(_not_numbers(matrix, path)))
    raise_all([*_negative(matrix, path), *_diagonal(matrix, path), *_order(matrix, path), *_never(matrix, path)])


def _not_numbers(matrix: Sequence[Sequence[float]], path: object) -> Iterator[Problem]:
    for i, j, cost in _cells(matrix):
        if not math.isfinite(cost):
            yield Problem("costs-not-number", path=path, row=i, column=j, found=f"{cost:g}")


def _negative(matrix: Sequence[Sequence[float]], path: object) -> Iterator[Problem]:
    for i, j, cost in _cells(matrix):
        if cost < 0:
            yield Problem("costs-negative", path=path, row=i, column=j, found=f"{cost:g}")


def _cells(matrix: Sequence[Sequence[float]]) -> Iterator[tuple[int, int, float]]:
    """Yield row, column (from 1) and cost."""
    for i, row in enumerate(matrix, start=1):
        for j, cost in enumerate(row, start=1):
            yield i, j, cost


def _diagonal(matrix: Sequence[Sequence[float]], path: object) -> Iterator[Problem]:
    """Find the outcomes for which being wrong costs no more than being right."""
    for j in range(len(matrix)):
        wrong = [(matrix[i][j], i) for i in range(len(matrix)) if i != j]
        cost, row = min(wrong)
        if cost <= matrix[j][j]:
            right = f"{matrix[j][j]:g}"
            yield Problem("costs-diagonal", path=path, column=j + 1, right=right, row=row + 1, wrong=f"{cost:g}")


def _order(matrix: Sequence[Sequence[float]], path: object) -> Iterator[Problem]:
    """Find the pairs of neighbouring bands on one side of an outcome of which the further one costs less."""
    for j in range(len(matrix)):
        pairs = [(i, i - 1) for i in range(j - 1, 0, -1)] + [(i, i + 1) for i in range(j + 1, len(matrix) - 1)]
        for near, far in pairs:
            if matrix[far][j] < matrix[near][j]:
                yield Problem(
                    "costs-order",
                    path=path,
                    column=j + 1,
                    near=near + 1,
                    far=far + 1,
                    cost=f"{matrix[near][j]:g}",
                    less=f"{matrix[far][j]:g}",
                )


def _never(matrix: Sequence[Sequence[float]], path: object) -> Iterator[Problem]:
    """Find the bands that another one beats or equals whatever follows."""
    for i, row in enumerate(matrix):
        for other, costs in enumerate(matrix):
            if other != i and all(c <= mine for c, mine in zip(costs, row, strict=True)):
                yield Problem("costs-band-never", path=path, row=i + 1, other=other + 1)
                break
