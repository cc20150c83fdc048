"""The agent of the measurement: poll, serve, and report the cost of a span of time.

``python -m bench.web.agent CONFIG`` prints its address; for each line of input it prints the cost
since the last one, as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.app.event_loop import run_loop
from agent.app.logs import set_up_logs
from agent.app.wiring import running
from agent.config import load_config
from agent.model.values import PollResult
from agent.store.history import History
from agent.store.latest import DeviceState
from simulator.site.fleet import raise_file_limit

_LOOK_S = 0.005


class Meter:
    """A record of CPU time, polls, and the longest time in which no other task ran."""

    def __init__(self) -> None:
        self.polls = 0
        self.history_s = 0.0
        self._reset()

    def _reset(self) -> None:
        self.polls, self.history_s, self._stretches = 0, 0.0, [0.0]
        self._cpu, self._wall = time.process_time(), time.monotonic()

    async def watch(self) -> None:
        """Record the CPU time of this thread between two turns of this task."""
        while True:
            before = time.thread_time()
            await asyncio.sleep(_LOOK_S)
            self._stretches.append(time.thread_time() - before)

    def measured(self) -> dict[str, Any]:
        """Return the measurements since the last call."""
        cpu, wall = time.process_time() - self._cpu, time.monotonic() - self._wall
        stretches = sorted(self._stretches)
        found = {
            "cpu_share": round(cpu / wall, 4),
            "polls_per_s": round(self.polls / wall, 1),
            "cpu_ms_per_poll": round(cpu * 1000 / max(1, self.polls), 3),
            "history_share_of_cpu": round(self.history_s / cpu, 4),
            "longest_stretch_ms": round(stretches[-1] * 1000, 1),
            "p99_stretch_ms": round(stretches[int(0.99 * (len(stretches) - 1))] * 1000, 1),
        }
        self._reset()
        return found


@contextmanager
def _history_measured(meter: Meter) -> Iterator[None]:
    plain = History.observe

    def observe(self: History, state: DeviceState, result: PollResult) -> None:
        before = time.thread_time()
        plain(self, state, result)
        meter.history_s += time.thread_time() - before
        meter.polls += 1

    History.observe = observe  # type: ignore[method-assign]
    try:
        yield
    finally:
        History.observe = plain  # type: ignore[method-assign]


async def _run(file: Path) -> None:
    config, meter = load_config(file), Meter()
    with _history_measured(meter):
        async with running(config) as current:
            watching = asyncio.create_task(meter.watch())
            print(current.url, flush=True)
            while await asyncio.to_thread(sys.stdin.readline):
                print(json.dumps(meter.measured()), flush=True)
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


if __name__ == "__main__":
    set_up_logs("console", "error")
    raise_file_limit()
    run_loop(_run(Path(sys.argv[1])))
