"""Turns go round the units, whatever the queue; nobody who leaves takes the turn along."""

import asyncio

import pytest

from agent.model.errors import DeviceTimeout
from agent.transport.modbus.turns import Turns

pytestmark = pytest.mark.moved_clock


async def holders(turns: Turns, units: list[int]) -> list[int]:
    """The order in which callers of these units get the turn."""
    order: list[int] = []

    async def caller(unit: int) -> None:
        if not turns.try_acquire():
            await turns.acquire(unit)
        order.append(unit)
        await asyncio.sleep(0)
        turns.release()

    await asyncio.gather(*(caller(unit) for unit in units))
    return order


async def test_units_alternate_however_many_requests_one_has() -> None:
    order = await holders(Turns("bus", 10, 1.0), [1, 1, 1, 1, 2, 2, 3])
    assert order == [1, 1, 2, 3, 1, 2, 1]


async def test_a_full_queue_refuses() -> None:
    turns = Turns("bus", 1, 1.0)
    assert turns.try_acquire()
    waiter = asyncio.create_task(turns.acquire(1))
    await asyncio.sleep(0)
    with pytest.raises(DeviceTimeout, match="the queue of 1 requests is full"):
        await turns.acquire(2)
    turns.release()
    await waiter


async def test_waiting_ends() -> None:
    turns = Turns("bus", 10, 0.01)
    assert turns.try_acquire()
    with pytest.raises(DeviceTimeout, match="no turn within"):
        await turns.acquire(1)
    turns.release()
    assert turns.try_acquire()


@pytest.mark.parametrize("handed", [False, True])
async def test_a_cancelled_waiter_leaves_the_turn_to_others(handed: bool) -> None:
    turns = Turns("bus", 10, 1.0)
    assert turns.try_acquire()
    first = asyncio.create_task(turns.acquire(1))
    second = asyncio.create_task(turns.acquire(2))
    await asyncio.sleep(0)
    if handed:
        turns.release()
    first.cancel()
    if not handed:
        turns.release()
    await second
    with pytest.raises(asyncio.CancelledError):
        await first
    turns.release()
    assert turns.try_acquire()
    assert turns.waiting == 0


async def test_busy_is_the_time_that_somebody_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter((10.0, 11.0, 12.5, 13.0, 20.0, 21.0))
    clock = type("Time", (), {"monotonic": lambda: next(moments)})
    monkeypatch.setattr("agent.transport.modbus.turns.time", clock)
    turns = Turns("bus", 10, 1.0)
    assert turns.busy_s == 0.0
    assert turns.try_acquire()  # at 10
    assert turns.busy_s == 1.0  # at 11, still held
    waiter = asyncio.create_task(turns.acquire(1))
    await asyncio.sleep(0)
    turns.release()  # handed over: the line has no pause
    await waiter
    turns.release()  # at 12.5
    assert turns.busy_s == 2.5
    assert turns.try_acquire()  # at 13
    turns.release()  # at 20
    assert turns.busy_s == 9.5
