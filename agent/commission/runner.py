"""Takes a rack through the steps of a stage: do, see that it happened, hold, undo.

Nothing is judged here. A stimulus counts once the data show it, an abort limit ends the run with
everything undone, and the journal knows what was done should the run end in the middle.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from agent.commission.expression import Condition
from agent.commission.generation import Generation
from agent.commission.journal import Journal
from agent.commission.judge import Case, Span
from agent.commission.judge.case import NotShown, aligned
from agent.commission.records import Sample, SeriesKey
from agent.commission.rounds import Rounds
from agent.commission.samples import SampleStore
from agent.commission.spec import StepSpec
from agent.commission.stand import Stand
from agent.commission.verdicts import Facts
from agent.commission.window import Unusable, Window
from agent.errors import ConfigError, RackagentError

_AGE_INTERVALS = 1.5  # a value of the round before is not the present any more


class Aborted(RackagentError):
    """An abort limit was passed, or the run cannot go on; says why."""


class Runner:
    """One run over one rack. ``say`` tells a person what goes on."""

    def __init__(
        self,
        facts: Facts,
        stand: Stand,
        rounds: Rounds,
        store: SampleStore,
        journal: Journal,
        say: Callable[[str], None],
    ) -> None:
        self._facts, self._stand, self._rounds = facts, stand, rounds
        self._store, self._journal, self._say = store, journal, say
        self._latest: dict[SeriesKey, Sample] = {}
        self._started = stand.now()
        spec = facts.generation.spec
        self._aborts = [
            (name, facts.generation.condition(each.when), each.says)
            for name, each in spec.abort.items()
        ]

    async def preflight(self) -> list[str]:
        """One round: what keeps the run from beginning, empty if nothing does."""
        await self._round()
        return [f"{name}: {why}" for name, why in sorted(self._rounds.failures.items())]

    async def run(self, done: Iterable[str] = ()) -> str:
        """Every step that is not ``done`` yet, in order. Why it ended early; empty if it did not.

        Raises ConfigError where a stimulus cannot be done.
        """
        ready = set(done)
        try:
            await self._hold(self._facts.before_s)
            for name in self._facts.generation.steps(self._facts.stage):
                if name not in ready:
                    await self._step(name, self._facts.generation.spec.steps[name])
        except Aborted as error:
            self._journal.write("aborted", self._stand.now(), why=str(error))
            self._tell(f"aborted: {error}")
            return str(error)
        return ""

    async def undo(self, name: str) -> None:
        """End the stimulus of a step that the run before died in, and let the rack recover."""
        spec = self._facts.generation.spec.steps[name]
        if spec.event is not None:
            self._tell(f"{name}: undone, the run was cut off in it")
            self._ask(await self._stand.end(spec.event))
            await self._hold(spec.after)
        self._journal.write("undone", self._stand.now(), step=name)

    async def _step(self, name: str, spec: StepSpec) -> None:
        began = self._stand.now()
        self._journal.write("step_began", began, step=name)
        self._tell(f"{name}: {spec.title}")
        try:
            if spec.load is not None:
                self._ask(await self._stand.load(spec.load))
            if spec.event is not None:
                self._ask(await self._stand.begin(spec.event, spec.parameters))
            confirmed = await self._confirmed(spec)
            if confirmed is None:
                self._tell(f"{name}: not seen in the data within {spec.within:g} s")
            else:
                self._tell(f"{name}: seen after {confirmed - began:.0f} s, for {spec.hold:g} s")
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

    async def _confirmed(self, spec: StepSpec) -> float | None:
        """When the data showed the stimulus; None if they did not in time."""
        if spec.confirm is None:
            return self._stand.now()
        condition = self._facts.generation.condition(spec.confirm)
        until = self._stand.now() + spec.within
        while self._stand.now() < until:
            await self._hold(self._rounds.interval_s)
            if self._holds(condition):
                return self._stand.now()
        return None

    async def _hold(self, seconds: float) -> None:
        """Let time pass, reading the rack every interval. Raises Aborted."""
        end = self._stand.now() + seconds
        due = self._stand.now()
        while (left := end - self._stand.now()) > 0:
            due += self._rounds.interval_s
            await self._stand.wait(max(0.0, min(left, due - self._stand.now())))
            await self._round()
            for name, condition, says in self._aborts:
                if self._holds(condition):
                    raise Aborted(f"{name}: {says}")

    async def _round(self) -> None:
        found = await self._rounds.look()
        wanted = self._facts.metrics
        kept = [pair for pair in found if pair[0].metric in wanted]
        self._store.add(kept)
        self._latest |= {sample.key: sample for sample, _ in kept}

    def _holds(self, condition: Condition) -> bool:
        """Whether the newest values, all of them fresh, fulfil a condition."""
        now, generation = self._stand.now(), self._facts.generation
        oldest = now - _AGE_INTERVALS * self._rounds.interval_s
        fresh = [
            replace(sample, observed_at=now)
            for sample in self._latest.values()
            if sample.observed_at >= oldest
        ]
        span = Span(now, now, now, now)
        case = Case(generation, Window(fresh, now, now), span, self._facts.devices)
        try:
            groups = [list(rows) for _, rows in aligned(case, case.window, condition.names)]
        except (Unusable, NotShown):
            return False
        return all(rows and condition(rows[-1][1]) for rows in groups)

    def _ask(self, words: str) -> None:
        if words:
            self._tell(f"please {words}")

    def _tell(self, text: str) -> None:
        passed = self._stand.now() - self._started
        self._say(f"[{passed:7.0f} s] {text}")


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
