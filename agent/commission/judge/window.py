"""Readings between two instants, and the scalars that a course of values is reduced to.

What cannot be trusted is no number here: a series that is missing, has gaps, is frozen or holds
one bad value raises ``Unusable``, and whoever judges makes an ERROR of it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from agent.commission.records import Sample, SeriesKey
from agent.model.errors import RackagentError
from agent.model.values import Quality, Value

FROZEN_AFTER = 12
"""So many equal values in a row of a sensor that has noise, and it is frozen."""

_MAX_AGE_S = 15.0


class Unusable(RackagentError):
    """Readings that nothing can be judged by; says which and why."""


@dataclass(frozen=True, slots=True)
class Course:
    """Numbers over time; at least one. ``times`` are Unix seconds, ascending."""

    times: tuple[float, ...]
    values: tuple[float, ...]

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
        """The slope of the line that fits best, per second. Raises Unusable for one value."""
        self._changes()
        middle, mean = sum(self.times) / len(self.times), self.mean
        pairs = zip(self.times, self.values, strict=True)
        along = sum((time - middle) ** 2 for time in self.times)
        return sum((t - middle) * (v - mean) for t, v in pairs) / along

    @property
    def rise(self) -> float:
        """What a counter rose by. Raises Unusable where it was reset or read once."""
        self._changes()
        if any(b < a for a, b in pairwise(self.values)):
            raise Unusable("a counter went back: it was reset")
        return self.values[-1] - self.values[0]

    @property
    def rate(self) -> float:
        """What a counter rises by per second. Raises Unusable where it was reset or read once."""
        return self.rise / (self.times[-1] - self.times[0])

    def _changes(self) -> None:
        if len(self.times) == 1:
            raise Unusable("what was read once shows no change")

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


@dataclass(frozen=True, slots=True)
class Track:
    """Everything that one series showed: values by time, and what was wrong with some.

    ``flaws`` are the time and reason of values that are not good; those are not in ``values``.
    """

    times: tuple[float, ...]
    values: tuple[Value, ...]
    flaws: tuple[tuple[float, str], ...] = ()

    def longest_gap_s(self, began: float, ended: float) -> float:
        """The longest time without a good value between two instants."""
        inside = [time for time in self.times if began <= time <= ended]
        return max(b - a for a, b in pairwise([began, *inside, ended]))

    def longest_run(self) -> int:
        """How many equal values stand in a row, at most."""
        longest = run = 0
        before: Value = None
        for value in self.values:
            run = run + 1 if value == before else 1
            before, longest = value, max(longest, run)
        return longest


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
        inside = (sample for sample in samples if began <= sample.observed_at <= ended)
        self._tracks = _tracks(sorted(inside, key=lambda sample: sample.observed_at))
        self._first = {key: _first(track) for key, track in self._tracks.items()}

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.ended - self.began

    @property
    def devices(self) -> frozenset[str]:
        """Devices of which anything was read."""
        return frozenset(device for device, _, _ in self._tracks)

    def silent(self, devices: Iterable[str]) -> list[str]:
        """Those that have said nothing fresh at the end of the window."""
        heard: dict[str, float] = {}
        for (device, _, _), track in self._tracks.items():
            latest = max((*track.times[-1:], *(time for time, _ in track.flaws)))
            heard[device] = max(latest, heard.get(device, self.began))
        return sorted(
            device
            for device in devices
            if device not in heard
            or self.ended - heard[device] > self._max_age_s.get(device, self._default_age_s)
        )

    def between(self, began: float, ended: float) -> "Window":
        """A part of it; what lies outside the window does not come back.

        It remembers which series there were by its end: one that went silent is missed.
        """
        began, ended = max(began, self.began), min(ended, self.ended)
        part = Window((), began, max(began, ended), self._max_age_s, self._default_age_s)
        part._tracks = {key: _cut(track, began, ended) for key, track in self._tracks.items()}
        part._tracks = {k: track for k, track in part._tracks.items() if track.times or track.flaws}
        part._first = {key: first for key, first in self._first.items() if first <= ended}
        return part

    def shows(self, metric: str) -> bool:
        """Whether any device has shown a metric."""
        return any(key[1] == metric for key in self._tracks)

    def samples(self, metrics: Container[str]) -> Iterator[Sample]:
        """Everything it has of these metrics, series by series, good values first."""
        for (device, metric, labels), track in self._tracks.items():
            if metric not in metrics:
                continue
            for time, value in zip(track.times, track.values, strict=True):
                yield Sample(device, metric, labels, value, Quality.GOOD, time)
            for time, reason in track.flaws:
                yield Sample(device, metric, labels, None, Quality.BAD, time, reason)

    def find(self, device: str, metric: str, labels: Mapping[str, str]) -> list[SeriesKey]:
        """The series of a device's metric that carry these labels, in a fixed order.

        Those that went silent before the window began are among them.
        """
        wanted = labels.items()
        return sorted(
            key
            for key in self._first
            if key[0] == device and key[1] == metric and wanted <= dict(key[2]).items()
        )

    def track(self, key: SeriesKey, max_age_s: float | None = None, moves: bool = False) -> Track:
        """One series, if it can be trusted. ``moves``: a sensor whose noise always shows.

        Raises Unusable where it is missing, has a bad value, a gap, or is frozen.
        """
        track, name = self._tracks.get(key, Track((), ())), spelled(key)
        if track.flaws:
            first = track.flaws[0][1] or "no reason given"
            raise Unusable(f"{name}: {len(track.flaws)} values are not good ({first})")
        if not track.times:
            raise Unusable(f"{name}: no value")
        if max_age_s is None:
            default = self._max_age_s.get(key[0], self._default_age_s)
            max_age_s = self._max_age_s.get(key, default)
        gap_s = track.longest_gap_s(self.began, self.ended)
        if gap_s > max_age_s:
            raise Unusable(f"{name}: no value for {gap_s:.0f} s ({max_age_s:.0f} s are allowed)")
        if moves and (run := track.longest_run()) >= FROZEN_AFTER:
            raise Unusable(f"{name}: frozen, {run} values in a row are {track.values[-1]}")
        return track

    def course(self, key: SeriesKey, max_age_s: float | None = None, moves: bool = False) -> Course:
        """The same as numbers. Raises Unusable also for a state's name."""
        track = self.track(key, max_age_s, moves)
        return Course(track.times, tuple(_numbers(track, key)))


