"""What a check is judged on, and the courses that an expression takes over it."""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import nextafter

from agent.commission.judge.columns import SeriesPart
from agent.commission.judge.window import BadSample, TimeSeries, Window, spelled
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.expression import Condition, Expression
from agent.commission.spec.generation import Generation
from agent.commission.spec.models import Measured, Signal
from agent.model.errors import RackagentError
from agent.model.series import Labels, SeriesKey

_ANYTHING: Mapping[str, Collection[str]] = {}


class InconclusiveError(RackagentError):
    """A device's profile has no point for an optional signal: what needs it does not apply."""


@dataclass(frozen=True, slots=True)
class Span:
    """When a step began, when the data confirmed its stimulus, and when it ended (Unix seconds).

    ``confirmed`` is None where they never did. ``steady`` is from when on it is judged as settled.
    """

    began: float
    confirmed: float | None
    steady: float
    ended: float


@dataclass(frozen=True)
class CheckContext:
    """One rack in one step of a run. ``devices`` are their names by role.

    ``window`` reaches back before the step, so that what was before can be compared. ``shows`` are
    the metrics of each device's profile; one that it does not name may show anything.
    """

    generation: Generation
    window: Window
    span: Span
    devices: Mapping[str, str]
    before_s: float = 30.0
    sheet: Sheet | None = None
    shows: Mapping[str, Collection[str]] = field(default_factory=lambda: _ANYTHING)

    @cached_property
    def steady(self) -> Window:
        """The part of the step in which everything has come to rest."""
        return self.window.between(self.span.steady, self.span.ended)

    @cached_property
    def reaction(self) -> Window:
        """The step from its stimulus on."""
        return self.window.between(self.span.began, self.span.ended)

    @cached_property
    def before(self) -> Window:
        """The time before the step; what is read as it begins is not before it."""
        last = nextafter(self.span.began, 0.0)
        return self.window.between(self.span.began - self.before_s, last)

    def names(self, of: str | list[str]) -> list[str]:
        """The devices that a signal is of. Raises BadSample where one is not in the rack."""
        found = []
        for role in self.generation.members(of):
            if role not in self.devices:
                raise BadSample(f"the rack has no {role}")
            found.append(self.devices[role])
        return found


@dataclass(frozen=True, slots=True)
class LabelledSeries:
    """One course and whose it is: the labels (and the device) that tell it from its siblings.

    ``held_s`` is the longest time without a break that the check's condition held.
    """

    labels: Labels
    course: TimeSeries
    held_s: float = 0.0

    @property
    def name(self) -> str:
        """For people; empty where there is only one."""
        device = dict(self.labels).get("device", "")
        rest = ",".join(f"{name}={value}" for name, value in self.labels if name != "device")
        return f"{device}[{rest}]" if rest else device


def tracks(case: CheckContext, window: Window, name: str) -> list[tuple[SeriesKey, SeriesPart]]:
    """Every series of a signal. Raises BadSample where one cannot be trusted or is missing."""
    signal = case.generation.spec.signals[name]
    return [
        (key, window.track(key, signal.max_age, signal.moves))
        for key in _keys(case, window, signal)
    ]


def _keys(case: CheckContext, window: Window, signal: Signal) -> Iterator[SeriesKey]:
    for device in case.names(signal.of):
        if signal.optional and signal.metric not in case.shows.get(device, (signal.metric,)):
            raise InconclusiveError(f"{device} has no {signal.metric}")
        keys = [
            key
            for key in window.find(device, signal.metric, signal.labels)
            if not any(dict(key[2]).get(label) for label in signal.without)
        ]
        if not keys:
            wanted = (device, signal.metric, tuple(sorted(signal.labels.items())))
            raise BadSample(f"{spelled(wanted)}: no value")
        if signal.count is not None and len(keys) != signal.count:
            raise BadSample(
                f"{device} {signal.metric}: {len(keys)} series, {signal.count} are expected"
            )
        yield from keys


def signal_lines(case: CheckContext, window: Window, name: str) -> list[LabelledSeries]:
    """The courses of a signal, one of several made where it says so. Raises BadSample."""
    signal = case.generation.spec.signals[name]
    lines = []
    for key in _keys(case, window, signal):
        own = (("device", key[0]), *(p for p in key[2] if p[0] not in signal.labels))
        lines.append(LabelledSeries(own, window.course(key, signal.max_age, signal.moves)))
    if signal.take == "each":
        return lines
    groups: dict[Labels, list[TimeSeries]] = {}
    for line in lines:
        own = tuple(pair for pair in line.labels if pair[0] in signal.by)
        groups.setdefault(own, []).append(line.course)
    return [
        LabelledSeries(own, _one_of(signal.take, courses))
        for own, courses in sorted(groups.items())
    ]


