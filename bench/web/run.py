"""Measure the hall of a fleet in a browser, and the cost of its viewers.

``python -m bench.web.run [--racks N] [--seconds S] [--viewers N]`` writes bench/results/web.json.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, async_playwright

from bench.fleet.run import start_simulator

HERE = Path(__file__).parent
RESULT = HERE.parent / "results" / "web.json"
_WARM_UP_S = 25.0  # two cycles, identification and first walks included
_LOADS = 5
_LOADED = """
() => new Promise((done) => {
  const link = document.getElementById("link");
  const look = () => {
    if (link.dataset.link !== "live") { requestAnimationFrame(look); return; }
    const [page] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    done({
      first_byte_ms: page.responseStart, dom_ready_ms: page.domContentLoadedEventEnd,
      first_paint_ms: paint ? paint.startTime : null, live_ms: performance.now(),
      html_bytes: page.decodedBodySize, transfer_bytes: page.transferSize,
    });
  };
  look();
})
"""


def main() -> None:
    """Serve, poll, measure in the browser, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--racks", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--viewers", type=int, default=20)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "bench.web.costs", str(options.racks)]
    costs = json.loads(subprocess.check_output(command))
    with tempfile.TemporaryDirectory() as folder:
        fleet = Path(folder) / "fleet.yaml"
        simulator = start_simulator(options.racks, fleet, cores[-1])
        try:
            result = _measure(fleet, cores, options)
        finally:
            simulator.send_signal(signal.SIGTERM)
            simulator.communicate()
    result = {"costs": costs} | result
    result |= {"racks": options.racks, "seconds": options.seconds, "viewers": options.viewers}
    result |= {"python": platform.python_version(), "cores": len(cores)}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def _measure(fleet: Path, cores: list[int], options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.web.agent", str(fleet)]
    agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(agent.pid, {cores[0]})
    os.sched_setaffinity(0, {cores[-1]})
    assert agent.stdin is not None
    assert agent.stdout is not None
    try:
        url = agent.stdout.readline().strip()
        time.sleep(_WARM_UP_S)

        def measured() -> dict[str, Any]:
            agent.stdin.write("\n")  # type: ignore[union-attr]
            agent.stdin.flush()  # type: ignore[union-attr]
            found: dict[str, Any] = json.loads(agent.stdout.readline())  # type: ignore[union-attr]
            return found

        found: dict[str, Any] = {}
        measured()
        for phase, viewers in (("alone", 0), ("looked_at", options.viewers), ("alone_again", 0)):
            taken = asyncio.run(_look(url, viewers, options.seconds))
            found[phase] = measured() | taken
        found["loads"] = asyncio.run(_load(f"{url}/hall"))
        found["loading"] = measured()
    finally:
        agent.stdin.close()
        agent.wait()
    quiet = statistics.mean(found[phase]["cpu_ms_per_poll"] for phase in ("alone", "alone_again"))
    found["cpu_ratio"] = round(found["looked_at"]["cpu_ms_per_poll"] / quiet, 3)
    keys = found["loads"][0]
    found["median_load"] = {key: _median(load[key] for load in found["loads"]) for key in keys}
    return found


def _median(values: Iterable[float | None]) -> float | None:
    """Return the median of the known values: a browser may not report its first paint."""
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 1) if known else None


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
    return body


async def _look(url: str, viewers: int, seconds: float) -> dict[str, Any]:
    """Open ``viewers`` streams of the hall for ``seconds``; return what they received."""
    shape = await asyncio.to_thread(_shape, url) if viewers else ""
    received = [0] * viewers
    looking = [
        asyncio.create_task(_stream(url, shape, received, number)) for number in range(viewers)
    ]
    await asyncio.sleep(seconds)
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    per_s = statistics.mean(received) / seconds if viewers else 0
    return {"bytes_per_s_and_viewer": round(per_s)}


def _shape(url: str) -> str:
    return _fetch(f"{url}/hall").decode().partition('data-shape="')[2].partition('"')[0]


async def _stream(url: str, shape: str, received: list[int], number: int) -> None:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    ask = f"GET /live?page=hall&shape={shape} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n"
    writer.write(ask.encode())
    try:
        while chunk := await reader.read(1 << 18):
            received[number] += len(chunk)
    finally:
        writer.close()


async def _load(url: str) -> list[dict[str, float]]:
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium is not installed")
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=program)
        try:
            return [await _once(browser, url) for _ in range(_LOADS)]
        finally:
            await browser.close()


async def _once(browser: Browser, url: str) -> dict[str, float]:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(url)
    found: dict[str, float] = await page.evaluate(_LOADED)
    await context.close()
    return found


if __name__ == "__main__":
    main()
