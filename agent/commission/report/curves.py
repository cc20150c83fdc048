"""Plots of a run: the measured values of a check over time, with its limits.

A plot shows all good values, even if the check cannot be judged: bad values are left out, gaps
stay open. Plots have no influence on verdicts.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from math import inf, isfinite
from statistics import median

from agent.commission.evidence.results import RunReport
from agent.commission.judge import CheckContext, Span
from agent.commission.judge.context import InconclusiveError, LabelledSeries, aligned
from agent.commission.judge.verdicts import Facts, Recorded
from agent.commission.judge.window import BadSample, TimeSeries, Window
from agent.commission.records import CheckResult, Sample, Verdict
from agent.commission.spec.generation import Generation
from agent.commission.spec.models import (
    FailoverCheck,
    LimitCheck,
    SettleCheck,
    SoakCheck,
    from_base,
)
from agent.model.values import Quality

PLOTS_MAX = 60
LINES_MAX = 8  # more cannot be distinguished; those nearest to their limit are drawn
POINTS_MAX = 120_000  # in all plots together, so that the page stays small
Drawn = LimitCheck | SoakCheck | SettleCheck | FailoverCheck
"""The kinds of check that judge values over time."""

_BUCKETS = (40, 340)  # a plot is 680 pixels wide
_GAP = 3.0  # times the usual distance between two values: values are missing there
_NO_AGE_S = 1e9
_COURSES = ("worst", "mean", "last")
"""Reductions of a limit check whose result is comparable with single values of the plot."""


@dataclass(frozen=True, slots=True)
class PlotCurve:
    """One series: seconds after the step began and values in the check's unit; None in gaps."""

    name: str
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class Instant:
    """A labelled instant of the step, in seconds after it began."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in the check's unit; values ``above`` it are outside, or else those below it.

    ``guard`` marks the edge of the guard band.
    """

    at: float
    words: str
    above: bool
    guard: bool = False


@dataclass(frozen=True, slots=True)
class CheckPlot:
    """The plot of one check. ``judged`` is the interval, in seconds, that the verdict is based on.

    ``wide`` is set for soaks, transients and every check that did not pass. ``missing`` is the
    reason if there are no curves; ``left_out`` counts series that are not drawn.
    """

    check: str
    unit: str
    wide: bool
    curves: tuple[PlotCurve, ...]
    limits: tuple[Limit, ...]
    instants: tuple[Instant, ...]
    judged: tuple[float, float]
    left_out: int = 0
    missing: str = ""


def plots(report: RunReport, recorded: Recorded) -> list[CheckPlot]:
    """Return plots of soaks, transients, failed checks, and limits on single values."""
    wanted = [each for each in report.results if _is_drawn(report, each)]
    wanted.sort(key=lambda each: not _is_wide(report, each))
    chosen = {each.check for each in wanted[:PLOTS_MAX]}
    found: dict[str, CheckPlot] = {}
    buckets = _buckets(len(chosen))
    for step, span in report.spans.items():
        own = [each for each in report.results if each.check in chosen]
        own = [each for each in own if report.check(each).during == step]
        if own:
            checks = [check for each in own if isinstance(check := report.check(each), Drawn)]
            case = drawn_context(report.facts, recorded, span, checks)
            found |= {each.check: _plot(report, each, case, buckets) for each in own}
    return [found[each.check] for each in report.results if each.check in found]


def _is_drawn(report: RunReport, result: CheckResult) -> bool:
    check = report.check(result)
    if not isinstance(check, Drawn) or result.verdict is Verdict.SKIP:
        return False
    if isinstance(check, LimitCheck) and check.reduce not in _COURSES:
        return result.verdict is not Verdict.PASS
    return True


def _is_wide(report: RunReport, result: CheckResult) -> bool:
    return not isinstance(report.check(result), LimitCheck) or result.verdict is not Verdict.PASS


