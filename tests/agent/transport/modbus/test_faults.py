"""Every fault of the wire, on every kind of line: the right value or an honest failure."""

import asyncio
import re
from collections.abc import Callable

import pytest

from agent.model.errors import (
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
    RequestRejected,
)
from simulator.wire import modbus_faults as faults
from simulator.wire.modbus_faults import ModbusFault
from tests.waiting import until

from .conftest import Rig, words

pytestmark = pytest.mark.moved_clock

Make = Callable[..., ModbusFault]
SHORT_S = 0.15

PASSING: dict[str, Make] = {
    "reply of another unit": lambda: faults.WrongUnit(times=1, unit=1),
    "wrong function code": lambda: faults.WrongFunction(times=1, unit=1),
    "a register more than asked": lambda: faults.WrongCount(times=1, unit=1),
    "a register less than asked": lambda: faults.WrongCount(times=1, unit=1, extra=-1),
    "byte count that lies": lambda: faults.LyingCount(times=1, unit=1),
    "frame cut in the header": lambda: faults.Truncated(times=1, unit=1, size=2),
    "frame cut in the data": lambda: faults.Truncated(times=1, unit=1, size=8),
    "silence": lambda: faults.Silent(times=1, unit=1),
    "busy": lambda: faults.Refuses(times=3, unit=1, code=6),
    "acknowledge": lambda: faults.Refuses(times=3, unit=1, code=5),
    "gateway path unavailable": lambda: faults.Refuses(times=1, unit=1, code=0x0A),
    "gateway target silent": lambda: faults.Refuses(times=1, unit=1, code=0x0B),
    "garbage before": lambda: faults.StrayBytes(
        times=1, unit=1, before=b"\xde\xad\xbe\xef\x00\x01\x03"
    ),
    "garbage after": lambda: faults.StrayBytes(times=1, unit=1, after=b"\x01\x03\x04\xff\xff"),
    "garbage around": lambda: faults.StrayBytes(
        times=1, unit=1, before=b"\x01\x03", after=b"\x00" * 40
    ),
    "two replies in one segment": lambda: faults.Twice(times=1, unit=1),
    "one reply in many segments": lambda: faults.Split(times=1, unit=1),
}
CLOSING: dict[str, Make] = {
    "peer closes mid-request": lambda: faults.ClosesMidRequest(times=1, unit=1),
    "peer closes mid-reply": lambda: faults.ClosesMidRequest(times=1, unit=1, size=8),
}


@pytest.mark.parametrize("name", PASSING)
async def test_a_fault_that_passes_costs_at_most_a_retry(rig: Rig, name: str) -> None:
    await passes(rig, PASSING[name]())


@pytest.mark.parametrize("name", CLOSING)
async def test_a_connection_that_closes_once_costs_at_most_a_retry(net_rig: Rig, name: str) -> None:
    await passes(net_rig, CLOSING[name]())


async def passes(rig: Rig, fault: ModbusFault) -> None:
    """The fault strikes unit 1 once; every read is right all the same."""
    assert await rig.read(2, 10) == words(2, "holding", 10, 2)
    rig.break_with(fault)
    faulty, neighbour, after = await asyncio.gather(
        rig.read(1, 100, timeout_s=SHORT_S), rig.read(2, 100), rig.read(1, 200)
    )
    assert faulty == words(1, "holding", 100, 2)
    assert neighbour == words(2, "holding", 100, 2)
    assert after == words(1, "holding", 200, 2)
    assert await rig.read(1, 300) == words(1, "holding", 300, 2)


LASTING: dict[str, tuple[Make, type[DeviceError]]] = {
    "reply of another unit": (faults.WrongUnit, DeviceError),
    "wrong function code": (faults.WrongFunction, ProtocolError),
    "a register more than asked": (faults.WrongCount, ProtocolError),
    "a register less than asked": (lambda **k: faults.WrongCount(extra=-1, **k), ProtocolError),
    "byte count that lies": (faults.LyingCount, ProtocolError),
    "frame cut in the data": (lambda **k: faults.Truncated(size=8, **k), ProtocolError),
    "silence": (faults.Silent, DeviceTimeout),
    "busy": (lambda **k: faults.Refuses(code=6, **k), RequestRejected),
    "acknowledge": (lambda **k: faults.Refuses(code=5, **k), RequestRejected),
    "gateway path unavailable": (lambda **k: faults.Refuses(code=10, **k), DeviceUnreachable),
    "gateway target silent": (lambda **k: faults.Refuses(code=11, **k), DeviceTimeout),
}


@pytest.mark.parametrize("name", LASTING)
async def test_a_fault_that_lasts_fails_honestly_and_alone(rig: Rig, name: str) -> None:
    make, expected = LASTING[name]
    await lasts(rig, make(unit=1), expected)


async def test_a_connection_that_always_closes_fails_honestly_and_alone(net_rig: Rig) -> None:
    await lasts(net_rig, faults.ClosesMidRequest(unit=1), DeviceUnreachable)


