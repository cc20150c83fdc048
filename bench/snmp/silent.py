"""Measure the effect of silent devices on others: 1,000 targets, half of them silent.

Usage: python -m bench.snmp.silent [--version v2c

v3]. The polls of a cycle are spread over ten seconds, as the daemon spreads them over an interval,
so that durations are those of polls and not of a queue. Memory is measured over 100 cycles. Writes
bench/results/snmp_silent.json.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import time
from pathlib import Path
from statistics import median, quantiles

import structlog
from rich.console import Console
from rich.table import Table

from agent.app.event_loop import run_loop
from agent.model.limits import Limits
from bench.snmp.cell import rss_mb
from bench.snmp.peers import MissingError, responder_only
from bench.snmp.rig import Rig, address, cpu_s, insist, silent_address

RESULTS = Path(__file__).parents[1] / "results" / "snmp_silent.json"

_TARGETS = 1000
_SPREAD_S = 10.0
_ROUNDS = 3
_SHORT_CYCLES = 100
_SHORT_TARGETS = 100
_LIMITS = Limits(timeout_s=1.0, retries=1)


def _p99(durations: list[float]) -> float:
    return quantiles(durations, n=100)[98]


async def _cycle(rig: Rig, answering: int, polled: int, spread_s: float) -> list[float]:
    """Poll the first ``polled`` once, evenly spread; return the seconds of those that answer."""
    durations: list[float] = []

    async def one(number: int) -> None:
        place = number if number < answering else number - answering + 0.5
        await asyncio.sleep(spread_s * place / answering)
        poller, _ = rig.pollers[number]
        result = await poller.poll()
        if number < answering:
            insist(result)
            durations.append(result.duration_s)
        elif result.up:
            raise SystemExit(f"{result.device} should be silent")

    await asyncio.gather(*(one(number) for number in range(polled)))
    return durations


async def _durations(port: int, version: str) -> dict[str, dict[str, float]]:
    """Measure 500 answering devices without and with 500 silent ones, in turns."""
    answering = _TARGETS // 2
    hosts = [address(n) for n in range(answering)] + [silent_address(n) for n in range(answering)]
    rig = Rig(hosts, version, "native", _LIMITS)
    await rig.open(port)
    sides = {"500 answering alone": answering, "500 answering beside 500 silent": _TARGETS}
    rounds: dict[str, list[tuple[float, float, float]]] = {side: [] for side in sides}
    try:
        await _cycle(rig, answering, _TARGETS, _SPREAD_S)
        for _ in range(_ROUNDS):
            for side, polled in sides.items():
                cpu = cpu_s()
                taken = await _cycle(rig, answering, polled, _SPREAD_S)
                rounds[side].append((median(taken), _p99(taken), cpu_s() - cpu))
    finally:
        await rig.close()
    return {
        side: {
            "median_ms": median(one[0] for one in measured) * 1e3,
            "p99_ms": median(one[1] for one in measured) * 1e3,
            "cpu_s_per_cycle": median(one[2] for one in measured),
        }
        for side, measured in rounds.items()
    }


async def _growth(port: int, version: str) -> dict[str, float]:
    """Measure resident memory over 100 cycles of 100 devices, half of them silent."""
    answering = _SHORT_TARGETS // 2
    hosts = [address(n) for n in range(answering)]
    hosts += [silent_address(n) for n in range(_SHORT_TARGETS - answering)]
    rig = Rig(hosts, version, "native", Limits(timeout_s=0.2, retries=0))
    await rig.open(port)
    sizes: list[float] = []
    objects: list[int] = []
    try:
        for _ in range(_SHORT_CYCLES):
            await _cycle(rig, answering, _SHORT_TARGETS, 0.05)
            rig.exposition.render()
            gc.collect()
            sizes.append(rss_mb(os.getpid()))
            objects.append(len(gc.get_objects()))
    finally:
        await rig.close()
    return {
        "rss_mb_cycle_10": sizes[9],
        "rss_mb_cycle_100": sizes[-1],
        "objects_cycle_10": float(objects[9]),
        "objects_cycle_100": float(objects[-1]),
        "tasks_left": float(len(asyncio.all_tasks()) - 1),
    }


async def _measure(port: int, version: str) -> dict[str, dict[str, float]]:
    os.sched_setaffinity(0, {0})
    started = time.perf_counter()
    found = {f"{_SHORT_CYCLES} cycles of {_SHORT_TARGETS}": await _growth(port, version)}
    found |= await _durations(port, version)
    found["run"] = {"seconds": time.perf_counter() - started}
    return found


def main() -> int:
    """Measure, print, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", choices=("v2c", "v3"), default="v2c")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    console = Console()
    try:
        with responder_only() as port:
            found = run_loop(_measure(port, options.version))
    except MissingError as error:
        console.print(f"silent: {error}", style="red")
        return 2
    table = Table(title=f"silent devices, SNMP {options.version}")
    table.add_column("what")
    table.add_column("result")
    for name, values in found.items():
        table.add_row(name, ", ".join(f"{key} {value:,.2f}" for key, value in values.items()))
    console.print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
