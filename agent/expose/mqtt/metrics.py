"""How the way to the broker goes, as metrics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True, eq=False)
class MqttMetrics(Collector):
    """A prometheus_client collector; the publisher keeps it true."""

    waiting: Callable[[], int]
    pending: Callable[[], int]
    dropped: Callable[[], int]
    connected: bool = False
    published: int = 0

    def collect(self) -> Iterator[Metric]:
        """The five families."""
        yield GaugeMetricFamily(
            "rackagent_mqtt_connected", "1 while the broker is connected.", float(self.connected)
        )
        yield GaugeMetricFamily(
            "rackagent_mqtt_outbox_messages",
            "Messages that wait for the broker.",
            float(self.waiting()),
        )
        yield GaugeMetricFamily(
            "rackagent_mqtt_pending_messages",
            "Messages that wait to be written to the outbox.",
            float(self.pending()),
        )
        yield CounterMetricFamily(
            "rackagent_mqtt_published", "Messages that the broker has taken.", float(self.published)
        )
        yield CounterMetricFamily(
            "rackagent_mqtt_dropped",
            "Messages that were given up, the oldest first, because too many waited.",
            float(self.dropped()),
        )
