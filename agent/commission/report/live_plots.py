"""Measured values of a check over the time of its step, with its limits, for display only.

Plots of a run in progress end at the newest sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.commission.evidence.bundle import JOURNAL, SAMPLES, read_facts
from agent.commission.journal.samples import SampleStore
from agent.commission.journal.writer import Event, read_journal, spans
from agent.commission.judge import LabelledSeries, Span
from agent.commission.judge.context import InconclusiveError
from agent.commission.judge.window import BadSample
from agent.commission.report.curves import (
    Drawn,
    Limit,
    drawn_context,
    drawn_limits,
    drawn_series,
)
from agent.model.errors import ConfigError

Points = Sequence[tuple[float, float]]
"""Unix seconds and values."""


@dataclass(frozen=True, slots=True)
class LivePlot:
    """The series of one check in ``unit``, by their names.

    ``began`` is the start of the step in Unix seconds. ``limits`` are pairs of label and value.
    ``why`` is the reason if there are no series.
    """

    check: str
    title: str
    unit: str
    began: float
    lines: tuple[tuple[str, Points], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    why: str = ""


def live_plot(folder: Path, name: str) -> LivePlot:
    """Return the series of a check of the run in a directory.

    Raises ConfigError if the check is not part of the stage or the run cannot be read.
    """
    events = read_journal(folder / JOURNAL)
    facts, _ = read_facts(folder, events)
    check = facts.checks.get(name)
    if check is None:
        raise ConfigError(f"the stage has no check {name!r}")
    span = _span(events, check.during)
    if span is None:
        return LivePlot(name, check.title, "", 0.0, why="its step has not begun")
    if not isinstance(check, Drawn):
        return LivePlot(name, check.title, "", span.began, why="it measures no number")
    store = SampleStore(folder / SAMPLES, read_only=True)
    found: list[LabelledSeries] = []
    why = ""
    try:
        found = drawn_series(drawn_context(facts, store, span, [check]), check)
    except (BadSample, InconclusiveError) as error:
        why = str(error)
    finally:
        store.close()
    limits = drawn_limits(check, found[0] if found else None, span)
    return LivePlot(
        *(name, check.title, check.unit, span.began),
        lines=tuple((line.name, _points(line)) for line in found),
        limits=tuple((_words(each), each.at) for each in limits if not each.guard),
        why=why or ("" if found else "no value that can be drawn"),
    )


def _words(limit: Limit) -> str:
    if limit.words == "peak":
        return limit.words
    return "at most" if limit.above else "at least"


def _points(line: LabelledSeries) -> Points:
    return tuple(zip(line.series.times, line.series.values, strict=True))


def _span(events: list[Event], step: str) -> Span | None:
    """Return the span of a step; that of a step in progress ends at the last journal entry."""
    done = spans(events).get(step)
    if done is not None:
        return done
    begun = [e for e in events if e["event"] == "step_began" and e["step"] == step]
    began = float(begun[-1]["at"]) if begun else None
    if began is None:
        return None
    now = max(float(event.get("at", 0.0)) for event in events)
    return Span(began, None, began, max(began, now))
