"""State of a unit on a bus: its missing replies, and the late replies that are still possible."""

import random
from dataclasses import dataclass, field

from agent.protocol.modbus.framing import marker_query
from agent.protocol.modbus.question import Query


@dataclass(slots=True)
class Breaker:
    """A circuit breaker: pauses a unit that does not answer, for increasing, jittered times.

    It trips after ``limit`` unanswered tries in a row; pauses grow from ``pause_s`` to
    ``pause_max_s`` (seconds).
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
        """True if the unit has left enough tries unanswered to be paused."""
        return self.silent_tries >= self.limit

    def answered(self) -> None:
        """Note a reply."""
        self.silent_tries = self._trips = 0
        self.paused_until = 0.0

    def silent(self, now: float) -> None:
        """Note a try without a reply."""
        if not self.silent_tries:
            self.silent_since = now
        self.silent_tries += 1
        if self.tripped:
            pause = min(self.pause_s * 2**self._trips, self.pause_max_s)
            self._trips = min(self._trips + 1, 30)
            self.paused_until = now + pause * random.uniform(0.75, 1.0)  # noqa: S311

    def forgive(self) -> None:
        """End the pause: the whole bus had not answered, not only this unit."""
        self.paused_until = 0.0
        self._trips = 0


@dataclass(frozen=True, slots=True)
class _Abandoned:
    """Abandoned queries with one function code; ``only`` is the query if all were equal.

    ``first`` and ``last`` are their numbers among all abandoned queries. After ``until`` even the
    last one can no longer be answered.
    """

    only: Query | None
    first: int
    last: int
    until: float


@dataclass(slots=True)
class LateReplies:
    """The replies that a unit on a serial line may still send to abandoned queries.

    An RTU reply contains neither a transaction number nor the address, so a late one would be taken
    for the reply to any query for the same number of registers. But units reply in order: a reply
    with another function code proves that no reply to an older query can follow. No reply is later
    than ``late_s`` seconds.
    """

    late_s: float
    _abandoned: dict[int, _Abandoned] = field(default_factory=dict)
    _count: int = 0

    def __bool__(self) -> bool:
        """Return whether any late reply is possible."""
        return bool(self._abandoned)

    def expect(self, asked: Query, now: float) -> None:
        """Note that ``asked`` was abandoned and may be answered late."""
        self._count += 1
        before = self._abandoned.get(asked.function)
        only, first = (asked, self._count) if before is None else (before.only, before.first)
        self._abandoned[asked.function] = _Abandoned(
            asked if only == asked else None, first, self._count, now + self.late_s
        )

    def answered(self, asked: Query) -> None:
        """Forget queries abandoned before ``asked`` was first sent: no reply to them can follow."""
        same = self._abandoned.get(asked.function)
        if same is None:
            self._abandoned.clear()
        else:
            self._abandoned = {
                key: other for key, other in self._abandoned.items() if other.last >= same.first
            }

    def trusts(self, asked: Query, now: float) -> bool:
        """Return whether a reply to ``asked`` can only belong to it (or to the same query)."""
        self._abandoned = {
            key: other for key, other in self._abandoned.items() if now < other.until
        }
        same = self._abandoned.get(asked.function)
        return same is None or same.only == asked

    def marker(self, asked: Query) -> Query | None:
        """Return a query whose reply rules out late replies to ``asked``; None if impossible.

        It has a function code without abandoned queries, or one that was first used after them.
        """
        fresh = marker_query(asked, self._abandoned.keys() | set())
        if fresh is not None:
            return fresh
        last = self._abandoned[asked.function].last
        later = [other for other in self._abandoned.values() if other.only and other.first > last]
        return max(later, key=lambda other: other.first).only if later else None

    def wait_s(self, asked: Query, now: float) -> float:
        """Return the time (seconds) until late replies with this function code are impossible."""
        same = self._abandoned.get(asked.function)
        return max(0.0, same.until - now) if same else 0.0
