"""The event loop: uvloop where it is installed, and signals that end it well."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

_T = TypeVar("_T")
_YOUNG_OBJECTS = 50_000


@contextlib.contextmanager
def stopping(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set ``stop`` while the block runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def hearing(number: signal.Signals, call: Callable[[], object]) -> Iterator[None]:
    """Have ``call`` called whenever signal ``number`` comes, while the block runs."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


def spare_collector() -> None:
    """Let the garbage collector look less often than Python's own choice, for this process.

    One walked table is some hundreds of tuples, which reference counting frees a moment later.
    Looked at every 700 new objects they make the collector half of a poll's price, and each full
    look over a thousand devices a pause.
    """
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])


def run_loop(main: Coroutine[Any, Any, _T]) -> _T:
    """Run ``main`` on uvloop where it is installed, else on asyncio's own loop."""
    spare_collector()
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
