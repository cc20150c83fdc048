"""What the poller notices from cycle to cycle: rows, reboots, and being woken."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent import smi
from agent.errors import DeviceTimeout
from agent.plan import SYS_NAME, SYS_UP_TIME, make_plan
from agent.poller import Poller, Schedule, went_back
from agent.profile.library import Library, open_library
from agent.transport.base import Transport
from agent.transport.memory import MemoryTransport
from agent.values import Answer, GetOids, PollResult, Request, WalkColumns

PROFILE = """\
profile: test-fans
title: A box with fans
kind: other
protocol: snmp
verified: datasheet
source: the test
identify: {sys_object_id: 1.3.6.1.4.1.9999.7}
info: {serial: {oid: 1.3.6.1.4.1.9999.7.1.0}}
lookups:
  fan_name: {column: 1.3.6.1.4.1.9999.1.1.2}
points:
  - metric: rack_fan_speed_rpm
    oid: 1.3.6.1.4.1.9999.1.1.3
    index: [fan]
    labels: {fan: '{fan_name}'}
    unit: rpm
"""
NAMES = smi.oid("1.3.6.1.4.1.9999.1.1.2")
SPEEDS = smi.oid("1.3.6.1.4.1.9999.1.1.3")
SERIAL = smi.oid("1.3.6.1.4.1.9999.7.1.0")

Cells = Mapping[bytes, tuple[int, int | bytes | None]]


def fan(row: int, name: str, speed: int) -> Cells:
    suffix = smi.encode_subids([row])
    return {
        NAMES + suffix: (smi.OCTET_STRING, name.encode()),
        SPEEDS + suffix: (smi.GAUGE32, speed),
    }


def without(row: int, device: MemoryTransport) -> None:
    for column in (NAMES, SPEEDS):
        del device.varbinds[column + smi.encode_subids([row])]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("profiles")
    Path(folder, "test-fans.yaml").write_text(PROFILE, encoding="utf-8")
    return open_library([folder])


@pytest.fixture
def device() -> MemoryTransport:
    cells: Cells = {
        SYS_UP_TIME: (smi.TIME_TICKS, 100_000),
        SYS_NAME: (smi.OCTET_STRING, b"old name"),
        SERIAL: (smi.OCTET_STRING, b"A1"),
        **fan(1, "front", 1000),
        **fan(2, "rear", 2000),
    }
    return MemoryTransport(cells)


class Bench:
    """A poller and what it delivered."""

    def __init__(
        self, library: Library, device: Transport, interval_s: float = 60.0, name: str = "box"
    ) -> None:
        self.device = device
        self.results: list[PollResult] = []
        self.delivered = asyncio.Event()
        self.poller = Poller(
            name, "snmp", "test-fans", library, Schedule(interval_s), self._open, self._deliver
        )

    async def _open(self) -> Transport:
        return self.device

    def _deliver(self, result: PollResult) -> None:
        self.results.append(result)
        self.delivered.set()

    async def fans(self) -> dict[str, Any]:
        """One cycle: fan speed by name."""
        result = await self.poller.poll(self.device)
        assert result.up
        assert not result.failures
        return {
            reading.labels.get("fan", ""): reading.value
            for blocks in result.blocks.values()
            for block in blocks
            for reading in block.readings()
            if reading.metric == "rack_fan_speed_rpm"
        }


@pytest.fixture
def bench(library: Library, device: MemoryTransport) -> Bench:
    return Bench(library, device)


def walked(device: MemoryTransport, column: bytes) -> int:
    """How often ``column`` was walked."""
    asked = (r for r in device.requests if isinstance(r, WalkColumns))
    return sum(column in request.columns for request in asked)


async def test_names_are_read_once_and_kept(bench: Bench, device: MemoryTransport) -> None:
    for _ in range(3):
        assert await bench.fans() == {"front": 1000, "rear": 2000}
    assert walked(device, SPEEDS) == 3
    assert walked(device, NAMES) == 1


async def test_a_new_row_has_its_name_in_the_first_cycle_that_reads_it(
    bench: Bench, device: MemoryTransport
) -> None:
    await bench.fans()
    device.varbinds.update(fan(3, "side", 3000))
    assert await bench.fans() == {"front": 1000, "rear": 2000, "side": 3000}
    assert walked(device, NAMES) == 2
    await bench.fans()
    assert walked(device, NAMES) == 2


async def test_a_row_that_left_is_gone_in_the_next_cycle(
    bench: Bench, device: MemoryTransport
) -> None:
    await bench.fans()
    without(1, device)
    assert await bench.fans() == {"rear": 2000}


async def test_another_part_at_a_known_index_gets_its_own_name(
    bench: Bench, device: MemoryTransport
) -> None:
    await bench.fans()
    without(2, device)
    await bench.fans()
    device.varbinds.update(fan(2, "spare", 2500))
    assert await bench.fans() == {"front": 1000, "spare": 2500}


async def test_a_row_that_has_no_name_does_not_cost_a_walk_every_cycle(
    bench: Bench, device: MemoryTransport
) -> None:
    device.varbinds[SPEEDS + b"\x09"] = (smi.GAUGE32, 900)
    for _ in range(4):
        assert await bench.fans() == {"front": 1000, "rear": 2000, "": 900}
    assert walked(device, NAMES) == 1


class Deaf(MemoryTransport):
    """Does not answer what asks for names while ``deaf``."""

    deaf = False

    async def fetch(self, request: Request) -> Answer:
        if self.deaf and isinstance(request, WalkColumns) and NAMES in request.columns:
            raise DeviceTimeout("no answer")
        return await super().fetch(request)


async def test_names_that_cannot_be_read_now_are_read_in_the_next_cycle(
    library: Library, device: MemoryTransport
) -> None:
    deaf = Deaf(device.varbinds)
    bench = Bench(library, deaf)
    await bench.fans()
    deaf.varbinds.update(fan(3, "side", 3000))
    deaf.deaf = True
    result = await bench.poller.poll(deaf)
    assert [failure.kind for failure in result.failures] == ["timeout"]
    deaf.deaf = False
    assert await bench.fans() == {"front": 1000, "rear": 2000, "side": 3000}


# Reboots


def test_sys_up_time_is_in_the_first_request_of_every_cycle(library: Library) -> None:
    first = make_plan(library.get("test-fans")).requests[0]
    assert first == GetOids((SYS_UP_TIME,), 0.0)


def test_sys_up_time_is_not_read_twice(library: Library) -> None:
    requests = make_plan(library.get("snmp-generic")).requests
    asked = [oid for r in requests if isinstance(r, GetOids) for oid in r.oids]
    assert asked.count(SYS_UP_TIME) == 1


@pytest.mark.parametrize(
    ("ticks", "before", "elapsed_s", "back"),
    [
        (2_000, 1_000, 10, False),
        (1_000, 1_000, 10, False),
        (500, 100_000, 10, True),
        (500, 2**32 - 1, 10, False),
        (500, 2**32 - 900, 10, False),
        (500, 2**31, 10, True),
        (500, 2**32 - 60_000, 10, False),
        (500, 2**32 - 2_000_000, 10, True),
        (500, 2**32 - 2_000_000, 20_000, False),
    ],
)
def test_going_backwards_is_a_reboot_but_the_turn_over_is_not(
    ticks: int, before: int, elapsed_s: float, back: bool
) -> None:
    assert went_back(ticks, before, elapsed_s) is back


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def events(logs: list[Any]) -> list[str]:
    return [line["event"] for line in logs]


async def test_after_a_reboot_everything_is_read_anew_in_the_same_cycle(
    bench: Bench, device: MemoryTransport, logs: list[Any]
) -> None:
    await bench.fans()
    device.varbinds.update(fan(1, "renamed", 1000))
    device.varbinds[SERIAL] = (smi.OCTET_STRING, b"B2")
    device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 300)
    assert await bench.fans() == {"renamed": 1000, "rear": 2000}
    identity = bench.results[-1].identity
    assert identity is not None
    assert identity.serial == "B2"
    assert events(logs) == ["device up", "device rebooted"]
    assert logs[-1]["uptime_s"] == 3.0
    device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 1_300)
    walks = walked(device, NAMES)
    await bench.fans()
    assert walked(device, NAMES) == walks
    assert len(logs) == 2


async def test_the_turn_over_of_sys_up_time_resets_nothing(
    bench: Bench, device: MemoryTransport, logs: list[Any]
) -> None:
    device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 2**32 - 10)
    await bench.fans()
    device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 990)
    await bench.fans()
    assert walked(device, NAMES) == 1
    assert events(logs) == ["device up"]


async def test_a_device_without_sys_up_time_is_polled_all_the_same(
    bench: Bench, device: MemoryTransport
) -> None:
    del device.varbinds[SYS_UP_TIME]
    assert await bench.fans() == {"front": 1000, "rear": 2000}
    assert await bench.fans() == {"front": 1000, "rear": 2000}


async def test_a_reboot_while_the_device_was_down_is_told(
    bench: Bench, device: MemoryTransport, logs: list[Any]
) -> None:
    await bench.fans()
    device.fault = DeviceTimeout("no answer")
    await bench.poller.poll(device)
    device.fault = None
    device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 300)
    await bench.fans()
    assert events(logs) == ["device up", "device down", "device rebooted", "device recovered"]


# Being woken


class Running(Bench):
    """A poller that runs while the block does."""

    async def __aenter__(self) -> "Running":
        self._task = asyncio.create_task(self.poller.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def polled(self, times: int) -> None:
        """Wait until ``times`` cycles were delivered."""
        async with asyncio.timeout(10):
            while len(self.results) < times:
                self.delivered.clear()
                await self.delivered.wait()


@pytest.fixture
def hourly(library: Library, device: MemoryTransport) -> Running:
    """A poller whose name puts its first turn at the end of the spread: far away."""
    return Running(library, device, interval_s=3600.0, name="box10")


async def test_what_comes_within_a_second_is_one_more_cycle(hourly: Running) -> None:
    async with hourly:
        hourly.poller.wake()
        await hourly.polled(1)
        for _ in range(1000):
            hourly.poller.wake()
        await hourly.polled(2)
        first, second = hourly.results
        assert second.started_at - first.started_at > 0.95
        await asyncio.sleep(1.2)
        assert len(hourly.results) == 2


async def test_waking_does_not_shift_the_schedule(
    library: Library, device: MemoryTransport
) -> None:
    running = Running(library, device, interval_s=0.4)
    async with running:
        await running.polled(2)
        running.poller.wake()
        await running.polled(6)
    starts = [result.started_at for result in running.results]
    beat = [round((start - starts[0]) / 0.4 % 1.0, 2) for start in starts]
    on_beat = [phase for phase in beat if phase < 0.25 or phase > 0.9]
    assert len(on_beat) >= len(starts) - 1
    assert starts[2] - starts[1] < 0.3


async def test_a_woken_poller_ends_when_cancelled(hourly: Running, device: MemoryTransport) -> None:
    async with hourly:
        hourly.poller.wake()
        await hourly.polled(1)
        hourly.poller.wake()
        await asyncio.sleep(0)
    assert device.closed
