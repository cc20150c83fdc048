"""Judging of numbers: limit, soak, settle and failover."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from agent.commission.judge.context import CheckContext, LabelledSeries, lines
from agent.commission.judge.window import BadSample, TimeSeries
from agent.commission.records import CheckResult, Measurement, Verdict, worst
from agent.commission.spec.models import (
    FailoverCheck,
    LimitCheck,
    Measured,
    SettleCheck,
    SoakCheck,
    from_base,
)
from agent.model.figures import short
from agent.model.units import printed_difference

_HOUR_S = 3600.0
_NAMED_MAX = 5  # of the series that fail or are marginal; the others are counted
_DIGITS = 3  # significant digits of a margin in a reason


@dataclass(frozen=True, slots=True)
class _Judged:
    """A measurement of one series. The check's guard band applies if ``guarded``."""

    what: str
    measurement: Measurement
    guarded: bool = False

    @property
    def margin(self) -> float:
        return inf if self.measurement.margin is None else self.measurement.margin


def judge_limit(name: str, check: LimitCheck, case: CheckContext) -> CheckResult:
    """Judge that values, or the scalar that they are reduced to, are within limits."""
    found = lines(case, case.steady, check)
    if not found:
        return _never(name, check)
    return _decided(name, check, [_limited(check, line) for line in found])


def judge_soak(name: str, check: SoakCheck, case: CheckContext) -> CheckResult:
    """Judge that values are inside a band for a time.

    Raises BadSample if the step, or its condition, did not last long enough.
    """
    window = case.steady
    if window.duration_s < check.lasting:
        raise BadSample(
            f"the step was judged for {window.duration_s:.0f} s, {check.lasting:.0f} s are needed"
        )
    found = lines(case, window, check)
    if not found:
        return _never(name, check)
    judged = []
    for line in found:
        if check.when is not None and line.held_s < check.lasting:
            raise BadSample(
                f"{check.when!r} held for {line.held_s:.0f} s, {check.lasting:.0f} s are needed"
            )
        course = _shown(check, line.course)
        share = course.share_inside(check.low, check.high)
        judged.append(
            _judged("share inside", line, share, "ratio", at_least=check.share),
        )
        if check.share == 1.0:  # the worst value has the margin to the band
            judged.append(_banded(check, line, course))
    return _decided(name, check, judged)


def judge_settle(name: str, check: SettleCheck, case: CheckContext) -> CheckResult:
    """Judge that values settle in their band in time, without exceeding the peak."""
    found = lines(case, case.reaction, check)
    if not found:
        return _never(name, check)
    judged = []
    for line in found:
        course = _shown(check, line.course)
        settled = course.settle_s(check.low, check.high, case.span.began)
        judged.append(_in_time("settles", line, settled, check.within))
        if check.peak is not None:
            peak = course.maximum
            judged.append(_judged("peak", line, peak, check.unit, at_most=check.peak, guarded=True))
    return _decided(name, check, judged)


def judge_failover(name: str, check: FailoverCheck, case: CheckContext) -> CheckResult:
    """Judge that values recover in time to a share of their mean before, and no device is lost.

    A lost device gives FAIL and not ERROR, since its presence is judged. Raises BadSample if a
    series has no positive mean before the step.
    """
    wanted = [case.devices[role] for role in case.generation.roles if role in case.devices]
    lost = case.reaction.silent(wanted)
    count = float(len(lost))
    measurement = Measurement("devices lost", count, "", check.lost, check.lost - count, "at most")
    if len(lost) > check.lost:
        return CheckResult(name, Verdict.FAIL, (measurement,), f"lost: {', '.join(lost)}")
    before = lines(case, case.before, check)
    after = {line.labels: line.course for line in lines(case, case.reaction, check)}
    if not before or not after:
        return _never(name, check)
    judged = [_Judged("devices lost", measurement)]
    for line in before:
        was, course = line.course.mean, after.get(line.labels)
        if course is None or was <= 0:
            raise BadSample(f"{line.name or check.measure}: nothing to compare with")
        recovered = course.recover_s(check.ratio * was, case.span.began)
        judged += [
            _in_time("recovers", line, recovered, check.within),
            _judged("ratio", line, course.last / was, "ratio", at_least=check.ratio),
        ]
    return _decided(name, check, judged)


def _shown(check: Measured, course: TimeSeries) -> TimeSeries:
    """Convert a time series from base units to the check's unit."""
    return TimeSeries(course.times, array("d", [from_base(v, check.unit) for v in course.values]))


