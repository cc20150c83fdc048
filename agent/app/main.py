"""The agent as a process: runs until a signal ends it, and reloads its configuration."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable

import structlog

from agent.app.event_loop import on_signal, stopping
from agent.app.notify import Notifier
from agent.app.reload import ReloadOutcome
from agent.app.wiring import Running, running
from agent.config import Config

_log = structlog.get_logger("daemon")


async def run_until_stopped(
    load: Callable[[], Config], announce: Callable[[Running], None]
) -> None:
    """Run what ``load`` returns until SIGTERM or SIGINT; SIGHUP loads again.

    ``announce`` is called once it serves. Raises ConfigError if it cannot start.
    """
    config = load()
    stop, manager = asyncio.Event(), Notifier()
    with stopping(stop):
        async with running(config, load) as current:
            announce(current)
            for warning in config.warnings:
                _log.warning("configuration", warning=warning)
            _log.info("started", devices=len(config.devices), url=current.url)
            manager.send("READY=1", f"STATUS={len(config.devices)} devices, {current.url}")
            async with manager.watched(current.agent.stuck), reloading(current, manager):
                await current.until(stop)
            _log.info("stopping")
            manager.send("STOPPING=1")


@contextlib.asynccontextmanager
async def reloading(current: Running, manager: Notifier) -> AsyncIterator[None]:
    """Reload on SIGHUP, and on a change of the file if that is configured, while the block runs."""
    requested = asyncio.Event()

    async def reload_on_request() -> None:
        while True:
            await requested.wait()
            requested.clear()  # requests during a reload become one more reload
            manager.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
            outcome = await current.reloader.reload()
            manager.send("READY=1", f"STATUS={_status(outcome)}")

    jobs = [reload_on_request()]
    if current.agent.config.spec.reload.watch:
        jobs.append(current.reloader.watch())
    tasks = [asyncio.create_task(job, name="reload") for job in jobs]
    try:
        with on_signal(signal.SIGHUP, requested.set):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _status(outcome: ReloadOutcome) -> str:
    return outcome.text if outcome.done else "configuration refused, the old one stays active"
