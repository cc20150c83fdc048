"""What a bus remembers of each unit: its silence, and the late replies that are still possible."""

import random
from dataclasses import dataclass, field

from agent.protocol.modbus.framing import marker_query
from agent.protocol.modbus.question import Query


@dataclass(slots=True)
class Breaker:
    """Pauses a unit that stays silent, for growing, jittered times.

    ``limit`` silent tries in a row trip it; pauses grow from ``pause_s`` to ``pause_max_s``.
    """

    limit: int
    pause_s: float
    pause_max_s: float
    silent_tries: int = 0
    silent_since: float = 0.0
    paused_until: float = 0.0
    _trips: int = 0

    @property
    def tripped(self) -> bool:
        """Whether the unit was silent often enough to be asked only rarely."""
        return self.silent_tries >= self.limit

    def answered(self) -> None:
        """Note an answer."""
        self.silent_tries = self._trips = 0
        self.paused_until = 0.0

    def silent(self, now: float) -> None:
        """Note a try without answer."""
        if not self.silent_tries:
            self.silent_since = now
        self.silent_tries += 1
        if self.tripped:
            pause = min(self.pause_s * 2**self._trips, self.pause_max_s)
            self._trips = min(self._trips + 1, 30)
            self.paused_until = now + pause * random.uniform(0.75, 1.0)  # noqa: S311

    def forgive(self) -> None:
        """End the pause: the silence was the bus's, not the unit's."""
        self.paused_until = 0.0
        self._trips = 0


@dataclass(frozen=True, slots=True)
class _Abandoned:
    """Questions by one function code that were given up: ``only`` if they were all the same one.

    ``first`` and ``last`` number them among all that were given up; ``until`` is when even the last
    can no longer be answered.
    """

    only: Query | None
    first: int
    last: int
    until: float


@dataclass(slots=True)
class LateReplies:
    """The replies a unit on a serial line may still send to questions given up.

    RTU replies name neither question nor address, so a late one would be taken for the answer to
    any question about the same number of registers. But units answer in order: an answer by another
    function code proves that no reply to an older question can follow. ``late_s`` is where lateness
    ends.
    """

    late_s: float
    _abandoned: dict[int, _Abandoned] = field(default_factory=dict)
    _count: int = 0

    def __bool__(self) -> bool:
        """Whether any late reply is possible."""
        return bool(self._abandoned)

    def expect(self, asked: Query, now: float) -> None:
        """Note that ``asked`` was given up and may be answered later."""
        self._count += 1
        before = self._abandoned.get(asked.function)
        only, first = (asked, self._count) if before is None else (before.only, before.first)
        self._abandoned[asked.function] = _Abandoned(
            asked if only == asked else None, first, self._count, now + self.late_s
        )

    def answered(self, asked: Query) -> None:
        """Forget what was given up before ``asked`` was first asked: its replies are past."""
        same = self._abandoned.get(asked.function)
        if same is None:
            self._abandoned.clear()
        else:
            self._abandoned = {
                key: other for key, other in self._abandoned.items() if other.last >= same.first
            }

    def trusts(self, asked: Query, now: float) -> bool:
        """Whether an answer to ``asked`` could only be its own (or that of the same question)."""
        self._abandoned = {
            key: other for key, other in self._abandoned.items() if now < other.until
        }
        same = self._abandoned.get(asked.function)
        return same is None or same.only == asked

    def marker(self, asked: Query) -> Query | None:
        """Return a question whose answer proves late replies to ``asked`` past; None without one.

        By a function code without abandoned questions, or else one that was only asked after them.
        """
        fresh = marker_query(asked, self._abandoned.keys() | set())
        if fresh is not None:
            return fresh
        last = self._abandoned[asked.function].last
        later = [other for other in self._abandoned.values() if other.only and other.first > last]
        return max(later, key=lambda other: other.first).only if later else None

    def wait_s(self, asked: Query, now: float) -> float:
        """Return how long until lateness ends for this kind of question."""
        same = self._abandoned.get(asked.function)
        return max(0.0, same.until - now) if same else 0.0
