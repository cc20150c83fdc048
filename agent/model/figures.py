"""Numbers as people read them on pages, in reports and on a terminal; pure.

The catalogue's base units are for programs. Nothing here rounds what is stored or judged.
"""

import math

from agent.model.catalogue import Metric
from agent.model.values import Value

NOTHING = "–"

_SCALES: dict[str, tuple[tuple[float, float, str], ...]] = {
    "W": ((1e6, 1e6, "MW"), (1e3, 1e3, "kW"), (1, 1, "W"), (0, 1e-3, "mW")),
    "VA": ((1e6, 1e6, "MVA"), (1e3, 1e3, "kVA"), (0, 1, "VA")),
    "VAr": ((1e6, 1e6, "Mvar"), (1e3, 1e3, "kvar"), (0, 1, "var")),
    "V": ((1e3, 1e3, "kV"), (1, 1, "V"), (0, 1e-3, "mV")),
    "A": ((0.1, 1, "A"), (0, 1e-3, "mA")),
    "J": ((3.6e9, 3.6e9, "MWh"), (0, 3.6e6, "kWh")),
    "Pa": ((1e5, 1e5, "bar"), (1e3, 1e3, "kPa"), (0, 1, "Pa")),
    "L/s": ((0, 1 / 60, "L/min"),),
    "degC": ((0, 1, "°C"),),
    "ratio": ((0, 0.01, "%"),),
    "B": ((1e12, 1e12, "TB"), (1e9, 1e9, "GB"), (1e6, 1e6, "MB"), (1e3, 1e3, "kB"), (0, 1, "B")),
    "B/s": ((125e6, 125e6, "Gbit/s"), (125e3, 125e3, "Mbit/s"), (0, 125, "kbit/s")),
    "C": ((0, 3600, "Ah"),),
    "S/m": ((0, 1e-4, "µS/cm"),),
    "pH": ((0, 1, ""),),
    "g/m3": ((0, 1, "g/m³"),),
    "s": ((86_400, 86_400, "d"), (3_600, 3_600, "h"), (120, 60, "min"), (0, 1, "s")),
}
"""Per base unit: from which size on, what to divide by, and what to write behind."""

_DIGITS = 4
_DECIMALS_MAX = 3


def figure(value: Value, metric: Metric, digits: int = _DIGITS) -> str:
    """Return a value of ``metric`` with its unit, to ``digits`` significant digits."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return NOTHING
    if not metric.unit and value == int(value):
        return grouped(value)
    if metric.name.endswith("_power_factor_ratio"):
        return number(value, digits)
    return quantity(float(value), metric.unit, digits)


def quantity(value: float, unit: str, digits: int = _DIGITS) -> str:
    """Return a number in a base unit of the catalogue, scaled: 12000 W is 12.0 kW."""
    scales = _SCALES.get(unit, ((0, 1, unit),))
    if not value:  # nothing is no millionth of anything
        scales = tuple(each for each in scales if each[1] == 1) or scales[-1:]
    divisor, name = next(
        (divisor, name)
        for least, divisor, name in scales
        if abs(value) >= least or least == 0 or not value
    )
    text = number(value / divisor, digits)
    return f"{text}\N{NO-BREAK SPACE}{name}" if name else text


def number(value: float, digits: int = _DIGITS) -> str:
    """Return a number to ``digits`` significant digits, at most three after the point."""
    text = grouped(value, min(_DECIMALS_MAX, decimals(value, digits)))
    return text.replace("-", "\N{MINUS SIGN}")


def decimals(value: float, digits: int = _DIGITS) -> int:
    """Return how many decimals show ``digits`` significant digits; 0 for zero."""
    return max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def grouped(value: float, places: int = 0) -> str:
    """Return a number with ``places`` digits after the point and separated thousands."""
    return f"{value:,.{places}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def short(value: float | str, digits: int = 6) -> str:
    """Return a number to ``digits`` significant digits as tables print it; text unchanged."""
    return value if isinstance(value, str) else f"{value:.{digits}g}"


def span(seconds: float) -> str:
    """Return a duration in its largest whole unit: ``42 s``, ``3 h``."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}\N{NO-BREAK SPACE}{unit}"
    return f"{max(0, int(seconds))}\N{NO-BREAK SPACE}s"
