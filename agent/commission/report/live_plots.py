"""What a check measures over the time of its step, with its limits; for the eye alone.

A run that goes on has courses too, up to now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.commission.evidence.bundle import JOURNAL, SAMPLES, facts_of
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import Event, read_journal, spans
from agent.commission.judge import CheckContext, Span
from agent.commission.judge.context import InconclusiveError, LabelledSeries, lines
from agent.commission.judge.verdicts import step_case
from agent.commission.judge.window import BadSample
from agent.commission.spec.models import (
    CheckSpec,
    LimitCheck,
    Measured,
    SettleCheck,
    SoakCheck,
    from_base,
)
from agent.model.errors import ConfigError

_AS_IT_IS = frozenset({"worst", "mean", "last"})
"""Reductions whose limits are those of the value itself."""

Points = Sequence[tuple[float, float]]
"""Unix seconds and values."""


@dataclass(frozen=True, slots=True)
class Courses:
    """The courses of one check in ``unit``, by the name of their series.

    ``began`` is when the step did (Unix seconds), ``limits`` are by what they are. ``why`` says
    why there is no course, where there is none.
    """

    check: str
    title: str
    unit: str
    began: float
    lines: tuple[tuple[str, Points], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    why: str = ""


def courses(folder: Path, name: str) -> Courses:
    """The courses of a check of the run in a directory. Raises ConfigError."""
    events = read_journal(folder / JOURNAL)
    facts, _ = facts_of(folder, events)
    check = facts.checks.get(name)
    if check is None:
        raise ConfigError(f"the stage has no check {name!r}")
    span = _span(events, check.during)
    if span is None:
        return Courses(name, check.title, "", 0.0, why="its step has not begun")
    store = SampleStore(folder / SAMPLES, read_only=True)
    try:
        return check_courses(step_case(facts, store, span), name, check)
    finally:
        store.close()


def check_courses(case: CheckContext, name: str, check: CheckSpec) -> Courses:
    """The courses of a check in one step of a run."""
    if not isinstance(check, Measured):
        return Courses(name, check.title, "", case.span.began, why="it measures no number")
    found: list[LabelledSeries] = []
    why = ""
    for part in (case.window, case.reaction):  # with what was before, where that can be trusted
        try:
            found, why = lines(case, part, check), ""
        except (BadSample, InconclusiveError) as error:
            why = str(error)
        else:
            break
    return Courses(
        name,
        check.title,
        check.unit,
        case.span.began,
        tuple((line.name, _points(line.course.times, line.course.values, check)) for line in found),
        tuple(limits(check)),
        why,
    )


def limits(check: Measured) -> list[tuple[str, float]]:
    """The limits that the measured value itself has, in the check's unit."""
    match check:
        case LimitCheck() if check.reduce in _AS_IT_IS:
            pairs = [("at least", check.at_least), ("at most", check.at_most)]
        case SoakCheck() | SettleCheck():
            pairs = [("low", check.low), ("high", check.high)]
            if isinstance(check, SettleCheck) and check.peak is not None:
                pairs.append(("peak", check.peak))
        case _:
            pairs = []
    return [(text, value) for text, value in pairs if value is not None]


def _points(times: Sequence[float], values: Sequence[float], check: Measured) -> Points:
    return tuple(zip(times, (from_base(value, check.unit) for value in values), strict=True))


def _span(events: list[Event], step: str) -> Span | None:
    """When a step was; of one that goes on, from its beginning to the last line of the journal."""
    done = spans(events).get(step)
    if done is not None:
        return done
    begun = [e for e in events if e["event"] == "step_began" and e["step"] == step]
    began = float(begun[-1]["at"]) if begun else None
    if began is None:
        return None
    now = max(float(event.get("at", 0.0)) for event in events)
    return Span(began, None, began, max(began, now))
