"""Waits for what happens in real time: for a condition, with one generous limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_S = 60.0
"""How long anything may take before a test fails; a busy machine needs some of it."""


def eventually(check: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """The first true result of ``check``; AssertionError when none comes in ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = check()
        except OSError:
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, f"it did not happen within {seconds:g} s"
        time.sleep(0.1)


async def until(check: Callable[[], Any]) -> Any:
    """The first true result of ``check``, which may be a coroutine function."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = check()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"it did not happen within {PATIENCE_S:g} s"
        await asyncio.sleep(0.01)
