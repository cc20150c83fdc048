"""Being woken between two turns of the schedule."""

import asyncio
from pathlib import Path

import pytest

from agent.profile.library import Library
from agent.transport.memory import MemoryTransport
from tests.agent.fans import Bench, box, library_of

pytestmark = [pytest.mark.moved_clock, pytest.mark.usefixtures("polls_by_the_loop")]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_of(tmp_path)


@pytest.fixture
def device() -> MemoryTransport:
    return box()


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
        assert second.started_at - first.started_at == pytest.approx(1.0)
        await asyncio.sleep(5)
        assert len(hourly.results) == 2


async def test_waking_does_not_shift_the_schedule(
    library: Library, device: MemoryTransport
) -> None:
    running = Running(library, device, interval_s=0.4)
    async with running:
        await running.polled(2)
        running.poller.wake()
        await running.polled(6)
    first, *starts = [result.started_at for result in running.results]
    assert [start - first for start in starts] == pytest.approx([0.4, 0.4, 0.8, 1.2, 1.6])


async def test_a_woken_poller_ends_when_cancelled(hourly: Running, device: MemoryTransport) -> None:
    async with hourly:
        hourly.poller.wake()
        await hourly.polled(1)
        hourly.poller.wake()
        await asyncio.sleep(0)
    assert device.closed
