"""What a bus remembers of each unit: silence (a breaker) and answers still owed (serial lines)."""

import random
from dataclasses import dataclass, field

from agent.transport.modbus.framing import other_query
from agent.transport.modbus.question import Query


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


@dataclass(slots=True)
class Debts:
    """The replies a unit on a serial line may still send to questions given up.

    RTU replies name neither question nor address, so a late one is believed by everybody who asks
    for the same number of registers. Units answer in order: once a question by another function
    code is answered, no older reply can follow. ``late_s`` is where lateness ends.
    """

    late_s: float
    _owed: dict[int, tuple[Query | None, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._owed)

    def owe(self, asked: Query, now: float) -> None:
        """``asked`` was given up and may be answered later."""
        before = self._owed.get(asked.function)
        only = asked if before is None or before[0] == asked else None
        self._owed[asked.function] = (only, now + self.late_s)

    def settle(self, asked: Query) -> None:
        """``asked`` was answered: what could not be mistaken for it was the proof of order."""
        if asked.function not in self._owed:
            self._owed.clear()

    def trusts(self, asked: Query, now: float) -> bool:
        """Whether an answer to ``asked`` could only be its own (or that of the same question)."""
        owed = self._owed.get(asked.function)
        if owed is None or owed[0] == asked:
            return True
        if now < owed[1]:
            return False
        self._owed = {code: debt for code, debt in self._owed.items() if now < debt[1]}
        return True

    def marker(self, asked: Query) -> Query | None:
        """A question whose answer settles the debts; None when only time can."""
        return other_query(asked, self._owed.keys() | set())

    def wait_s(self, asked: Query, now: float) -> float:
        """How long until lateness ends for this kind of question."""
        owed = self._owed.get(asked.function)
        return max(0.0, owed[1] - now) if owed else 0.0
