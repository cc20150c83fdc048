"""From the event loop to a disk: items wait in a bounded list, and one thread writes them.

What puts items in never waits. A disk that fails keeps them pending, in order, and is tried again.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import structlog

from agent.store.edge_log import Standing

_log = structlog.get_logger("spool")
_Item = TypeVar("_Item")
_T = TypeVar("_T")
_AGAIN_S = 5.0


class Spool(Generic[_Item]):
    """Writes items with ``write``, all that wait at once; beyond ``bound`` the oldest are dropped.

    ``write`` runs in this spool's thread, and may raise sqlite3.Error.
    """

    def __init__(self, name: str, write: Callable[[list[_Item]], None], bound: int) -> None:
        self._name, self._write, self._bound = name, write, bound
        self._pending: deque[_Item] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._news, self._failing = asyncio.Event(), Standing()
        self._one_at_a_time = asyncio.Lock()
        self.written = asyncio.Event()
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many items wait to be written."""
        return len(self._pending)

    def put(self, item: _Item) -> None:
        """Append one; ``wake`` after the last of several."""
        if len(self._pending) >= self._bound:
            self._pending.popleft()
            self.dropped += 1
        self._pending.append(item)

    def wake(self) -> None:
        """Have what waits written soon."""
        self._news.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.flush()
            except sqlite3.Error as error:
                repeated = self._failing.again(str(error))
                if repeated is not None:
                    more = {"repeated": repeated} if repeated else {}
                    _log.error("cannot write", to=self._name, reason=str(error), **more)
                await asyncio.sleep(_AGAIN_S)
                self._news.set()
                continue
            repeated = self._failing.over()
            if repeated is not None:
                _log.info("written again", to=self._name, repeated=repeated)

    async def flush(self) -> None:
        """Write what waits now. Raises sqlite3.Error, with all of it pending again, in order."""
        # Shielded: a write that has begun is finished, and its outcome noted, whatever becomes of
        # the caller. It must neither be done a second time nor be lost.
        error = await asyncio.shield(asyncio.ensure_future(self._write_pending()))
        if error is not None:
            raise error
        self.written.set()

    async def _write_pending(self) -> sqlite3.Error | None:
        """Write what waits now; return the error after which all of it is pending again."""
        async with self._one_at_a_time:
            batch = list(self._pending)
            self._pending.clear()
            try:
                await self.do(lambda: self._write(batch))
            except sqlite3.Error as error:
                free = self._bound - len(self._pending)
                self.dropped += max(0, len(batch) - free)
                self._pending.extendleft(reversed(batch[-free:] if free > 0 else ()))
                return error
        return None

    async def do(self, work: Callable[[], _T]) -> _T:
        """Something else on the same thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self, last: Callable[[], None]) -> None:
        """Write what waits, as far as the disk takes it, and do ``last``; ``run`` has ended."""
        try:
            await self.flush()
        except sqlite3.Error as error:
            lost = len(self._pending)
            _log.error("lost at the end", of=self._name, items=lost, reason=str(error))
        await self.do(last)
        self._thread.shutdown()
