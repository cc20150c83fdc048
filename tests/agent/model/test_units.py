"""Datasheet units to base units, against figures from NIST SP 811 and the SI brochure."""

from fractions import Fraction

import pytest

from agent.model.errors import ConfigError
from agent.model.units import unit


@pytest.mark.parametrize(
    ("name", "native", "base", "expected"),
    [
        ("kW", 1.5, "W", 1500),
        ("mA", 250, "A", 0.25),
        ("dV", 2301, "V", 230.1),
        ("kWh", 1, "J", 3_600_000),
        ("degF", 212, "degC", 100),
        ("degF", -40, "degC", -40),
        ("K", 273.15, "degC", 0),
        ("delta_degF", 9, "K", 5),
        ("psi", 1, "Pa", 6894.757293168),
        ("bar", 2.5, "Pa", 250_000),
        ("L/min", 90, "L/s", 1.5),
        ("gpm", 60, "L/s", 3.785411784),
        ("cfm", 60, "L/s", 28.316846592),
        ("m3/h", 3.6, "L/s", 1),
        ("%", 55, "ratio", 0.55),
        ("min", 2, "s", 120),
        ("Mbit/s", 8, "B/s", 1_000_000),
        ("uS/cm", 10_000, "S/m", 1),
    ],
)
def test_a_datasheet_value_in_the_base_unit(
    name: str, native: float, base: str, expected: float
) -> None:
    found = unit(name)
    assert found.base == base
    assert float(Fraction(str(native)) * found.factor + found.offset) == pytest.approx(expected)


def test_an_unknown_unit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown unit .kw.; known units: .*kW"):
        unit("kw")
