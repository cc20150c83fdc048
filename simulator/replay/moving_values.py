"""Values of a recording that move: each is a pure function of the seconds since the start.

Nothing is accumulated, so that any instant can be read, in any order, and the same seed gives the
same device again.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from agent.model import smi
from agent.model.errors import ConfigError, Problem
from agent.model.values import VarBind
from simulator.replay.spec import COUNTERS, Count, Drive, Motion, Ramp, RandomNoise, StepChange
from simulator.wire.mib_view import MibRow, StaticView, encode_row

DRIVES_MAX = 200  # each is compared with every row once

SYS_UPTIME = smi.oid("1.3.6.1.2.1.1.3.0")
_TICKS = 100.0  # of sysUpTime, per second

_RANGES: Mapping[int, tuple[int, int]] = {  # RFC 2578 section 7.1
    smi.INTEGER: (-(2**31), 2**31 - 1),
    smi.COUNTER32: (0, 2**32 - 1),
    smi.GAUGE32: (0, 2**32 - 1),
    smi.TIME_TICKS: (0, 2**32 - 1),
    smi.COUNTER64: (0, 2**64 - 1),
}
_COUNTERS = (smi.COUNTER32, smi.COUNTER64)
_MOVES: Mapping[type[Motion], tuple[int, ...]] = {
    Count: (*_COUNTERS, smi.TIME_TICKS),
    Ramp: (smi.INTEGER, smi.GAUGE32, smi.TIME_TICKS),
    RandomNoise: (smi.INTEGER, smi.GAUGE32),
    StepChange: tuple(_RANGES),
}
"""The types each motion moves: a counter goes back by a step only, as after a restart."""

_SIGMAS_MAX = 4.0

# A counter continues near its mean rate since the device's last start.
_UPTIME_UNKNOWN_S = 86_400.0
_UPTIME_LEAST_S = 60.0
_RATE_SPREAD = (0.5, 1.5)
_RATE_LEAST = 0.01  # per second
_RATE_MOST = {  # a turn in ten minutes; the octets of 100 Gbit/s
    smi.COUNTER32: 2**32 / 600,
    smi.COUNTER64: 12.5e9,
}
_IF_TABLE, _IF_X_TABLE = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
_TWINS: Mapping[bytes, bytes] = {  # RFC 2863: a 32-bit counter is the low half of a 64-bit one
    smi.oid(f"{table}.{column}"): smi.oid(f"{_IF_X_TABLE}.{wide}")
    for table, columns in (
        (_IF_TABLE, {10: 6, 11: 7, 16: 10, 17: 11}),
        (_IF_X_TABLE, {2: 8, 3: 9, 4: 12, 5: 13}),
    )
    for column, wide in columns.items()
}


@dataclass(frozen=True, slots=True)
class Moving:
    """The motion of one row: ``carrier`` gives the value, ``noise`` the deviation from it."""

    oid: bytes
    tag: int
    recorded: int
    carrier: Count | Ramp | StepChange | None
    noise: RandomNoise | None
    seed: int

    def value(self, at_s: float) -> int:
        """Return the value ``at_s`` seconds after the start, within what its type can hold.

        A device that recorded more than that may go as far as it did.
        """
        low, high = _RANGES[self.tag]
        if isinstance(self.carrier, Count):
            return (self.recorded + math.floor(self.carrier.rate * at_s)) % (high + 1)
        level = _carried(self.carrier, self.recorded, at_s)
        if self.noise is not None:
            level += _noise(self.noise, level, at_s, self.seed, self.oid)
        return max(min(low, self.recorded), min(max(high, self.recorded), round(level)))


def _carried(carrier: Ramp | StepChange | None, recorded: int, at_s: float) -> float:
    match carrier:
        case Ramp(to=to, from_=start, over=over, period=period):
            begin = recorded if start is None else start
            return begin + (to - begin) * _way(at_s, over, period)
        case StepChange(to=to, at=at, for_=for_) if at <= at_s and (
            for_ is None or at_s < at + for_
        ):
            return to
        case _:
            return recorded


def _way(at_s: float, over: float | None, period: float | None) -> float:
    """Return how much of a ramp has passed, 0 to 1."""
    if over is not None:
        return min(1.0, at_s / over)
    assert period is not None  # the specification requires it  # noqa: S101
    phase = at_s % period / period
    return 2.0 * min(phase, 1.0 - phase)


def _noise(noise: RandomNoise, level: float, at_s: float, seed: int, oid: bytes) -> float:
    sigma = noise.sigma if noise.sigma is not None else (noise.ratio or 0.0) * abs(level)
    first, second = _drawn(seed, oid, math.floor(at_s / noise.every))
    normal = math.sqrt(-2.0 * math.log(1.0 - first)) * math.cos(math.tau * second)  # Box-Muller
    return sigma * max(-_SIGMAS_MAX, min(_SIGMAS_MAX, normal))


def _drawn(seed: int, oid: bytes, tick: int) -> tuple[float, float]:
    """Return two numbers of 0 to below 1 that depend only on the arguments."""
    digest = blake2b(f"{seed} {tick} ".encode() + oid, digest_size=16).digest()
    first, second = (int.from_bytes(half, "big") >> 11 for half in (digest[:8], digest[8:]))
    return first / 2**53, second / 2**53


def bind(rows: Sequence[VarBind], drives: Sequence[Drive], seed: int = 0) -> list[Moving]:
    """Return the rows of a recording that move. The longest OID wins, of equal ones the last.

    Noise is chosen separately and is added to any other motion of a row. Raises ConfigError with
    every drive that moves nothing.
    """
    if len(drives) > DRIVES_MAX:
        raise ConfigError(f"{len(drives)} drives: the limit is {DRIVES_MAX}")
    last = {oid: (tag, value) for oid, tag, value in rows}
    carriers: dict[bytes, Count | Ramp | StepChange] = {}
    noises: dict[bytes, RandomNoise] = {}
    problems: list[Problem] = []
    for drive in sorted(drives, key=lambda each: len(each.prefix)):
        motions = _all_that_counts(last, seed) if drive.motion is None else _moved(drive, last)
        problem = _mistake(drive, last, motions)
        if problem is not None:
            problems.append(problem)
        for oid, motion in motions.items():
            if isinstance(motion, RandomNoise):
                noises[oid] = motion
            else:
                carriers[oid] = motion
    if problems:
        raise ConfigError(problems)
    return [
        Moving(oid, tag, value, carriers.get(oid), noises.get(oid), seed)
        for oid, (tag, value) in last.items()
        if isinstance(value, int) and (oid in carriers or oid in noises)
    ]


_Cells = Mapping[bytes, tuple[int, int | bytes | None]]


def _under(prefix: bytes, oids: Iterable[bytes]) -> list[bytes]:
    # The last octet of a sub-identifier is below 0x80 and no other is: octets are enough.
    return [oid for oid in oids if oid.startswith(prefix)]


def _moved(drive: Drive, cells: _Cells) -> dict[bytes, Motion]:
    motion = drive.motion
    assert motion is not None  # of counters, which are handled elsewhere  # noqa: S101
    fit = _MOVES[type(motion)]
    return {oid: motion for oid in _under(drive.prefix, cells) if cells[oid][0] in fit}


def _mistake(drive: Drive, cells: _Cells, moved: Mapping[bytes, Motion]) -> Problem | None:
    """Return what is wrong with a drive, or None."""
    if moved:
        return _unfit(drive, cells, moved)
    if drive.motion is None:
        message = "the recording has no counter above zero, and no sysUpTime"
        return drive.problem(message, COUNTERS)
    shown, found = smi.dotted(drive.prefix), _under(drive.prefix, cells)
    if not found:
        return drive.problem(f"the recording has no row {shown}, and none under it", "oid")
    have = ", ".join(sorted({smi.TYPE_NAMES[cells[oid][0]] for oid in found}))
    rows = f"{shown} is" if found == [drive.prefix] else f"the rows under {shown} are"
    types = ", ".join(smi.TYPE_NAMES[tag] for tag in _MOVES[type(drive.motion)])
    return drive.problem(f"{drive.name} moves {types}; {rows} {have}", drive.name)


def _unfit(drive: Drive, cells: _Cells, moved: Iterable[bytes]) -> Problem | None:
    """Return the error for a target value that one of the rows cannot hold."""
    motion = drive.motion
    if not isinstance(motion, Ramp | StepChange):
        return None
    ends = {"to": motion.to, "from": motion.from_ if isinstance(motion, Ramp) else None}
    for oid in moved:
        tag = cells[oid][0]
        low, high = _RANGES[tag]
        for key, value in ends.items():
            if value is not None and not low <= value <= high:
                message = f"{value:g} does not fit {smi.dotted(oid)}, a {smi.TYPE_NAMES[tag]}"
                return drive.problem(message, drive.name, key)
    return None


def _all_that_counts(cells: _Cells, seed: int) -> dict[bytes, Motion]:
    """Return a rate for every counter: its mean since the last start, or 0 for one at zero."""
    tag, ticks = cells.get(SYS_UPTIME, (smi.NULL, None))
    known = tag == smi.TIME_TICKS and isinstance(ticks, int)
    found: dict[bytes, Motion] = {SYS_UPTIME: Count(rate=_TICKS)} if known else {}
    uptime_s = ticks / _TICKS if known and isinstance(ticks, int) else _UPTIME_UNKNOWN_S
    for oid, (tag, value) in cells.items():
        if tag not in _COUNTERS or not isinstance(value, int) or value <= 0:
            continue
        like = _twin(oid, cells)
        tag, value = (tag, value) if like == oid else cells[like]
        if isinstance(value, int):
            least, most = _RATE_SPREAD
            share = least + (most - least) * _drawn(seed, like, 0)[0]
            rate = share * value / max(uptime_s, _UPTIME_LEAST_S)
            found[oid] = Count(rate=max(_RATE_LEAST, min(_RATE_MOST[tag], rate)))
    return found


def _twin(oid: bytes, cells: _Cells) -> bytes:
    """Return the counting 64-bit counter of the same quantity, or ``oid`` itself."""
    for narrow, wide in _TWINS.items():
        if oid.startswith(narrow):
            other = wide + oid[len(narrow) :]
            tag, value = cells.get(other, (smi.NULL, None))
            if tag == smi.COUNTER64 and isinstance(value, int) and value > 0:
                return other
    return oid


class DrivenView:
    """A recording of which some rows move; ``now`` returns the seconds since the start."""

    def __init__(
        self, rows: Iterable[VarBind], moving: Iterable[Moving], now: Callable[[], float]
    ) -> None:
        self._still = StaticView(rows)
        self._moving = {each.oid: each for each in moving}
        self._now = now

    def get(self, oid: bytes) -> MibRow | None:
        """Return the variable with exactly this name and its current value, or None."""
        return self._of_now(self._still.get(oid))

    def next(self, oid: bytes) -> MibRow | None:
        """Return the first variable after this name, or None at the end of the view."""
        return self._of_now(self._still.next(oid))

    def _of_now(self, row: MibRow | None) -> MibRow | None:
        moving = None if row is None else self._moving.get(row.oid)
        if moving is None:
            return row
        return encode_row(moving.oid, moving.tag, moving.value(self._now()))
