"""From the loop to a disk: in order, once, also when the disk fails and flushes overlap."""

import asyncio
import sqlite3
import threading

import pytest
from structlog.testing import capture_logs

from agent.store import sqlite_writer as spool_module
from agent.store.sqlite_writer import Spool


class Disk:
    """Keeps what is written; fails ``fails`` times first. A write waits while ``go`` is clear."""

    def __init__(self, fails: int = 0) -> None:
        self.fails, self.written = fails, list[int]()
        self.began, self.go = threading.Event(), threading.Event()
        self.go.set()

    async def is_writing(self) -> None:
        """Wait until a write has begun."""
        assert await asyncio.to_thread(self.began.wait, 10)

    def write(self, items: list[int]) -> None:
        self.began.set()
        assert self.go.wait(10)
        if self.fails:
            self.fails -= 1
            raise sqlite3.OperationalError("disk is full")
        self.written += items


def filled(disk: Disk, items: range, bound: int = 100) -> Spool[int]:
    spool = Spool[int]("test", disk.write, bound)
    for item in items:
        spool.put(item)
    return spool


async def close(spool: Spool[int]) -> None:
    await spool.close(lambda: None)


async def test_everything_is_written_in_order() -> None:
    disk = Disk()
    spool = filled(disk, range(5))
    writing = asyncio.create_task(spool.run())
    spool.wake()
    await spool.written.wait()
    writing.cancel()
    await asyncio.wait([writing])
    assert disk.written == [0, 1, 2, 3, 4]
    spool.put(5)
    await close(spool)
    assert disk.written == [0, 1, 2, 3, 4, 5]


async def test_flushes_that_overlap_keep_the_order_when_the_disk_fails() -> None:
    disk = Disk(fails=1)
    spool = filled(disk, range(3))
    disk.go.clear()
    first = asyncio.create_task(spool.flush())
    await disk.is_writing()
    spool.put(3)
    second = asyncio.create_task(spool.flush())
    disk.go.set()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(each) for each in results] == [sqlite3.OperationalError, type(None)]
    await close(spool)
    assert disk.written == [0, 1, 2, 3]


async def test_a_disk_that_fails_is_told_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spool_module, "_AGAIN_S", 0.01)
    disk = Disk(fails=3)
    spool = filled(disk, range(2))
    with capture_logs() as logs:
        writing = asyncio.create_task(spool.run())
        spool.wake()
        async with asyncio.timeout(10):
            await spool.written.wait()
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait([writing])
    assert [each["event"] for each in logs] == ["cannot write", "written again"]
    await close(spool)
    assert disk.written == [0, 1]


async def test_beyond_the_bound_the_oldest_are_dropped_and_counted() -> None:
    disk = Disk()
    spool = filled(disk, range(10), bound=4)
    await close(spool)
    assert (disk.written, spool.dropped) == ([6, 7, 8, 9], 6)


async def test_what_came_meanwhile_has_its_place_behind_what_failed() -> None:
    disk = Disk(fails=1)
    spool = filled(disk, range(4), bound=5)
    disk.go.clear()
    flushing = asyncio.create_task(spool.flush())
    await disk.is_writing()
    for item in range(4, 7):
        spool.put(item)
    disk.go.set()
    with pytest.raises(sqlite3.OperationalError):
        await flushing
    await close(spool)
    assert (disk.written, spool.dropped) == ([2, 3, 4, 5, 6], 2)


async def test_a_write_that_fails_after_its_flush_was_cancelled_is_made_again() -> None:
    disk = Disk(fails=1)
    spool = filled(disk, range(4), bound=5)
    disk.go.clear()
    flushing = asyncio.create_task(spool.flush())
    await disk.is_writing()
    flushing.cancel()
    await asyncio.wait([flushing])
    for item in range(4, 7):
        spool.put(item)
    disk.go.set()
    await close(spool)
    assert (disk.written, spool.dropped) == ([2, 3, 4, 5, 6], 2)


async def test_what_is_lost_at_the_end_is_told() -> None:
    spool = filled(Disk(fails=1), range(3))
    with capture_logs() as logs:
        await close(spool)
    assert [(each["event"], each["items"]) for each in logs] == [("lost at the end", 3)]
