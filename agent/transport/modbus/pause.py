"""Waits shorter than the millisecond resolution of event loops, for silences between frames."""

import asyncio
import ctypes
import os
import sys
from typing import Self

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)  # as TFD_NONBLOCK and TFD_CLOEXEC


class _Times(ctypes.Structure):
    """``struct itimerspec``: seconds and nanoseconds of the interval and of the first expiry."""

    _fields_ = (
        ("every_s", ctypes.c_long),
        ("every_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


class Pause:
    """A Linux timer (timerfd_create(2)) that an event loop can wait for; one wait at a time.

    It is exact to some tens of microseconds, and costs no processor time while it runs.
    """

    def __init__(self, descriptor: int, libc: ctypes.CDLL) -> None:
        self._descriptor = descriptor
        self._libc = libc
        self._waiting: asyncio.Future[None] | None = None

    @classmethod
    def open(cls) -> Self | None:
        """Open a timer; return None if the system has none."""
        if sys.platform != "linux":
            return None
        libc = ctypes.CDLL(None)
        descriptor = libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        return cls(descriptor, libc) if descriptor >= 0 else None

    async def wait(self, seconds: float) -> None:
        """Wait this long, or until ``close``."""
        loop = asyncio.get_running_loop()
        nanoseconds = max(1, round(seconds * 1e9))
        times = _Times(0, 0, *divmod(nanoseconds, 10**9))
        self._libc.timerfd_settime(self._descriptor, 0, ctypes.byref(times), None)
        waiting = self._waiting = loop.create_future()
        loop.add_reader(self._descriptor, self._expired, waiting)
        try:
            await waiting
        finally:
            if self._waiting is waiting:
                self._waiting = None
                loop.remove_reader(self._descriptor)

    def close(self) -> None:
        """Close the timer and end a wait."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.get_loop().remove_reader(self._descriptor)
            self._expired(waiting)
        os.close(self._descriptor)

    @staticmethod
    def _expired(waiting: "asyncio.Future[None]") -> None:
        if not waiting.done():
            waiting.set_result(None)
