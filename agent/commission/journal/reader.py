"""The progress of a run, read from its directory, whether it is active, has ended or has crashed.

A run is a separate process. Other processes follow it by its journal, which only grows; incomplete
and unknown lines are skipped. Nothing is written here.
"""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.commission.journal.events import (
    Beat,
    CheckJudged,
    MessageLogged,
    Noted,
    PromptAnswered,
    PromptOpened,
    Record,
    RunAborted,
    RunConcluded,
    RunContinued,
    RunEnded,
    RunInterrupted,
    RunPaused,
    RunPlanned,
    RunResumed,
    RunStarted,
    StepBegan,
    StepConfirmed,
    StepEnded,
    parse_event,
)
from agent.commission.journal.writer import Event, is_written
from agent.commission.records import Verdict
from agent.parse.plain_file import open_plain

JOURNAL = "journal.jsonl"

_READ_MAX = 256 * 1024 * 1024  # bytes of a journal
_MESSAGES_MAX = 100
_PROMPTS_MAX = 200
_STARTING_S = 5.0  # a younger journal may not be locked yet


class State(StrEnum):
    """The state of a run. DEAD: it has not ended, but its process does not exist any more."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    ENDED = "ended"
    ABORTED = "aborted"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt to a person; ``kind`` is ``confirm``, ``note``, ``attachment`` or ``do``.

    The run waits for the answer if ``blocks``. ``asked_at`` is Unix time in seconds.
    """

    id: str
    kind: str
    text: str
    step: str = ""
    check: str = ""
    asked_at: float = 0.0
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """A check of the run; its verdict is None until its step has ended."""

    check: str
    number: int
    title: str
    step: str
    kind: str = ""
    verdict: Verdict | None = None
    reason: str = ""
    measured: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step of the run; ``seconds`` is its expected duration."""

    step: str
    title: str
    seconds: float
    begun: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class RunMessage:
    """A message to users; ``at`` is Unix time in seconds by the machine's clock."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at one moment.

    ``share`` is the completed part, 0 to 1; ``left_s`` the remaining seconds by the rack's clock.
    ``values`` are (lowest, highest) of each signal of the current step, in base units. ``verdict``
    is of the whole run, None until it is judged. ``began_at`` and ``last_at`` are Unix seconds of
    the machine's clock. ``why`` is the reason of an abort, empty without one.
    """

    folder: Path
    rack: str
    generation: str
    version: str
    stage: str
    state: State
    step: str
    share: float
    left_s: float
    steps: tuple[StepSeen, ...]
    checks: tuple[CheckSeen, ...]
    prompts: tuple[Prompt, ...]
    messages: tuple[RunMessage, ...]
    values: Mapping[str, tuple[float, float] | None]
    began_at: float
    last_at: float
    why: str = ""
    operator: str = ""
    witness: str = ""
    retest_of: str = ""
    verdict: Verdict | None = None
    simulated: bool = False


@dataclass(slots=True)
class _Step:
    title: str
    seconds: float
    holds: float
    checks: list[str] = field(default_factory=list)
    began: float | None = None
    confirmed: float | None = None
    ended: bool = False

    def left_s(self, now: float) -> float:
        """Estimate the remaining seconds of the step at ``now`` (Unix seconds)."""
        if self.ended:
            return 0.0
        if self.confirmed is not None:
            return min(self.holds, max(0.0, self.confirmed + self.holds - now))
        if self.began is not None:
            return min(self.seconds, max(self.holds, self.seconds - (now - self.began)))
        return self.seconds


class JournalState:
    """The state of a run, built from the lines of its journal in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._head: RunStarted | None = None
        self._plan: RunPlanned | None = None
        self._steps: dict[str, _Step] = {}
        self._checks: dict[str, CheckSeen] = {}
        self._prompts: dict[str, Prompt] = {}
        self._messages: list[RunMessage] = []
        self._values: dict[str, tuple[float, float] | None] = {}
        self._step, self._why, self._paused, self._ended = "", "", False, False
        self._verdict: Verdict | None = None
        self._now = self._planned_at = self._began_at = self._last_at = self._wall = 0.0

    def apply(self, event: Event) -> None:
        """Apply one line; an invalid one is skipped."""
        with contextlib.suppress(KeyError, TypeError, ValueError):
            self._wall = float(event.get("wall", 0.0))
            self._last_at = max(self._last_at, self._wall)
            self._began_at = self._began_at or self._last_at
            record = parse_event(event)
            self._now = float(event["at"]) or self._now
            if record is not None:
                self._apply(record)

    def _apply(self, record: Record) -> None:  # noqa: C901  # one branch an event
        match record:
            case RunStarted():
                self._head = record
            case RunResumed():
                self._why, self._paused, self._ended = "", False, False
                self._prompts.clear()
            case RunPlanned():
                self._plan_to(record)
            case StepBegan():
                self._step = record.step
                step = self._steps[self._step]
                step.began, step.confirmed, step.ended = self._now, None, False
            case StepConfirmed():
                self._steps[record.step].confirmed = self._now
            case StepEnded():
                self._step = ""
                self._steps[record.step].ended = True
            case CheckJudged():
                self._checks[record.check] = replace(
                    self._checks[record.check],
                    verdict=record.verdict,
                    reason=record.reason,
                    measured=tuple(record.measured),
                )
            case Beat():
                self._values = {
                    name: None if pair is None else (pair[0], pair[1])
                    for name, pair in record.values.items()
                }
            case PromptOpened():
                self._ask(record)
            case PromptAnswered():
                self._prompts.pop(record.id, None)
                if record.text:
                    self._say(f"{record.who}: {record.text}")
            case MessageLogged():
                self._say(record.text)
            case Noted():
                self._say(f"{record.who}: {record.text}")
            case RunPaused():
                self._paused = True
                self._say(f"paused by {record.who}")
            case RunContinued():
                self._paused = False
                self._say("continued")
            case RunAborted():
                self._why, self._step = record.why, ""
                self._prompts.clear()
                self._say(f"aborted: {self._why}")
            case RunInterrupted():
                self._say("interrupted; the run may be resumed")
            case RunEnded():
                self._ended, self._paused, self._step = True, False, ""
                self._prompts.clear()
            case RunConcluded():
                self._verdict = record.verdict

    def _plan_to(self, plan: RunPlanned) -> None:
        done = {name for name, step in self._steps.items() if step.ended}
        self._plan, self._planned_at = plan, self._now
        self._steps = {
            each.step: _Step(
                *(each.title, each.seconds, each.holds),
                checks=list(each.checks),
                ended=each.step in done,
            )
            for each in plan.steps
        }
        for name, step in self._steps.items():
            for check in step.checks:
                about = plan.checks[check]
                seen = CheckSeen(check, about.number, about.title, name, about.kind)
                self._checks.setdefault(check, seen)

    def _ask(self, asked: PromptOpened) -> None:
        if len(self._prompts) < _PROMPTS_MAX:
            self._prompts[asked.id] = Prompt(
                *(asked.id, asked.kind, asked.text, asked.step, asked.check),
                asked_at=self._last_at,
                blocks=asked.blocks,
            )

    def _say(self, text: str) -> None:
        self._messages.append(RunMessage(self._wall, text))
        del self._messages[:-_MESSAGES_MAX]

    def progress(self, *, alive: bool) -> Progress:
        """Return the progress so far; ``alive`` is True while the run's process exists."""
        state = self._state(alive)
        left_s = self._left_s()
        whole_s = self._before_s + sum(step.seconds for step in self._steps.values())
        head, plan = self._head, self._plan
        share = 1.0 - min(1.0, left_s / whole_s) if whole_s > 0 else 0.0
        if state is State.ENDED:
            share, left_s = 1.0, 0.0
        return Progress(
            folder=self._folder,
            rack="" if head is None else head.rack,
            generation="" if plan is None else plan.generation,
            version="" if plan is None else plan.version,
            stage="" if head is None else head.stage,
            state=state,
            step=self._step,
            share=share,
            left_s=left_s,
            steps=tuple(
                StepSeen(name, step.title, step.seconds, step.began is not None, step.ended)
                for name, step in self._steps.items()
            ),
            checks=tuple(self._checks.values()),
            prompts=tuple(self._prompts.values()),
            messages=tuple(self._messages),
            values=dict(self._values),
            began_at=self._began_at,
            last_at=self._last_at,
            why=self._why,
            operator=(head and head.operator) or "",
            witness=(head and head.witness) or "",
            retest_of=((head and head.retest_of) or {}).get("run", ""),
            verdict=self._verdict,
            simulated=head is not None and head.simulated,
        )

    def _state(self, alive: bool) -> State:
        if self._why:
            return State.ABORTED
        if self._ended:
            return State.ENDED
        if not alive:
            return State.DEAD
        if self._paused:
            return State.PAUSED
        waits = any(prompt.blocks for prompt in self._prompts.values())
        return State.WAITING if waits else State.RUNNING

    @property
    def _before_s(self) -> float:
        return 0.0 if self._plan is None else self._plan.before_s

    def _left_s(self) -> float:
        left_s = sum(step.left_s(self._now) for step in self._steps.values())
        if not any(step.began is not None for step in self._steps.values()):
            before_s = self._before_s
            left_s += min(before_s, max(0.0, before_s - (self._now - self._planned_at)))
        return left_s


class Follower:
    """A follower of one run; each ``refresh`` reads only the lines since the last one."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL
        self._journal, self._offset = JournalState(folder), 0
        self._folder = folder

    def refresh(self, now: float | None = None) -> Progress:
        """Read the new lines and return the present progress.

        ``now`` is Unix time in seconds. Raises OSError if the journal cannot be read.
        """
        with open_plain(self._path) as file:
            size = file.seek(0, 2)
            if size < self._offset:  # the journal was replaced
                self._journal, self._offset = JournalState(self._folder), 0
            file.seek(self._offset)
            new = file.read(max(0, _READ_MAX - self._offset))
        whole = new[: new.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                self._journal.apply(found)
        known = self._journal.progress(alive=True)
        if known.state in (State.ENDED, State.ABORTED):
            return known
        wall = time.time() if now is None else now
        alive = is_written(self._path) or wall - known.last_at < _STARTING_S
        return self._journal.progress(alive=alive)


def follow(folder: Path) -> Progress:
    """Return the progress of the run in a directory.

    Raises OSError if its journal cannot be read.
    """
    return Follower(folder).refresh()
