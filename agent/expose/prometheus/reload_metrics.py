"""The metrics of configuration reloads."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True, eq=False)
class ReloadMetrics(Collector):
    """A prometheus_client collector that a reload updates.

    ``digest`` is that of the active configuration file, ``succeeded_at`` the Unix time at which it
    was loaded.
    """

    digest: str
    succeeded_at: float
    successful: bool = True

    def collect(self) -> Iterator[Metric]:
        """Yield the three metric families."""
        yield GaugeMetricFamily(
            "rackagent_config_last_reload_successful",
            "0 if the configuration file was rejected and the previous one is still active.",
            float(self.successful),
        )
        yield GaugeMetricFamily(
            "rackagent_config_last_reload_success_timestamp_seconds",
            "Time at which the active configuration was loaded.",
            self.succeeded_at,
        )
        yield InfoMetricFamily(
            "rackagent_config",
            "SHA-256 of the active configuration file, its first 16 digits.",
            {"hash": self.digest},
        )