def _judged(
    what: str,
    line: LabelledSeries,
    value: float,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    guarded: bool = False,
) -> _Judged:
    """Compare a value with the bound that has the smaller margin."""
    name = f"{line.name} {what}".strip() or "value"
    over = inf if at_most is None else at_most - value
    under = inf if at_least is None else value - at_least
    limit, bound = (at_least, "at least") if under < over else (at_most, "at most")
    measurement = Measurement(name, value, unit, limit, min(over, under), bound)
    return _Judged(what, measurement, guarded)


def _limited(check: LimitCheck, line: LabelledSeries) -> _Judged:
    course = _shown(check, line.course)
    if check.reduce == "worst":
        return _banded(check, line, course)
    try:
        value = _scalar(check.reduce, course)
    except BadSample as error:
        raise BadSample(f"{line.name}: {error}") from None
    return _judged(
        *("", line, value, check.unit),
        at_least=check.at_least,
        at_most=check.at_most,
        guarded=True,
    )


def _scalar(reduce: str, course: TimeSeries) -> float:
    """Reduce a time series to the scalar that is judged; drift is per hour."""
    if reduce == "drift":
        return course.drift * _HOUR_S
    values: Mapping[str, Callable[[], float]] = {
        "mean": lambda: course.mean,
        "last": lambda: course.last,
        "ripple": lambda: course.ripple,
        "rise": lambda: course.rise,
        "rate": lambda: course.rate,
    }
    return values[reduce]()


def _banded(check: LimitCheck | SoakCheck, line: LabelledSeries, course: TimeSeries) -> _Judged:
    """Compare the value with the smallest margin: nearest to a bound or furthest beyond it."""
    if isinstance(check, SoakCheck):
        bounds: tuple[float | None, float | None] = (check.low, check.high)
    else:
        bounds = (check.at_least, check.at_most)
    ends = [
        _judged("", line, value, check.unit, at_least=bounds[0], at_most=bounds[1], guarded=True)
        for value in (course.maximum, course.minimum)
    ]
    return min(ends, key=lambda end: end.margin)


def _in_time(what: str, line: LabelledSeries, took_s: float | None, within_s: float) -> _Judged:
    if took_s is not None:
        return _judged(what, line, took_s, "s", at_most=within_s)
    name = f"{line.name} {what}".strip()
    return _Judged(what, Measurement(name, "never", "s", within_s, -inf, "at most"))


def _never(name: str, check: Measured) -> CheckResult:
    return CheckResult(name, Verdict(check.otherwise), reason=f"condition never met: {check.when}")


def _decided(name: str, check: Measured, judged: Sequence[_Judged]) -> CheckResult:
    """Return the worst verdict, with the worst series of each measurement.

    A rack has hundreds of series; the one with the smallest margin represents the others.
    """
    verdict = worst(_verdict(check, each) for each in judged)
    kept: dict[str, _Judged] = {}
    for each in judged:
        if each.what not in kept or each.margin < kept[each.what].margin:
            kept[each.what] = each
    measurements = tuple(each.measurement for each in kept.values())
    return CheckResult(name, verdict, measurements, _reason(check, verdict, judged))


def _reason(check: Measured, verdict: Verdict, judged: Sequence[_Judged]) -> str:
    """Return the series outside of their limit, or how little of the guard band is left."""
    named = [each for each in judged if _verdict(check, each) is verdict]
    if verdict is Verdict.FAIL and len(named) > 1:
        return f"outside: {_names(named)}"
    if verdict is not Verdict.MARGINAL:
        return ""
    unit = printed_difference(check.unit)
    left, guard = (
        f"{short(size, _DIGITS)} {unit}".rstrip()
        for size in (min(each.margin for each in named), check.guard)
    )
    others = f" (in the guard band: {_names(named)})" if len(named) > 1 else ""
    return f"{left} inside the limit; the guard band is {guard}{others}"


def _names(judged: Sequence[_Judged]) -> str:
    """Return the names of the first series, and the number of the others."""
    more = f" and {len(judged) - _NAMED_MAX} more" if len(judged) > _NAMED_MAX else ""
    return f"{', '.join(each.measurement.name for each in judged[:_NAMED_MAX])}{more}"


def _verdict(check: Measured, judged: _Judged) -> Verdict:
    if judged.margin < 0:
        return Verdict.FAIL
    marginal = judged.guarded and judged.margin < check.guard
    return Verdict.MARGINAL if marginal else Verdict.PASS
