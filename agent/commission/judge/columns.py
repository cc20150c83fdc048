"""One series as arrays of times and values, 16 bytes a number, and views of parts of it.

A rack that is held at full load for a day shows some 18 million values. As Python objects they
would need several gigabytes; as arrays, of which every part is a view, some 300 megabytes.
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

    ``flaw_times`` and ``flaw_reasons`` are of values that are not good; those are not in
    ``values``.
    """

    times: Sequence[float] = ()
    values: Sequence[Value] = ()
    flaw_times: Sequence[float] = ()
    flaw_reasons: Sequence[str] = ()

    def longest_gap_s(self, began: float, ended: float) -> float:
        """The longest time without a good value between two instants that enclose it."""
        if not self.times:
            return ended - began
        gaps: Iterable[float] = map(sub, islice(self.times, 1, None), self.times)
        return max(self.times[0] - began, ended - self.times[-1], max(gaps, default=0.0))

    def longest_run(self) -> int:
        """How many equal values follow each other, at most."""
        return max((sum(1 for _ in run) for _, run in groupby(self.values)), default=0)


class SeriesColumn:
    """Everything that one series showed. ``close`` ends the writing; parts are read after it."""

    __slots__ = ("_flaw_reasons", "_flaw_times", "_numbers", "_ordered", "_times", "_words")

    def __init__(self) -> None:
        self._times, self._numbers, self._flaw_times = array("d"), array("d"), array("d")
        self._words: list[Value] | None = None  # the values of a series that shows states' names
        self._flaw_reasons: list[str] = []
        self._ordered = True

    def add(self, sample: Sample) -> None:
        """Add a sample. Of two good values of the same instant the first counts."""
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
        """Bring what was added into the order of time."""
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
        """When the series first showed anything, good or not."""
        return min((*self._times[:1], *self._flaw_times[:1]))

    def latest(self, began: float, ended: float) -> float | None:
        """When it last showed anything between two instants; None where it did not."""
        found = []
        for times in (self._times, self._flaw_times):
            place = bisect_right(times, ended)
            if place and times[place - 1] >= began:
                found.append(times[place - 1])
        return max(found, default=None)

    def part(self, began: float, ended: float) -> SeriesPart:
        """What it showed between two instants, both included."""
        good = slice(bisect_left(self._times, began), bisect_right(self._times, ended))
        bad = slice(bisect_left(self._flaw_times, began), bisect_right(self._flaw_times, ended))
        return SeriesPart(
            _view(self._times, good),
            _view(self._numbers, good) if self._words is None else self._words[good],
            self._flaw_times[bad],
            self._flaw_reasons[bad],
        )


def _view(column: "array[float]", part: slice) -> Sequence[float]:
    """A part of an array without a copy."""
    return memoryview(column).cast("B").cast("d")[part]


def _sorted(times: Iterable[float], values: Iterable[_V]) -> tuple["array[float]", list[_V]]:
    """Both in the order of time; of one instant the value that was added first."""
    first: dict[float, _V] = {}
    for time, value in zip(times, values, strict=True):
        first.setdefault(time, value)
    ordered = sorted(first)
    return array("d", ordered), [first[time] for time in ordered]


def is_good(sample: Sample) -> bool:
    """Whether a sample has a value that can be judged by: of good quality, and finite."""
    value = sample.value
    if sample.quality is not Quality.GOOD or value is None:
        return False
    return isinstance(value, str) or isfinite(value)
