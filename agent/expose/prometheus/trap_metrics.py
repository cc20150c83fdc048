"""Traps and informs as metrics: how many of which kind each device sent, how many were refused."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class TrapMetrics(Collector):
    """A prometheus_client collector.

    ``counts`` is by device and kind, ``refused`` by reason; both are read when a scrape asks.
    ``labels`` gives each device's own labels; the device "" is whoever is not configured.
    """

    def __init__(
        self,
        labels: Mapping[str, Mapping[str, str]],
        counts: Mapping[tuple[str, str], int],
        refused: Mapping[str, int],
    ) -> None:
        self._labels = labels
        self._counts = counts
        self._refused = refused

    def collect(self) -> Iterator[Metric]:
        """Both families, also while nothing has come."""
        traps = CounterMetricFamily(
            "rackagent_traps", "Traps and informs received, by the device that sent them and kind."
        )
        for (device, kind), count in self._counts.items():
            own = {**self._labels.get(device, {}), "device": device, "kind": kind}
            traps.add_sample("rackagent_traps_total", own, count)
        yield traps
        refused = CounterMetricFamily(
            "rackagent_traps_refused",
            "Datagrams to the trap port that were not believed, by reason.",
        )
        for reason, count in self._refused.items():
            refused.add_sample("rackagent_traps_refused_total", {"reason": reason}, count)
        yield refused
