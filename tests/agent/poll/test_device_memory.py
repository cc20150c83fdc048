"""What is known of a device outlives silences, and ends where the device is another one."""

from pathlib import Path

import pytest

from agent.model.errors import DeviceTimeout
from agent.model.values import Identity, PollResult, Quality, Reading, Request, WalkColumns
from agent.poll.device_memory import DeviceMemory
from agent.poll.poller import Poller, Schedule
from agent.profile.library import open_library
from agent.transport.base import Transport
from agent.transport.memory import MemoryTransport
from tests.agent.fans import NAMES, Bench, box, library_of
from tests.agent.making import modbus_profile

HEAD = """\
profile: acme
title: t
kind: other
protocol: modbus
verified: datasheet
source: s
"""
METER = "  - {metric: rack_inlet_energy_joules_total, address: 0, unit: Wh, rollover: 65536}\n"
JOULES = 3600


class Device:
    """A poller of a device with some registers, and what it read last."""

    def __init__(self, folder: Path, profile: str, *registers: int) -> None:
        (folder / "acme.yaml").write_text(HEAD + profile)
        self.wire = MemoryTransport(registers={"holding": dict(enumerate(registers))})
        self.results: list[PollResult] = []
        self.poller = Poller(
            *("meter", "modbus", "acme", open_library([folder]), Schedule(10.0)),
            *(self._open, self.results.append),
        )

    async def _open(self) -> Transport:
        return self.wire

    async def readings(self, *registers: int) -> list[Reading]:
        """One cycle, in which the first registers have other values."""
        self.wire.registers["holding"].update(enumerate(registers))
        await self.poller.poll()
        blocks = self.results[-1].blocks
        return [r for position in blocks for block in blocks[position] for r in block.readings()]

    async def silence(self) -> None:
        """A cycle without an answer."""
        self.wire.fault = DeviceTimeout("no answer")
        assert await self.readings() == []
        self.wire.fault = None


async def energy(device: Device, *registers: int) -> float | None:
    (reading,) = await device.readings(*registers)
    return reading.value / JOULES if isinstance(reading.value, int | float) else None


async def test_a_counter_keeps_its_turns_over_a_silent_cycle(tmp_path: Path) -> None:
    meter = Device(tmp_path, f"points:\n{METER}", 60000)
    seen = [await energy(meter, count) for count in (60000, 65000, 500, 5000)]
    await meter.silence()
    seen += [await energy(meter, count) for count in (6000, 7000)]
    assert seen == [60000, 65000, None, 70536, 71536, 72536]


async def test_a_counter_that_turns_while_the_device_is_silent_goes_on(tmp_path: Path) -> None:
    meter = Device(tmp_path, f"points:\n{METER}", 60000)
    await energy(meter, 65000)
    await meter.silence()
    assert [await energy(meter, count) for count in (100, 200)] == [None, 65736]


async def test_another_meter_in_its_place_begins_anew(tmp_path: Path) -> None:
    serial = "info: {serial: {address: 1, data_type: uint16}}\n"
    meter = Device(tmp_path, f"{serial}points:\n{METER}", 0, 1)
    await energy(meter, 65000)
    await meter.silence()
    assert [await energy(meter, count, 1) for count in (100, 100)] == [None, 65636]
    await meter.silence()
    assert await energy(meter, 100, 2) == 100


async def test_a_doubt_outlasts_a_silent_cycle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.poll.device_memory._EXAMINED_EVERY_S", 0.0)
    pdu = Device(
        tmp_path,
        "points:\n"
        "  - {metric: rack_inlet_power_watts, address: 0, unit: W}\n"
        "  - {metric: rack_inlet_apparent_power_voltamperes, address: 1, unit: VA}\n",
    )
    for _ in range(3):
        await pdu.readings(5000, 1000)
    await pdu.silence()
    assert {r.quality for r in await pdu.readings(5000, 1000)} == {Quality.UNCERTAIN}


async def test_a_refused_register_is_not_asked_for_again_after_a_silent_cycle(
    tmp_path: Path,
) -> None:
    power = "metric: rack_sensor_power_watts, unit: W"
    points = "".join(
        f"  - {{{power}, address: {at}, labels: {{sensor: {at}}}}}\n" for at in range(3)
    )
    meter = Device(tmp_path, f"points:\n{points}", 1, 2)
    await meter.readings()
    meter.wire.requests.clear()
    await meter.readings()
    known = len(meter.wire.requests)
    await meter.silence()
    meter.wire.requests.clear()
    assert [r.value for r in await meter.readings()] == [1, 2, None]
    assert len(meter.wire.requests) == known


class Nameless(MemoryTransport):
    """A device that for a while does not answer for its names."""

    nameless = False

    async def fetch(self, request: Request):  # type: ignore[no-untyped-def]
        if self.nameless and isinstance(request, WalkColumns) and NAMES in request.columns:
            raise DeviceTimeout("no answer")
        return await super().fetch(request)


async def test_names_outlast_a_silence_and_a_read_that_fails(tmp_path: Path) -> None:
    device = Nameless(box().varbinds)
    bench = Bench(library_of(tmp_path), device)
    assert await bench.fans() == {"front": 1000, "rear": 2000}
    device.fault = DeviceTimeout("no answer")
    await bench.poller.poll()
    device.fault, device.nameless = None, True
    result = await bench.poller.poll()
    blocks = [block for group in result.blocks.values() for block in group]
    assert {r.labels.get("fan") for b in blocks for r in b.readings()} >= {"front", "rear"}


async def test_the_series_are_the_same_after_a_silence(tmp_path: Path) -> None:
    bench = Bench(library_of(tmp_path), box())
    seen = []
    for fault in (None, DeviceTimeout("no answer"), None):
        bench.device.fault = fault  # type: ignore[attr-defined]
        result = await bench.poller.poll()
        seen.append([block.series for group in result.blocks.values() for block in group])
    assert seen[0] == seen[2] != []


def test_another_profile_begins_anew() -> None:
    memory = DeviceMemory("d")
    point = "metric: rack_inlet_power_watts, address: {}, unit: W"
    one, other = (modbus_profile(f"{{{point.format(at)}}}") for at in (0, 1))
    learned = memory.of(one)
    assert memory.identify(one, Identity(serial=None)) is learned
    assert memory.of(other) is not learned
    assert memory.of(one) is not learned
