"""The metrics of the connection to the MQTT broker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True, eq=False)
class MqttMetrics(Collector):
    """A prometheus_client collector that the publisher updates."""

    waiting: Callable[[], int]
    pending: Callable[[], int]
    dropped: Callable[[], int]
    connected: bool = False
    published: int = 0

    def collect(self) -> Iterator[Metric]:
        """Yield the five metric families."""
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
            "rackagent_mqtt_published",
            "Messages that the broker has acknowledged.",
            float(self.published),
        )
        yield CounterMetricFamily(
            "rackagent_mqtt_dropped",
            "Messages dropped, oldest first, because the outbox was full.",
            float(self.dropped()),
        )
