"""Judging of numbers: limit, soak, settle and failover."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from agent.commission.judge.context import CheckContext, LabelledSeries, expression_series
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
class _Compared:
    """A measurement of one series, and whether the guard band applies to it."""

    what: str
    measurement: Measurement
    guarded: bool = False

    @property
    def margin(self) -> float:
        return inf if self.measurement.margin is None else self.measurement.margin


def judge_limit(name: str, check: LimitCheck, case: CheckContext) -> CheckResult:
    """Judge that values, or the scalar that they are reduced to, are within limits."""
    found = expression_series(case, case.steady, check)
    if not found:
        return _not_met(name, check)
    return _result(name, check, [_compared_with_limit(check, labelled) for labelled in found])


def judge_soak(name: str, check: SoakCheck, case: CheckContext) -> CheckResult:
    """Judge that values are inside a band for a time.

    Raises BadSample if the step, or its condition, did not last long enough.
    """
    window = case.steady
    if window.duration_s < check.lasting:
        raise BadSample(
            f"the step was judged for {window.duration_s:.0f} s, {check.lasting:.0f} s are needed"
        )
    found = expression_series(case, window, check)
    if not found:
        return _not_met(name, check)
    compared = []
    for labelled in found:
        if check.when is not None and labelled.held_s < check.lasting:
            raise BadSample(
                f"{check.when!r} held for {labelled.held_s:.0f} s, {check.lasting:.0f} s are needed"
            )
        series = _in_unit(check, labelled.series)
        share = series.share_inside(check.low, check.high)
        compared.append(
            _compared("share inside", labelled, share, "ratio", at_least=check.share),
        )
        if check.share == 1.0:  # the worst value has the margin to the band
            compared.append(_nearest_to_bound(check, labelled, series))
    return _result(name, check, compared)


def judge_settle(name: str, check: SettleCheck, case: CheckContext) -> CheckResult:
    """Judge that values settle in their band in time, without exceeding the peak."""
    found = expression_series(case, case.reaction, check)
    if not found:
        return _not_met(name, check)
    compared = []
    for labelled in found:
        series = _in_unit(check, labelled.series)
        settled = series.settle_s(check.low, check.high, case.span.began)
        compared.append(_compared_with_time("settles", labelled, settled, check.within))
        if check.peak is not None:
            peak = series.maximum
            compared.append(
                _compared("peak", labelled, peak, check.unit, at_most=check.peak, guarded=True)
            )
    return _result(name, check, compared)


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
    before = expression_series(case, case.before, check)
    after = {
        labelled.labels: labelled.series
        for labelled in expression_series(case, case.reaction, check)
    }
    if not before or not after:
        return _not_met(name, check)
    compared = [_Compared("devices lost", measurement)]
    for labelled in before:
        was, series = labelled.series.mean, after.get(labelled.labels)
        if series is None or was <= 0:
            raise BadSample(f"{labelled.name or check.measure}: nothing to compare with")
        recovered = series.recover_s(check.ratio * was, case.span.began)
        compared += [
            _compared_with_time("recovers", labelled, recovered, check.within),
            _compared("ratio", labelled, series.last / was, "ratio", at_least=check.ratio),
        ]
    return _result(name, check, compared)


def _in_unit(check: Measured, series: TimeSeries) -> TimeSeries:
    """Convert a time series from base units to the check's unit."""
    return TimeSeries(series.times, array("d", [from_base(v, check.unit) for v in series.values]))


def _compared(
    what: str,
    labelled: LabelledSeries,
    value: float,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    guarded: bool = False,
) -> _Compared:
    """Compare a value with the bound that has the smaller margin."""
    name = f"{labelled.name} {what}".strip() or "value"
    over = inf if at_most is None else at_most - value
    under = inf if at_least is None else value - at_least
    limit, bound = (at_least, "at least") if under < over else (at_most, "at most")
    measurement = Measurement(name, value, unit, limit, min(over, under), bound)
    return _Compared(what, measurement, guarded)


def _compared_with_limit(check: LimitCheck, labelled: LabelledSeries) -> _Compared:
    series = _in_unit(check, labelled.series)
    if check.reduce == "worst":
        return _nearest_to_bound(check, labelled, series)
    try:
        value = _scalar(check.reduce, series)
    except BadSample as error:
        raise BadSample(f"{labelled.name}: {error}") from None
    return _compared(
        *("", labelled, value, check.unit),
        at_least=check.at_least,
        at_most=check.at_most,
        guarded=True,
    )


def _scalar(reduce: str, series: TimeSeries) -> float:
    """Reduce a time series to the scalar that is compared; drift is per hour."""
    if reduce == "drift":
        return series.drift * _HOUR_S
    values: Mapping[str, Callable[[], float]] = {
        "mean": lambda: series.mean,
        "last": lambda: series.last,
        "ripple": lambda: series.ripple,
        "rise": lambda: series.rise,
        "rate": lambda: series.rate,
    }
    return values[reduce]()


def _nearest_to_bound(
    check: LimitCheck | SoakCheck, labelled: LabelledSeries, series: TimeSeries
) -> _Compared:
    """Compare the value with the smallest margin: nearest to a bound or furthest beyond it."""
    if isinstance(check, SoakCheck):
        bounds: tuple[float | None, float | None] = (check.low, check.high)
    else:
        bounds = (check.at_least, check.at_most)
    ends = [
        _compared(
            "", labelled, value, check.unit, at_least=bounds[0], at_most=bounds[1], guarded=True
        )
        for value in (series.maximum, series.minimum)
    ]
    return min(ends, key=lambda end: end.margin)


def _compared_with_time(
    what: str, labelled: LabelledSeries, took_s: float | None, within_s: float
) -> _Compared:
    if took_s is not None:
        return _compared(what, labelled, took_s, "s", at_most=within_s)
    name = f"{labelled.name} {what}".strip()
    return _Compared(what, Measurement(name, "never", "s", within_s, -inf, "at most"))


def _not_met(name: str, check: Measured) -> CheckResult:
    return CheckResult(
        name,
        Verdict(check.otherwise),
        reason=f"the condition {check.when!r} was never true in this step",
    )


def _result(name: str, check: Measured, compared: Sequence[_Compared]) -> CheckResult:
    """Return the worst verdict, with the worst series of each measurement.

    A rack has hundreds of series; the one with the smallest margin represents the others.
    """
    verdict = worst(_verdict(check, each) for each in compared)
    kept: dict[str, _Compared] = {}
    for each in compared:
        if each.what not in kept or each.margin < kept[each.what].margin:
            kept[each.what] = each
    measurements = tuple(each.measurement for each in kept.values())
    return CheckResult(name, verdict, measurements, _reason(check, verdict, compared))


def _reason(check: Measured, verdict: Verdict, compared: Sequence[_Compared]) -> str:
    """Return the series outside of their limit, or how little of the guard band is left."""
    named = [each for each in compared if _verdict(check, each) is verdict]
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


def _names(compared: Sequence[_Compared]) -> str:
    """Return the names of the first series, and the number of the others."""
    more = f" and {len(compared) - _NAMED_MAX} more" if len(compared) > _NAMED_MAX else ""
    return f"{', '.join(each.measurement.name for each in compared[:_NAMED_MAX])}{more}"


def _verdict(check: Measured, compared: _Compared) -> Verdict:
    if compared.margin < 0:
        return Verdict.FAIL
    marginal = compared.guarded and compared.margin < check.guard
    return Verdict.MARGINAL if marginal else Verdict.PASS
