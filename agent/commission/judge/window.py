"""Samples between two instants, and the scalars that a time series is reduced to.

Unusable data has no value: a series that is missing, has gaps, is frozen or has one bad value
raises ``BadSample``, and its check gives ERROR.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from heapq import merge
from itertools import pairwise
from math import sqrt

from agent.commission.judge.columns import SeriesColumn, SeriesPart
from agent.commission.records import Sample
from agent.model.errors import RackagentError
from agent.model.series import SeriesKey
from agent.model.values import Quality

FROZEN_AFTER = 12
"""Number of equal values in a row at which a sensor that has noise is considered frozen."""

_MAX_AGE_S = 15.0


class BadSample(RackagentError):
    """Unusable samples; the message says which and why."""


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Numbers over time, at least one.

    ``times`` (Unix seconds, ascending) and ``values`` are parallel.
    """

    times: Sequence[float]
    values: Sequence[float]

    @property
    def minimum(self) -> float:
        """The lowest value."""
        return min(self.values)

    @property
    def maximum(self) -> float:
        """The highest value."""
        return max(self.values)

    @property
    def mean(self) -> float:
        """The mean of the values, not weighted by time."""
        return sum(self.values) / len(self.values)

    @property
    def last(self) -> float:
        """The latest value."""
        return self.values[-1]

    @property
    def ripple(self) -> float:
        """The standard deviation of the values around their mean."""
        mean = self.mean
        return sqrt(sum((value - mean) ** 2 for value in self.values) / len(self.values))

    @property
    def drift(self) -> float:
        """The slope of the least-squares line per second. Raises BadSample for one value."""
        self._changes()
        middle, mean = sum(self.times) / len(self.times), self.mean
        pairs = zip(self.times, self.values, strict=True)
        along = sum((time - middle) ** 2 for time in self.times)
        return sum((t - middle) * (v - mean) for t, v in pairs) / along

    @property
    def rise(self) -> float:
        """The increase of a counter. Raises BadSample if it was reset or read once."""
        self._changes()
        if any(b < a for a, b in pairwise(self.values)):
            raise BadSample("the counter decreased: it was reset")
        return self.values[-1] - self.values[0]

    @property
    def rate(self) -> float:
        """The increase of a counter per second. Raises BadSample if it was reset or read once."""
        return self.rise / (self.times[-1] - self.times[0])

    def _changes(self) -> None:
        if len(self.times) == 1:
            raise BadSample("a value that was read once has no change over time")

    def share_inside(self, low: float, high: float) -> float:
        """Return the share of values from ``low`` to ``high`` inclusive, 0 to 1."""
        return sum(low <= value <= high for value in self.values) / len(self.values)

    def settle_s(self, low: float, high: float, since: float) -> float | None:
        """Return the seconds after ``since`` until values stay in the band; None if they do not.

        Values are settled from the first one after which all others are inside.
        """
        settled: float | None = None
        for time, value in zip(reversed(self.times), reversed(self.values), strict=True):
            if not low <= value <= high:
                break
            settled = time
        return None if settled is None else max(0.0, settled - since)

    def recover_s(self, threshold: float, since: float) -> float | None:
        """Return the seconds after ``since`` until the values stay at or above ``threshold``.

        0 if they never fell below it, None if the last value is below or no value follows.
        """
        after = bisect_left(self.times, since)
        if all(value >= threshold for value in self.values[after:]):
            return 0.0 if after < len(self.times) else None
        return self.settle_s(threshold, float("inf"), since)

    def at(self, time: float) -> float | None:
        """Return the latest value at ``time`` (Unix seconds); None before the first."""
        place = bisect_right(self.times, time)
        return self.values[place - 1] if place else None


