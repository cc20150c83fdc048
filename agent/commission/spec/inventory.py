"""The inventory of a rack from samples: identities, parts, LLDP neighbours and ports."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from agent.commission.records import Sample
from agent.model.values import Identity, Quality

ONE_WALK_S = 1.0
"""Longest time in seconds between rows of a table that were read together."""

IDENTITY = "rack_device_info"
PART = "rack_component_info"
NEIGHBOR = "rack_lldp_neighbor_info"
PORT_STATE = "rack_port_oper_state"
PORT_SPEED = "rack_port_speed_bytes_per_second"
PORT_INFO = "rack_port_info"

PLAN_METRICS = frozenset({IDENTITY, PART, NEIGHBOR, PORT_STATE, PORT_SPEED, PORT_INFO})
"""The metrics that the comparison with a build sheet uses."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """The device and port at the other end of a link, as LLDP reports them."""

    system: str
    port: str
    port_name: str = ""
    chassis: str = ""

    def __str__(self) -> str:
        return f"{self.system or self.chassis} {self.port_name or self.port}".strip()


@dataclass(frozen=True, slots=True)
class Seen:
    """The reported inventory, by device and part or port. ``devices`` are those that answer.

    ``speed`` is in bytes per second.
    """

    devices: frozenset[str]
    identity: Mapping[tuple[str, str], Mapping[str, str]]
    neighbors: Mapping[tuple[str, str], tuple[Neighbor, ...]]
    state: Mapping[tuple[str, str], str]
    speed: Mapping[tuple[str, str], float]
    mac: Mapping[tuple[str, str], str]
    unread: frozenset[str] = frozenset()
    """Devices whose neighbours could not be read whole."""


@dataclass(slots=True)
class _Latest:
    """The newest samples of one metric of a device: those that were read together."""

    at: float = float("-inf")
    samples: list[Sample] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        if sample.observed_at > self.at + ONE_WALK_S:
            self.samples = []
        if sample.observed_at >= self.at - ONE_WALK_S:
            self.at = max(self.at, sample.observed_at)
            self.samples.append(sample)


def identity_sample(device: str, identity: Identity, at: float) -> Sample:
    """Return a device's identity as a sample of ``rack_device_info`` at ``at`` (Unix seconds)."""
    labels = {
        name: value
        for name in ("vendor", "model", "serial", "firmware")
        if (value := getattr(identity, name))
    }
    return Sample(device, IDENTITY, tuple(sorted(labels.items())), 1.0, Quality.GOOD, at)


def newest_inventory(samples: Iterable[Sample], devices: Iterable[str]) -> Seen:
    """Return the inventory of the newest samples, without rows missing in the latest walk.

    ``devices`` are those that answer.
    """
    latest: dict[tuple[str, str], _Latest] = {}
    for sample in sorted(samples, key=lambda each: each.observed_at):
        usable = sample.quality is Quality.GOOD or sample.metric == NEIGHBOR
        if usable and sample.metric in PLAN_METRICS:
            latest.setdefault((sample.device, sample.metric), _Latest()).add(sample)
    return inventory([sample for found in latest.values() for sample in found.samples], devices)


def inventory(rows: Collection[Sample], devices: Iterable[str]) -> Seen:
    """Return the inventory of samples that are the newest; ``devices`` are those that answer."""
    ports = {(row.device, dict(row.labels).get("port", ""), row.metric): row for row in rows}
    neighbors: dict[tuple[str, str], tuple[Neighbor, ...]] = {}
    for row in rows:
        if row.metric == NEIGHBOR and row.quality is Quality.GOOD:
            place = (row.device, dict(row.labels).get("port", ""))
            neighbors[place] = (*neighbors.get(place, ()), _neighbor(dict(row.labels)))
    return Seen(
        devices=frozenset(devices),
        identity={
            (row.device, dict(row.labels).get("component", "")): dict(row.labels)
            for row in rows
            if row.metric in (IDENTITY, PART)
        },
        neighbors=neighbors,
        state={key[:2]: str(row.value) for key, row in ports.items() if key[2] == PORT_STATE},
        speed={
            key[:2]: float(row.value)
            for key, row in ports.items()
            if key[2] == PORT_SPEED and isinstance(row.value, int | float)
        },
        mac={
            key[:2]: dict(row.labels).get("mac", "")
            for key, row in ports.items()
            if key[2] == PORT_INFO
        },
        unread=frozenset(
            row.device for row in rows if row.metric == NEIGHBOR and row.quality is Quality.BAD
        ),
    )


def _neighbor(labels: Mapping[str, str]) -> Neighbor:
    return Neighbor(
        *(labels.get("remote_system", ""), labels.get("remote_port", "")),
        *(labels.get("remote_port_name", ""), labels.get("remote_chassis", "")),
    )