def _numbers(track: Track, key: SeriesKey) -> Iterator[float]:
    for value in track.values:
        if not isinstance(value, int | float):
            raise Unusable(f"{spelled(key)}: is the word {value!r}, not a number")
        yield float(value)


def _tracks(samples: Iterable[Sample]) -> dict[SeriesKey, Track]:
    good: dict[SeriesKey, tuple[list[float], list[Value]]] = {}
    flaws: dict[SeriesKey, list[tuple[float, str]]] = {}
    for sample in samples:
        times, values = good.setdefault(sample.key, ([], []))
        if not is_good(sample):
            reason = sample.reason or f"quality {sample.quality}"
            flaws.setdefault(sample.key, []).append((sample.observed_at, reason))
        elif not times or sample.observed_at > times[-1]:
            times.append(sample.observed_at)
            values.append(sample.value)
    return {
        key: Track(tuple(times), tuple(values), tuple(flaws.get(key, ())))
        for key, (times, values) in good.items()
    }


def is_good(sample: Sample) -> bool:
    """Whether a sample has a value that can be judged by: of good quality, and finite."""
    value, infinite = sample.value, (float("inf"), -float("inf"))
    is_value = value is not None and value == value and value not in infinite
    return is_value and sample.quality is Quality.GOOD


def _first(track: Track) -> float:
    return min((*track.times[:1], *(time for time, _ in track.flaws)))


def _cut(track: Track, began: float, ended: float) -> Track:
    first, last = bisect_left(track.times, began), bisect_right(track.times, ended)
    flaws = tuple(flaw for flaw in track.flaws if began <= flaw[0] <= ended)
    return Track(track.times[first:last], track.values[first:last], flaws)


def spelled(key: SeriesKey) -> str:
    """``cdu rack_leak_detected{sensor="1"}``."""
    device, metric, labels = key
    inside = ", ".join(f'{name}="{value}"' for name, value in labels)
    return f"{device} {metric}" + (f"{{{inside}}}" if inside else "")
