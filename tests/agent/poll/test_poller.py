"""What the poller notices from cycle to cycle: rows that come and go, and reboots."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.model.errors import DeviceTimeout, TableTooLarge
from agent.model.limits import Limits
from agent.model.values import Answer, Block, Failure, GetOids, PollResult, Request, WalkColumns
from agent.parse.url import parse_url
from agent.plan import SYS_UP_TIME, make_plan
from agent.poll import reader
from agent.poll.poller import Poller, Schedule
from agent.poll.reader import went_back
from agent.profile.library import Library
from agent.transport.base import Transport
from agent.transport.factory import Transports
from agent.transport.memory import MemoryTransport
from tests.agent.fans import NAMES, PROFILE, SERIAL, SPEEDS, Bench, box, fan, library_of, without
from tests.peers import free_udp_port, snmpd


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return library_of(tmp_path_factory.mktemp("profiles"))


@pytest.fixture
def device() -> MemoryTransport:
    return box()


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


async def test_a_cycle_with_too_many_values_costs_the_table_and_not_the_device(
    bench: Bench, device: MemoryTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"front": 1000, "rear": 2000}
    assert await bench.fans() == names
    monkeypatch.setattr(reader, "CELLS_MAX", 5)
    added = {NAMES + bytes([row]): (smi.OCTET_STRING, b"hostile") for row in range(3, 9)}
    device.varbinds.update({**added, **fan(3, "side", 3000)})
    result = await bench.poller.poll()
    assert result.up
    assert Failure(
        "protocol",
        "a table (columns: 1) is left out: with it this cycle would hold more than 5 values or"
        " 33554432 octets",
    ) in (result.failures)
    for name in added:
        del device.varbinds[name]
    device.varbinds.update(fan(3, "side", 3000))
    monkeypatch.undo()
    assert await bench.fans() == {**names, "side": 3000}


class Endless(MemoryTransport):
    """Has a table without end."""

    async def fetch(self, request: Request) -> Answer:
        if isinstance(request, WalkColumns) and SERIAL in request.columns:
            raise TableTooLarge("more than 50000 values")
        return await super().fetch(request)


async def test_a_table_without_end_that_says_who_a_device_is_costs_only_that(
    tmp_path: Path, device: MemoryTransport
) -> None:
    profile = PROFILE.replace("oid: 1.3.6.1.4.1.9999.7.1.0", "column: 1.3.6.1.4.1.9999.7.1.0")
    bench = Bench(library_of(tmp_path, profile), Endless(device.varbinds))
    assert await bench.fans() == {"front": 1000, "rear": 2000}
    identity = bench.results[-1].identity
    assert identity is not None
    assert (identity.serial, identity.sys_name) == (None, "old name")


async def test_others_have_their_turn_while_a_large_table_is_first_read(
    bench: Bench, device: MemoryTransport
) -> None:
    for row in range(3, 1025):
        device.varbinds.update(fan(row, f"fan {row}", row))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while not bench.results:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(others())
        assert len(await bench.fans()) == 1024
    first, turns = turns, 0
    bench.results.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(others())
        await bench.fans()
    assert first - turns >= 1024 // 256


async def test_outlets_prepare_for_new_rows_before_they_get_them(
    library: Library, device: MemoryTransport
) -> None:
    log: list[str] = []

    def prepare(name: str, blocks: Iterable[Block]) -> Iterator[None]:
        log.append(f"{name}: {sum(len(block.series) for block in blocks)} rows")
        yield

    async def opened() -> Transport:
        return device

    poller = Poller(
        *("box", "snmp", "test-fans", library, Schedule(60.0), opened),
        lambda result: log.append("delivered"),
        prepare=prepare,
    )
    await poller.poll()
    assert log == ["box: 2 rows", "delivered"]


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
    result = await bench.poller.poll()
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
    await bench.poller.poll()
    device.fault = None
    device.varbinds[SYS_UP_TIME] = (smi.TIME_TICKS, 300)
    await bench.fans()
    assert events(logs) == ["device up", "device down", "device rebooted", "device recovered"]


@pytest.mark.peer
async def test_a_restart_of_snmpd_is_seen(
    library: Library, tmp_path: Path, logs: list[Any]
) -> None:
    port = free_udp_port()
    url = parse_url(f"snmp://127.0.0.1:{port}")
    async with Transports() as transports:
        opened = await transports.open(url, SnmpCredentials(), Limits(timeout_s=2.0), "native")
        results: list[PollResult] = []

        async def open_it() -> Transport:
            return opened

        poller = Poller(
            "box", "snmp", "snmp-generic", library, Schedule(60.0), open_it, results.append
        )
        for _ in range(2):
            with snmpd(tmp_path, port=port):
                await poller.poll()
                await asyncio.sleep(1.0)
                await poller.poll()
        await opened.close()
    assert [result.up for result in results] == [True] * 4
    assert events(logs) == ["device up", "device rebooted"]
