"""Take a rack through the steps of a stage: apply a stimulus, confirm it, hold, undo.

Nothing is judged here. A stimulus counts once it is confirmed by telemetry. An abort limit that
is exceeded, or that cannot be watched, ends the run and undoes every stimulus. The journal records
what was done, so that an interrupted run can be resumed.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import Any

from agent.commission.journal.events import (
    Beat,
    MessageLogged,
    RunAborted,
    RunContinued,
    RunInterrupted,
    RunPaused,
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
from agent.commission.run.latest import LatestValues, unusable_signals
from agent.commission.run.outline import BEGIN, closing, opening, planned
from agent.commission.run.prompts import ANSWER_WAIT_S, LOOK_S, PAUSE_MAX_S, People
from agent.commission.run.rig import Rig
from agent.commission.run.rounds import Rounds
from agent.commission.spec.models import StepSpec
from agent.model.errors import ConfigError, RackagentError

_BEAT_S = 2.0  # of this machine's clock: shortest interval of live values in the journal
_SOON_S = 0.01  # differences of clocks are smaller
_LACKING_MAX = 20  # missing signals that are named
_LATE_MAX = 200_000  # rounds whose lateness is recorded


class Aborted(RackagentError):
    """An abort limit was exceeded or cannot be watched, or the run was ended; has the reason."""


class Runner:
    """One run on one rack. ``ended`` is called with the span of every step that has ended."""

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
        self._latest = LatestValues(facts)
        self._spec = facts.generation.spec
        self._current_step, self._beat_at = "", 0.0
        self._due = rig.now() + rounds.interval_s
        self._late_s: list[float] = []
        self._silent: dict[str, float] = {}
        self._loaded = False

    async def preflight(self) -> list[str]:
        """Read one round and return why the run cannot begin; empty if it can.

        Missing signals of checks are logged as warnings: their checks become ERROR if it persists.
        """
        found = await self._round()
        shows, now = self._rounds.shows(), self._rig.now()
        if not self._rounds.failures:
            missing = unusable_signals(self._facts, found, shows, now)
            for text in missing[:_LACKING_MAX]:
                self._log(f"warning: {text}")
            if len(missing) > _LACKING_MAX:
                self._log(f"warning: {len(missing) - _LACKING_MAX} more signals are missing")
        self._due = self._rig.now() + self._rounds.interval_s
        return [f"{name}: {why}" for name, why in sorted(self._rounds.failures.items())]

    def uncovered(self, done: Collection[str] = ()) -> list[str]:
        """Return errors for limits and steps without signals, after ``preflight``."""
        return list(self._latest.uncovered(self._rounds.shows(), done, self._rig.now()))

    async def run(self, done: Iterable[str] = (), cut_off: str = "") -> str:
        """Carry out every step that is not ``done``, in order; return why the run was aborted.

        The result is empty if it was not. ``cut_off`` is the step in which a resumed run was
        interrupted; it is undone first. Raises ConfigError if a stimulus fails.
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
        """Remove the load after an abort; without a configured command a person is asked."""
        if not self._loaded:
            return
        try:
            words = await self._rig.load(0.0)
        except ConfigError as error:
            words = f"remove the load: {error}"
        self._log(f"please {words}" if words else "the load was removed")

    async def _begin(self) -> None:
        for prompt in opening(self._facts):
            self._people.ask(prompt, blocks=prompt.kind != "attachment")
        await self._wait(lambda: not self._people.is_open(BEGIN), ANSWER_WAIT_S)
        self._people.close(BEGIN, "expired")
        answer = self._people.answered(BEGIN)
        if answer is not None and not answer.yes:
            why = f"start refused by {answer.who}" if answer.who else "nobody confirmed the start"
            raise Aborted(f"{why}: {answer.text}" if answer.text else why)

    async def _finish(self) -> None:
        """Open the prompts after the last step, and wait for all open ones."""
        for prompt in (*self._people.still_open(), *closing(self._people.crew.witness)):
            self._people.ask(prompt)
        await self._wait(lambda: not self._people.still_open(), ANSWER_WAIT_S)
        for prompt in self._people.still_open():
            self._people.close(prompt.id, "expired")

    async def _pause(self) -> None:
        """Wait if a pause was requested; abort limits stay active. Raises Aborted."""
        self._people.process_answers()
        if not self._people.wants_pause:
            return
        self._journal.write(RunPaused(who=self._people.wants_pause), self._rig.now())
        if not await self._wait(lambda: not self._people.wants_pause, PAUSE_MAX_S):
            raise Aborted(f"paused for more than {PAUSE_MAX_S / 3600:g} h")
        self._journal.write(RunContinued(), self._rig.now())

    async def release(self, name: str) -> None:
        """End the stimulus of the interrupted step, if the resumed run cannot begin."""
        spec = self._spec.steps[name]
        words = "" if spec.event is None else await self._rig.end(spec.event)
        if words:
            self._log(f"please {words}")
        else:
            self._journal.write(StepUndone(step=name), self._rig.now())

    async def undo(self, name: str) -> None:
        """End the stimulus of the interrupted step and wait for its recovery time."""
        spec = self._spec.steps[name]
        if spec.event is not None:
            self._log(f"{name}: undone, because the run was interrupted in this step")
            ending = self._applied(self._rig.end(spec.event), undoes=name)
            await self._undone(name, await ending)
            await self._hold(spec.after)
        self._journal.write(StepUndone(step=name), self._rig.now())

    def lateness(self) -> dict[str, float]:
        """Return the number of rounds and their lateness in seconds: p50, p99 and maximum."""
        late = sorted(self._late_s) or [0.0]
        return {
            "rounds": len(self._late_s),
            "p50_s": round(late[len(late) // 2], 4),
            "p99_s": round(late[int(len(late) * 0.99)], 4),
            "max_s": round(late[-1], 4),
        }

    async def _step(self, name: str, spec: StepSpec) -> None:
        lack = await self._unconfirmable(name, spec)
        began = self._rig.now()
        self._current_step, whole = name, False
        self._journal.write(StepBegan(step=name), began)
        if lack:
            self._log(f"{name}: skipped, because it cannot be confirmed: {lack}")
            self._close(name, Span(began, None, began, began))
            return
        try:
            words = []
            if spec.load is not None:
                self._loaded = spec.load > 0
                words.append(await self._applied(self._rig.load(spec.load)))
            if spec.event is not None:
                doing = self._rig.begin(spec.event, spec.parameters)
                words.append(await self._applied(doing))
            began, confirmed = await self._confirmed(name, spec, " and ".join(filter(None, words)))
            if confirmed is None:
                self._log(f"{name}: not confirmed by telemetry")
            else:
                self._journal.mention(StepConfirmed(step=name), confirmed)
                await self._hold(spec.hold)
            ended, whole = self._rig.now(), True
        finally:
            if spec.event is None:
                left = ""
            else:
                ending = self._rig.end(spec.event)
                left = await (self._applied(ending, undoes=name) if whole else ending)
            if left and not whole:
                self._log(f"please {left}")
            elif not whole:
                self._journal.write(StepUndone(step=name), self._rig.now())
        await self._undone(name, left)
        steady = min((began if confirmed is None else confirmed) + spec.rest, ended)
        await self._hold(spec.after)
        self._close(name, Span(began, confirmed, steady, ended))

    def _close(self, name: str, span: Span) -> None:
        """Record the end of a step."""
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
        self._current_step = ""
        self._ended(name, span)

    async def _unconfirmable(self, name: str, spec: StepSpec) -> str:
        """Return why a step cannot be confirmed, empty if it can; wait ``within`` s for data."""
        until = self._rig.now() + spec.within
        latest, now = self._latest, self._rig.now
        while (lack := latest.missing_signal(name, now())) and now() < until:
            await self._next_round(lambda: False)
        return lack

    async def _confirmed(self, name: str, spec: StepSpec, words: str) -> tuple[float, float | None]:
        """Return when the stimulus was applied and when it was confirmed; None if not in time.

        With ``words``, the instruction for a person, it counts as applied one round before.
        """
        began = self._rig.now()
        if name not in self._latest.confirms:
            return began, began
        condition, id_ = self._latest.confirms[name], f"{name}.do"
        until = began + spec.within
        if words and self._please(Prompt(id_, "do", words, name)):
            until = began + ANSWER_WAIT_S
        answered = False
        while self._rig.now() < until:
            if await self._next_round(lambda: not self._people.is_open(id_)):
                if self._latest.holds(condition, self._rig.now()):
                    self._people.close(id_, "seen")
                    return began, self._rig.now()
                began = self._rig.now() if words else began
            if not answered and (answer := self._people.answered(id_)) is not None:
                answered = True
                until = self._rig.now() + (spec.within if answer.yes else 0.0)
        self._people.close(id_, "expired")
        return began, None

    async def _applied(self, doing: Coroutine[Any, Any, str], undoes: str = "") -> str:
        """Carry out a stimulus while abort limits stay active. Raises Aborted.

        An action that ``undoes`` the stimulus of that step is completed first.
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
                self._log(f"please {words}")
            elif undoes:
                self._journal.write(StepUndone(step=undoes), self._rig.now())
            raise
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _undone(self, name: str, words: str) -> None:
        """Wait until a person reports a stimulus undone, or telemetry shows that it ended."""
        if not words or not self._please(Prompt(id_ := f"{name}.undo", "do", words, name)):
            return
        condition = self._latest.confirms[name]
        until = self._rig.now() + ANSWER_WAIT_S
        while self._people.is_open(id_) and self._rig.now() < until:
            await self._next_round(lambda: not self._people.is_open(id_))
            if not self._latest.holds(condition, self._rig.now()):
                self._people.close(id_, "seen")
        self._people.close(id_, "expired")

    async def _hold(self, seconds: float) -> None:
        """Wait and read the rack every interval. Raises Aborted."""
        end = self._rig.now() + seconds
        while (left := end - self._rig.now()) > _SOON_S:
            await self._rig.wait(max(0.0, min(left, self._due - self._rig.now())))
            await self._read_if_due()

    async def _wait(self, ready: Callable[[], bool], at_most_s: float) -> bool:
        """Wait for ``ready`` at most that long; return whether it is. Raises Aborted."""
        until = self._rig.now() + at_most_s
        while not ready() and self._rig.now() < until:
            await self._next_round(ready)
        return ready()

    async def _next_round(self, ready: Callable[[], bool]) -> bool:
        """Wait for the next round; return False if ``ready`` came first. Raises Aborted."""
        was_ready = ready()
        while not await self._read_if_due():
            left_s = max(0.0, self._due - self._rig.now())
            if self._people.asked or self._people.wants_pause:
                await self._rig.idle(min(LOOK_S, left_s))
                self._people.process_answers()
            else:
                await self._rig.wait(left_s)
            if ready() and not was_ready:
                return False
        return True

    async def _read_if_due(self) -> bool:
        """Read a round if one is due; return whether it was. Raises Aborted."""
        interval_s = self._rounds.interval_s
        late_s = self._rig.now() - self._due
        if late_s < -_SOON_S:
            return False
        if len(self._late_s) < _LATE_MAX:
            self._late_s.append(max(0.0, late_s))
        self._due += interval_s * (
            1 + max(0.0, late_s) // interval_s
        )  # missed rounds are not made up
        await self._round()
        self._mention_silent()
        if why := self._latest.abort_reason(self._rig.now()):
            raise Aborted(why)
        self._people.process_answers()
        if self._people.wants_end:
            raise Aborted(self._people.wants_end)
        self._beat()
        return True

    async def _round(self) -> list[Sample]:
        found = await self._rounds.read()
        wanted = self._facts.metrics
        kept = [pair for pair in found if pair[0].metric in wanted]
        self._store.add(kept)
        self._latest.update(kept)
        return [sample for sample, _ in kept]

    def _mention_silent(self) -> None:
        """Log each device that has stopped answering, and each that answers again."""
        now, failures = self._rig.now(), self._rounds.failures
        for name, why in failures.items():
            if name not in self._silent:
                self._silent[name] = now
                self._log(f"warning: {name} has stopped answering: {why}")
        for name in [each for each in self._silent if each not in failures]:
            self._log(f"{name} answers again, after {now - self._silent.pop(name):.0f} s")

    def _beat(self) -> None:
        """Write the current signal values to the journal, at most every 2 s."""
        if time.monotonic() - self._beat_at < _BEAT_S:
            return
        self._beat_at, now = time.monotonic(), self._rig.now()
        values = self._latest.values(self._current_step, now)
        self._journal.mention(Beat(step=self._current_step, values=values), now)

    def _please(self, prompt: Prompt) -> bool:
        """Ask a person to do something; return whether the run has an operator."""
        if self._people.asked:
            self._people.ask(prompt)
        else:
            self._log(f"please {prompt.text}")
        return self._people.asked

    def _log(self, text: str) -> None:
        self._journal.mention(MessageLogged(text=text), self._rig.now())
