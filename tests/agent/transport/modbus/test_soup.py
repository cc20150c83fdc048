"""Faults in random order, with cancelled readers among them: never a wrong value, on any line."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from agent.model.errors import DeviceError
from simulator.wire import modbus_faults as faults
from simulator.wire.modbus_faults import Exchange, ModbusFault, WireStep

from .conftest import HASTY, Rig, words

pytestmark = pytest.mark.moved_clock

READS = 30
IMPATIENT = replace(
    HASTY,
    silent_pause_s=0.01,
    silent_pause_max_s=0.02,
    busy_pause_s=0.002,
    reconnect_max_s=0.02,  # waited out: a busy machine may miss 20 ms, and all else would fail fast
)
Draw = Callable[[random.Random], ModbusFault]

ANYWHERE: tuple[Draw, ...] = (
    lambda _: ModbusFault(),
    lambda _: ModbusFault(),
    lambda _: faults.Silent(),
    lambda luck: faults.Late(seconds=luck.uniform(0.005, 0.06)),
    lambda luck: faults.Refuses(code=luck.choice([1, 2, 4, 5, 6, 10, 11])),
    lambda _: faults.WrongUnit(offset=20),
    lambda luck: faults.WrongCount(extra=luck.choice([-1, 1, 3])),
    lambda _: faults.LyingCount(),
    lambda luck: faults.Truncated(size=luck.randrange(1, 9)),
    lambda luck: faults.StrayBytes(before=luck.randbytes(5), after=luck.randbytes(6)),
    lambda _: faults.Twice(),
    lambda _: faults.Split(size=3, pause_s=0.001),
)
NETWORK: tuple[Draw, ...] = (lambda luck: faults.ClosesMidRequest(size=luck.randrange(9)),)
CHECKED: tuple[Draw, ...] = (lambda luck: faults.Damaged(position=luck.randrange(-4, 4)),)


class Soup(ModbusFault):
    """A fault drawn anew for every request."""

    def __init__(self, luck: random.Random, draws: Sequence[Draw]) -> None:
        self._luck = luck
        self._draws = draws

    def spoil(self, exchange: Exchange) -> Sequence[WireStep] | None:
        return self._luck.choice(self._draws)(self._luck).spoil(exchange)


@pytest.mark.parametrize("seed", [1, 2])
async def test_never_a_wrong_value(rig: Rig, seed: int) -> None:
    await rig.close()
    await rig.start(IMPATIENT)
    luck = random.Random(seed)
    draws = ANYWHERE + (CHECKED if rig.wire != "tcp" else ())
    draws += NETWORK if rig.wire != "pty" else ()
    rig.break_with(Soup(luck, draws))
    right = 0

    async def reader(unit: int) -> None:
        nonlocal right
        for _ in range(READS):
            address, table = luck.randrange(500), luck.choice(["holding", "holding", "input"])
            reading = rig.read(unit, address, 2, table, timeout_s=0.02, retries=1)
            try:
                async with asyncio.timeout(luck.choice([0.01, 10, 10, 10])):
                    payload = await reading
            except (DeviceError, TimeoutError):
                continue
            assert payload == words(unit, table, address, 2)
            right += 1

    await asyncio.gather(reader(1), reader(2), reader(3))
    assert right > READS / 4, "the bus gave up on a line that works half of the time"
    rig.break_with(ModbusFault())
    await asyncio.sleep(0.2 + rig.bus.link.backoff_s())
    for unit in (1, 2, 3):
        assert await rig.read(unit, 300, timeout_s=1) == words(unit, "holding", 300, 2)
