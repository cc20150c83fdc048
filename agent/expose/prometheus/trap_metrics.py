"""The metrics of traps and informs: received by device and kind, refused by reason."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class TrapMetrics(Collector):
    """A prometheus_client collector.

    ``counts`` is by device and kind, ``refused`` by reason; both are read at each scrape.
    ``labels`` has the labels of each device; the device "" is any that is not configured.
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
        """Yield both metric families, including those without samples."""
        traps = CounterMetricFamily(
            "rackagent_traps", "Traps and informs received, by sending device and kind."
        )
        for (device, kind), count in self._counts.items():
            own = {**self._labels.get(device, {}), "device": device, "kind": kind}
            traps.add_sample("rackagent_traps_total", own, count)
        yield traps
        refused = CounterMetricFamily(
            "rackagent_traps_refused",
            "Datagrams to the trap port that were refused, by reason.",
        )
        for reason, count in self._refused.items():
            refused.add_sample("rackagent_traps_refused_total", {"reason": reason}, count)
        yield refused