async def lasts(rig: Rig, fault: ModbusFault, expected: type[DeviceError]) -> None:
    """The fault strikes unit 1 until it is repaired; unit 2 and the time after are unharmed."""
    rig.break_with(fault)
    with pytest.raises(expected):
        await rig.read(1, 100, timeout_s=SHORT_S)
    assert await rig.read(2, 100) == words(2, "holding", 100, 2)
    rig.break_with(ModbusFault())
    assert await rig.read(1, 200) == words(1, "holding", 200, 2)


@pytest.mark.parametrize("code", [1, 2, 3, 4])
async def test_a_refusal_is_raised_at_once_and_names_the_registers(rig: Rig, code: int) -> None:
    rig.break_with(faults.Refuses(unit=1, code=code))
    with pytest.raises(RequestRejected, match=r"unit 1 input 100\.\.101: exception") as caught:
        await rig.read(1, 100, table="input", retries=3)
    assert caught.value.code == code
    assert rig.server.requests == {1: 1}


async def test_an_illegal_address_in_a_block_costs_that_block(rig: Rig) -> None:
    with pytest.raises(RequestRejected, match=r"holding 595\.\.614: exception 2"):
        await rig.read(1, 595, 20)
    assert await rig.read(1, 595, 5) == words(1, "holding", 595, 5)
    assert await rig.read(1, 610, 5) == words(1, "holding", 610, 5)


async def test_a_late_reply_is_never_taken_for_the_next_answer(rig: Rig) -> None:
    rig.break_with(faults.Late(times=1, unit=1, seconds=0.12))
    with pytest.raises(DeviceTimeout):
        await rig.read(1, 100, timeout_s=0.05, retries=0)
    answers = [await rig.read(1, at, timeout_s=0.3) for at in (200, 300, 400)]
    assert answers == [words(1, "holding", at, 2) for at in (200, 300, 400)]


async def test_a_late_refusal_is_never_taken_for_the_next_answer(rig: Rig) -> None:
    rig.break_with(faults.Late(times=1, unit=1, seconds=0.12))
    with pytest.raises(DeviceTimeout):
        await rig.read(1, 600, timeout_s=0.05, retries=0)
    assert await rig.read(1, 200, timeout_s=0.3) == words(1, "holding", 200, 2)


async def test_the_reply_to_a_cancelled_read_is_never_believed(rig: Rig) -> None:
    rig.break_with(faults.Late(times=1, unit=1, seconds=0.12))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.03):
            await rig.read(1, 100, timeout_s=1)
    mine, neighbour = await asyncio.gather(
        rig.read(1, 200, timeout_s=1), rig.read(2, 200, timeout_s=1)
    )
    assert mine == words(1, "holding", 200, 2)
    assert neighbour == words(2, "holding", 200, 2)


@pytest.mark.parametrize("count", [2, 125])
async def test_late_and_current_replies_in_one_segment(rig: Rig, count: int) -> None:
    rig.break_with(faults.Coalesced(times=1, unit=1))
    with pytest.raises(DeviceTimeout):
        await rig.read(1, 100, count, timeout_s=0.05, retries=0)
    assert await rig.read(1, 200, count) == words(1, "holding", 200, count)
    assert await rig.read(1, 300, count) == words(1, "holding", 300, count)


async def test_a_damaged_check_sum_is_asked_again(rtu_rig: Rig) -> None:
    for position in (0, 1, 2, 3, -1, -2):
        rtu_rig.break_with(faults.Damaged(times=1, unit=1, position=position))
        assert await rtu_rig.read(1, 100 + position) == words(1, "holding", 100 + position, 2)
    rtu_rig.break_with(faults.Damaged(unit=1))
    with pytest.raises(ProtocolError, match="damaged"):
        await rtu_rig.read(1, 100)


async def test_a_wrong_transaction_is_not_believed(tcp_rig: Rig) -> None:
    tcp_rig.break_with(faults.WrongTransaction(unit=1))
    with pytest.raises(DeviceTimeout):
        await tcp_rig.read(1, 100, timeout_s=SHORT_S)
    tcp_rig.break_with(faults.WrongTransaction(times=1, unit=1))
    assert await tcp_rig.read(1, 100, timeout_s=SHORT_S) == words(1, "holding", 100, 2)


async def test_a_peer_that_closes_fails_the_read_long_before_its_timeout(net_rig: Rig) -> None:
    net_rig.break_with(faults.ClosesMidRequest())
    async with asyncio.timeout(5):
        with pytest.raises(DeviceUnreachable, match="closed"):
            await net_rig.read(1, 100, timeout_s=60, retries=3)


async def test_garbage_fails_the_read_long_before_its_timeout(rig: Rig) -> None:
    rig.break_with(Shouts())
    async with asyncio.timeout(5):
        with pytest.raises(ProtocolError, match=r"garbage|damaged"):
            await rig.read(1, 100, timeout_s=60)
    rig.break_with(ModbusFault())
    assert await rig.read(1, 200) == words(1, "holding", 200, 2)


