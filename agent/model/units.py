"""Datasheet units to base units, with exact factors.

A conversion is a pair of fractions: ``base = native * factor + offset``. Fractions keep
"hundredths of kW" exact (0.01 * 1000 == 10, never 10.000000000000002).
Sources: SI brochure (2019) for the prefixes, NIST SP 811 appendix B for bar, psi, gallon and inH2O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from agent.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as datasheets write it; ``base`` is the base unit as the catalogue writes it."""

    name: str
    base: str
    factor: Fraction
    offset: Fraction = Fraction(0)


def _prefixed(base: str, *, mega: bool = False) -> list[Unit]:
    scales = {
        "": Fraction(1),
        "m": Fraction(1, 1000),
        "u": Fraction(1, 10**6),
        "d": Fraction(1, 10),
    }
    scales["k"] = Fraction(1000)
    if mega:
        scales["M"] = Fraction(10**6)
    return [Unit(prefix + base, base, factor) for prefix, factor in scales.items()]


_UNITS: tuple[Unit, ...] = (
    *_prefixed("V"),
    *_prefixed("A"),
    *_prefixed("W", mega=True),
    *_prefixed("VA", mega=True),
    *_prefixed("VAr", mega=True),
    *_prefixed("Hz"),
    *_prefixed("Pa", mega=True),
    Unit("J", "J", Fraction(1)),
    Unit("Wh", "J", Fraction(3600)),
    Unit("kWh", "J", Fraction(3_600_000)),
    Unit("MWh", "J", Fraction(3_600_000_000)),
    Unit("VAh", "VAs", Fraction(3600)),
    Unit("kVAh", "VAs", Fraction(3_600_000)),
    Unit("Ah", "C", Fraction(3600)),
    Unit("C", "C", Fraction(1)),
    Unit("degC", "degC", Fraction(1)),
    Unit("degF", "degC", Fraction(5, 9), Fraction(-160, 9)),
    Unit("K", "degC", Fraction(1), Fraction(-27315, 100)),
    Unit("delta_degC", "K", Fraction(1)),
    Unit("delta_K", "K", Fraction(1)),
    Unit("delta_degF", "K", Fraction(5, 9)),
    Unit("hPa", "Pa", Fraction(100)),
    Unit("mbar", "Pa", Fraction(100)),
    Unit("bar", "Pa", Fraction(100_000)),
    Unit("psi", "Pa", Fraction("6894.757293168")),
    Unit("inH2O", "Pa", Fraction("249.08891")),
    Unit("L/s", "L/s", Fraction(1)),
    Unit("L/min", "L/s", Fraction(1, 60)),
    Unit("L/h", "L/s", Fraction(1, 3600)),
    Unit("m3/h", "L/s", Fraction(1000, 3600)),
    Unit("m3/s", "L/s", Fraction(1000)),
    Unit("mL/min", "L/s", Fraction(1, 60_000)),
    Unit("gpm", "L/s", Fraction("3.785411784") / 60),
    Unit("cfm", "L/s", Fraction("28.316846592") / 60),
    Unit("m/s", "m/s", Fraction(1)),
    Unit("ft/min", "m/s", Fraction("0.3048") / 60),
    Unit("rpm", "rpm", Fraction(1)),
    Unit("ratio", "ratio", Fraction(1)),
    Unit("%", "ratio", Fraction(1, 100)),
    Unit("%RH", "ratio", Fraction(1, 100)),
    Unit("permille", "ratio", Fraction(1, 1000)),
    Unit("s", "s", Fraction(1)),
    Unit("ms", "s", Fraction(1, 1000)),
    Unit("cs", "s", Fraction(1, 100)),
    Unit("min", "s", Fraction(60)),
    Unit("h", "s", Fraction(3600)),
    Unit("d", "s", Fraction(86400)),
    Unit("B", "B", Fraction(1)),
    Unit("bit", "B", Fraction(1, 8)),
    Unit("B/s", "B/s", Fraction(1)),
    Unit("bit/s", "B/s", Fraction(1, 8)),
    Unit("kbit/s", "B/s", Fraction(125)),
    Unit("Mbit/s", "B/s", Fraction(125_000)),
    Unit("Gbit/s", "B/s", Fraction(125_000_000)),
    Unit("dBm", "dBm", Fraction(1)),
    Unit("S/m", "S/m", Fraction(1)),
    Unit("uS/cm", "S/m", Fraction(1, 10_000)),
    Unit("mS/cm", "S/m", Fraction(1, 10)),
    Unit("pH", "pH", Fraction(1)),
    Unit("g/m3", "g/m3", Fraction(1)),
    Unit("kg/m3", "g/m3", Fraction(1000)),
    Unit("L", "L", Fraction(1)),
    Unit("", "", Fraction(1)),
)

UNITS: dict[str, Unit] = {unit.name: unit for unit in _UNITS}


WORDS: Mapping[str, str] = {
    "V": "volts",
    "A": "amperes",
    "W": "watts",
    "VA": "voltamperes",
    "VAr": "voltamperes_reactive",
    "J": "joules",
    "C": "coulombs",
    "Hz": "hertz",
    "Pa": "pascals",
    "degC": "celsius",
    "K": "kelvin",
    "L/s": "liters_per_second",
    "rpm": "rpm",
    "ratio": "ratio",
    "s": "seconds",
    "B": "bytes",
    "B/s": "bytes_per_second",
    "dBm": "dbm",
    "S/m": "siemens_per_meter",
    "m/s": "meters_per_second",
    "g/m3": "grams_per_cubic_meter",
}
"""Base units as the names of metrics end in them."""

_PRINTED: Mapping[str, str] = {
    "degC": "°C",
    "delta_K": "K",
    "delta_degC": "K",
    "uS/cm": "µS/cm",
    "ratio": "",
    "%RH": "% RH",
}


def printed(name: str) -> str:
    """Return a unit as it is printed after a number."""
    return _PRINTED.get(name, name)


def printed_difference(name: str) -> str:
    """Return the unit of a difference of two values in a unit: kelvin for degrees Celsius."""
    return "K" if name == "degC" else printed(name)


def unit(name: str) -> Unit:
    """Return the unit that datasheets call ``name``.

    Raises ConfigError, which lists the known units, for an unknown name.
    """
    try:
        return UNITS[name]
    except KeyError:
        known = ", ".join(sorted(name for name in UNITS if name))
        raise ConfigError(f"unknown unit {name!r}; known units: {known}") from None
