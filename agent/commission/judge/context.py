"""The context that a check is judged in, and the time series of its expressions."""

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
    """An optional signal that a device's profile does not have: the check does not apply."""


@dataclass(frozen=True, slots=True)
class Span:
    """The times of a step: its start, the confirmation of its stimulus, and its end (Unix seconds).

    ``confirmed`` is None if telemetry did not confirm the stimulus. ``steady`` is the time from
    which on values are judged as settled.
    """

    began: float
    confirmed: float | None
    steady: float
    ended: float


@dataclass(frozen=True)
class CheckContext:
    """One rack in one step of a run. ``devices`` are names by role.

    ``window`` begins ``before_s`` seconds before the step, so that values before and after can be
    compared. ``shows`` are the metrics of each device's profile, by device; a device without
    an entry may have any metric.
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
        """The part of the step in which values have settled."""
        return self.window.between(self.span.steady, self.span.ended)

    @cached_property
    def reaction(self) -> Window:
        """The whole step, from its start."""
        return self.window.between(self.span.began, self.span.ended)

    @cached_property
    def before(self) -> Window:
        """The time before the step; the instant of its start is excluded."""
        last = nextafter(self.span.began, 0.0)
        return self.window.between(self.span.began - self.before_s, last)

    def names(self, of: str | list[str]) -> list[str]:
        """Return the names of a signal's devices. Raises BadSample if the rack lacks one."""
        found = []
        for role in self.generation.members(of):
            if role not in self.devices:
                raise BadSample(f"the rack has no {role}")
            found.append(self.devices[role])
        return found


@dataclass(frozen=True, slots=True)
class LabelledSeries:
    """One time series with the labels (and the device) that distinguish it within its signal.

    ``held_s`` is the longest time in seconds that the check's condition held without a break.
    """

    labels: Labels
    series: TimeSeries
    held_s: float = 0.0

    @property
    def name(self) -> str:
        """The name for people, such as ``shelf-1[psu=2]``; empty without labels."""
        device = dict(self.labels).get("device", "")
        rest = ",".join(f"{name}={value}" for name, value in self.labels if name != "device")
        return f"{device}[{rest}]" if rest else device


def tracks(case: CheckContext, window: Window, name: str) -> list[tuple[SeriesKey, SeriesPart]]:
    """Return every series of a signal. Raises BadSample if one is unusable or missing."""
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
                f"{device} {signal.metric}: {len(keys)} series, expected {signal.count}"
            )
        yield from keys


def signal_series(case: CheckContext, window: Window, name: str) -> list[LabelledSeries]:
    """Return the time series of a signal, aggregated by its ``take`` and ``by``.

    Raises BadSample if one is unusable or missing.
    """
    signal = case.generation.spec.signals[name]
    found = []
    for key in _keys(case, window, signal):
        own = (("device", key[0]), *(p for p in key[2] if p[0] not in signal.labels))
        found.append(LabelledSeries(own, window.series(key, signal.max_age, signal.moves)))
    if signal.take == "each":
        return found
    groups: dict[Labels, list[TimeSeries]] = {}
    for labelled in found:
        own = tuple(pair for pair in labelled.labels if pair[0] in signal.by)
        groups.setdefault(own, []).append(labelled.series)
    return [
        LabelledSeries(own, _one_of(signal.take, members))
        for own, members in sorted(groups.items())
    ]


def _one_of(take: str, members: Sequence[TimeSeries]) -> TimeSeries:
    if take == "count":
        last = members[0]
        return TimeSeries(last.times, array("d", [len(members)]) * len(last.times))
    times, values = array("d"), array("d")
    for time in sorted({time for series in members for time in series.times}):
        held = [series.at(time) for series in members]
        known = [value for value in held if value is not None]
        if len(known) == len(held):
            times.append(time)
            values.append(_reduced(take, known))
    if not times:
        raise BadSample("series that do not overlap in time cannot be combined")
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
    ordered = sorted(values)  # closest: the smallest distance between two of them
    return min((b - a for a, b in pairwise(ordered)), default=float("inf"))


def expression_series(case: CheckContext, window: Window, check: Measured) -> list[LabelledSeries]:
    """Return the time series of a check's expression, at the instants at which its ``when`` holds.

    The list is empty if it never holds. Raises BadSample if a series of the expression or of the
    condition is unusable.
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
            raise BadSample(f"{check.measure!r}: its series do not overlap in time")
    return found


def _holds(when: Condition, row: Mapping[str, float]) -> bool:
    held = when(row)
    if held is None:
        raise BadSample(f"{when.text!r} cannot be computed")
    return held


def _computed(expression: Expression, text: str, row: Mapping[str, float]) -> float:
    value = expression(row)
    if value is None:
        raise BadSample(
            f"{text!r} cannot be computed: division by zero, or a value outside its curve"
        )
    return value


def aligned(
    case: CheckContext, window: Window, names: Sequence[str]
) -> Iterator[tuple[Labels, Iterator[tuple[float, dict[str, float]]]]]:
    """Yield for each group of matching series its labels and its rows of values by signal.

    A row is (Unix seconds, values). A signal with one series matches all others; signals with
    several match by their labels. Raises BadSample if a match is missing or ambiguous.
    """
    constants = case.generation.constants
    fixed = {name: constants[name] for name in names if name in constants}
    found = {name: signal_series(case, window, name) for name in names if name not in fixed}
    finest = max(found, key=lambda name: (len(found[name]), len(found[name][0].labels)))
    for labelled in found[finest]:
        partners = {name: _partner(name, labelled, found[name]) for name in found if name != finest}
        yield labelled.labels, _rows({finest: labelled.series, **partners}, fixed)


def _partner(
    name: str, labelled: LabelledSeries, candidates: Sequence[LabelledSeries]
) -> TimeSeries:
    if len(candidates) == 1:
        return candidates[0].series
    own = set(labelled.labels)
    fitting = [other.series for other in candidates if set(other.labels) <= own]
    if len(fitting) != 1:
        raise BadSample(f"{len(fitting)} series of {name!r} match {labelled.name}, expected 1")
    return fitting[0]


def _rows(
    by_name: Mapping[str, TimeSeries], fixed: Mapping[str, float]
) -> Iterator[tuple[float, dict[str, float]]]:
    for time in sorted({time for series in by_name.values() for time in series.times}):
        row = dict(fixed)
        for name, series in by_name.items():
            value = series.at(time)
            if value is None:
                break
            row[name] = value
        else:
            yield time, row
