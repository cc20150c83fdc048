"""How the last reload went, and which configuration is in force, as metrics."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True, eq=False)
class ReloadMetrics(Collector):
    """A prometheus_client collector; whoever reloads keeps it true.

    ``digest`` is of the file in force; ``succeeded_at`` Unix seconds of when it was taken over.
    """

    digest: str
    succeeded_at: float
    successful: bool = True

    def collect(self) -> Iterator[Metric]:
        """The three families."""
        yield GaugeMetricFamily(
            "rackagent_config_last_reload_successful",
            "0 where the configuration file was refused and the one before it is in force.",
            float(self.successful),
        )
        yield GaugeMetricFamily(
            "rackagent_config_last_reload_success_timestamp_seconds",
            "When the configuration in force was taken over.",
            self.succeeded_at,
        )
        yield InfoMetricFamily(
            "rackagent_config",
            "SHA-256 of the configuration file in force, its first 16 digits.",
            {"hash": self.digest},
        )