def _buckets(count: int) -> int:
    low, high = _BUCKETS
    return max(low, min(high, POINTS_MAX // (2 * LINES_MAX * max(1, count))))


def drawn_context(
    facts: Facts, recorded: Recorded, span: Span, checks: Iterable[Drawn]
) -> CheckContext:
    """Return the context of a step for plotting: good values only, of these checks, of any age."""
    generation = lenient(facts.generation)
    signals = generation.spec.signals
    metrics = {
        signals[name].metric
        for check in checks
        for name in generation.arithmetic(check.measure).names
        if name in signals
    }
    began = span.began - facts.before_s
    samples = recorded.between(began, span.ended, metrics)
    good = (sample for sample in samples if _is_good(sample))
    window = Window(good, began, span.ended, default_age_s=_NO_AGE_S)
    return CheckContext(generation, window, span, facts.devices, facts.before_s, shows=facts.shows)


def lenient(generation: Generation) -> Generation:
    """Return a generation whose signals accept missing, frozen and old series."""
    anything = {"moves": False, "max_age": _NO_AGE_S, "count": None}
    signals = {n: s.model_copy(update=anything) for n, s in generation.spec.signals.items()}
    return replace(generation, spec=generation.spec.model_copy(update={"signals": signals}))


def _is_good(sample: Sample) -> bool:
    return sample.quality is Quality.GOOD and isinstance(sample.value, int | float)


def _plot(report: RunReport, result: CheckResult, case: CheckContext, buckets: int) -> CheckPlot:
    check = report.check(result)
    assert isinstance(check, Drawn)  # ensured by _is_drawn  # noqa: S101
    span, missing = case.span, ""
    try:
        lines = drawn_series(case, check)
    except (BadSample, InconclusiveError) as error:
        lines, missing = [], str(error)
    lines.sort(key=lambda line: -_nearness(line, drawn_limits(check, line, span)))
    limits = tuple(drawn_limits(check, lines[0] if lines else None, span))
    curves = [
        PlotCurve(line.name, tuple(decimated(_points(line, span.began), buckets)))
        for line in lines[:LINES_MAX]
    ]
    from_s = 0.0 if isinstance(check, SettleCheck | FailoverCheck) else span.steady - span.began
    return CheckPlot(
        check=result.check,
        unit=check.unit,
        wide=_is_wide(report, result),
        curves=tuple(curves),
        limits=limits,
        instants=tuple(_instants(check, span)),
        judged=(from_s, span.ended - span.began),
        left_out=max(0, len(lines) - LINES_MAX),
        missing=missing or ("" if lines else "no value that can be drawn"),
    )


def drawn_series(case: CheckContext, check: Drawn) -> list[LabelledSeries]:
    """Return the measured series in the check's unit, at every instant; ``when`` is ignored.

    Raises BadSample or InconclusiveError if a signal has no usable series.
    """
    expression = case.generation.arithmetic(check.measure)
    found = []
    for labels, rows in aligned(case, case.window, list(dict.fromkeys(expression.names))):
        times, values = array("d"), array("d")
        for time, row in rows:
            value = expression(row)
            if value is not None:
                times.append(time)
                values.append(from_base(value, check.unit))
        if times:
            found.append(LabelledSeries(labels, TimeSeries(times, values)))
    return found


def drawn_limits(check: Drawn, line: LabelledSeries | None, span: Span) -> list[Limit]:
    """Return the limits to draw. That of a failover is computed from ``line`` before the step."""
    if isinstance(check, FailoverCheck):
        before = [] if line is None else _before(line, span)
        if not before:
            return []
        words = f"{check.ratio:.0%} of the value before"
        return [Limit(check.ratio * sum(before) / len(before), words, above=False)]
    if isinstance(check, LimitCheck):
        if check.reduce not in _COURSES:
            return []
        low, high = check.at_least, check.at_most
    else:
        low, high = check.low, check.high
    found = [
        Limit(at, "limit", above) for at, above in ((low, False), (high, True)) if at is not None
    ]
    if isinstance(check, SettleCheck):
        found = [replace(each, words="band") for each in found]
        if check.peak is not None:
            found.append(Limit(check.peak, "peak", above=True))
    if not check.guard:
        return found
    inside = [(each, -check.guard if each.above else check.guard) for each in found]
    return [
        *found,
        *(
            Limit(e.at + by, "guard band", e.above, guard=True)
            for e, by in inside
            if e.words != "band"
        ),
    ]


def _before(line: LabelledSeries, span: Span) -> list[float]:
    pairs = zip(line.series.times, line.series.values, strict=True)
    return [value for time, value in pairs if time < span.began]


def _nearness(line: LabelledSeries, limits: Sequence[Limit]) -> float:
    """Return how far the worst value is beyond the nearest limit; negative inside."""
    series = line.series
    return max(
        (
            series.maximum - limit.at if limit.above else limit.at - series.minimum
            for limit in limits
        ),
        default=-inf,
    )


def _instants(check: Drawn, span: Span) -> Iterator[Instant]:
    yield Instant(0.0, "step begins")
    if span.confirmed is not None and span.confirmed > span.began:
        yield Instant(span.confirmed - span.began, "confirmed by telemetry")
    if isinstance(check, SettleCheck | FailoverCheck):
        if span.began + check.within < span.ended:
            yield Instant(check.within, "must be there by")
    elif span.steady > (span.confirmed or span.began):
        yield Instant(span.steady - span.began, "judged from")


def _points(line: LabelledSeries, began: float) -> list[tuple[float, float | None]]:
    """Return pairs of seconds after the step began and value, with a None in every gap."""
    times, values = line.series.times, line.series.values
    usual = median(b - a for a, b in pairwise(times)) if len(times) > 1 else 0.0
    points: list[tuple[float, float | None]] = []
    for place, (time, value) in enumerate(zip(times, values, strict=True)):
        if place and time - times[place - 1] > _GAP * usual:
            points.append((time - began, None))
        points.append((time - began, value if isfinite(value) else None))
    return points


def decimated(
    points: Sequence[tuple[float, float | None]], buckets: int
) -> Iterator[tuple[float, float | None]]:
    """Yield the lowest and the highest value of each of ``buckets`` parts, and every gap.

    A peak of one sample stays visible at its time.
    """
    if len(points) <= 2 * buckets:
        yield from points
        return
    first, width = points[0][0], (points[-1][0] - points[0][0]) / buckets or 1.0
    for _, part in groupby(
        points, key=lambda point: min(buckets - 1, int((point[0] - first) / width))
    ):
        held = list(part)
        known = [(value, time) for time, value in held if value is not None]
        if known:
            ends = {time: value for value, time in (min(known), max(known))}
            yield from sorted(ends.items())
        if len(known) < len(held):
            yield held[-1][0], None
