"""The agent's own metrics beside those of its devices: one prometheus_client collector per part.

Each reads its part when a scrape asks, and yields every family also while nothing has happened.
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

from agent.events.records import Kind
from agent.events.service import Recorder
from agent.transport.factory import Transports


class TransportMetrics(Collector):
    """How the ways to the devices go: Modbus buses one by one, SNMP as a whole."""

    def __init__(self, transports: Transports) -> None:
        self._transports = transports

    def collect(self) -> Iterator[Metric]:
        """Every family, also while nothing is open."""
        yield from self._buses()
        yield from self._snmp()

    def _buses(self) -> Iterator[Metric]:
        busy = CounterMetricFamily(
            "rackagent_bus_busy_seconds",
            "Time a Modbus line or gateway was taken: asking, waiting for answers, connecting.",
            labels=["bus"],
        )
        waiting = GaugeMetricFamily(
            "rackagent_bus_waiting_requests", "Requests that wait for their turn.", labels=["bus"]
        )
        requests = CounterMetricFamily(
            "rackagent_bus_requests", "Requests on the line, each try counted.", labels=["bus"]
        )
        retries = CounterMetricFamily(
            "rackagent_bus_retries", "Requests that were made once more.", labels=["bus"]
        )
        failures = CounterMetricFamily(
            "rackagent_bus_failures", "Tries that failed, by kind.", labels=["bus", "kind"]
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
            "rackagent_snmp_waiting_requests", "SNMP messages that wait for an answer.", in_flight
        )
        yield CounterMetricFamily(
            "rackagent_snmp_requests", "SNMP messages sent, each try counted.", counters.sent
        )
        yield CounterMetricFamily(
            "rackagent_snmp_retries", "SNMP messages that were sent once more.", counters.retries
        )
        refused = CounterMetricFamily(
            "rackagent_snmp_discarded",
            "Datagrams that were no answer to anything asked, by reason.",
            labels=["reason"],
        )
        for reason in ("unmatched", "spoofed", "refused"):
            refused.add_metric([reason], getattr(counters, reason))
        yield refused


class TrapMetrics(Collector):
    """Traps and informs: how many of which kind each device sent, how many were refused.

    ``counts`` is by device and kind, ``refused`` by reason; both are read when a scrape asks.
    ``labels`` gives each device's own labels; the device "" is any sender that is not configured.
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


@dataclass(slots=True, eq=False)
class ReloadMetrics(Collector):
    """How the last reload went, and which configuration is used; the reloader sets it.

    ``digest`` is of the file that is used; ``succeeded_at`` Unix seconds of when it was taken over.
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


@dataclass(slots=True, eq=False)
class EventMetrics(Collector):
    """Events by kind, alarms that are raised, and how full the journal is."""

    recorder: Recorder

    def collect(self) -> Iterator[Metric]:
        """The five families."""
        total = CounterMetricFamily(
            "rackagent_events", "Events, by kind and what happened.", labels=["kind", "action"]
        )
        for (kind, action), count in self.recorder.counts.items():
            total.add_metric([kind.value, action.value], count)
        yield total
        standing = GaugeMetricFamily(
            "rackagent_events_standing",
            "Alarms that are raised, and devices that are silent.",
            labels=["kind"],
        )
        held: Mapping[Kind, int] = self.recorder.standing()
        for kind in (Kind.ALARM, Kind.DEVICE):
            standing.add_metric([kind.value], held.get(kind, 0))
        yield standing
        yield CounterMetricFamily(
            "rackagent_events_suppressed",
            "Looks at a flapping alarm or state that were not made an event.",
            self.recorder.suppressed,
        )
        yield GaugeMetricFamily(
            "rackagent_events_waiting",
            "Entries that wait to be written to the journal of events.",
            self.recorder.waiting,
        )
        yield CounterMetricFamily(
            "rackagent_events_dropped", "Events that are no longer kept.", self.recorder.dropped
        )


@dataclass(slots=True, eq=False)
class MqttMetrics(Collector):
    """How the way to the MQTT broker goes; the publisher sets it."""

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
