"""The last 15 minutes of every number, for display: a bounded ring of rows per request.

A poll costs one copy of its numbers, a number four bytes. Values have single precision, so no
verdict is based on them.
"""

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from agent.model.catalogue import Kind
from agent.model.series import SeriesSet
from agent.model.values import Block, PollResult, Value
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

    series: SeriesSet
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


def _track(series: SeriesSet) -> Track:
    numbers = [place for place, one in enumerate(series) if one.metric.kind in _NUMBERS]
    pick: Pick = tuple
    if len(numbers) < len(series):
        several: Pick = itemgetter(
            *numbers, -1, -1
        )  # two more, as itemgetter returns no tuple for one
        pick = lambda values: several(values)[:-2]  # noqa: E731
    return Track(series, {position: place for place, position in enumerate(numbers)}, pick)


@dataclass(slots=True)
class _DeviceHistory:
    """The tracks of a device by request, one per block in its order, and of which profile."""

    profile: str = ""
    tracks: dict[int, list[Track]] = field(default_factory=dict)


class History:
    """Keeps the history of all devices; subscribe ``observe`` to the store.

    It keeps what a device's blocks have now and no more: rows that a table lost, and requests of
    a profile that is no longer the device's, go with the poll that shows it.
    """

    def __init__(self, values_max: int = VALUES_MAX) -> None:
        self._values_max = values_max
        self._devices: dict[str, _DeviceHistory] = {}
        self._width = 0  # numbers of all tracks together
        self._most = POINTS_MAX

    def observe(self, state: DeviceState, result: PollResult) -> None:
        """Add the values of one poll. A request that failed keeps what it showed before."""
        if not result.up:
            return
        device = self._devices.setdefault(state.name, _DeviceHistory(result.profile))
        if device.profile != result.profile:
            self.forget(state.name)
            device = self._devices[state.name] = _DeviceHistory(result.profile)
        planned = range(len(result.intervals_s))
        for request in [r for r in device.tracks if r not in planned and r not in result.blocks]:
            self._drop(device.tracks.pop(request))
        for request, blocks in result.blocks.items():
            if not blocks:
                continue
            tracks = device.tracks.get(request, [])
            if [track.series for track in tracks] != [block.series for block in blocks]:
                tracks = device.tracks[request] = self._follow(tracks, blocks)
            for track, block in zip(tracks, blocks, strict=True):
                track.times.append(block.observed_at)
                track.rows.append(_row(track.pick(block.values)))
                while len(track.times) > self._most:
                    track.times.popleft()
                    track.rows.popleft()

    def forget(self, device: str) -> None:
        """Drop the history of a device: it is gone, or configured differently."""
        known = self._devices.pop(device, _DeviceHistory())
        for tracks in known.tracks.values():
            self._drop(tracks)

    def tracks(self, device: str) -> Iterator[tuple[tuple[int, int], Track]]:
        """Return the tracks of a device, by request and block within it."""
        known = self._devices.get(device, _DeviceHistory())
        for request in sorted(known.tracks):
            for number, track in enumerate(known.tracks[request]):
                yield (request, number), track

    def _follow(self, before: Sequence[Track], blocks: Sequence[Block]) -> list[Track]:
        """Return a track for each block: where its rows are those of a track before, its points.

        Blocks change places when one before them comes or goes.
        """
        self._drop(before)
        left = list(before)
        after = []
        for block in blocks:
            made = _track(block.series)
            same = next((t for t in left if t.series.rows == block.series.rows), None)
            if same is not None:
                left.remove(same)
                made.times, made.rows = same.times, same.rows
            self._widen(len(made.places))
            after.append(made)
        return after

    def _drop(self, tracks: Iterable[Track]) -> None:
        for track in tracks:
            self._widen(-len(track.places))

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
