"""Takes a rack through the steps of a stage: do, see that it happened, hold, undo.

Nothing is judged here. A stimulus counts once the data show it, an abort limit ends the run with
everything undone, and the journal knows what was done should the run end in the middle.
"""

import time
from collections.abc import Callable, Iterable

from agent.commission.generation import Generation
from agent.commission.journal import Journal
from agent.commission.judge import Span
from agent.commission.plan import plan
from agent.commission.present import Present
from agent.commission.rounds import Rounds
from agent.commission.samples import SampleStore
from agent.commission.spec import StepSpec
from agent.commission.stand import Stand
from agent.commission.verdicts import Facts
from agent.errors import ConfigError, RackagentError

_BEAT_S = 2.0  # of this machine's clock: no more often does the journal say how things stand
_SOON_S = 0.01  # clocks differ by less
_LATE_MAX = 200_000  # rounds whose lateness is kept


class Aborted(RackagentError):
    """An abort limit was passed, or the run cannot go on; says why."""


class Runner:
    """One run over one rack. ``ended`` is told of every step that has ended."""

    def __init__(
        self,
        facts: Facts,
        stand: Stand,
        rounds: Rounds,
        store: SampleStore,
        journal: Journal,
        ended: Callable[[str, Span], None] = lambda _step, _span: None,
    ) -> None:
        self._facts, self._stand, self._rounds = facts, stand, rounds
        self._store, self._journal, self._ended = store, journal, ended
        self._present = Present(facts)
        self._spec = facts.generation.spec
        self._now_in, self._beat_at = "", 0.0
        self._due = stand.now() + rounds.interval_s
        self._late_s: list[float] = []

    async def preflight(self) -> list[str]:
        """One round: what keeps the run from beginning, empty if nothing does."""
        await self._round()
        self._due = self._stand.now() + self._rounds.interval_s
        return [f"{name}: {why}" for name, why in sorted(self._rounds.failures.items())]

    async def run(self, done: Iterable[str] = ()) -> str:
        """Every step that is not ``done`` yet, in order. Why it ended early; empty if it did not.

        Raises ConfigError where a stimulus cannot be done.
        """
        ready = set(done)
        self._journal.write("plan", self._stand.now(), **plan(self._facts))
        try:
            await self._hold(self._facts.before_s)
            for name in self._facts.steps:
                if name not in ready:
                    await self._step(name, self._spec.steps[name])
        except Aborted as error:
            self._journal.write("aborted", self._stand.now(), why=str(error))
            return str(error)
        return ""

    async def undo(self, name: str) -> None:
        """End the stimulus of a step that the run before died in, and let the rack recover."""
        spec = self._spec.steps[name]
        if spec.event is not None:
            self._tell(f"{name}: undone, the run was cut off in it")
            self._ask(await self._stand.end(spec.event))
            await self._hold(spec.after)
        self._journal.write("undone", self._stand.now(), step=name)

    def lateness(self) -> dict[str, float]:
        """How long after they were due the rounds began, in seconds."""
        late = sorted(self._late_s) or [0.0]
        return {
            "rounds": len(self._late_s),
            "p50_s": round(late[len(late) // 2], 4),
            "p99_s": round(late[int(len(late) * 0.99)], 4),
            "max_s": round(late[-1], 4),
        }

    async def _step(self, name: str, spec: StepSpec) -> None:
        began = self._stand.now()
        self._now_in = name
        self._journal.write("step_began", began, step=name)
        try:
            if spec.load is not None:
                self._ask(await self._stand.load(spec.load))
            if spec.event is not None:
                self._ask(await self._stand.begin(spec.event, spec.parameters))
            confirmed = await self._confirmed(name, spec)
            if confirmed is None:
                self._tell(f"{name}: not seen in the data within {spec.within:g} s")
            else:
                self._journal.mention("step_confirmed", confirmed, step=name)
                await self._hold(spec.hold)
            ended = self._stand.now()
        finally:
            if spec.event is not None:
                self._ask(await self._stand.end(spec.event))
        steady = min((began if confirmed is None else confirmed) + spec.rest, ended)
        await self._hold(spec.after)
        span = Span(began, confirmed, steady, ended)
        self._journal.write(
            *("step_ended", self._stand.now()),
            step=name,
            began=span.began,
            confirmed=span.confirmed,
            steady=span.steady,
            ended=span.ended,
        )
        self._now_in = ""
        self._ended(name, span)

    async def _confirmed(self, name: str, spec: StepSpec) -> float | None:
        """When the data showed the stimulus; None if they did not in time."""
        if name not in self._present.confirms:
            return self._stand.now()
        condition = self._present.confirms[name]
        until = self._stand.now() + spec.within
        while self._stand.now() < until:
            await self._hold(self._rounds.interval_s)
            if self._present.holds(condition, self._stand.now()):
                return self._stand.now()
        return None

    async def _hold(self, seconds: float) -> None:
        """Let time pass, reading the rack every interval. Raises Aborted."""
        end = self._stand.now() + seconds
        while (left := end - self._stand.now()) > _SOON_S:
            await self._stand.wait(max(0.0, min(left, self._due - self._stand.now())))
            await self._read_if_due()

    async def _read_if_due(self) -> None:
        """A round if it is time for one. Raises Aborted."""
        interval_s = self._rounds.interval_s
        late_s = self._stand.now() - self._due
        if late_s < -_SOON_S:
            return
        if len(self._late_s) < _LATE_MAX:
            self._late_s.append(max(0.0, late_s))
        self._due += interval_s * (1 + max(0.0, late_s) // interval_s)  # what was missed is missed
        await self._round()
        for name, condition in self._present.aborts.items():
            if self._present.holds(condition, self._stand.now()):
                raise Aborted(f"{name}: {self._spec.abort[name].says}")
        self._beat()

    async def _round(self) -> None:
        found = await self._rounds.look()
        wanted = self._facts.metrics
        kept = [pair for pair in found if pair[0].metric in wanted]
        self._store.add(kept)
        self._present.update(sample for sample, _ in kept)

    def _beat(self) -> None:
        """Now and then: that the run goes on, and how the rack stands."""
        if time.monotonic() - self._beat_at < _BEAT_S:
            return
        self._beat_at, now = time.monotonic(), self._stand.now()
        values = self._present.values(self._now_in, now)
        self._journal.mention("beat", now, step=self._now_in, values=values)

    def _ask(self, words: str) -> None:
        if words:
            self._tell(f"please {words}")

    def _tell(self, text: str) -> None:
        self._journal.mention("said", self._stand.now(), text=text)


def roles(generation: Generation, devices: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Device names by role. Raises ConfigError for a role that no device has, or that two have."""
    found: dict[str, str] = {}
    for role, name in devices:
        if role in found and role in generation.roles:
            raise ConfigError(f"{found[role]} and {name} both have the role {role}")
        found[role] = name
    missing = [role for role in generation.roles if role not in found]
    if missing:
        raise ConfigError(
            f"{generation.name} needs devices that the rack does not have: {', '.join(missing)}"
        )
    return found
