"""The one reader of a device: what it opens, keeps and gives back."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.model import smi
from agent.model.errors import DeviceTimeout
from agent.model.values import Answer, Request, WalkColumns
from agent.plan import SYS_UP_TIME
from agent.poll.reader import DeviceReader
from agent.transport.memory import MemoryTransport
from tests.agent.fans import NAMES, box, fan, library_of


class Wires:
    """Opens a transport to one device, and counts."""

    def __init__(self, device: MemoryTransport) -> None:
        self.device = device
        self.opened = 0

    async def open(self) -> MemoryTransport:
        self.opened += 1
        self.device.closed = False
        return self.device


class Held(MemoryTransport):
    """Does not answer a walk of names until it is let go."""

    held = False

    def __init__(self, cells: Mapping[bytes, tuple[int, int | bytes | None]]) -> None:
        super().__init__(cells)
        self.reached = asyncio.Event()

    async def fetch(self, request: Request) -> Answer:
        if self.held and isinstance(request, WalkColumns) and NAMES in request.columns:
            self.reached.set()
            await asyncio.Event().wait()
        return await super().fetch(request)


@pytest.fixture
def device() -> Held:
    return Held(box().varbinds)


@pytest.fixture
def wires(device: Held) -> Wires:
    return Wires(device)


@pytest.fixture
def reader(tmp_path: Path, wires: Wires) -> DeviceReader:
    return DeviceReader("box", "snmp", "test-fans", library_of(tmp_path), wires.open)


async def test_one_transport_serves_every_read_and_is_closed_at_the_end(
    reader: DeviceReader, device: Held, wires: Wires
) -> None:
    async with reader:
        for now in (0.0, 10.0):
            read = await reader.read(now)
            assert read.answered
            assert {r.labels.get("fan") for r in read.readings} >= {"front", "rear"}
    assert device.closed
    assert wires.opened == 1
    assert reader.profile is None


@pytest.mark.parametrize("wanted", ["auto", "test-fans"])
async def test_a_device_that_cannot_be_asked_leaves_no_transport_open(
    tmp_path: Path, device: Held, wires: Wires, wanted: str
) -> None:
    device.fault = DeviceTimeout("no answer")
    async with DeviceReader("box", "snmp", wanted, library_of(tmp_path), wires.open) as reader:
        read = await reader.read(0.0)
        assert (read.answered, read.reason, read.readings) == (False, "no answer", ())
        assert read.error is device.fault
        assert read.result(1.0, 0.5).identity is None
    assert device.closed


async def test_after_a_silence_the_device_is_asked_who_it_is(
    reader: DeviceReader, device: Held, wires: Wires
) -> None:
    async with reader:
        await reader.read(0.0)
        device.fault = DeviceTimeout("no answer")
        assert not (await reader.read(10.0)).answered
        device.fault = None
        device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 102_000)
        device.varbinds.update(fan(1, "renamed", 1000))
        read = await reader.read(20.0)
        assert read.answered
        assert read.uptime_s is None
        assert wires.opened == 1


async def test_a_restart_is_seen_by_whatever_reads_the_device(
    reader: DeviceReader, device: Held
) -> None:
    async with reader:
        await reader.read(0.0)
        device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 300)
        device.varbinds.update(fan(1, "renamed", 1000))
        read = await reader.read(10.0)
    assert read.uptime_s == 3.0
    assert "renamed" in {r.labels.get("fan") for r in read.readings}


async def test_a_read_that_is_cancelled_costs_the_next_one_nothing(
    reader: DeviceReader, device: Held
) -> None:
    device.held = True
    async with reader:
        task = asyncio.create_task(reader.read(0.0))
        await device.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        device.held = False
        read = await reader.read(1.0)
    assert {r.labels.get("fan") for r in read.readings} >= {"front", "rear"}
    assert device.closed


async def test_names_are_read_again_where_everything_is_wanted(
    reader: DeviceReader, device: Held
) -> None:
    def walks() -> int:
        return sum(isinstance(r, WalkColumns) and NAMES in r.columns for r in device.requests)

    async with reader:
        await reader.read(0.0)
        await reader.read(1.0)
        assert walks() == 1
        await reader.read(2.0, everything=True)
        assert walks() == 2
