"""The agent's own metrics beside those of its devices: one prometheus_client collector per part.

Each collector reads its part at every scrape and yields all families, including empty ones.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from agent.events.records import EventKind
from agent.events.service import EventService
from agent.transport.factory import Transports


class TransportMetrics(Collector):
    """The metrics of the transports: each Modbus bus, and SNMP as a whole."""

    def __init__(self, transports: Transports) -> None:
        self._transports = transports

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family, including those without samples."""
        yield from self._buses()
        yield from self._snmp()

    def _buses(self) -> Iterator[Metric]:
        busy = CounterMetricFamily(
            "rackagent_bus_busy_seconds",
            "Time a Modbus line or gateway was in use: connecting, sending, waiting for responses.",
            labels=["bus"],
        )
        waiting = GaugeMetricFamily(
            "rackagent_bus_waiting_requests", "Requests that wait for the bus.", labels=["bus"]
        )
        requests = CounterMetricFamily(
            "rackagent_bus_requests", "Requests sent on the bus, including retries.", labels=["bus"]
        )
        retries = CounterMetricFamily(
            "rackagent_bus_retries", "Requests that were retried.", labels=["bus"]
        )
        failures = CounterMetricFamily(
            "rackagent_bus_failures",
            "Request attempts that failed, by kind.",
            labels=["bus", "kind"],
        )
        for bus in self._transports.buses:
            counters, name = bus.counters, [bus.name]
            busy.add_metric(name, bus.busy_s)
            waiting.add_metric(name, bus.waiting)
            requests.add_metric(name, counters.questions)
            retries.add_metric(name, counters.retries)
            for kind in ("silent", "wrong", "lost", "busy"):
                failures.add_metric([*name, kind], getattr(counters, kind))
        yield from (busy, waiting, requests, retries, failures)

    def _snmp(self) -> Iterator[Metric]:
        counters, in_flight = self._transports.snmp_counters, self._transports.snmp_in_flight
        yield GaugeMetricFamily(
            "rackagent_snmp_waiting_requests", "SNMP messages that wait for a response.", in_flight
        )
        yield CounterMetricFamily(
            "rackagent_snmp_requests", "SNMP messages sent, including retries.", counters.sent
        )
        yield CounterMetricFamily(
            "rackagent_snmp_retries", "SNMP messages that were retried.", counters.retries
        )
        refused = CounterMetricFamily(
            "rackagent_snmp_discarded",
            "Datagrams discarded because they match no request, by reason.",
            labels=["reason"],
        )
        for reason in ("unmatched", "spoofed", "refused"):
            refused.add_metric([reason], getattr(counters, reason))
        yield refused


class TrapMetrics(Collector):
    """The metrics of traps and informs: received by device and kind, refused by reason.

    ``counts`` is by device and kind, ``refused`` by reason; both are read at each scrape.
    ``labels`` has the labels of each device; the device "" is any sender that is not configured.
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


@dataclass(slots=True, eq=False)
class ReloadMetrics(Collector):
    """The metrics of configuration reloads; a reload updates them.

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


@dataclass(slots=True, eq=False)
class EventMetrics(Collector):
    """The metrics of the event service."""

    recorder: EventService

    def collect(self) -> Iterator[Metric]:
        """Yield the five metric families."""
        total = CounterMetricFamily(
            "rackagent_events", "Events by kind and action.", labels=["kind", "action"]
        )
        for (kind, action), count in self.recorder.counts.items():
            total.add_metric([kind.value, action.value], count)
        yield total
        standing = GaugeMetricFamily(
            "rackagent_events_standing",
            "Active alarms and devices that are down, by kind.",
            labels=["kind"],
        )
        held: Mapping[EventKind, int] = self.recorder.standing()
        for kind in (EventKind.ALARM, EventKind.DEVICE):
            standing.add_metric([kind.value], held.get(kind, 0))
        yield standing
        yield CounterMetricFamily(
            "rackagent_events_suppressed",
            "Changes of flapping alarms and states that were suppressed.",
            self.recorder.suppressed,
        )
        yield GaugeMetricFamily(
            "rackagent_events_waiting",
            "Entries that wait to be written to the event journal.",
            self.recorder.waiting,
        )
        yield CounterMetricFamily(
            "rackagent_events_dropped",
            "Events deleted from the journal because it is full.",
            self.recorder.dropped,
        )


@dataclass(slots=True, eq=False)
class MqttMetrics(Collector):
    """The metrics of the connection to the MQTT broker; the publisher updates them."""

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
