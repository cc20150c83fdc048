"""A simulated site for tests, and ways to read it as the agent does: over its sockets."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.config import Config, DeviceConfig, load_config
from agent.model.catalogue import CATALOGUE, Kind
from agent.model.limits import Limits
from agent.model.values import Quality
from agent.poll.read_once import Target, read_device
from agent.poll.reader import DeviceRead
from simulator.faults.schedule import Planned
from simulator.model import RackModel, load_model
from simulator.site.rack_server import serving
from simulator.site.site import SimulatedSite
from tests.end_to_end.ports import free_tcp_ports, free_udp_ports

STATES = (
    *("normal", "warning", "critical", "failed", "lost", "on", "off", "open", "closed", "up"),
    *("down", "running", "standby", "stopped", "no_input", "charging", "discharging", "dry"),
    *("leak", "fault", "low", "regulating"),
)
"""Every word that the model has for a state."""

COMMUNITY = {"version": "2c", "community": "public"}


def register_map(model: RackModel, role: str, name: str) -> str:
    """A profile that shows every number and state of a role, two registers each."""
    points: list[dict[str, Any]] = []
    for point in model.points(role):
        kind = CATALOGUE[point.metric].kind
        if kind is Kind.INFO:
            continue
        address = 200 + 2 * len(points)
        entry = {"metric": point.metric, "labels": dict(point.labels), "address": address}
        if kind is Kind.STATE:
            points.append({**entry, "data_type": "uint32", "states": dict(enumerate(STATES))})
        else:
            kind_of = "float64" if kind is Kind.COUNTER else "float32"
            points.append({**entry, "data_type": kind_of, "unit": CATALOGUE[point.metric].unit})
            if kind is Kind.COUNTER:
                points.append({})  # its other two registers
    text = {
        "profile": name,
        "title": f"Everything {role} can show",
        "kind": "other",
        "protocol": "modbus",
        "verified": "datasheet",
        "source": "the test",
        "defaults": {"table": "holding", "byte_order": "ABCD"},
        "limits": {"registers_max": 100, "gap_max": 8},
        "identify": {"address": 100},
        "info": {
            "vendor": "Test",
            "model": {"address": 100, "count": 16},
            "serial": {"address": 116, "count": 8},
            "firmware": {"address": 124, "count": 8},
        },
        "points": [point for point in points if point],
    }
    return yaml.safe_dump(text)


@dataclass(frozen=True)
class Bench:
    """A site that is served, and the configuration an agent would read it with."""

    config: Config
    site: SimulatedSite

    def device(self, name: str) -> DeviceConfig:
        return next(device for device in self.config.devices if device.name == name)

    async def look(self, name: str, timeout_s: float = 10.0, retries: int = 1) -> DeviceRead:
        """One read of a device, by the agent's own means."""
        device = self.device(name)
        limits = Limits(timeout_s=timeout_s, retries=retries)
        target = Target(device.url, device.credentials, limits)
        return await read_device(target, self.config.library, device.profile)

    async def read(self, name: str) -> "Shown":
        """What a device shows that answers well."""
        look = await self.look(name)
        assert look.error is None, look.error
        return Shown(look)


@dataclass(frozen=True)
class Shown:
    """The good readings of one look."""

    of: DeviceRead

    def value(self, metric: str, **labels: str) -> float | str:
        """The only reading of the metric that carries these labels."""
        found = [
            reading.value
            for reading in self.of.readings
            if reading.metric == metric
            and labels.items() <= reading.labels.items()
            and reading.quality is Quality.GOOD
        ]
        assert len(found) == 1, f"{len(found)} readings of {metric} {labels}"
        assert found[0] is not None
        return found[0]

    def number(self, metric: str, **labels: str) -> float:
        value = self.value(metric, **labels)
        assert isinstance(value, int | float)
        return float(value)

    def all(self, metric: str, label: str) -> dict[str, Any]:
        """Every good reading of a metric, by one label."""
        return {
            reading.labels[label]: reading.value
            for reading in self.of.readings
            if reading.metric == metric and reading.quality is Quality.GOOD
        }


def write_site(
    folder: Path,
    roles: Mapping[str, str],
    *,
    model: str = "nvl72",
    credentials: Mapping[str, Any] = COMMUNITY,
    **more: Any,
) -> Path:
    """A site of one rack ``r1``: roles and the profiles they have; ``*`` shows everything."""
    rack = RackModel(load_model(model))
    (folder / "mine").mkdir(exist_ok=True)
    udp, tcp = iter(free_udp_ports(len(roles))), iter(free_tcp_ports(len(roles)))
    modbus = ("*", "orv3-rpu", "orv3-hpr-psu")
    devices = []
    for unit, (role, profile) in enumerate(roles.items(), 1):
        device = {"name": role, "profile": profile}
        if profile == "*":
            device["profile"] = f"all-{role}"
            text = register_map(rack, role, device["profile"])
            (folder / "mine" / f"{device['profile']}.yaml").write_text(text, encoding="utf-8")
        if profile in modbus:
            device["url"] = f"modbus+tcp://127.0.0.1:{next(tcp)}/{unit}"
        else:
            device |= {"url": f"snmp://127.0.0.1:{next(udp)}", "credentials": "them"}
        devices.append(device)
    site = {
        "profiles": ["mine"],
        "credentials": {"them": credentials},
        "racks": [{"name": "r1", "model": model, "devices": devices}],
        **more,
    }
    path = folder / "site.yaml"
    path.write_text(json.dumps(site), encoding="utf-8")
    return path


@contextlib.asynccontextmanager
async def bench(
    folder: Path,
    roles: Mapping[str, str],
    *,
    faults: tuple[Planned, ...] = (),
    speed: float = 1.0,
    **more: Any,
) -> AsyncIterator[Bench]:
    """That site, served."""
    config = load_config(write_site(folder, roles, **more))
    async with serving(config, speed=speed, faults=faults) as site:
        yield Bench(config, site)
