"""Serves the racks of a configuration on the addresses that the configuration gives."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from agent.config import Config, DeviceConfig
from agent.errors import ConfigError
from agent.profile.points import Profile
from simulator.device import Source
from simulator.mib_view import LiveView
from simulator.modbus_device import ProfileBank
from simulator.modbus_server import ModbusServer, RegisterBank
from simulator.model.generation import load_generation
from simulator.model.rack import RackModel
from simulator.snmp_device import build_view
from simulator.snmp_responder import SnmpResponder
from simulator.switch_device import build_switch

_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Served:
    """One simulated device that is up, and the rack it belongs to."""

    device: DeviceConfig
    profile: Profile
    model: RackModel


@contextlib.asynccontextmanager
async def serving(
    config: Config, *, seed: int = 0, speed: float = 1.0
) -> AsyncIterator[list[Served]]:
    """Serve every device of ``config`` while the block runs; the racks live at ``speed``.

    Raises ConfigError for a rack without a generation, a role the generation does not have, a
    profile ``auto``, an address that cannot be bound, or a protocol that is not simulated.
    """
    models = {
        name: RackModel(load_generation(generation), seed + place)
        for place, (name, generation) in enumerate(_generations(config).items())
    }
    async with contextlib.AsyncExitStack() as stack:
        served = [_served(config, device, models[device.rack]) for device in config.devices]
        for item in served:
            if item.device.url.protocol == "snmp":
                await _serve_snmp(stack, item)
        await _serve_modbus(stack, served)
        clock = asyncio.create_task(_live(models, speed), name="rack clock")
        try:
            yield served
        finally:
            clock.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await clock


def _generations(config: Config) -> dict[str, str]:
    found: dict[str, str] = {}
    for device in config.devices:
        if device.generation is None:
            raise ConfigError(
                f"{config.file}: rack {device.rack!r} names no 'generation', so nothing says how it"
                " behaves"
            )
        found[device.rack] = device.generation
    return found


def _served(config: Config, device: DeviceConfig, model: RackModel) -> Served:
    if device.profile == "auto":
        raise ConfigError(
            f"{config.file}: {device.name}: a simulated device needs its profile named"
        )
    if device.role not in model.roles:
        raise ConfigError(
            f"{config.file}: {device.name}: the generation has no role {device.role!r}; it has"
            f" {', '.join(model.roles)}"
        )
    return Served(device, config.library.get(device.profile), model)


def device_view(item: Served) -> LiveView:
    """The SNMP rows of one device."""
    source = Source(item.model, item.device.role)
    if item.profile.kind == "switch":
        return build_switch(source, item.device.name)
    return build_view(item.profile, source, item.device.name)


async def _serve_snmp(stack: contextlib.AsyncExitStack, item: Served) -> None:
    credentials = item.device.credentials
    if credentials.version == "3":
        raise ConfigError(f"{item.device.name}: SNMP v3 agents are not simulated yet; use 2c")
    responder = SnmpResponder(device_view(item), credentials.community)
    await responder.start(item.device.url.host, item.device.url.port)
    stack.callback(responder.close)


async def _serve_modbus(stack: contextlib.AsyncExitStack, served: list[Served]) -> None:
    """One server per endpoint, with every unit that shares it."""
    endpoints: dict[tuple[str, str, int], dict[int, RegisterBank]] = {}
    for item in served:
        url = item.device.url
        if url.protocol != "modbus":
            continue
        if url.scheme == "modbus+rtu":
            raise ConfigError(
                f"{item.device.name}: serial lines are not simulated yet; use modbus+tcp"
            )
        bank = ProfileBank(item.profile, Source(item.model, item.device.role))
        endpoints.setdefault((url.scheme, url.host, url.port), {})[url.unit] = bank
    for (scheme, host, port), units in endpoints.items():
        server = ModbusServer(units)
        start = server.start_tcp if scheme == "modbus+tcp" else server.start_rtu_tcp
        try:
            await start(host, port)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"cannot listen on TCP {host} port {port}: {reason}") from None
        stack.push_async_callback(server.close)


async def _live(models: Mapping[str, RackModel], speed: float) -> None:
    """Let the racks live; a late wake-up is made up for, so the racks' clocks do not drift."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    turn = 0
    while True:
        turn += 1
        await asyncio.sleep(max(0.0, began + turn * _STEP_S - loop.time()))
        for model in models.values():
            model.step(_STEP_S * speed)
