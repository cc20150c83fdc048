"""An event loop whose time passes only while everybody waits: hours in milliseconds, exactly."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class _Selector(selectors.SelectSelector):
    """Lets time pass instead of waiting for it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everybody waits for what will never happen")
        if not ready and timeout:
            self.now += timeout
        return ready


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

    def run(self, main: Coroutine[Any, Any, _T]) -> _T:
        """Run ``main`` to its end, with everything it started."""
        with asyncio.Runner(loop_factory=lambda: self) as runner:
            return runner.run(main)
