"""How far a run is, from its directory alone: one that goes on, has ended, or has died.

A run is a process of its own. Whoever wants to follow it reads its journal, which only grows;
what is torn, strange or not there yet is left out. Nothing here changes anything.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from agent.commission.journal.writer import Event, is_written
from agent.commission.records import Verdict

JOURNAL = "journal.jsonl"

_READ_MAX = 256 * 1024 * 1024  # bytes of a journal
_MESSAGES_MAX = 100
_PROMPTS_MAX = 200
_STARTING_S = 5.0  # a journal that is younger may not be locked yet, or be about to be


class State(StrEnum):
    """What a run is doing. DEAD: nobody carries it out any more, and it has not ended."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    ENDED = "ended"
    ABORTED = "aborted"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something that a person is asked for: ``confirm``, ``note``, ``attachment`` or ``do``.

    ``blocks`` where the run waits for it.
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
    """A step of the run: ``seconds`` are what it is expected to take."""

    step: str
    title: str
    seconds: float
    begun: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class Message:
    """Something said to people. Unix seconds of the machine's clock."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at one moment.

    ``share`` is what is done, 0 to 1; ``left_s`` the seconds of the rack's clock that are left.
    ``values`` are lowest and highest of the signals that matter now, in base units. ``verdict`` is
    the one of the whole run, once it has been judged. ``began_at`` and ``last_at`` are Unix seconds
    of the machine's clock.
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
    messages: tuple[Message, ...]
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
        """Seconds that it still takes, as far as one can tell."""
        if self.ended:
            return 0.0
        if self.confirmed is not None:
            return min(self.holds, max(0.0, self.confirmed + self.holds - now))
        if self.began is not None:
            return min(self.seconds, max(self.holds, self.seconds - (now - self.began)))
        return self.seconds


class Story:
    """What the lines of a journal come to, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._head: Event = {}
        self._plan: Event = {}
        self._steps: dict[str, _Step] = {}
        self._checks: dict[str, CheckSeen] = {}
        self._prompts: dict[str, Prompt] = {}
        self._messages: list[Message] = []
        self._values: dict[str, tuple[float, float] | None] = {}
        self._step, self._why, self._paused, self._ended = "", "", False, False
        self._verdict: Verdict | None = None
        self._now = self._planned_at = self._began_at = self._last_at = 0.0

    def take(self, event: Event) -> None:
        """Take in one line; what is not as it should be is left out."""
        try:
            self._take(event)
        except (KeyError, TypeError, ValueError, AttributeError):
            return

    def _take(self, event: Event) -> None:
        self._last_at = max(self._last_at, float(event.get("wall", 0.0)))
        self._began_at = self._began_at or self._last_at
        if at := float(event["at"]):
            self._now = at
        told = getattr(self, f"_on_{event['event']}", None)
        if told is not None:
            told(event)

    def _on_run_started(self, event: Event) -> None:
        self._head = event

    def _on_resumed(self, _event: Event) -> None:
        self._why, self._paused, self._ended = "", False, False
        self._prompts.clear()

    def _on_plan(self, event: Event) -> None:
        done = {name for name, step in self._steps.items() if step.ended}
        self._plan, self._planned_at = event, self._now
        self._steps = {
            str(each["step"]): _Step(
                *(str(each["title"]), float(each["seconds"]), float(each["holds"])),
                checks=[str(name) for name in each["checks"]],
                ended=each["step"] in done,
            )
            for each in event["steps"]
        }
        for name, step in self._steps.items():
            for check in step.checks:
                about = event["checks"][check]
                seen = CheckSeen(
                    *(check, int(about["number"]), str(about["title"]), name, str(about["kind"]))
                )
                self._checks.setdefault(check, seen)

    def _on_step_began(self, event: Event) -> None:
        self._step = str(event["step"])
        step = self._steps[self._step]
        step.began, step.confirmed, step.ended = self._now, None, False

    def _on_step_confirmed(self, event: Event) -> None:
        self._steps[event["step"]].confirmed = self._now

    def _on_step_ended(self, event: Event) -> None:
        self._step = ""
        self._steps[event["step"]].ended = True

    def _on_judged(self, event: Event) -> None:
        was = self._checks[event["check"]]
        self._checks[was.check] = CheckSeen(
            *(was.check, was.number, was.title, was.step, was.kind, Verdict(event["verdict"])),
            reason=str(event["reason"]),
            measured=tuple(dict(each) for each in event["measured"]),
        )

    def _on_beat(self, event: Event) -> None:
        self._values = {
            str(name): None if pair is None else (float(pair[0]), float(pair[1]))
            for name, pair in event["values"].items()
        }

    def _on_said(self, event: Event) -> None:
        self._say(event, str(event["text"]))

    def _on_noted(self, event: Event) -> None:
        self._say(event, f"{event['who']}: {event['text']}")

    def _on_asked(self, event: Event) -> None:
        prompt = Prompt(
            *(str(event["id"]), str(event["kind"]), str(event["text"])),
            step=str(event.get("step", "")),
            check=str(event.get("check", "")),
            asked_at=self._last_at,
            blocks=bool(event.get("blocks", True)),
        )
        if len(self._prompts) < _PROMPTS_MAX:
            self._prompts[prompt.id] = prompt

    def _on_answered(self, event: Event) -> None:
        self._prompts.pop(event["id"], None)
        if event.get("text"):
            self._say(event, f"{event['who']}: {event['text']}")

    def _on_paused(self, event: Event) -> None:
        self._paused = True
        self._say(event, f"paused by {event['who']}")

    def _on_continued(self, event: Event) -> None:
        self._paused = False
        self._say(event, "goes on")

    def _on_aborted(self, event: Event) -> None:
        self._why, self._step = str(event["why"]), ""
        self._prompts.clear()
        self._say(event, f"aborted: {self._why}")

    def _on_interrupted(self, event: Event) -> None:
        self._say(event, "interrupted; it may be resumed")

    def _on_run_ended(self, _event: Event) -> None:
        self._ended, self._paused, self._step = True, False, ""
        self._prompts.clear()

    def _on_concluded(self, event: Event) -> None:
        self._verdict = Verdict(event["verdict"])

    def _say(self, event: Event, text: str) -> None:
        self._messages.append(Message(float(event.get("wall", 0.0)), text))
        del self._messages[:-_MESSAGES_MAX]

    def progress(self, *, alive: bool) -> Progress:
        """How far it is; ``alive`` says whether somebody carries it out."""
        state = self._state(alive)
        left_s = self._left_s()
        whole_s = float(self._plan.get("before_s", 0.0)) + sum(
            step.seconds for step in self._steps.values()
        )
        share = 1.0 - min(1.0, left_s / whole_s) if whole_s > 0 else 0.0
        if state is State.ENDED:
            share, left_s = 1.0, 0.0
        return Progress(
            folder=self._folder,
            rack=str(self._head.get("rack", "")),
            generation=str(self._plan.get("generation", "")),
            version=str(self._plan.get("version", "")),
            stage=str(self._head.get("stage", "")),
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
            operator=str(self._head.get("operator") or ""),
            witness=str(self._head.get("witness") or ""),
            retest_of=str((self._head.get("retest_of") or {}).get("run", "")),
            verdict=self._verdict,
            simulated=bool(self._head.get("simulated")),
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

    def _left_s(self) -> float:
        left_s = sum(step.left_s(self._now) for step in self._steps.values())
        if not any(step.began is not None for step in self._steps.values()):
            before_s = float(self._plan.get("before_s", 0.0))
            left_s += min(before_s, max(0.0, before_s - (self._now - self._planned_at)))
        return left_s


class Follower:
    """Follows one run: every ``refresh`` reads only what came since the last."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / JOURNAL
        self._story, self._offset = Story(folder), 0
        self._folder = folder

    def refresh(self, now: float | None = None) -> Progress:
        """How far the run is now. Raises OSError where there is no journal to read."""
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            if size < self._offset:  # another one
                self._story, self._offset = Story(self._folder), 0
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
                self._story.take(found)
        known = self._story.progress(alive=True)
        if known.state in (State.ENDED, State.ABORTED):
            return known
        wall = time.time() if now is None else now
        alive = is_written(self._path) or wall - known.last_at < _STARTING_S
        return self._story.progress(alive=alive)


def follow(folder: Path) -> Progress:
    """How far the run in a directory is. Raises OSError where there is no journal to read."""
    return Follower(folder).refresh()
