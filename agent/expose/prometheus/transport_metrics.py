"""The metrics of the transports: each Modbus bus, and SNMP as a whole."""

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.transport.factory import Transports


class TransportMetrics(Collector):
    """A prometheus_client collector that reads the counters of ``transports`` at each scrape."""

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
