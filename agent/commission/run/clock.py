"""This machine's clock while a run goes on: whether it is kept right, and whether somebody set it.

Evidence says when things were. A clock that jumps makes durations wrong, so what is read in the
round of a jump is no basis for a verdict.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass

JUMP_S = 1.0  # more than that between two rounds is not what slewing does
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_STA_UNSYNC = 0x0040


class _Timex(ctypes.Structure):
    """``struct timex`` of adjtimex(2) as far as it is read here; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_char * 512),
    )


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the kernel says of the clock: ``error_s`` is how wrong it may be at most."""

    synchronised: bool
    error_s: float


def kept() -> ClockState | None:
    """Whether something keeps this clock right; None where the system cannot say."""
    found = _Timex()  # modes 0: it is only read
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    synchronised = state != _TIME_ERROR and not found.status & _STA_UNSYNC
    return ClockState(synchronised, found.maxerror / 1e6)


class Jumps:
    """Sees a clock that is set, by one that cannot be."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady()

    def since_last(self) -> float:
        """By how many seconds the clock was set since the last look; 0.0 where it was not."""
        ahead = self._wall() - self._steady()
        moved, self._ahead = ahead - self._ahead, ahead
        return moved if abs(moved) > JUMP_S else 0.0
