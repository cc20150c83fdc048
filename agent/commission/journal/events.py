"""The events of a run as records: the fields of each kind of line in its journal.

A line is a JSON object: ``event``, ``at`` (Unix seconds of the rack's clock), ``wall`` (of this
machine's clock) and the fields of the record of that event. Times and spans are seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from agent.commission.records import Verdict

_NOT_FIELDS = frozenset({"event", "at", "wall"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The first line, which describes the run.

    ``generation`` and ``configuration`` are SHA-256 hashes, ``devices`` are names by role, ``only``
    are the checks of a retest.
    """

    event: ClassVar[str] = "run_started"
    rack: str
    tool: str
    generation: str
    stage: str
    devices: Mapping[str, str]
    interval_s: float
    configuration: str
    only: Sequence[str] = ()
    operator: str | None = ""
    witness: str | None = ""
    retest_of: Mapping[str, str] | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """An interrupted run was resumed."""

    event: ClassVar[str] = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A planned step: its expected duration in seconds, and the part that its load is held."""

    step: str
    title: str
    seconds: float
    holds: float
    checks: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """A planned check of the stage."""

    title: str
    number: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlanned:
    """The plan of the run: its steps in order, and its checks by name."""

    event: ClassVar[str] = "plan"
    generation: str
    version: str
    title: str
    before_s: float
    steps: Sequence[PlannedStep]
    checks: Mapping[str, PlannedCheck]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilesFound:
    """The metrics of each device's profile, by device."""

    event: ClassVar[str] = "profiles"
    shows: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChecked:
    """The state of this machine's clock: synchronised or not, and its largest error."""

    event: ClassVar[str] = "clock"
    synchronised: bool
    error_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBegan:
    """A step began: its stimulus follows."""

    event: ClassVar[str] = "step_began"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConfirmed:
    """Telemetry confirmed the stimulus of a step."""

    event: ClassVar[str] = "step_confirmed"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded:
    """A step ended. ``confirmed`` is None if telemetry did not confirm its stimulus."""

    event: ClassVar[str] = "step_ended"
    step: str
    began: float
    confirmed: float | None
    steady: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUndone:
    """The stimulus of an interrupted step was undone."""

    event: ClassVar[str] = "undone"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJudged:
    """The verdict of a check, with its first measurements."""

    event: ClassVar[str] = "judged"
    check: str
    verdict: Verdict
    reason: str
    measured: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A heartbeat. ``values`` are (lowest, highest) of each signal of the step, or None."""

    event: ClassVar[str] = "beat"
    values: Mapping[str, Sequence[float] | None]
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLogged:
    """A message to users."""

    event: ClassVar[str] = "said"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A note by a person."""

    event: ClassVar[str] = "noted"
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptOpened:
    """A prompt to a person; the run waits for the answer if ``blocks``."""

    event: ClassVar[str] = "asked"
    id: str
    kind: str
    text: str
    step: str = ""
    check: str = ""
    blocks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptAnswered:
    """A prompt was closed. ``answer`` is yes, no, seen or expired."""

    event: ClassVar[str] = "answered"
    id: str
    who: str
    answer: str
    text: str = ""
    kind: str = ""
    check: str = ""
    file: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused:
    """A person paused the run."""

    event: ClassVar[str] = "paused"
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContinued:
    """A paused run continues."""

    event: ClassVar[str] = "continued"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAborted:
    """The run ended early."""

    event: ClassVar[str] = "aborted"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInterrupted:
    """The process received a signal to end; the run may be resumed."""

    event: ClassVar[str] = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """All steps were done. ``late`` are statistics of how late the rounds were, in seconds."""

    event: ClassVar[str] = "run_ended"
    late: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConcluded:
    """The run was judged."""

    event: ClassVar[str] = "concluded"
    verdict: Verdict


Record = (
    RunStarted
    | RunResumed
    | RunPlanned
    | ProfilesFound
    | ClockChecked
    | StepBegan
    | StepConfirmed
    | StepEnded
    | StepUndone
    | CheckJudged
    | Beat
    | MessageLogged
    | Noted
    | PromptOpened
    | PromptAnswered
    | RunPaused
    | RunContinued
    | RunAborted
    | RunInterrupted
    | RunEnded
    | RunConcluded
)
"""The record of any event."""

_READERS: Mapping[str, TypeAdapter[Any]] = {
    kind.event: TypeAdapter(kind) for kind in Record.__args__
}


def parse_event(line: Mapping[str, Any]) -> Record | None:
    """Return the record of a line; None for an event that this version does not know.

    Raises ValueError with a text of one line if a field is missing or has another type.
    """
    name, at = line.get("event"), line.get("at")
    if not isinstance(name, str):
        raise ValueError("event: is not a text")
    if not isinstance(at, int | float) or isinstance(at, bool):
        raise ValueError(f"{name}: at: is not a number")
    reader = _READERS.get(name)
    if reader is None:
        return None
    try:
        found: Record = reader.validate_python(
            {key: value for key, value in line.items() if key not in _NOT_FIELDS}
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{name}: {place}: {first['msg']}") from None
    return found
