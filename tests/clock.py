"""An event loop whose time passes only while everybody waits: hours in milliseconds, exactly.

Tests marked ``moved_clock`` run on it, with their fixtures. Timeouts, silence and late answers then
come in the order of their times, however busy the machine is.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_LOOKS = 5
_LOOK_S = 0.002
"""How often, and how long each time (real seconds), a loop looks for what is on its way from one
socket here to another. Several looks, because one can end before the kernel had its turn."""

_STUCK_S = 60.0
"""How long (real seconds) a thread may take to let the test go on."""


class _Selector(selectors.PollSelector):
    """Lets time pass instead of waiting for it, once nothing is on its way.

    poll(2) looks at every file each time, and makes a pseudo-terminal take over the bytes that wait
    for a thread of the kernel; epoll would go on waiting for the thread.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:
            return super().select(0)
        if self.threads:
            return super().select(_STUCK_S)
        for _ in range(_LOOKS if len(self.get_map()) > 1 else 0):  # one is the loop's own pipe
            if ready := super().select(_LOOK_S):
                return ready
        if timeout is None:
            raise AssertionError("everybody waits for what will never happen")
        self.now += timeout
        return []


class Clock(asyncio.SelectorEventLoop):
    """The loop, and the stand-in for the ``time`` module of what runs on it."""

    def __init__(self) -> None:
        self._pretended = _Selector()
        super().__init__(self._pretended)

    def time(self) -> float:
        return self._pretended.now

    def monotonic(self) -> float:
        return self._pretended.now

    def pass_by(self, seconds: float) -> None:
        """Time goes by while somebody holds up the loop."""
        self._pretended.now += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> "asyncio.Future[_T]":
        """No time passes while a thread works."""
        self._pretended.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: "asyncio.Future[Any]") -> None:
        self._pretended.threads -= 1

    async def shutdown_default_executor(self, *limit: Any) -> None:
        self._pretended.threads += 1
        await super().shutdown_default_executor(*limit)
        self._pretended.threads -= 1

    def run(self, main: Coroutine[Any, Any, _T]) -> _T:
        """Run ``main`` to its end, with everything it started."""
        with asyncio.Runner(loop_factory=lambda: self) as runner:
            return runner.run(main)
