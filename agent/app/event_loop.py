"""The event loop: uvloop except on Windows, signals that end it, errors of its callbacks."""

import asyncio
import contextlib
import gc
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

_T = TypeVar("_T")
_YOUNG_OBJECTS = 50_000


@contextlib.contextmanager
def stopping(stop: asyncio.Event) -> Iterator[None]:
    """Set ``stop`` on SIGTERM and SIGINT while the block runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def on_signal(number: signal.Signals, call: Callable[[], object]) -> Iterator[None]:
    """Call ``call`` whenever signal ``number`` comes, while the block runs."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


class CallbackErrors:
    """A watch for errors of event loop callbacks: the first one in code of the agent ends it.

    A callback has no caller: the loop would only log the error, and the code that waits for the
    callback would time out in every cycle. Errors in callbacks of libraries are logged as before.
    """

    async def run(self) -> None:
        """Wait for the first such error and raise it. Runs until then, or until cancelled."""
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        before = loop.get_exception_handler()

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if "handle" in context and error is not None and _own(error) and not failed.done():
                failed.set_exception(error)
            elif before is not None:
                before(loop, context)
            else:
                loop.default_exception_handler(context)

        loop.set_exception_handler(handle)
        try:
            await failed
        finally:
            loop.set_exception_handler(before)


def _own(error: BaseException) -> bool:
    """Return whether the error passed through code of the agent."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(frame.f_globals.get("__name__", "").startswith("agent.") for frame in frames)


def spare_collector() -> None:
    """Make the cycle collector run less often than by default, for this process.

    One walked table is some hundreds of tuples, which reference counting frees a moment later. A
    run every 700 new objects takes as long as the rest of a poll, and each full run over a thousand
    devices is a pause.
    """
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])


def run_loop(main: Coroutine[Any, Any, _T]) -> _T:
    """Run ``main`` on uvloop, or on Windows, which has no uvloop, on asyncio's own loop."""
    spare_collector()
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
