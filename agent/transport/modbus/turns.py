"""A fair lock: units take turns, so that a busy or silent unit cannot starve the others."""

import asyncio
import time
from collections import deque

from agent.model.errors import DeviceTimeout


class Turns:
    """A lock with one holder; the next turn goes to the next unit in rotation.

    At most ``queue_max`` callers wait, each at most ``wait_s`` seconds.
    """

    def __init__(self, name: str, queue_max: int, wait_s: float) -> None:
        self._name = name
        self._queue_max = queue_max
        self._wait_s = wait_s
        self._held_since: float | None = None
        self._busy_s = 0.0
        self._queues: dict[int, deque[asyncio.Future[None]]] = {}
        self._order: deque[int] = deque()

    @property
    def waiting(self) -> int:
        """Number of waiting callers."""
        return sum(map(len, self._queues.values()))

    @property
    def busy_s(self) -> float:
        """Total time (seconds) that the lock was held."""
        since = self._held_since
        return self._busy_s + (0.0 if since is None else time.monotonic() - since)

    def try_acquire(self) -> bool:
        """Acquire the lock if it is free; return whether it was."""
        if self._held_since is not None:
            return False
        self._held_since = time.monotonic()
        return True

    async def acquire(self, unit: int) -> None:
        """Wait for the turn of ``unit`` and hold the lock.

        Raises DeviceTimeout if the queue is full or after ``wait_s``.
        """
        if self.waiting >= self._queue_max:
            raise DeviceTimeout(f"{self._name}: the queue of {self._queue_max} requests is full")
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        if unit not in self._queues:
            self._queues[unit] = deque()
            self._order.append(unit)
        self._queues[unit].append(turn)
        timer = loop.call_later(self._wait_s, self._expire, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.release()
            raise
        finally:
            timer.cancel()

    def release(self) -> None:
        """Pass the lock to the next waiting unit, or free it."""
        while self._order:
            unit = self._order.popleft()
            queue = self._queues[unit]
            while queue and queue[0].done():
                queue.popleft()
            turn = queue.popleft() if queue else None
            if queue:
                self._order.append(unit)
            else:
                del self._queues[unit]
            if turn is not None:
                turn.set_result(None)
                return
        self._busy_s, self._held_since = self.busy_s, None

    def _expire(self, turn: asyncio.Future[None]) -> None:
        if not turn.done():
            turn.set_exception(DeviceTimeout(f"{self._name}: no turn within {self._wait_s:g} s"))
