"""A small rack for the tests of what the agent shows: two PDUs and a CDU."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser

from agent.expose.device_info import DeviceView
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.model.catalogue import CATALOGUE
from agent.model.series import OidSource, RegisterSource, Series, SeriesSet, Source
from agent.model.values import Block, Failure, Flaw, Identity, PollResult, Quality, Raw, Value
from agent.store.latest import Store

parse_openmetrics: Callable[[str], Iterable[Metric]] = (
    openmetrics_parser.text_string_to_metric_families
)
"""prometheus_client's strict parser, which comes without types."""

NOW = 1_795_330_800.0  # 2026-11-22T07:00:00Z

BAD = Flaw(Quality.BAD, "sentinel -1")
SOURCE = OidSource("1.3.6.1.4.1.318.1.1.26.6.3.1.6.1")


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def series(
    device: str,
    metric: str,
    labels: Mapping[str, str] | None = None,
    *,
    states: Sequence[str] = (),
    source: Source = SOURCE,
) -> Series:
    return Series(
        device, CATALOGUE[metric], tuple((labels or {}).items()), source, states=tuple(states)
    )


def block(
    all_series: tuple[Series, ...],
    values: Sequence[Value],
    *,
    raws: Sequence[Raw] | None = None,
    at: float = NOW,
    flaws: Mapping[int, Flaw] | None = None,
) -> Block:
    return Block(SeriesSet(all_series), values, values if raws is None else raws, at, flaws or {})


def poll(
    device: str,
    blocks: Mapping[int, tuple[Block, ...]] | None = None,
    *,
    up: bool = True,
    failures: tuple[Failure, ...] = (),
    at: float = NOW,
    identity: Identity | None = None,
    profile: str = "",
    intervals_s: tuple[float, ...] = (),
) -> PollResult:
    return PollResult(
        device,
        up,
        blocks or {},
        failures,
        at,
        0.25,
        identity,
        profile,
        intervals_s=intervals_s,
    )


LABELS = {
    "pdu-a": {"site": "lab", "rack": "r1", "device": "pdu-a", "feed": "A"},
    "pdu-b": {"site": "lab", "rack": "r1", "device": "pdu-b", "feed": "B"},
    "cdu": {"site": "lab", "rack": "r1", "device": "cdu"},
}

DEVICES = [
    DeviceView("pdu-a", "r1", "lab", "pdu", "apc-rpdu2", "snmp://192.0.2.1:161", {"feed": "A"}),
    DeviceView("pdu-b", "r1", "lab", "pdu", "", "snmp://public:s3cret@192.0.2.2", {"feed": "B"}),
    DeviceView("cdu", "r1", "lab", "cdu", "orv3-rpu", "modbus+tcp://192.0.2.3:502/1"),
]

PHASES = (
    series("pdu-a", "rack_phase_voltage_volts", {"phase": "1"}),
    series("pdu-a", "rack_phase_voltage_volts", {"phase": "2"}),
    series("pdu-a", "rack_phase_power_watts", {"phase": "1"}),
)
OUTLETS = (
    series("pdu-a", "rack_outlet_state", {"outlet": "1"}, states=("off", "on")),
    series("pdu-a", "rack_inlet_energy_joules_total", {"inlet": "1"}),
)
LOOP = (
    series(
        "cdu",
        "rack_coolant_temperature_celsius",
        {"loop": "technology", "side": "supply"},
        source=RegisterSource("holding", 36865, 1),
    ),
)


class Rack:
    """Store and exposition, wired and filled."""

    def __init__(self, *, filled: bool = True) -> None:
        self.clock = Clock()
        self.store = Store(dict.fromkeys(LABELS, 30.0), clock=self.clock, steady=self.clock)
        self.exposition = PrometheusExposition(LABELS, clock=self.clock, steady=self.clock)
        self.store.subscribe(self.exposition.update)
        if filled:
            self.fill()

    def fill(self) -> None:
        at = self.clock.now
        phases = block(PHASES, [242.0, None, 1230], raws=[242, -1, 123], flaws={1: BAD}, at=at)
        outlets = block(OUTLETS, ["on", 3_600_000_000], raws=[2, 10_000], at=at)
        identity = Identity("APC", "AP8853", None, "v6.4", "1.3.6.1.4.1.318.1.3.4.6")
        self.store.put(
            poll(
                "pdu-a",
                {0: (phases,), 1: (outlets,)},
                identity=identity,
                profile="apc-rpdu2",
                at=at,
            )
        )
        self.store.put(poll("cdu", {0: (block(LOOP, [23.1], raws=[(231,)], at=at),)}, at=at))
        timeout = Failure("timeout", "no answer from 192.0.2.2 within 2 s")
        self.store.put(poll("pdu-b", up=False, failures=(timeout,), at=at))
