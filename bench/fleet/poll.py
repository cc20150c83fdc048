"""The agent's side of the fleet: poll a configuration for a while and print the cost.

``python -m bench.fleet.poll CONFIG WARM_UP_S SECONDS`` prints one line of JSON.
"""

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from agent.app.event_loop import run_loop
from agent.app.logs import set_up_logs
from agent.app.wiring import Agent
from agent.config import load_config
from agent.model.values import PollResult
from agent.transport.factory import Transports
from simulator.site.fleet import raise_file_limit


async def poll(config: Path, warm_up_s: float, seconds: float) -> dict[str, Any]:
    """Poll for ``warm_up_s``, then for ``seconds`` that are measured."""
    loaded = load_config(config)
    agent = Agent(loaded)
    results: list[PollResult] = []
    agent.store.subscribe(lambda _, result: results.append(result))
    async with Transports(loaded.quirks()) as transports:
        polling = asyncio.create_task(agent.run(transports))
        await asyncio.sleep(warm_up_s)
        results.clear()
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        measured = list(results)
        series = sum(
            len(block.series)
            for device in loaded.devices
            for block in agent.store.device(device.name).blocks(agent.store.steady_now())
        )
        polling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await polling
    late = sorted(_lateness(measured, {d.name: d.interval_s for d in loaded.devices}))
    return {
        "devices": len(loaded.devices),
        "series": series,
        "polls": len(measured),
        "polls_without_answer": sum(not result.up for result in measured),
        "agent_cpu_share": round(cpu / wall, 4),
        "agent_rss_mb": round(_rss_mb(), 1),
        "lateness_p99_s": round(late[int(0.99 * (len(late) - 1))], 4) if late else None,
        "lateness_max_s": round(late[-1], 4) if late else None,
    }


def _lateness(results: list[PollResult], intervals_s: dict[str, float]) -> list[float]:
    """Return the delay of each cycle behind its device's own grid (phase: the earliest start)."""
    starts: dict[str, list[float]] = {}
    for result in results:
        starts.setdefault(result.device, []).append(result.started_at)
    found = []
    for device, times in starts.items():
        interval_s = intervals_s[device]
        behind = [start - times[0] for start in times]
        off = [each - interval_s * round(each / interval_s) for each in behind]
        found += [each - min(off) for each in off]
    return found


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """Print the figures as one line of JSON."""
    config, warm_up_s, seconds = sys.argv[1:4]
    set_up_logs("console", "warning")
    raise_file_limit()
    print(json.dumps(run_loop(poll(Path(config), float(warm_up_s), float(seconds)))))


if __name__ == "__main__":
    main()
