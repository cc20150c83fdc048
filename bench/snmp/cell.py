"""One measurement in its own process: WHAT ENGINE VERSION TARGETS SECONDS LOOP PORT.

WHAT is ``poll`` (polls and shared scrapes in a closed loop), ``get`` (one GET of ten OIDs) or
``memory`` (two polls of each target, then the size). Prints one JSON object.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from agent.app.event_loop import run_loop, spare_collector
from agent.model import smi
from agent.model.limits import Limits
from agent.model.values import GetOids
from bench.snmp.rig import ROWS, Rig, address, cpu_s, insist

_AT_ONCE = 32  # polls in flight while the memory fills
_TEN = GetOids(tuple(smi.oid(f"1.3.6.1.4.1.99999.1.1.{i % 6 + 3}.{i + 1}") for i in range(10)))


async def _closed_loop(
    steps: Sequence[Callable[[], Awaitable[object]]], seconds: float
) -> tuple[int, float, float]:
    """Repeat every step concurrently; return the number of runs, the CPU and the wall seconds."""
    count, stop_at = 0, time.perf_counter() + seconds

    async def work(step: Callable[[], Awaitable[object]]) -> None:
        nonlocal count
        while time.perf_counter() < stop_at:
            await step()
            count += 1

    cpu, started = cpu_s(), time.perf_counter()
    await asyncio.gather(*(work(step) for step in steps))
    return count, cpu_s() - cpu, time.perf_counter() - started


async def _poll(rig: Rig, seconds: float) -> dict[str, float]:
    """Poll as fast as possible; after as many polls as there are targets, scrape all once."""
    targets, polls, text = len(rig.pollers), 0, b""

    async def step(number: int) -> None:
        nonlocal polls, text
        poller, _ = rig.pollers[number]
        insist(await poller.poll())
        polls += 1
        if polls % targets == 0:
            text = rig.exposition.render()

    steps = [partial(step, number) for number in range(targets)]
    for _ in range(3):
        await asyncio.gather(*(one() for one in steps))
    count, cpu, wall = await _closed_loop(steps, seconds)
    return {
        "scrapes_per_s": count / wall,
        "cpu_s_per_100k": cpu / (count * ROWS) * 1e5,
        "bytes_per_scrape": len(text) / targets,
    }


async def _get(rig: Rig, seconds: float) -> dict[str, float]:
    """Send GETs of ten OIDs, one in flight per target."""

    async def step(number: int) -> None:
        answer = await rig.pollers[number][1].fetch(_TEN)
        assert not isinstance(answer.payload, bytes)
        if answer.failures or len(answer.payload[0]) != len(_TEN.oids):
            raise SystemExit(f"GET x10 brought {answer}")

    steps = [partial(step, number) for number in range(len(rig.pollers))]
    await asyncio.gather(*(one() for one in steps))
    count, cpu, wall = await _closed_loop(steps, seconds)
    return {"requests_per_s": count / wall, "cpu_us": cpu / count * 1e6}


async def _memory(rig: Rig) -> dict[str, float]:
    """Return the resident size after two polls of every target."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def step(number: int) -> None:
        poller, _ = rig.pollers[number]
        async with free:
            insist(await poller.poll())

    for _ in range(2):
        await asyncio.gather(*(step(number) for number in range(len(rig.pollers))))
    return {"rss_mb": rss_mb(os.getpid()), "descriptors": _descriptors()}


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _run(what: str, rig: Rig, seconds: float, port: int) -> None:
    await rig.open(port)
    match what:
        case "poll":
            result = await _poll(rig, seconds)
        case "get":
            result = await _get(rig, seconds)
        case _:
            result = await _memory(rig)
    print(json.dumps(result))
    sys.stdout.flush()
    # Engines of the peers need no clean-up: the process ends here.
    os._exit(0)


def main() -> None:
    """Run the measurement that the arguments describe."""
    what, engine, version, targets, seconds, loop, port = sys.argv[1:8]
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rig = Rig([address(number) for number in range(int(targets))], version, engine, Limits())
    coroutine = _run(what, rig, float(seconds), int(port))
    if loop == "uvloop":
        run_loop(coroutine)  # as in the daemon
    else:
        spare_collector()
        asyncio.run(coroutine)


if __name__ == "__main__":
    main()
