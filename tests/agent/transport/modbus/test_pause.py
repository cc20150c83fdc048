"""The short wait: it ends, it can be cut short, and it gives its descriptor back."""

import asyncio
import os
import sys
import time

import pytest

from agent.model.limits import Limits
from agent.protocol.modbus.framing import query
from agent.transport.modbus.bus import ModbusBus
from agent.transport.modbus.pause import Pause
from simulator.wire.modbus_server import ModbusServer

from .conftest import Words

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux has timerfd")


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - no directory of files


async def test_it_ends_again_and_again() -> None:
    before = open_descriptors()
    pause = Pause.open()
    assert pause is not None
    async with asyncio.timeout(5):
        for seconds in (0.001, 0.0, -1.0, 0.0005):
            await pause.wait(seconds)
    pause.close()
    assert open_descriptors() == before


async def test_it_is_not_over_at_once() -> None:
    pause = Pause.open()
    assert pause is not None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await pause.wait(60)
    async with asyncio.timeout(5):
        await pause.wait(0.001)
    pause.close()


async def test_closing_ends_a_wait() -> None:
    pause = Pause.open()
    assert pause is not None
    waiting = asyncio.create_task(pause.wait(60))
    await asyncio.sleep(0)
    pause.close()
    async with asyncio.timeout(5):
        await waiting


async def test_other_systems_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert Pause.open() is None


async def test_the_line_rests_between_frames() -> None:
    asked, limits = query(1, "holding", 10, 2), Limits(timeout_s=20.0)
    server = ModbusServer({1: Words(1)})
    port = server.start_pty()
    bus = ModbusBus.serial(port.path, 1200, "N", 1)
    await bus.read(asked, limits)
    answered_at = time.monotonic()
    await bus.read(asked, limits)
    # Not a matter of speed: the standard forbids anything shorter than 3.5 characters.
    assert time.monotonic() - answered_at >= 35 / 1200 * 0.95
    await bus.close()
    await server.close()
