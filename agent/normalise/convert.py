"""Conversion of one raw value to the base unit and back, with exact integer factors.

The linear map ``(raw * scale / 10**digits + offset)`` and the unit's own are folded into three
integers so that ``base = (raw * multiplier + addend) / divisor``: one true division, correctly
rounded, hence 7467 thousandths are 7.467 and nothing else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, lcm
from typing import TypeVar

from agent.model.catalogue import Kind
from agent.model.units import UNITS
from agent.model.values import Value
from agent.normalise.codec import number_in_text
from agent.profile.points import Conversion, PointBase, Scalar

_T = TypeVar("_T")

_SCALE = re.compile(r"[-+]?\d{1,30}(?:\.\d{0,30})?(?:[eE][-+]?\d{1,2})?|\d{1,20}/\d{1,20}")


@dataclass(frozen=True, slots=True)
class Linear:
    """``base = (raw * multiplier + addend) / divisor``, all integers."""

    multiplier: int = 1
    addend: int = 0
    divisor: int = 1

    def apply(self, raw: float) -> float:
        """Return the base value of ``raw``; an int stays an int if the map is the identity."""
        if self.divisor == 1 and self.multiplier == 1 and not self.addend:
            return raw
        return (raw * self.multiplier + self.addend) / self.divisor

    def invert(self, value: float) -> float:
        """Return the raw value of a base value."""
        return (value * self.divisor - self.addend) / self.multiplier


IDENTITY = Linear()


def linear(conversion: Conversion, row: Mapping[str, Scalar | None]) -> Linear | str:
    """Return the map of ``conversion`` with its lookups taken from ``row``.

    If that is impossible, return the reason as text.
    """
    scale, digits, unit = conversion.scale, conversion.digits, conversion.unit
    unit_lookup = conversion.unit_lookup
    if unit and unit_lookup is not None and row.get(unit_lookup) is None:
        unit_lookup = None
    for name in (conversion.scale_lookup, conversion.digits_lookup, unit_lookup):
        if name is not None and row.get(name) is None:
            return f"the device gives no {name!r} for this row"
    try:
        if conversion.scale_lookup is not None:
            scale = scale * _scale(str(row[conversion.scale_lookup]))
        if conversion.digits_lookup is not None:
            digits = int(str(row[conversion.digits_lookup]))
        if unit_lookup is not None:
            unit = str(row[unit_lookup])
    except (ValueError, ZeroDivisionError) as error:
        return f"a scale or digits of this row are unusable: {error}"
    if unit not in UNITS:
        return f"the device names the unit {unit!r}, which the profile does not map"
    if not -30 <= digits <= 30 or not scale:
        return f"scale {scale} and {digits} digits are implausible"
    found = UNITS[unit]
    factor = scale / Fraction(10) ** digits * found.factor
    offset = conversion.offset * found.factor + found.offset
    divisor = lcm(factor.denominator, offset.denominator)
    return Linear(int(factor * divisor), int(offset * divisor), divisor)


def _scale(written: str) -> Fraction:
    """Parse a scale. Raises ValueError, also for sizes that take long, such as 10**999999999."""
    if not _SCALE.fullmatch(written):
        raise ValueError(f"{written!r} is no scale")
    return Fraction(written)


def unit_fits(conversion: Conversion, row: Mapping[str, Scalar | None], base: str) -> bool:
    """Return whether a unit that the device names is one of the metric's; a default always is."""
    if conversion.unit_lookup is None:
        return True
    named = row.get(conversion.unit_lookup)
    if named is None and conversion.unit:
        return True
    unit = UNITS.get(str(named))
    return unit is not None and unit.base == base


def convert(point: PointBase, raw: float | str | None, to_base: Linear) -> tuple[Value, str]:
    """Return ``raw`` as the point's value in the base unit, and the reason if it is None.

    Sentinels, unknown states, text that is not a number and implausible values give None: bad is
    not zero.
    """
    if raw is None:
        return None, "the registers hold no number"
    if raw in point.absent:
        return None, absence(raw)
    kind = point.metric.kind
    if kind is Kind.STATE:
        return _state(point, raw)
    if kind is Kind.INFO:
        return 1, ""
    if point.values is not None:
        mapped = _look_up(point.values, raw)
        return (
            (mapped, "")
            if mapped is not None
            else (None, f"{raw!r} is not in the profile's values")
        )
    if isinstance(raw, str):
        number = number_in_text(raw, point.pattern)
        if number is None:
            return None, f"{raw!r} is not a number"
        if number in point.absent:
            return None, absence(raw)
        raw = number
    value = to_base.apply(raw)
    if (
        (point.low is not None and value < point.low)
        or (point.high is not None and value > point.high)
        or not isfinite(value)
    ):
        return None, f"{value:g} {point.metric.unit} is implausible (raw {raw!r})"
    return value, ""


def absence(raw: float | str) -> str:
    """Return the reason of a reading whose raw value means "no value"."""
    return f"the device says there is no value ({raw!r})"


def convert_column(
    point: PointBase, raws: Sequence[int], to_base: Linear
) -> Sequence[Value] | None:
    """Convert each of ``raws`` like :func:`convert`, at a fraction of the cost.

    Return None unless each one gives a good value: then each is converted separately.
    """
    if point.absent and not point.absent.isdisjoint(raws):
        return None
    kind = point.metric.kind
    if kind is Kind.INFO:
        return [1] * len(raws)
    table = point.states if kind is Kind.STATE else point.values
    if kind is Kind.STATE or table is not None:
        found = list(map((table or {}).get, raws))
        return None if None in found else found
    values: Sequence[float] = raws
    multiplier, addend, divisor = to_base.multiplier, to_base.addend, to_base.divisor
    if multiplier != 1 or addend:
        values = [(raw * multiplier + addend) / divisor for raw in raws]
    elif divisor != 1:
        values = [raw / divisor for raw in raws]
    if (point.low is not None and min(values) < point.low) or (
        point.high is not None and max(values) > point.high
    ):
        return None
    return values


def _state(point: PointBase, raw: float | str) -> tuple[Value, str]:
    name = _look_up(point.states or {}, raw)
    if name is not None:
        return name, ""
    if point.as_is and isinstance(raw, str) and raw:
        return raw, ""
    return None, f"{raw!r} is not a state the profile knows"


def _look_up(table: Mapping[Scalar, _T], raw: float | str) -> _T | None:
    found = table.get(raw)
    if found is None and isinstance(raw, str):
        number = number_in_text(raw)
        found = table.get(number) if number is not None else None
    return found


def to_native(point: PointBase, value: float | str, to_base: Linear) -> float | str:
    """Return the raw value that ``convert`` turns into ``value``, for the simulator.

    Raises ValueError for a state or a mapped number for which the point has no raw value.
    """
    if point.metric.kind is Kind.STATE:
        return _raw_of(point.states or {}, value)
    if point.values is not None:
        return _raw_of(point.values, value)
    return value if isinstance(value, str) else to_base.invert(value)


def _raw_of(table: Mapping[Scalar, _T], value: object) -> Scalar:
    for raw, name in table.items():
        if name == value:
            return raw
    raise ValueError(f"{value!r} is not one of {', '.join(map(str, table.values()))}")
