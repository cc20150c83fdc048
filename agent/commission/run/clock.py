"""The clock of this machine during a run: its synchronisation, and detection of jumps.

Evidence contains times and durations. A clock that jumps makes durations wrong, so samples of the
round of a jump must not be judged.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass

JUMP_S = 1.0  # between two rounds; slewing changes the clock by less
_TIME_ERROR = 5  # TIME_ERROR of adjtimex(2): the clock is not synchronised
_STA_UNSYNC = 0x0040


class _Timex(ctypes.Structure):
    """The first fields of ``struct timex`` of adjtimex(2), and padding for the others."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("padding", ctypes.c_char * 512),
    )


@dataclass(frozen=True, slots=True)
class ClockState:
    """The kernel's report on the clock. ``error_s`` is the maximum error in seconds."""

    synchronised: bool
    error_s: float


def clock_state() -> ClockState | None:
    """Return whether the clock is synchronised; None if the system does not report it."""
    found = _Timex()  # modes 0: only read
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(found))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    synchronised = state != _TIME_ERROR and not found.status & _STA_UNSYNC
    return ClockState(synchronised, found.maxerror / 1e6)


class Jumps:
    """Detects that the wall clock was set, by comparison with the monotonic clock."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = wall() - steady()

    def since_last(self) -> float:
        """Return by how many seconds the clock was set since the last call; 0.0 if it was not."""
        ahead = self._wall() - self._steady()
        moved, self._ahead = ahead - self._ahead, ahead
        return moved if abs(moved) > JUMP_S else 0.0
