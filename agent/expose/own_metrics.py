"""The agent's own metrics about its devices, computed when a scrape asks for them."""

import platform
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from agent.store import DeviceState
from agent.values import Quality

_DURATION = "rackagent_poll_duration_seconds"
_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def agent_version() -> str:
    """The installed distribution's version, ``unknown`` in a bare checkout."""
    try:
        return version("rackagent")
    except PackageNotFoundError:
        return "unknown"


class _Durations:
    """A histogram: ``counts[i]`` polls took at most the i-th bound, the last one any time."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BUCKETS_S) + 1)
        self.total_s = 0.0

    def observe(self, duration_s: float) -> None:
        """Count one poll."""
        self.counts[bisect_left(_BUCKETS_S, duration_s)] += 1
        self.total_s += duration_s

    def add_to(self, family: Metric, labels: dict[str, str]) -> None:
        """Write cumulative buckets, as both formats want them."""
        seen = 0
        for bound, count in zip((*map(repr, _BUCKETS_S), "+Inf"), self.counts, strict=True):
            seen += count
            family.add_sample(f"{_DURATION}_bucket", labels | {"le": bound}, seen)
        family.add_sample(f"{_DURATION}_count", labels, seen)
        family.add_sample(f"{_DURATION}_sum", labels, self.total_s)


class OwnMetrics(Collector):
    """A prometheus_client collector over the devices' latest states.

    ``labels`` gives each device's full label set, put on every sample of that device.
    ``duplicates`` tells how many of a device's series are read twice.
    A device appears once it was polled: before that nothing is known, which is not "down".
    """

    def __init__(
        self,
        labels: Mapping[str, Mapping[str, str]],
        *,
        duplicates: Callable[[str], int],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._labels = {name: dict(pairs) for name, pairs in labels.items()}
        self._duplicates = duplicates
        self._clock = clock
        self._states: dict[str, DeviceState] = {}
        self._durations: dict[str, _Durations] = {}
        self._build = {"version": agent_version(), "python_version": platform.python_version()}

    def observe(self, state: DeviceState, duration_s: float) -> None:
        """Take over the state after one poll that took ``duration_s``."""
        self._states[state.name] = state
        self._durations.setdefault(state.name, _Durations()).observe(duration_s)

    def collect(self) -> Iterator[Metric]:
        """Every family, also while it has no samples."""
        yield InfoMetricFamily("rackagent_build", "Version of the agent.", value=self._build)
        yield from self._liveness()
        yield from self._polls()
        yield from self._readings()

    def _each(self) -> Iterator[tuple[DeviceState, dict[str, str]]]:
        return ((state, self._labels[name]) for name, state in self._states.items())

    def _liveness(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("rackagent_device_up", "1 where the latest poll got an answer.")
        age = GaugeMetricFamily(
            "rackagent_reading_age_seconds",
            "Time since the end of the latest poll that got an answer.",
            unit="seconds",
        )
        now = self._clock()
        for state, labels in self._each():
            up.add_sample(up.name, labels, float(state.up))
            if state.last_success_at is not None:
                age.add_sample(age.name, labels, max(0.0, now - state.last_success_at))
        yield up
        yield age

    def _polls(self) -> Iterator[Metric]:
        polls = CounterMetricFamily("rackagent_polls", "Polls that were made.")
        failures = CounterMetricFamily(
            "rackagent_poll_failures", "Things that a poll could not read, by kind."
        )
        durations = HistogramMetricFamily(_DURATION, "Time a poll took.", unit="seconds")
        for state, labels in self._each():
            polls.add_sample("rackagent_polls_total", labels, state.polls)
            for kind, count in state.failure_counts.items():
                failures.add_sample("rackagent_poll_failures_total", labels | {"kind": kind}, count)
            self._durations[state.name].add_to(durations, labels)
        yield polls
        yield failures
        yield durations

    def _readings(self) -> Iterator[Metric]:
        readings = GaugeMetricFamily(
            "rackagent_device_readings", "Fresh readings, by quality; bad ones are not exposed."
        )
        duplicates = GaugeMetricFamily(
            "rackagent_duplicate_series", "Series read twice, of which only the first is exposed."
        )
        now = self._clock()
        for state, labels in self._each():
            for quality, count in _count(state, now).items():
                readings.add_sample(readings.name, labels | {"quality": quality}, count)
            duplicates.add_sample(duplicates.name, labels, self._duplicates(state.name))
        yield readings
        yield duplicates


def _count(state: DeviceState, now: float) -> dict[str, int]:
    counts = {quality.value: 0 for quality in Quality}
    for block in state.blocks(now):
        counts[Quality.GOOD.value] += len(block.series) - len(block.flaws)
        for flaw in block.flaws.values():
            counts[flaw.quality.value] += 1
    return counts
