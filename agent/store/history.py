"""The last 15 minutes of every number, for display: a bounded ring of rows per request.

A poll costs one copy of its numbers, a number four bytes. Values have single precision, so no
verdict is based on them.
"""

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from agent.model.catalogue import Kind
from agent.model.values import Block, PollResult, Series, Value
from agent.store.latest import DeviceState

POINTS_MAX = 90  # of one series: a quarter of an hour at ten seconds
VALUES_MAX = 8_000_000  # in all, 32 MB; with more series each keeps fewer points
_POINTS_MIN = 2

Point = tuple[float, float]
"""Unix time in seconds, and the value in its base unit."""


Pick = Callable[[Sequence[Value]], Sequence[Value]]

_NUMBERS = (Kind.GAUGE, Kind.COUNTER)


@dataclass(slots=True)
class Track:
    """The history of one block. ``series`` are those of its latest poll, in their order."""

    series: tuple[Series, ...]
    places: dict[int, int]
    """The column of a series in ``rows``, by the position of the series."""
    pick: Pick
    times: deque[float] = field(default_factory=deque)
    rows: "deque[array[float]]" = field(default_factory=deque)

    def points(self, position: int) -> list[Point]:
        """Return the points of one series, oldest first; missing numbers are omitted."""
        place = self.places.get(position)
        if place is None:
            return []
        return [
            (at, row[place])
            for at, row in zip(self.times, self.rows, strict=True)
            if not math.isnan(row[place])
        ]


def _track(series: tuple[Series, ...]) -> Track:
    numbers = [place for place, one in enumerate(series) if one.metric.kind in _NUMBERS]
    pick: Pick = tuple
    if len(numbers) < len(series):
        several: Pick = itemgetter(
            *numbers, -1, -1
        )  # two more, as itemgetter returns no tuple for one
        pick = lambda values: several(values)[:-2]  # noqa: E731
    return Track(series, {position: place for place, position in enumerate(numbers)}, pick)


class History:
    """Keeps the history of all devices; subscribe ``observe`` to the store."""

    def __init__(self, values_max: int = VALUES_MAX) -> None:
        self._values_max = values_max
        self._tracks: dict[str, dict[tuple[int, int], Track]] = {}
        self._width = 0  # numbers of all tracks together
        self._most = POINTS_MAX

    def observe(self, state: DeviceState, result: PollResult) -> None:
        """Add the values of one poll."""
        tracks = self._tracks.setdefault(state.name, {})
        for request, blocks in result.blocks.items():
            for number, block in enumerate(blocks):
                track = tracks.get((request, number))
                if track is None or track.series is not block.series:
                    track = tracks[(request, number)] = self._begin(track, block)
                times = track.times
                times.append(block.observed_at)
                track.rows.append(_row(track.pick(block.values)))
                while len(times) > self._most:
                    times.popleft()
                    track.rows.popleft()

    def forget(self, device: str) -> None:
        """Drop the history of a device."""
        for track in self._tracks.pop(device, {}).values():
            self._widen(-len(track.places))

    def tracks(self, device: str) -> Iterator[tuple[tuple[int, int], Track]]:
        """Return the tracks of a device, by request and block within it."""
        return iter(sorted(self._tracks.get(device, {}).items()))

    def _begin(self, before: Track | None, block: Block) -> Track:
        """Return a track for a new set of series; equal series keep their points."""
        made = _track(block.series)
        if before is not None and before.series == block.series:
            made.times, made.rows = before.times, before.rows
        self._widen(len(made.places) - (len(before.places) if before is not None else 0))
        return made

    def _widen(self, numbers: int) -> None:
        self._width += numbers
        fitting = self._values_max // max(1, self._width)
        self._most = min(POINTS_MAX, max(_POINTS_MIN, fitting))


def _row(values: Sequence[Value]) -> "array[float]":
    try:
        return array("f", values)  # type: ignore[arg-type]  # a value that is not a number raises
    except TypeError:
        return array("f", [_number(value) for value in values])


def _number(value: Value) -> float:
    return math.nan if value is None or isinstance(value, str) else float(value)
