"""Draw random numbers inside compiled code: a counter-based stream for each person, whatever the order of work.

The generator is SplitMix64 (Steele, Lea and Flood 2014): a counter that goes through a mixing function. A stream is a
one-element ``uint64`` array; each draw moves it on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Stream = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0  # 2 ** -53

_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def compiled(function: _Kernel) -> _Kernel:
    """Compile a kernel of this room: kept on disk, one thread, IEEE arithmetic."""
    made: _Kernel = njit(cache=True)(function)
    return made


@compiled
def mixed(value: Any) -> Any:
    """Return the 64 bits of ``value`` well mixed."""
    value = (value ^ (value >> _30)) * _FIRST
    value = (value ^ (value >> _27)) * _SECOND
    return value ^ (value >> _31)


@compiled
def begin(stream: Stream, seed: int, person: int) -> None:
    """Set the stream to the start of that of ``person``."""
    stream[0] = mixed(mixed(np.uint64(seed) + _STEP) ^ (np.uint64(person) * _SECOND + _FIRST))


@compiled
def uniform(stream: Stream) -> float:
    """Return a number in [0, 1)."""
    stream[0] = stream[0] + _STEP
    return float(mixed(stream[0]) >> _11) * _UNIT


@compiled
def exponential(stream: Stream) -> float:
    """Return an exponential time of mean 1."""
    return -math.log(1.0 - uniform(stream))


@compiled
def lognormal(stream: Stream, median: float, spread: float) -> float:
    """Return a positive number with that median and that standard deviation of its logarithm."""
    radius = math.sqrt(2.0 * exponential(stream))
    return median * math.exp(spread * radius * math.cos(2.0 * math.pi * uniform(stream)))


@compiled
def pick(stream: Stream, cumulated: Any) -> int:
    """Return an index with chances in proportion to the steps of ``cumulated`` (last value: the total)."""
    wanted = uniform(stream) * cumulated[-1]
    for i in range(len(cumulated)):
        if wanted < cumulated[i]:
            return i
    return len(cumulated) - 1
