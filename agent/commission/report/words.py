"""Numbers, units, times and verdicts as text of a report."""

from datetime import UTC, datetime
from math import isfinite

from agent.commission.records import Measurement, Verdict
from agent.commission.spec.models import Check, LimitCheck, SoakCheck
from agent.model.figures import decimals, grouped
from agent.model.units import printed, printed_difference

_SMALLEST = 1e-4
_MARKS = {
    Verdict.PASS: "✓",
    Verdict.MARGINAL: "!",
    Verdict.FAIL: "✗",
    Verdict.ERROR: "?",
    Verdict.SKIP: "–",
    Verdict.WAIVED: "w",
}
_MEANINGS = {
    Verdict.PASS: "inside the limit by at least the guard band",
    Verdict.MARGINAL: "inside the limit by less than the guard band",
    Verdict.FAIL: "outside the limit",
    Verdict.ERROR: "could not be judged: data were missing, stale, frozen or bad, or a stimulus was"
    " not confirmed; never counts as passed",
    Verdict.SKIP: "not applicable, or an attachment that a person has to judge",
    Verdict.WAIVED: "accepted as it is by a named person, for a stated time",
}
_MINUTE_S, _HOUR_S = 60, 3600


def mark(verdict: Verdict) -> str:
    """Return a symbol for a verdict, so that colour is not the only cue."""
    return _MARKS[verdict]


def meaning(verdict: Verdict) -> str:
    """Return the meaning of a verdict."""
    return _MEANINGS[verdict]


def number(value: float | str, *, beside: float = 0.0, signed: bool = False) -> str:
    """Return four significant digits, with no more decimals than ``beside`` has.

    Texts are returned as they are; a number that is not finite is a dash.
    """
    if isinstance(value, str):
        return value
    if not isfinite(value):
        return "—"
    text = _digits(abs(value), max(abs(value), abs(beside)))
    if not text.strip("0.,\N{NARROW NO-BREAK SPACE}"):
        text = _digits(abs(value), abs(value))  # small, but not zero
    if value < 0:
        return f"\N{MINUS SIGN}{text}"
    return f"+{text}" if signed and value > 0 else text


def _digits(size: float, largest: float) -> str:
    if size == 0:
        return "0"
    if largest < _SMALLEST:
        return f"{size:.2e}"
    text = grouped(size, decimals(largest))
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float | str, unit: str, beside: float | str | None = None) -> str:
    """Return a number with its unit; ``beside`` is the limit shown with it."""
    if isinstance(value, str):
        return value
    text = number(value, beside=beside if isinstance(beside, int | float) else 0.0)
    word = printed(unit)
    return f"{text}\N{NO-BREAK SPACE}{word}" if word else text


def series(name: str) -> str:
    """Return the name of a series with spaces for line breaks between its labels."""
    return name.replace("[", " [").replace(",", ", ").strip()


def limit(check: Check, measurement: Measurement) -> str:
    """Return the limit of a measurement with its unit: both ends if the check has a band."""
    bound = measurement.limit
    if bound is None:
        return ""
    band = _band(check)
    if band is not None and bound in band[:2] and measurement.unit == band[2]:
        return f"{number(band[0])} to {quantity(band[1], measurement.unit)}"
    sign = {"at most": "≤", "at least": "≥"}.get(measurement.bound, "")
    return f"{sign}\N{NO-BREAK SPACE}{quantity(bound, measurement.unit)}".strip()


def _band(check: Check) -> tuple[float, float, str] | None:
    """Return low limit, high limit and unit of a check that has both; None for another."""
    if isinstance(check, SoakCheck):
        return check.low, check.high, check.unit
    if isinstance(check, LimitCheck) and check.at_least is not None and check.at_most is not None:
        return check.at_least, check.at_most, check.unit
    return None


def margin(measurement: Measurement) -> str:
    """Return the signed distance to the limit with its unit; negative outside."""
    if measurement.margin is None:
        return ""
    beside = measurement.limit if isinstance(measurement.limit, int | float) else 0.0
    text = number(measurement.margin, beside=beside, signed=True)
    unit = printed_difference(measurement.unit)
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit and isfinite(measurement.margin) else text


def moment(at: float) -> str:
    """Return Unix seconds as date and time in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(at: float) -> str:
    """Return Unix seconds as time of day in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def duration(seconds: float) -> str:
    """Return seconds as ``1 h 02 min``, ``12 min 30 s`` or ``45 s``."""
    whole = round(seconds)
    hours, minutes, rest = whole // _HOUR_S, whole % _HOUR_S // _MINUTE_S, whole % _MINUTE_S
    if hours:
        return f"{hours} h {minutes:02d} min"
    if minutes:
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    return f"{rest} s"
