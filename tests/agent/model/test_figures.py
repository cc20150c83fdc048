"""What people are told: units, digits, and nothing where nothing is known."""

import math

import pytest

from agent.model.catalogue import CATALOGUE
from agent.model.figures import figure, number, quantity, span
from agent.model.values import Value


@pytest.mark.parametrize(
    ("value", "unit", "told"),
    [(12_043.0, "W", "12.0 kW"), (1_204_300.0, "W", "1.20 MW"), (86.46, "A", "86.5 A"),
     (0.0421, "A", "42.1 mA"), (2.1667, "L/s", "130 L/min"), (89_000.0, "Pa", "89.0 kPa"),
     (245_000.0, "Pa", "2.45 bar"), (0.545, "ratio", "54.5 %"), (-1.25, "degC", "−1.25 °C"),
     (7.2e6, "J", "2.00 kWh"), (12.5e9, "B/s", "100 Gbit/s"), (0.02, "S/m", "200 µS/cm"),
     (90.0, "s", "90.0 s"), (200_000.0, "s", "2.31 d"), (0.0, "W", "0 W"),
     (0.0, "L/s", "0 L/min"), (0.0, "J", "0 kWh"), (8.2, "pH", "8.20")],
    ids=lambda each: str(each),
)  # fmt: skip
def test_quantities_in_peoples_units(value: float, unit: str, told: str) -> None:
    assert quantity(value, unit, 3).replace("\N{NO-BREAK SPACE}", " ") == told


@pytest.mark.parametrize(
    ("metric", "value", "told"),
    [("rack_phase_power_factor_ratio", 0.99, "0.990"), ("rack_outlet_state", "on", "on"),
     ("rack_port_receive_errors_total", 1_234_567, "1 234 567"), ("rack_alarm_active", 1, "1"),
     ("rack_phase_voltage_volts", 230.14, "230.1 V"), ("rack_phase_voltage_volts", None, "–"),
     ("rack_phase_voltage_volts", math.nan, "–"), ("rack_phase_voltage_volts", math.inf, "–")],
    ids=lambda each: str(each),
)  # fmt: skip
def test_values_of_a_metric(metric: str, value: Value, told: str) -> None:
    text = figure(value, CATALOGUE[metric])
    assert text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") == told


def test_every_unit_of_the_catalogue_can_be_told() -> None:
    for metric in CATALOGUE.values():
        for value in (0.0, 1e-9, 0.5, 1.0, 12345.678, -3.3, 1e12):
            assert figure(value, metric)


def test_numbers_keep_their_digits() -> None:
    assert [number(value) for value in (13.0, 13.1, 0.0042, 1234.5)] == [
        "13.00", "13.10", "0.004", "1\N{NARROW NO-BREAK SPACE}234"]  # fmt: skip


def test_spans_are_in_their_largest_unit() -> None:
    told = [span(s).replace("\N{NO-BREAK SPACE}", " ") for s in (-1, 42.9, 61, 7_200, 200_000)]
    assert told == ["0 s", "42 s", "1 min", "2 h", "2 d"]
