"""The last minutes of every number, for the eye: a bounded ring of columns per request.

A poll costs one pass over its values, and a value four bytes; precision is a single float's, so
nothing is judged by it.
"""

import math
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.store import DeviceState
from agent.values import Block, PollResult, Series

POINTS_MAX = 90  # of one series: a quarter of an hour at ten seconds
VALUES_MAX = 8_000_000  # in all, 32 MB; with more series each keeps fewer points
_POINTS_MIN = 2

Point = tuple[float, float]
"""Unix time in seconds, and the value in its base unit."""


@dataclass(slots=True)
class Track:
    """What one block showed. ``series`` are those of its latest poll, in their order."""

    series: tuple[Series, ...]
    times: deque[float] = field(default_factory=deque)
    columns: "deque[array[float]]" = field(default_factory=deque)

    def points(self, position: int) -> list[Point]:
        """The numbers of one series, oldest first; what was no number is left out."""
        return [
            (at, column[position])
            for at, column in zip(self.times, self.columns, strict=True)
            if not math.isnan(column[position])
        ]


class History:
    """Hears every poll of a store; see ``Store.subscribe``."""

    def __init__(self, values_max: int = VALUES_MAX) -> None:
        self._values_max = values_max
        self._tracks: dict[str, dict[tuple[int, int], Track]] = {}
        self._width = 0  # series of all tracks together

    def hear(self, state: DeviceState, result: PollResult) -> None:
        """Take in one poll."""
        tracks = self._tracks.setdefault(state.name, {})
        for request, blocks in result.blocks.items():
            for number, block in enumerate(blocks):
                self._append(tracks, (request, number), block)

    def forget(self, device: str) -> None:
        """A device is no longer there."""
        for track in self._tracks.pop(device, {}).values():
            self._width -= len(track.series)

    def tracks(self, device: str) -> Iterator[tuple[tuple[int, int], Track]]:
        """What a device has ever shown, by request and block within it."""
        return iter(sorted(self._tracks.get(device, {}).items()))

    def _append(
        self, tracks: dict[tuple[int, int], Track], place: tuple[int, int], block: Block
    ) -> None:
        track = tracks.get(place)
        if track is None or track.series is not block.series:
            kept = track is not None and track.series == block.series
            self._width += len(block.series) - (len(track.series) if track else 0)
            track = tracks[place] = (
                Track(block.series, track.times, track.columns)
                if track is not None and kept
                else Track(block.series)
            )
        track.times.append(block.observed_at)
        track.columns.append(array("f", [_number(value) for value in block.values]))
        most = min(POINTS_MAX, max(_POINTS_MIN, self._values_max // max(1, self._width)))
        while len(track.times) > most:
            track.times.popleft()
            track.columns.popleft()


def _number(value: object) -> float:
    if value.__class__ is float or value.__class__ is int:
        return float(value)
    return math.nan
