"""Readings between two instants, and the scalars that a course of values is reduced to.

What cannot be trusted is no number here: a series that is missing, has gaps, is frozen or holds
one bad value raises ``BadSample``, and whoever judges makes an ERROR of it.
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
"""So many equal values in a row of a sensor that has noise, and it is frozen."""

_MAX_AGE_S = 15.0


class BadSample(RackagentError):
    """Readings that nothing can be judged by; says which and why."""


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """Numbers over time; at least one. ``times`` are Unix seconds, ascending."""

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
        """The mean of the values, each counting alike."""
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
        """The slope of the line that fits best, per second. Raises BadSample for one value."""
        self._changes()
        middle, mean = sum(self.times) / len(self.times), self.mean
        pairs = zip(self.times, self.values, strict=True)
        along = sum((time - middle) ** 2 for time in self.times)
        return sum((t - middle) * (v - mean) for t, v in pairs) / along

    @property
    def rise(self) -> float:
        """What a counter rose by. Raises BadSample where it was reset or read once."""
        self._changes()
        if any(b < a for a, b in pairwise(self.values)):
            raise BadSample("a counter went back: it was reset")
        return self.values[-1] - self.values[0]

    @property
    def rate(self) -> float:
        """What a counter rises by per second. Raises BadSample where it was reset or read once."""
        return self.rise / (self.times[-1] - self.times[0])

    def _changes(self) -> None:
        if len(self.times) == 1:
            raise BadSample("what was read once shows no change")

    def share_inside(self, low: float, high: float) -> float:
        """Which part of the values is in the band, 0 to 1; its ends belong to it."""
        return sum(low <= value <= high for value in self.values) / len(self.values)

    def settle_s(self, low: float, high: float, since: float) -> float | None:
        """Seconds after ``since`` until the values stay in the band; None if they do not.

        It has settled with the first value of the last run that is inside to the end.
        """
        settled: float | None = None
        for time, value in zip(reversed(self.times), reversed(self.values), strict=True):
            if not low <= value <= high:
                break
            settled = time
        return None if settled is None else max(0.0, settled - since)

    def recover_s(self, threshold: float, since: float) -> float | None:
        """Seconds after ``since`` until the values are at least ``threshold`` for good.

        0 where they never fell below it, None where they stay below.
        """
        after = bisect_left(self.times, since)
        if all(value >= threshold for value in self.values[after:]):
            return 0.0 if after < len(self.times) else None
        return self.settle_s(threshold, float("inf"), since)

    def at(self, time: float) -> float | None:
        """The latest value at ``time``; None before the first."""
        place = bisect_right(self.times, time)
        return self.values[place - 1] if place else None


class Window:
    """The samples of a rack between two instants, by series. Never changes.

    ``max_age_s`` says by series, or else by device, how old a value may become before it is stale
    (three intervals); what it does not name has ``default_age_s``.
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
        self._last = ended  # of what is seen; before ``began`` in a part that has no time
        self._columns = _columns(samples, began, ended)
        self._first = {key: column.first for key, column in self._columns.items()}
        self._places = _places(self._columns)
        self._sound: dict[tuple[SeriesKey, float, bool], SeriesPart] = {}

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.ended - self.began

    @property
    def devices(self) -> frozenset[str]:
        """Devices of which anything was read."""
        return frozenset(self._latest())

    def silent(self, devices: Iterable[str]) -> list[str]:
        """Those that have said nothing fresh at the end of the window."""
        latest = self._latest()
        return sorted(
            device
            for device in devices
            if device not in latest
            or self.ended - latest[device] > self._max_age_s.get(device, self._default_age_s)
        )

    def _latest(self) -> dict[str, float]:
        """When each device last said anything, good or not."""
        found: dict[str, float] = {}
        for key, column in self._columns.items():
            latest = column.latest(self.began, self._last)
            if latest is not None:
                found[key[0]] = max(latest, found.get(key[0], latest))
        return found

    def between(self, began: float, ended: float) -> "Window":
        """A part of it that shares its values; what lies outside the window does not come back.

        It remembers which series there were by its end: one that went silent is missed.
        """
        part = copy(self)
        part.began, part._last = max(began, self.began), min(ended, self._last)
        part.ended = max(part.began, part._last)
        part._sound = {}
        return part

    def shows(self, metric: str) -> bool:
        """Whether any device has shown a metric."""
        return any(
            column.latest(self.began, self._last) is not None
            for key, column in self._columns.items()
            if key[1] == metric
        )

    def newest(self, metrics: Container[str], apart_s: float) -> Iterator[Sample]:
        """The good samples of each device's metric that were read last, by time.

        They belong together as long as none is more than ``apart_s`` after the one before. What a
        device showed first comes first.
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
        """The series of a device's metric that carry these labels, in a fixed order.

        Those that went silent before the window began are among them.
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
        """One series, if it can be trusted. ``moves``: a sensor whose noise always shows.

        Raises BadSample where it is missing, has a bad value, a gap, or is frozen.
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

    def course(
        self, key: SeriesKey, max_age_s: float | None = None, moves: bool = False
    ) -> TimeSeries:
        """The same as numbers. Raises BadSample also for a state's name."""
        track = self.track(key, max_age_s, moves)
        return TimeSeries(track.times, _numbers(track, key))


def _first_shown(group: Iterable[tuple[int, SeriesKey, SeriesPart]]) -> tuple[float, int]:
    return min((track.times[0], number) for number, _, track in group)


def _since(columns: Iterable[Sequence[float]], apart_s: float) -> float:
    """When the last reading of several series began."""
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
    raise BadSample(f"{spelled(key)}: is the word {word!r}, not a number")


def _columns(
    samples: Iterable[Sample], began: float, ended: float
) -> dict[SeriesKey, SeriesColumn]:
    """What was shown between two instants, by series in the order in which they showed first."""
    columns: dict[SeriesKey, SeriesColumn] = defaultdict(SeriesColumn)
    for sample in samples:
        if began <= sample.observed_at <= ended:
            columns[sample.key].add(sample)
    for column in columns.values():
        column.close()
    return dict(sorted(columns.items(), key=lambda pair: pair[1].first))


def _places(keys: Iterable[SeriesKey]) -> dict[tuple[str, str], list[SeriesKey]]:
    """The series of each device's metric, in a fixed order."""
    found: dict[tuple[str, str], list[SeriesKey]] = defaultdict(list)
    for key in sorted(keys):
        found[key[:2]].append(key)
    return dict(found)


def spelled(key: SeriesKey) -> str:
    """``cdu rack_leak_detected{sensor="1"}``."""
    device, metric, labels = key
    inside = ", ".join(f'{name}="{value}"' for name, value in labels)
    return f"{device} {metric}" + (f"{{{inside}}}" if inside else "")
