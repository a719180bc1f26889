"""Choose the facts to show for many cases in machine code: the rule of :meth:`Reasoner.choose`, case by case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecast.features.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from forecast.cases import Bools, Floats, Ints

    Places = npt.NDArray[np.int32]

NOBODY = -1
"""Stands where a case shows fewer facts than there is room for."""


@compiled
def choose(points: Floats, always: Bools, rule: tuple[int, bool, int], chosen: Places, tenths: Ints) -> None:
    """Write the features to show, the largest first, and their points in tenths; the rest of a row stays as it is.

    Parameters
    ----------
    points : (n, F). always : (F,) whether a feature must be shown.
    rule : facts shown at most, whether those that must be shown are many, tenths from which these take room then.
    chosen, tenths : (n, W) to be written to, W the facts shown at most and those that must be shown together.
    """
    most, many, telling = rule
    fixed = 0
    for j in range(len(always)):
        if always[j]:
            fixed += 1
    size = np.empty(points.shape[1], dtype=np.int64)
    top = np.empty(most + fixed + 1, dtype=np.int64)
    for i in range(len(points)):
        told = 0
        for j in range(points.shape[1]):
            size[j] = np.int64(np.rint(points[i, j] * 10))
            if always[j] and abs(size[j]) >= telling:
                told += 1
        room = max(most - told, most // 2) if many else max(most - fixed, 0)
        held, others = _largest(size, always, room, top)
        if others > room and room >= 2:
            _both_ways(size, always, top, held)
        for j in range(points.shape[1]):
            if always[j]:
                top[held] = j
                held += 1
        _sort(size, top, held)
        for c in range(held):
            chosen[i, c] = top[c]
            tenths[i, c] = size[top[c]]


@compiled
def _largest(size: Ints, always: Bools, room: int, top: Ints) -> tuple[int, int]:
    """Write the features of the largest points to ``top``, ties in the order of the catalogue; those always shown not.

    Return how many there are, and how many there would be if there were room.
    """
    held, others = 0, 0
    for j in range(len(size)):
        if always[j] or size[j] == 0:
            continue
        others += 1
        mine = abs(size[j])
        if room == 0 or (held == room and mine <= abs(size[top[held - 1]])):
            continue
        at = held if held < room else held - 1
        held = at + 1
        while at > 0 and abs(size[top[at - 1]]) < mine:
            top[at] = top[at - 1]
            at -= 1
        top[at] = j
    return held, others


@compiled
def _both_ways(size: Ints, always: Bools, top: Ints, held: int) -> None:
    """Let the last feature give way to the largest of the other direction, where all go one way."""
    raised = 0
    for c in range(held):
        if size[top[c]] > 0:
            raised += 1
    if 0 < raised < held:
        return
    sign = -1 if raised else 1
    other = -1
    for j in range(len(size)):
        if not always[j] and size[j] * sign > 0 and (other < 0 or abs(size[j]) > abs(size[other])):
            other = j
    if other >= 0:
        top[held - 1] = other


@compiled
def _sort(size: Ints, top: Ints, held: int) -> None:
    """Sort features by the size of their points, ties in the order of the catalogue."""
    for c in range(1, held):
        j, at = top[c], c
        while at > 0:
            before = top[at - 1]
            if abs(size[before]) > abs(size[j]) or (abs(size[before]) == abs(size[j]) and before < j):
                break
            top[at] = before
            at -= 1
        top[at] = j
