"""Measure one scrape of many series, and prometheus-client's ``generate_latest`` of the same.

``python -m bench.scrape.run [--series N] [--rounds N]`` writes bench/results/scrape.json. Both run
in this process, in turns; the content is compared line by line before anything is timed. The cost
of polls, which render their own lines in advance, is reported beside it.
"""

import argparse
import asyncio
import json
import platform
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from agent.app.event_loop import run_loop
from agent.expose.http.api import create_app
from agent.expose.http.serve import serve
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.model.catalogue import CATALOGUE
from agent.model.series import OidSource, Series, SeriesSet
from agent.model.values import Block, PollResult
from agent.store.latest import Store

RESULT = Path(__file__).parent.parent / "results" / "scrape.json"
_ROWS = 400  # series of a device: a PDU of 48 outlets, with its phases and branches
_METRICS = (
    "rack_outlet_current_amperes",
    "rack_outlet_power_watts",
    "rack_outlet_voltage_volts",
    "rack_outlet_apparent_power_voltamperes",
)
_PLACE = {"site": "hall-1", "rack": "r01"}


class Fleet:
    """Devices of the agent and of prometheus-client, with the same numbers."""

    def __init__(self, series: int) -> None:
        self.names = [f"pdu-{number:04}" for number in range(max(1, series // _ROWS))]
        self.store = Store(dict.fromkeys(self.names, 1e6))
        self.exposition = PrometheusExposition(dict.fromkeys(self.names, _PLACE))
        self.store.subscribe(self.exposition.update)
        self.registry = CollectorRegistry()
        labels = [*_PLACE, "device", "outlet"]
        self._gauges = {
            name: Gauge(name, CATALOGUE[name].help, labels, registry=self.registry)
            for name in _METRICS
        }
        self._series = {name: SeriesSet(self._rows(name)) for name in self.names}
        self._random = random.Random(1)
        self.count = len(self.names) * _ROWS

    def poll(self) -> float:
        """Set new values everywhere; return the CPU seconds of taking over and rendering them."""
        spent = 0.0
        for name in self.names:
            values = [round(self._random.uniform(0, 500), 2) for _ in range(_ROWS)]
            block = Block(self._series[name], values, values, time.time())
            result = PollResult(name, True, {0: (block,)}, (), time.time(), 0.1)
            began = time.process_time()
            self.store.put(result)
            spent += time.process_time() - began
            for series, value in zip(block.series, values, strict=True):
                where = {**_PLACE, "device": name, **dict(series.labels)}
                self._gauges[series.metric.name].labels(**where).set(value)
        return spent

    def differ(self) -> int:
        """Return the number of series or values that differ in both texts."""
        return len(_samples(self.exposition.render()) ^ _samples(generate_latest(self.registry)))

    @staticmethod
    def _rows(device: str) -> tuple[Series, ...]:
        return tuple(
            Series(device, CATALOGUE[metric], (("outlet", str(outlet)),), OidSource("1.3.6.1"))
            for metric in _METRICS
            for outlet in range(_ROWS // len(_METRICS))
        )


def _samples(text: bytes) -> set[tuple[str, float]]:
    lines = [line for line in text.decode().splitlines() if line.startswith("rack_outlet")]
    pairs = [line.rsplit(" ", 1) for line in lines]
    return {(",".join(sorted(head.rstrip("}").split("{")[1].split(","))) + head.split("{")[0],
             float(value)) for head, value in pairs}  # fmt: skip


def _cpu_s(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


async def _first_byte_s(fleet: Fleet, rounds: int) -> list[float]:
    """Return the seconds from a request over loopback to the first octet of its answer."""
    app = create_app(fleet.store, fleet.exposition, [], lambda: True)
    found = []
    async with serve(app, "127.0.0.1", 0) as (host, port):
        for _ in range(rounds):
            reader, writer = await asyncio.open_connection(host, port)
            began = time.perf_counter()
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            await reader.readexactly(1)
            found.append(time.perf_counter() - began)
            while await reader.read(1 << 20):
                pass
            writer.close()
            await writer.wait_closed()
    return found


def main() -> None:
    """Compare the texts, measure in turns, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    fleet = Fleet(options.series)
    fleet.poll()
    if wrong := fleet.differ():
        raise SystemExit(f"the two texts differ in {wrong} samples: nothing was measured")
    ours, theirs, polls = [], [], []
    for _ in range(options.rounds):
        polls.append(fleet.poll())
        ours.append(_cpu_s(fleet.exposition.render))
        theirs.append(_cpu_s(lambda: generate_latest(fleet.registry)))
    first_byte = run_loop(_first_byte_s(fleet, options.rounds))
    middle = statistics.median
    result = {
        "series": fleet.count,
        "ratio_cpu": round(middle(theirs) / middle(ours), 1),
        "ratio_cpu_with_polls": round(middle(theirs) / (middle(ours) + middle(polls)), 2),
        "time_to_first_byte_s": round(middle(first_byte), 4),
        "scrape_cpu_s": {"rackagent": ours, "generate_latest": theirs},
        "poll_render_cpu_s": polls,
        "python": platform.python_version(),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