class Window:
    """The samples of a rack between two instants, by series. Immutable.

    ``max_age_s`` is the age by series, or else by device, at which a value is stale (three of its
    polling intervals); others have ``default_age_s``.
    """

    def __init__(
        self,
        samples: Iterable[Sample],
        began: float,
        ended: float,
        max_age_s: Mapping[str | SeriesKey, float] | None = None,
        default_age_s: float = _MAX_AGE_S,
    ) -> None:
        if ended < began:
            raise ValueError(f"a window from {began} to {ended} ends before it begins")
        self.began, self.ended = began, ended
        self._max_age_s = dict(max_age_s or {})
        self._default_age_s = default_age_s
        self._last = ended  # of the samples; before ``began`` in a part without duration
        self._columns = _columns(samples, began, ended)
        self._first = {key: column.first for key, column in self._columns.items()}
        self._places = _places(self._columns)
        self._sound: dict[tuple[SeriesKey, float, bool], SeriesPart] = {}

    @property
    def duration_s(self) -> float:
        """The duration in seconds."""
        return self.ended - self.began

    @property
    def devices(self) -> frozenset[str]:
        """The devices with any sample."""
        return frozenset(self._latest())

    def silent(self, devices: Iterable[str]) -> list[str]:
        """Return the devices without a fresh sample at the end of the window, sorted."""
        latest = self._latest()
        return sorted(
            device
            for device in devices
            if device not in latest
            or self.ended - latest[device] > self._max_age_s.get(device, self._default_age_s)
        )

    def _latest(self) -> dict[str, float]:
        """Return the time of the last sample of each device, good or not."""
        found: dict[str, float] = {}
        for key, column in self._columns.items():
            latest = column.latest(self.began, self._last)
            if latest is not None:
                found[key[0]] = max(latest, found.get(key[0], latest))
        return found

    def between(self, began: float, ended: float) -> "Window":
        """Return a part of the window that shares its values, clipped to the window.

        It includes every series that began before its end, so one that went silent is missing.
        """
        part = copy(self)
        part.began, part._last = max(began, self.began), min(ended, self._last)
        part.ended = max(part.began, part._last)
        part._sound = {}
        return part

    def shows(self, metric: str) -> bool:
        """Return True if any device has a sample of the metric."""
        return any(
            column.latest(self.began, self._last) is not None
            for key, column in self._columns.items()
            if key[1] == metric
        )

    def newest(self, metrics: Container[str], apart_s: float) -> Iterator[Sample]:
        """Yield the good samples of the last reading of each device's metric, by time.

        Samples belong to one reading as long as each follows the one before within ``apart_s``
        seconds. Groups are in the order of their first sample.
        """
        groups: dict[tuple[str, str], list[tuple[int, SeriesKey, SeriesPart]]] = defaultdict(list)
        for number, (key, column) in enumerate(self._columns.items()):
            if key[1] in metrics and (track := column.part(self.began, self._last)).times:
                groups[key[:2]].append((number, key, track))
        for group in sorted(groups.values(), key=_first_shown):
            since = _since([track.times for _, _, track in group], apart_s)
            found = [
                Sample(*key, track.values[place], Quality.GOOD, track.times[place])
                for _, key, track in group
                for place in range(bisect_left(track.times, since), len(track.times))
            ]
            yield from sorted(found, key=lambda sample: sample.observed_at)

    def find(self, device: str, metric: str, labels: Mapping[str, str]) -> list[SeriesKey]:
        """Return the series of a device's metric with these labels, in a fixed order.

        Series that went silent before the window began are included.
        """
        wanted = labels.items()
        return [
            key
            for key in self._places.get((device, metric), ())
            if self._first[key] <= self._last and wanted <= dict(key[2]).items()
        ]

    def track(
        self, key: SeriesKey, max_age_s: float | None = None, moves: bool = False
    ) -> SeriesPart:
        """Return one series. ``moves`` marks a sensor with noise, whose values always change.

        Raises BadSample if it is missing, has a bad value or a gap, or is frozen.
        """
        if max_age_s is None:
            default = self._max_age_s.get(key[0], self._default_age_s)
            max_age_s = self._max_age_s.get(key, default)
        known = self._sound.get((key, max_age_s, moves))
        if known is None:
            known = self._sound[key, max_age_s, moves] = self._checked(key, max_age_s, moves)
        return known

    def _checked(self, key: SeriesKey, max_age_s: float, moves: bool) -> SeriesPart:
        column, name = self._columns.get(key), spelled(key)
        track = SeriesPart() if column is None else column.part(self.began, self._last)
        if track.flaw_times:
            first = track.flaw_reasons[0] or "no reason given"
            raise BadSample(f"{name}: {len(track.flaw_times)} values are not good ({first})")
        if not track.times:
            raise BadSample(f"{name}: no value")
        gap_s = track.longest_gap_s(self.began, self.ended)
        if gap_s > max_age_s:
            raise BadSample(f"{name}: no value for {gap_s:.0f} s ({max_age_s:.0f} s are allowed)")
        if moves and (run := track.longest_run()) >= FROZEN_AFTER:
            raise BadSample(f"{name}: frozen, {run} values in a row are {track.values[-1]}")
        return track

    def series(
        self, key: SeriesKey, max_age_s: float | None = None, moves: bool = False
    ) -> TimeSeries:
        """Return one series as numbers. Raises BadSample like ``track``, and for a state name."""
        track = self.track(key, max_age_s, moves)
        return TimeSeries(track.times, _numbers(track, key))


def _first_shown(group: Iterable[tuple[int, SeriesKey, SeriesPart]]) -> tuple[float, int]:
    return min((track.times[0], number) for number, _, track in group)


def _since(columns: Iterable[Sequence[float]], apart_s: float) -> float:
    """Return the start time of the last reading of several series."""
    times = merge(*map(reversed, columns), reverse=True)
    since = next(times)
    for time in times:
        if since > time + apart_s:
            break
        since = time
    return since


def _numbers(track: SeriesPart, key: SeriesKey) -> Sequence[float]:
    if isinstance(track.values, memoryview):
        return track.values
    word = next(value for value in track.values if isinstance(value, str))
    raise BadSample(f"{spelled(key)}: is the text {word!r}, not a number")


def _columns(
    samples: Iterable[Sample], began: float, ended: float
) -> dict[SeriesKey, SeriesColumn]:
    """Return the samples between two instants by series, in the order of their first sample."""
    columns: dict[SeriesKey, SeriesColumn] = defaultdict(SeriesColumn)
    for sample in samples:
        if began <= sample.observed_at <= ended:
            columns[sample.key].add(sample)
    for column in columns.values():
        column.close()
    return dict(sorted(columns.items(), key=lambda pair: pair[1].first))


def _places(keys: Iterable[SeriesKey]) -> dict[tuple[str, str], list[SeriesKey]]:
    """Return the series of each device's metric, in a fixed order."""
    found: dict[tuple[str, str], list[SeriesKey]] = defaultdict(list)
    for key in sorted(keys):
        found[key[:2]].append(key)
    return dict(found)


def spelled(key: SeriesKey) -> str:
    """Format a series, such as ``cdu rack_leak_detected{sensor="1"}``."""
    device, metric, labels = key
    inside = ", ".join(f'{name}="{value}"' for name, value in labels)
    return f"{device} {metric}" + (f"{{{inside}}}" if inside else "")
