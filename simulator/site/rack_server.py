"""Serve the racks of a configuration on the addresses in that configuration."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.config import Config, DeviceConfig
from agent.config.spec import RackSpec
from agent.model import smi
from agent.model.credentials import SnmpVersion
from agent.model.errors import ConfigError
from agent.plan import SYS_UP_TIME
from agent.profile.points import Profile
from simulator.devices.device import Source
from simulator.devices.device_view import RoleView
from simulator.devices.modbus_device import ProfileBank
from simulator.devices.snmp_device import build_view
from simulator.devices.switch_device import build_switch
from simulator.faults.schedule import Planned
from simulator.faults.wire_faults import ModbusLine, SnmpLine, UnitFaults, WireEnd
from simulator.model.physics.spec import RackModelSpec, load_model, shipped_models
from simulator.model.rack import RackModel
from simulator.site.site import Served, SimulatedSite
from simulator.site.trap_sender import TrapSender, senders
from simulator.wire.mib_view import LiveView
from simulator.wire.modbus_server import ModbusServer, RegisterBank
from simulator.wire.snmp_faults import SnmpWire
from simulator.wire.snmp_responder import SnmpResponder
from simulator.wire.usm_agent import UsmAgent

__all__ = ["Served", "SimulatedSite", "device_view", "serving"]

_TICKS_PER_S, _TICKS_MAX = 100, 2**32  # TimeTicks, RFC 2578 section 7.1.8


@contextlib.asynccontextmanager
async def serving(
    config: Config,
    *,
    seed: int = 0,
    speed: float = 1.0,
    faults: Sequence[Planned] = (),
    live: bool = True,
) -> AsyncIterator[SimulatedSite]:
    """Serve every device of ``config`` while the block runs; the racks run at ``speed``.

    If they are not ``live``, time passes only by ``SimulatedSite.advance``. Traps go to
    ``traps.listen`` if the configuration has it. Raises ConfigError for a rack without a model, a
    role that its model does not have, a profile ``auto``, an impossible fault, or an address that
    cannot be bound.
    """
    site, hosts = build(config, seed=seed, speed=speed)
    site.injector.plan(faults)
    async with contextlib.AsyncExitStack() as stack:
        for host in hosts:
            await host.start(stack)
        if config.spec.traps is not None:
            agents = {host.item.device.name: host.responder for host in hosts
                      if isinstance(host, _SnmpHost)}  # fmt: skip
            sender = TrapSender(senders(site, agents), config.spec.traps.address)
            site.watchers.append(sender.look)
        if live:
            await stack.enter_async_context(_living(site))
        yield site


@contextlib.asynccontextmanager
async def _living(site: SimulatedSite) -> AsyncIterator[None]:
    clock = asyncio.create_task(site.live(), name="rack clock")
    try:
        yield
    finally:
        clock.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await clock


def build(
    config: Config, *, seed: int = 0, speed: float = 1.0
) -> tuple[SimulatedSite, list["_SnmpHost | _ModbusHost"]]:
    """Return the racks and devices of ``config``, and their listeners. Raises ConfigError."""
    models = {
        name: RackModel(spec, seed + place)
        for place, (name, spec) in enumerate(_models(config).items())
    }
    hosts: list[_SnmpHost | _ModbusHost] = []
    endpoints: dict[tuple[str, str], _ModbusHost] = {}
    served = []
    for device in config.devices:
        model = models[device.rack]
        profile = _profile(config, device, model)
        role_view = RoleView(model, device.role)
        if device.url.protocol == "snmp":
            snmp = _snmp_host(device, profile, role_view)
            hosts.append(snmp)
            served.append(snmp.item)
        else:
            endpoint = (device.url.scheme, device.url.line)
            if endpoint not in endpoints:
                endpoints[endpoint] = _ModbusHost(device)
                hosts.append(endpoints[endpoint])
            served.append(endpoints[endpoint].add(device, profile, role_view))
    return SimulatedSite(models, served, speed), hosts


def _models(config: Config) -> dict[str, RackModelSpec]:
    known: dict[str | None, RackModelSpec] = {}
    racks = [config.rack(name) for name in dict.fromkeys(each.rack for each in config.devices)]
    for rack in racks:
        if rack.model not in known:
            known[rack.model] = _model(config, rack)
    return {rack.name: known[rack.model] for rack in racks}


def _model(config: Config, rack: RackSpec) -> RackModelSpec:
    name, ships = rack.model, shipped_models()
    if name is None:
        said = f"is missing, so nothing says how the rack behaves; there are: {', '.join(ships)}"
    elif name in ships or name.endswith((".yaml", ".yml")):
        return load_model(name)
    else:
        said = f"unknown model {name!r}; there are: {', '.join(ships)}"
    raise ConfigError([config.rack_problem(rack.name, "model", said)])


def _profile(config: Config, device: DeviceConfig, model: RackModel) -> Profile:
    if device.profile == "auto":
        raise ConfigError(
            f"{config.file}: {device.name}: a simulated device needs its profile named"
        )
    if device.role not in model.roles:
        raise ConfigError(
            f"{config.file}: {device.name}: the rack's model has no role {device.role!r}; it has"
            f" {', '.join(model.roles)}"
        )
    return config.library.get(device.profile)


def device_view(profile: Profile, source: Source, name: str) -> LiveView:
    """Return the SNMP rows of one device."""
    if profile.kind == "switch":
        return build_switch(source, name)
    return build_view(profile, source, name)


@dataclass(frozen=True, slots=True)
class _SnmpHost:
    """An SNMP device and its responder."""

    item: Served
    responder: SnmpResponder

    async def start(self, stack: contextlib.AsyncExitStack) -> None:
        """Listen until ``stack`` unwinds. Raises ConfigError."""
        url = self.item.device.url
        await self.responder.start(url.host, url.port)
        stack.callback(self.responder.close)


def _snmp_host(device: DeviceConfig, profile: Profile, role_view: RoleView) -> _SnmpHost:
    view = device_view(profile, role_view, device.name)
    view.set(SYS_UP_TIME, smi.TIME_TICKS, lambda: _ticks(role_view.uptime_s))
    v3 = device.credentials.version is SnmpVersion.V3
    usm = UsmAgent(device.credentials, f"{device.rack}/{device.name}") if v3 else None
    wire = SnmpWire(lambda: role_view.powered)
    responder = SnmpResponder(view, device.credentials.community, usm=usm, wire=wire)
    end = WireEnd(device.name, role_view, SnmpLine(wire, usm))
    return _SnmpHost(Served(device, profile, role_view.model, role_view, end), responder)


def _ticks(seconds: float) -> int:
    return int(seconds * _TICKS_PER_S) % _TICKS_MAX


@dataclass(slots=True)
class _ModbusHost:
    """One endpoint with every unit that shares it: a TCP port, or the end of a serial line."""

    first: DeviceConfig
    units: dict[int, RegisterBank] = field(default_factory=dict)
    role_views: dict[int, RoleView] = field(default_factory=dict)
    faults: UnitFaults = field(init=False)

    def __post_init__(self) -> None:
        self.faults = UnitFaults(self.role_views)

    def add(self, device: DeviceConfig, profile: Profile, role_view: RoleView) -> Served:
        """Add a unit."""
        unit = device.url.unit
        self.units[unit] = ProfileBank(profile, role_view)
        self.role_views[unit] = role_view
        line = ModbusLine(self.faults, unit, check_sum=device.url.scheme != "modbus+tcp")
        return Served(
            device, profile, role_view.model, role_view, WireEnd(device.name, role_view, line)
        )

    async def start(self, stack: contextlib.AsyncExitStack) -> None:
        """Listen until ``stack`` unwinds. Raises ConfigError."""
        url, server = self.first.url, ModbusServer(self.units, self.faults)
        if url.ascii:
            raise ConfigError(f"{self.first.name}: the simulator does not speak {url.scheme}")
        stack.push_async_callback(server.close)
        if url.scheme == "modbus+rtu":
            stack.enter_context(_linked(Path(url.path), server.start_pty().path))
            return
        start = server.start_tcp if url.scheme == "modbus+tcp" else server.start_rtu_tcp
        try:
            await start(url.host, url.port)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(
                f"cannot listen on TCP {url.host} port {url.port}: {reason}"
            ) from None


@contextlib.contextmanager
def _linked(path: Path, target: str) -> Iterator[None]:
    """Create a symbolic link at a serial line's path; an existing file is left alone."""
    try:
        path.symlink_to(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot simulate the serial line {path}: {reason}") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
