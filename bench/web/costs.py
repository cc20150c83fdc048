"""Measure the parts of a page of 1,500 devices, from the polls of one simulated rack.

``python -m bench.web.costs [RACKS]`` prints milliseconds as one line of JSON.
"""

import asyncio
import gzip
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.app.logs import set_up_logs
from agent.app.wiring import Agent
from agent.config import Config, load_config
from agent.model.series import SeriesSet
from agent.model.values import PollResult
from agent.store.history import History
from agent.store.latest import Store
from agent.transport.factory import Transports
from agent.web.data.site import Site
from agent.web.draw.screen import changes
from agent.web.routes import Pages
from simulator.site.rack_server import serving

RACK = Path(__file__).parents[1] / "fleet" / "rack.yaml"
_ROUNDS = 7
_PATIENCE_S = 60.0
_INTERVAL_S = 10


def costs(racks: int) -> dict[str, Any]:
    """Return milliseconds, the least of several rounds; ``history_poll_us`` is in microseconds."""
    config = load_config(RACK)
    agent, results_of = asyncio.run(_polled(config))
    views, results = [], []
    for number in range(racks):
        for view in agent.views:
            name = f"r{number:03}-{view.name}"
            views.append(replace(view, name=name, rack=f"r{number:03}"))
            results.append(_named(results_of[view.name], name))
    store, history = Store(dict.fromkeys((view.name for view in views), 1e9)), History()
    for result in results:
        store.put(result)
    states = [store.device(result.device) for result in results]

    def hear() -> None:
        for state, result in zip(states, results, strict=True):
            history.observe(state, result)

    pages = Pages(Site(store, views, history, agent.profile), lambda: True)
    found: dict[str, Any] = {"devices": len(views)}
    found["history_poll_us"] = round(_least(hear) * 1000 / len(views), 1)
    due = results[: len(results) // _INTERVAL_S]  # the results of one second

    def second() -> None:
        for result in due:
            store.put(result)

    before = pages.render("hall")
    found["hall_after_a_second"] = _least(lambda: pages.render("hall"), second)
    found["hall_again"] = _least(lambda: pages.render("hall"))
    now = pages.render("hall")
    found["hall_changes"] = _least(lambda: changes(before.cells, now.cells))
    found["hall_html"] = _least(lambda: pages.html("hall", now, kiosk=False))
    html = pages.html("hall", now, kiosk=False).encode()
    found["hall_gzip"] = _least(lambda: gzip.compress(html, 1))
    found["hall_bytes"], found["hall_gzip_bytes"] = len(html), len(gzip.compress(html, 1))
    for name in ("switch-1", "pdu-a"):
        path = f"device/r000-{name}"
        shown = pages.render(path)
        found[f"{name}_screen"] = _least(lambda path=path: pages.render(path))
        found[f"{name}_html"] = _least(
            lambda path=path, shown=shown: pages.html(path, shown, kiosk=False)
        )
    return found


def _least(work: Callable[[], object], first: Callable[[], object] = lambda: None) -> float:
    found = []
    for _ in range(_ROUNDS):
        first()
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return round(min(found) * 1000, 3)


async def _polled(config: Config) -> tuple[Agent, dict[str, PollResult]]:
    """Return the agent of one rack, and a poll of each of its devices."""
    agent, results_of = Agent(config), dict[str, PollResult]()
    agent.store.subscribe(lambda _, result: results_of.update({result.device: result}))
    async with serving(config), Transports(config.quirks()) as transports:
        polling = asyncio.create_task(agent.run(transports))
        until = time.monotonic() + _PATIENCE_S
        while len(results_of) < len(config.devices) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
    return agent, results_of


def _named(result: PollResult, name: str) -> PollResult:
    blocks = {
        place: tuple(
            replace(block, series=SeriesSet(replace(one, device=name) for one in block.series))
            for block in several
        )
        for place, several in result.blocks.items()
    }
    return replace(result, device=name, blocks=blocks)


if __name__ == "__main__":
    set_up_logs("console", "error")
    print(json.dumps(costs(int(sys.argv[1]) if len(sys.argv) > 1 else 100)))