def _one_of(take: str, courses: Sequence[TimeSeries]) -> TimeSeries:
    if take == "count":
        last = courses[0]
        return TimeSeries(last.times, array("d", [len(courses)]) * len(last.times))
    times, values = array("d"), array("d")
    for time in sorted({time for course in courses for time in course.times}):
        held = [course.at(time) for course in courses]
        known = [value for value in held if value is not None]
        if len(known) == len(held):
            times.append(time)
            values.append(_reduced(take, known))
    if not times:
        raise BadSample("series that never overlap cannot be put together")
    return TimeSeries(times, values)


def _reduced(take: str, values: Sequence[float]) -> float:
    if take == "sum":
        return sum(values)
    if take == "mean":
        return sum(values) / len(values)
    if take == "max":
        return max(values)
    if take == "min":
        return min(values)
    if take == "spread":
        return max(values) - min(values)
    ordered = sorted(values)  # closest: how near two of them come
    return min((b - a for a, b in pairwise(ordered)), default=float("inf"))


def lines(case: CheckContext, window: Window, check: Measured) -> list[LabelledSeries]:
    """The courses of what a check measures, at the instants where its ``when`` holds.

    Empty where it never does. Raises BadSample where anything it looks at cannot be trusted.
    """
    expression = case.generation.arithmetic(check.measure)
    when = case.generation.condition(check.when) if check.when else None
    names = dict.fromkeys((*expression.names, *(when.names if when else ())))
    found = []
    for labels, rows in aligned(case, window, list(names)):
        times, values = array("d"), array("d")
        since, held_s = None, 0.0
        for time, row in rows:
            if when is not None and not _holds(when, row):
                since = None
                continue
            since = time if since is None else since
            held_s = max(held_s, time - since)
            times.append(time)
            values.append(_computed(expression, check.measure, row))
        if times:
            found.append(LabelledSeries(labels, TimeSeries(times, values), held_s))
        elif when is None:
            raise BadSample(f"{check.measure!r}: its series have no instant in common")
    return found


def _holds(when: Condition, row: Mapping[str, float]) -> bool:
    held = when(row)
    if held is None:
        raise BadSample(f"{when.text!r} cannot be computed")
    return held


def _computed(expression: Expression, text: str, row: Mapping[str, float]) -> float:
    value = expression(row)
    if value is None:
        raise BadSample(f"{text!r} cannot be computed: it divides by zero or leaves a curve")
    return value


def aligned(
    case: CheckContext, window: Window, names: Sequence[str]
) -> Iterator[tuple[Labels, Iterator[tuple[float, dict[str, float]]]]]:
    """Rows of the values that hold at the same instant, for each group of series that pair.

    Signals of one series go with all; of the others, those go together whose labels agree.
    """
    constants = case.generation.constants
    fixed = {name: constants[name] for name in names if name in constants}
    found = {name: signal_lines(case, window, name) for name in names if name not in fixed}
    finest = max(found, key=lambda name: (len(found[name]), len(found[name][0].labels)))
    for line in found[finest]:
        partners = {name: _partner(name, line, found[name]) for name in found if name != finest}
        yield line.labels, _rows({finest: line.course, **partners}, fixed)


def _partner(name: str, line: LabelledSeries, candidates: Sequence[LabelledSeries]) -> TimeSeries:
    if len(candidates) == 1:
        return candidates[0].course
    own = set(line.labels)
    fitting = [other.course for other in candidates if set(other.labels) <= own]
    if len(fitting) != 1:
        raise BadSample(f"{len(fitting)} series of {name!r} pair with {line.name}")
    return fitting[0]


def _rows(
    courses: Mapping[str, TimeSeries], fixed: Mapping[str, float]
) -> Iterator[tuple[float, dict[str, float]]]:
    for time in sorted({time for course in courses.values() for time in course.times}):
        row = dict(fixed)
        for name, course in courses.items():
            value = course.at(time)
            if value is None:
                break
            row[name] = value
        else:
            yield time, row