class Shouts(ModbusFault):
    """Every reply is noise."""

    def spoil(self, exchange: faults.Exchange) -> list[faults.WireStep]:
        return [faults.Send(b"\xde\xad\xbe\xef" * 5)]


async def test_a_bus_whose_first_connect_failed_connects_later(rig: Rig) -> None:
    await rig.outage()
    with pytest.raises(DeviceUnreachable, match=re.escape(rig.bus.name)):
        await rig.read(1, 100)
    await rig.restore()
    await asyncio.sleep(rig.bus.link.backoff_s())
    assert await rig.read(1, 100) == words(1, "holding", 100, 2)


async def test_a_silent_unit_keeps_neither_its_neighbours_nor_the_connection(rig: Rig) -> None:
    rig.break_with(faults.Silent(unit=1))
    order: list[int] = []

    async def read(unit: int, address: int) -> None:
        try:
            await rig.read(unit, address, timeout_s=0.05, retries=3)
        finally:
            order.append(unit)

    reads = [read(1, 100), *(read(2, at) for at in range(100, 110, 2))]
    silent, *neighbours = await asyncio.gather(*reads, return_exceptions=True)
    assert isinstance(silent, DeviceTimeout)
    assert neighbours == [None] * 5
    assert order[0] == 2, "a neighbour had its turn between the tries"
    assert rig.bus.link.connects == 1


async def test_accept_then_close_backs_off_and_recovers(net_rig: Rig) -> None:
    net_rig.break_with(faults.ClosesAtOnce())
    for _ in range(50):
        with pytest.raises(DeviceUnreachable):
            await net_rig.read(1, 100, retries=0)
    assert net_rig.bus.link.connects < 10
    net_rig.break_with(ModbusFault())
    await asyncio.sleep(net_rig.bus.link.backoff_s())
    assert await net_rig.read(1, 100) == words(1, "holding", 100, 2)


async def test_one_silent_unit_among_ten_costs_little_and_is_left_alone(rig: Rig) -> None:
    rig.break_with(faults.Silent(unit=4))

    async def cycle() -> list[bytes | BaseException]:
        reads = (rig.read(unit, 100, timeout_s=0.05) for unit in range(1, 11))
        return await asyncio.gather(*reads, return_exceptions=True)

    for _ in range(5):
        answers = await cycle()
        assert isinstance(answers.pop(3), DeviceTimeout)
        assert answers == [words(unit, "holding", 100, 2) for unit in range(1, 11) if unit != 4]
    assert rig.server.requests[4] == rig.bus.limits.silent_tries
    with pytest.raises(DeviceTimeout, match="unit 4 has not answered"):
        await rig.read(4, 100)


async def test_a_unit_alone_on_its_bus_is_always_asked(rig: Rig) -> None:
    rig.break_with(faults.Silent())
    for _ in range(4):
        with pytest.raises(DeviceTimeout):
            await rig.read(1, 100, timeout_s=0.02)
    rig.break_with(ModbusFault())
    assert await rig.read(1, 100) == words(1, "holding", 100, 2)


async def test_units_silent_together_are_forgiven_together(rig: Rig) -> None:
    rig.break_with(faults.Silent())
    for _ in range(3):
        reads = (rig.read(unit, 100, timeout_s=0.02, retries=2) for unit in range(1, 6))
        await asyncio.gather(*reads, return_exceptions=True)
    rig.break_with(ModbusFault())
    assert await rig.read(6, 100) == words(6, "holding", 100, 2)
    for unit in range(1, 6):
        assert await rig.read(unit, 100) == words(unit, "holding", 100, 2)


async def test_an_outage_of_a_gateway_with_32_units(rig: Rig) -> None:
    units = range(1, 33)
    server_units = dict(rig.server.units)
    rig.server.units = dict.fromkeys(units, server_units[1])

    async def cycle() -> list[bytes | BaseException]:
        reads = (rig.read(unit, 100) for unit in units)
        return await asyncio.gather(*reads, return_exceptions=True)

    right = [words(1, "holding", 100, 2)] * 32
    assert await cycle() == right
    await rig.outage()
    for _ in range(3):
        answers = await cycle()
        assert all(isinstance(answer, DeviceUnreachable) for answer in answers)
    await rig.restore()
    await asyncio.sleep(rig.bus.link.backoff_s())
    assert await cycle() == right
    assert rig.bus.link.connects == 2


async def test_a_line_unplugged_mid_request_and_replugged(rig: Rig) -> None:
    rig.break_with(faults.Silent(unit=1))
    reading = asyncio.create_task(rig.read(1, 100, timeout_s=60))
    await until(lambda: rig.server.requests)
    await rig.outage()
    async with asyncio.timeout(5):
        with pytest.raises(DeviceUnreachable):
            await reading
    rig.break_with(ModbusFault())
    await rig.restore()
    await asyncio.sleep(rig.bus.link.backoff_s())
    assert await rig.read(1, 200) == words(1, "holding", 200, 2)
