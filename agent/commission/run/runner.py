"""Takes a rack through the steps of a stage: do, see that it happened, hold, undo.

Nothing is judged here. A stimulus counts once the data show it. An abort limit that is passed, or
that cannot be watched, ends the run with everything undone, and the journal knows what was done
should the run end in the middle.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import Any

from agent.commission.journal.events import (
    Beat,
    RunAborted,
    RunContinued,
    RunInterrupted,
    RunPaused,
    Said,
    StepBegan,
    StepConfirmed,
    StepEnded,
    StepUndone,
)
from agent.commission.journal.reader import Prompt
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import RunJournal
from agent.commission.judge import Span
from agent.commission.judge.verdicts import Facts
from agent.commission.records import Sample
from agent.commission.run.latest import LatestValues, lacking
from agent.commission.run.outline import BEGIN, closing, opening, planned
from agent.commission.run.prompts import ANSWER_WAIT_S, LOOK_S, PAUSE_MAX_S, People
from agent.commission.run.rig import Rig
from agent.commission.run.rounds import Rounds
from agent.commission.spec.models import StepSpec
from agent.model.errors import ConfigError, RackagentError

_BEAT_S = 2.0  # of this machine's clock: no more often does the journal say how things stand
_SOON_S = 0.01  # clocks differ by less
_LACKING_MAX = 20  # signals that are named when they are not there
_LATE_MAX = 200_000  # rounds whose lateness is kept


class Aborted(RackagentError):
    """An abort limit was passed or cannot be watched, or the run cannot go on; says why."""


class Runner:
    """One run over one rack. ``ended`` is told of every step that has ended."""

    def __init__(
        self,
        facts: Facts,
        rig: Rig,
        rounds: Rounds,
        store: SampleStore,
        journal: RunJournal,
        people: People,
        ended: Callable[[str, Span], None] = lambda _step, _span: None,
    ) -> None:
        self._facts, self._rig, self._rounds = facts, rig, rounds
        self._store, self._journal, self._people, self._ended = store, journal, people, ended
        self._present = LatestValues(facts)
        self._spec = facts.generation.spec
        self._now_in, self._beat_at = "", 0.0
        self._due = rig.now() + rounds.interval_s
        self._late_s: list[float] = []
        self._silent: dict[str, float] = {}
        self._loaded = False

    async def preflight(self) -> list[str]:
        """One round: what keeps the run from beginning, empty if nothing does.

        What is there and yet lacks what checks look at is said: they will be errors if it stays so.
        """
        found = await self._round()
        shows, now = self._rounds.shows(), self._rig.now()
        if not self._rounds.failures:
            told = lacking(self._facts, found, shows, now)
            for text in told[:_LACKING_MAX]:
                self._tell(f"warning: {text}")
            if len(told) > _LACKING_MAX:
                self._tell(f"warning: {len(told) - _LACKING_MAX} more signals are not there")
        self._due = self._rig.now() + self._rounds.interval_s
        return [f"{name}: {why}" for name, why in sorted(self._rounds.failures.items())]

    def uncovered(self, done: Collection[str] = ()) -> list[str]:
        """What no device gives after the pre-flight round, though abort limits or steps need it."""
        return list(self._present.uncovered(self._rounds.shows(), done, self._rig.now()))

    async def run(self, done: Iterable[str] = (), cut_off: str = "") -> str:
        """Every step that is not ``done`` yet, in order. Why it ended early; empty if it did not.

        ``cut_off`` is the step that the run before died in; it is undone first. Raises ConfigError
        where a stimulus cannot be done.
        """
        ready = set(done)
        self._loaded = any(self._spec.steps[name].load for name in (*ready, cut_off) if name)
        self._journal.write(planned(self._facts), self._rig.now())
        try:
            if cut_off:
                await self.undo(cut_off)
            if self._people.asked:
                await self._begin()
            await self._hold(self._facts.before_s)
            for name in self._facts.steps:
                if name not in ready:
                    await self._step(name, self._spec.steps[name])
                    await self._pause()
            if self._people.asked:
                await self._finish()
        except Aborted as error:
            self._journal.write(RunAborted(why=str(error)), self._rig.now())
            await self._unload()
            return str(error)
        except ConfigError as error:
            self._journal.write(RunAborted(why=str(error)), self._rig.now())
            raise
        except asyncio.CancelledError:
            self._journal.write(RunInterrupted(), self._rig.now())
            raise
        return ""

    async def _unload(self) -> None:
        """Take the load off where a run ends early; what no command does is for a person."""
        if not self._loaded:
            return
        try:
            words = await self._rig.load(0.0)
        except ConfigError as error:
            words = f"take the load off: {error}"
        self._tell(f"please {words}" if words else "the load was taken off")

    async def _begin(self) -> None:
        for prompt in opening(self._facts):
            self._people.ask(prompt, blocks=prompt.kind != "attachment")
        await self._wait(lambda: not self._people.is_open(BEGIN), ANSWER_WAIT_S)
        self._people.close(BEGIN, "expired")
        answer = self._people.answered(BEGIN)
        if answer is not None and not answer.yes:
            why = f"{answer.who} did not let it begin" if answer.who else "nobody let it begin"
            raise Aborted(f"{why}: {answer.text}" if answer.text else why)

    async def _finish(self) -> None:
        """What is still asked for when all steps are done."""
        for prompt in (*self._people.still_open(), *closing(self._people.crew.witness)):
            self._people.ask(prompt)
        await self._wait(lambda: not self._people.still_open(), ANSWER_WAIT_S)
        for prompt in self._people.still_open():
            self._people.close(prompt.id, "expired")

    async def _pause(self) -> None:
        """Wait where somebody asked for it, with the abort limits watched."""
        self._people.look()
        if not self._people.wants_pause:
            return
        self._journal.write(RunPaused(who=self._people.wants_pause), self._rig.now())
        if not await self._wait(lambda: not self._people.wants_pause, PAUSE_MAX_S):
            raise Aborted(f"paused for more than {PAUSE_MAX_S / 3600:g} h")
        self._journal.write(RunContinued(), self._rig.now())

    async def release(self, name: str) -> None:
        """End the stimulus of a step that the run before died in, where this one does not begin."""
        spec = self._spec.steps[name]
        words = "" if spec.event is None else await self._rig.end(spec.event)
        if words:
            self._tell(f"please {words}")
        else:
            self._journal.write(StepUndone(step=name), self._rig.now())

    async def undo(self, name: str) -> None:
        """End the stimulus of a step that the run before died in, and let the rack recover."""
        spec = self._spec.steps[name]
        if spec.event is not None:
            self._tell(f"{name}: undone, the run was cut off in it")
            ending = self._watching(self._rig.end(spec.event), undoes=name)
            await self._undone(name, await ending)
            await self._hold(spec.after)
        self._journal.write(StepUndone(step=name), self._rig.now())

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
        lack = await self._blind(name, spec)
        began = self._rig.now()
        self._now_in, whole = name, False
        self._journal.write(StepBegan(step=name), began)
        if lack:
            self._tell(f"{name}: not done, since nothing could show that it was: {lack}")
            self._close(name, Span(began, None, began, began))
            return
        try:
            words = []
            if spec.load is not None:
                self._loaded = spec.load > 0
                words.append(await self._watching(self._rig.load(spec.load)))
            if spec.event is not None:
                doing = self._rig.begin(spec.event, spec.parameters)
                words.append(await self._watching(doing))
            began, confirmed = await self._seen(name, spec, " and ".join(filter(None, words)))
            if confirmed is None:
                self._tell(f"{name}: not seen in the data")
            else:
                self._journal.mention(StepConfirmed(step=name), confirmed)
                await self._hold(spec.hold)
            ended, whole = self._rig.now(), True
        finally:
            if spec.event is None:
                left = ""
            else:
                ending = self._rig.end(spec.event)
                left = await (self._watching(ending, undoes=name) if whole else ending)
            if left and not whole:
                self._tell(f"please {left}")
            elif not whole:
                self._journal.write(StepUndone(step=name), self._rig.now())
        await self._undone(name, left)
        steady = min((began if confirmed is None else confirmed) + spec.rest, ended)
        await self._hold(spec.after)
        self._close(name, Span(began, confirmed, steady, ended))

    def _close(self, name: str, span: Span) -> None:
        """Write down that a step has ended."""
        self._journal.write(
            StepEnded(
                step=name,
                began=span.began,
                confirmed=span.confirmed,
                steady=span.steady,
                ended=span.ended,
            ),
            self._rig.now(),
        )
        self._now_in = ""
        self._ended(name, span)

    async def _blind(self, name: str, spec: StepSpec) -> str:
        """Why no data could show a step's stimulus, empty if they could; given time to appear."""
        until = self._rig.now() + spec.within
        while (lack := self._present.lack(name, self._rig.now())) and self._rig.now() < until:
            await self._next_round(lambda: False)
        return lack

    async def _seen(self, name: str, spec: StepSpec, words: str) -> tuple[float, float | None]:
        """When the stimulus was done and when the data showed it; None if they did not in time.

        ``words`` are for a person to do: nobody had done it while the data did not show it.
        """
        began = self._rig.now()
        if name not in self._present.confirms:
            return began, began
        condition, id_ = self._present.confirms[name], f"{name}.do"
        until = began + spec.within
        if words and self._please(Prompt(id_, "do", words, name)):
            until = began + ANSWER_WAIT_S
        heard = False
        while self._rig.now() < until:
            if await self._next_round(lambda: not self._people.is_open(id_)):
                if self._present.holds(condition, self._rig.now()):
                    self._people.close(id_, "seen")
                    return began, self._rig.now()
                began = self._rig.now() if words else began
            if not heard and (answer := self._people.answered(id_)) is not None:
                heard = True
                until = self._rig.now() + (spec.within if answer.yes else 0.0)
        self._people.close(id_, "expired")
        return began, None

    async def _watching(self, doing: Coroutine[Any, Any, str], undoes: str = "") -> str:
        """Do something to the rack with its abort limits watched meanwhile. Raises Aborted.

        What ``undoes`` the stimulus of that step is done to its end first.
        """
        task = asyncio.create_task(doing, name="stimulus")
        try:
            while not task.done():
                left_s = max(_SOON_S, self._due - self._rig.now())
                await asyncio.wait({task}, timeout=left_s)
                if not task.done():
                    await self._read_if_due()
            return await task
        except Aborted:
            if undoes and (words := await task):
                self._tell(f"please {words}")
            elif undoes:
                self._journal.write(StepUndone(step=undoes), self._rig.now())
            raise
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _undone(self, name: str, words: str) -> None:
        """Wait until a person has undone a stimulus: says so, or the data show it no more."""
        if not words or not self._please(Prompt(id_ := f"{name}.undo", "do", words, name)):
            return
        condition = self._present.confirms[name]
        until = self._rig.now() + ANSWER_WAIT_S
        while self._people.is_open(id_) and self._rig.now() < until:
            await self._next_round(lambda: not self._people.is_open(id_))
            if not self._present.holds(condition, self._rig.now()):
                self._people.close(id_, "seen")
        self._people.close(id_, "expired")

    async def _hold(self, seconds: float) -> None:
        """Let time pass, reading the rack every interval. Raises Aborted."""
        end = self._rig.now() + seconds
        while (left := end - self._rig.now()) > _SOON_S:
            await self._rig.wait(max(0.0, min(left, self._due - self._rig.now())))
            await self._read_if_due()

    async def _wait(self, ready: Callable[[], bool], at_most_s: float) -> bool:
        """Let time pass until a person has done something; whether they did. Raises Aborted."""
        until = self._rig.now() + at_most_s
        while not ready() and self._rig.now() < until:
            await self._next_round(ready)
        return ready()

    async def _next_round(self, ready: Callable[[], bool]) -> bool:
        """Let time pass until the rack was read, or, False, ``ready`` before. Raises Aborted."""
        was_ready = ready()
        while not await self._read_if_due():
            left_s = max(0.0, self._due - self._rig.now())
            if self._people.asked or self._people.wants_pause:
                await self._rig.idle(min(LOOK_S, left_s))
                self._people.look()
            else:
                await self._rig.wait(left_s)
            if ready() and not was_ready:
                return False
        return True

    async def _read_if_due(self) -> bool:
        """A round if it is time for one; whether it was. Raises Aborted."""
        interval_s = self._rounds.interval_s
        late_s = self._rig.now() - self._due
        if late_s < -_SOON_S:
            return False
        if len(self._late_s) < _LATE_MAX:
            self._late_s.append(max(0.0, late_s))
        self._due += interval_s * (1 + max(0.0, late_s) // interval_s)  # what was missed is missed
        await self._round()
        self._mention_silent()
        if why := self._present.ends(self._rig.now()):
            raise Aborted(why)
        self._people.look()
        if self._people.wants_end:
            raise Aborted(self._people.wants_end)
        self._beat()
        return True

    async def _round(self) -> list[Sample]:
        found = await self._rounds.look()
        wanted = self._facts.metrics
        kept = [pair for pair in found if pair[0].metric in wanted]
        self._store.add(kept)
        self._present.update(kept)
        return [sample for sample, _ in kept]

    def _mention_silent(self) -> None:
        """Say at once which device has stopped answering, and which answers again."""
        now, failures = self._rig.now(), self._rounds.failures
        for name, why in failures.items():
            if name not in self._silent:
                self._silent[name] = now
                self._tell(f"warning: {name} has stopped answering: {why}")
        for name in [each for each in self._silent if each not in failures]:
            self._tell(f"{name} answers again, after {now - self._silent.pop(name):.0f} s")

    def _beat(self) -> None:
        """Now and then: that the run goes on, and how the rack is."""
        if time.monotonic() - self._beat_at < _BEAT_S:
            return
        self._beat_at, now = time.monotonic(), self._rig.now()
        values = self._present.values(self._now_in, now)
        self._journal.mention(Beat(step=self._now_in, values=values), now)

    def _please(self, prompt: Prompt) -> bool:
        """Ask a person to do something; whether there is one who can answer."""
        if self._people.asked:
            self._people.ask(prompt)
        else:
            self._tell(f"please {prompt.text}")
        return self._people.asked

    def _tell(self, text: str) -> None:
        self._journal.mention(Said(text=text), self._rig.now())
