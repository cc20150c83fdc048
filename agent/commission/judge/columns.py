"""One series as arrays of times and values, 16 bytes a number, and views of parts of it.

A rack that is held at full load for a day has some 18 million values. As Python objects they would
need several gigabytes; as arrays, of which every part is a view, some 300 megabytes.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from math import isfinite
from operator import itemgetter, sub
from typing import TypeVar

from agent.commission.records import Sample
from agent.model.values import Quality, Value

_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """A part of one series: good values by time (Unix seconds, ascending), and its flaws.

    ``times`` and ``values`` are parallel, ``flaw_times`` and ``flaw_reasons`` as well. Flaws are
    the values that are not good; those are not in ``values``.
    """

    times: Sequence[float] = ()
    values: Sequence[Value] = ()
    flaw_times: Sequence[float] = ()
    flaw_reasons: Sequence[str] = ()

    def longest_gap_s(self, began: float, ended: float) -> float:
        """Return the longest time in seconds without a good value from ``began`` to ``ended``."""
        if not self.times:
            return ended - began
        gaps: Iterable[float] = map(sub, islice(self.times, 1, None), self.times)
        return max(self.times[0] - began, ended - self.times[-1], max(gaps, default=0.0))

    def longest_run(self) -> int:
        """Count the values of the longest run of equal ones; 0 without values."""
        return max((sum(1 for _ in run) for _, run in groupby(self.values)), default=0)


class SeriesColumn:
    """All samples of one series. Call ``close`` after the last ``add``, before any ``part``."""

    __slots__ = ("_flaw_reasons", "_flaw_times", "_numbers", "_ordered", "_times", "_words")

    def __init__(self) -> None:
        self._times, self._numbers, self._flaw_times = array("d"), array("d"), array("d")
        self._words: list[Value] | None = None  # values of a series with state names
        self._flaw_reasons: list[str] = []
        self._ordered = True

    def add(self, sample: Sample) -> None:
        """Add a sample. Of two good values at the same instant the first is kept."""
        at, value = sample.observed_at, sample.value
        if value is None or not is_good(sample):
            self._ordered = self._ordered and (not self._flaw_times or at >= self._flaw_times[-1])
            self._flaw_times.append(at)
            self._flaw_reasons.append(sample.reason or f"quality {sample.quality}")
        elif not self._times or at != self._times[-1]:
            self._ordered = self._ordered and (not self._times or at > self._times[-1])
            self._times.append(at)
            self._append(value)

    def _append(self, value: float | str) -> None:
        if self._words is not None:
            self._words.append(value)
        elif isinstance(value, str):
            self._words, self._numbers = [*self._numbers, value], array("d")
        else:
            self._numbers.append(value)

    def close(self) -> None:
        """Sort the samples by time."""
        if self._ordered:
            return
        if self._words is None:
            self._times, numbers = _sorted(self._times, self._numbers)
            self._numbers = array("d", numbers)
        else:
            self._times, self._words = _sorted(self._times, self._words)
        flaws = sorted(zip(self._flaw_times, self._flaw_reasons, strict=True), key=itemgetter(0))
        self._flaw_times = array("d", [time for time, _ in flaws])
        self._flaw_reasons = [reason for _, reason in flaws]

    @property
    def first(self) -> float:
        """The time of the first sample, good or not (Unix seconds)."""
        return min((*self._times[:1], *self._flaw_times[:1]))

    def latest(self, began: float, ended: float) -> float | None:
        """Return the time of the last sample between two instants, good or not, or None."""
        found = []
        for times in (self._times, self._flaw_times):
            place = bisect_right(times, ended)
            if place and times[place - 1] >= began:
                found.append(times[place - 1])
        return max(found, default=None)

    def part(self, began: float, ended: float) -> SeriesPart:
        """Return the samples between two instants, both included, without a copy of the numbers."""
        good = slice(bisect_left(self._times, began), bisect_right(self._times, ended))
        bad = slice(bisect_left(self._flaw_times, began), bisect_right(self._flaw_times, ended))
        return SeriesPart(
            _view(self._times, good),
            _view(self._numbers, good) if self._words is None else self._words[good],
            self._flaw_times[bad],
            self._flaw_reasons[bad],
        )


def _view(column: "array[float]", part: slice) -> Sequence[float]:
    """Return a part of an array without a copy."""
    return memoryview(column).cast("B").cast("d")[part]


def _sorted(times: Iterable[float], values: Iterable[_V]) -> tuple["array[float]", list[_V]]:
    """Sort times and values by time; at equal times the value that was added first is kept."""
    first: dict[float, _V] = {}
    for time, value in zip(times, values, strict=True):
        first.setdefault(time, value)
    ordered = sorted(first)
    return array("d", ordered), [first[time] for time in ordered]


def is_good(sample: Sample) -> bool:
    """Return True if a sample has a value of good quality that is finite or a state name."""
    value = sample.value
    if sample.quality is not Quality.GOOD or value is None:
        return False
    return isinstance(value, str) or isfinite(value)
