"""How the ways to the devices go, as metrics: Modbus buses one by one, SNMP as a whole."""

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.transport.factory import Transports


class TransportMetrics(Collector):
    """A prometheus_client collector over what ``transports`` has open when a scrape asks."""

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
