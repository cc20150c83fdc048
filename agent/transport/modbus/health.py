"""What a bus remembers of each unit: silence (a breaker) and answers still owed (serial lines)."""

import random
from dataclasses import dataclass, field

from agent.protocol.modbus.framing import other_query
from agent.protocol.modbus.question import Query


@dataclass(slots=True)
class Breaker:
    """Stops asking a unit that stays silent, and asks again after a growing, jittered pause.

    ``limit`` silent tries in a row open it; pauses grow from ``pause_s`` to ``pause_max_s``.
    """

    limit: int
    pause_s: float
    pause_max_s: float
    silent_tries: int = 0
    silent_since: float = 0.0
    closed_until: float = 0.0
    _openings: int = 0

    @property
    def tripped(self) -> bool:
        """Whether the unit was silent often enough to be asked only rarely."""
        return self.silent_tries >= self.limit

    def answered(self) -> None:
        """The unit lives."""
        self.silent_tries = self._openings = 0
        self.closed_until = 0.0

    def silent(self, now: float) -> None:
        """The unit did not answer one try."""
        if not self.silent_tries:
            self.silent_since = now
        self.silent_tries += 1
        if self.tripped:
            pause = min(self.pause_s * 2**self._openings, self.pause_max_s)
            self._openings = min(self._openings + 1, 30)
            self.closed_until = now + pause * random.uniform(0.75, 1.0)  # noqa: S311

    def forgive(self) -> None:
        """Ask again now: the silence was the bus's, not the unit's."""
        self.closed_until = 0.0
        self._openings = 0


@dataclass(frozen=True, slots=True)
class _Debt:
    """Questions by one function code given up: ``only`` if they were all the same one.

    ``first`` and ``last`` number them among all that were given up; ``until`` is when even the last
    can no longer be answered.
    """

    only: Query | None
    first: int
    last: int
    until: float


@dataclass(slots=True)
class Debts:
    """The replies a unit on a serial line may still send to questions given up.

    RTU replies name neither question nor address, so a late one is believed by everybody who asks
    for the same number of registers. But units answer in order: an answer by another function code
    proves that no reply to an older question can follow. ``late_s`` is where lateness ends.
    """

    late_s: float
    _owed: dict[int, _Debt] = field(default_factory=dict)
    _count: int = 0

    def __bool__(self) -> bool:
        return bool(self._owed)

    def owe(self, asked: Query, now: float) -> None:
        """``asked`` was given up and may be answered later."""
        self._count += 1
        before = self._owed.get(asked.function)
        only, first = (asked, self._count) if before is None else (before.only, before.first)
        self._owed[asked.function] = _Debt(
            asked if only == asked else None, first, self._count, now + self.late_s
        )

    def settle(self, asked: Query) -> None:
        """``asked`` was answered: whatever was given up before it was first asked is past."""
        debt = self._owed.get(asked.function)
        if debt is None:
            self._owed.clear()
        else:
            self._owed = {key: d for key, d in self._owed.items() if d.last >= debt.first}

    def trusts(self, asked: Query, now: float) -> bool:
        """Whether an answer to ``asked`` could only be its own (or that of the same question)."""
        self._owed = {key: debt for key, debt in self._owed.items() if now < debt.until}
        debt = self._owed.get(asked.function)
        return debt is None or debt.only == asked

    def marker(self, asked: Query) -> Query | None:
        """A question whose answer settles the debts to ``asked``; None when only time can.

        By a function code that is not owed, or else one that was only asked after those debts.
        """
        fresh = other_query(asked, self._owed.keys() | set())
        if fresh is not None:
            return fresh
        last = self._owed[asked.function].last
        later = [debt for debt in self._owed.values() if debt.only and debt.first > last]
        return max(later, key=lambda debt: debt.first).only if later else None

    def wait_s(self, asked: Query, now: float) -> float:
        """How long until lateness ends for this kind of question."""
        debt = self._owed.get(asked.function)
        return max(0.0, debt.until - now) if debt else 0.0
