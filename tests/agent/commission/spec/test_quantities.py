"""Quantities that do not go together are found when a generation is loaded, not when it judges."""

from fractions import Fraction
from pathlib import Path

import pytest

from agent.commission.spec import dimensions
from agent.commission.spec.dimensions import Mismatch, of_base, times
from agent.commission.spec.generation import find_generations, open_generation
from agent.commission.spec.models import find_unit
from agent.model.errors import ConfigError
from agent.model.units import UNITS
from tests.agent.commission.small import TEXT, generation

MORE = TEXT.replace(
    "constants:\n",
    "constants:\n  heat: {value: 4, unit: J/(L K), source: (s)}\n"
    "  volt: {value: 1, unit: V, source: (s)}\n",
)


def problems(folder: Path, check: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        generation(folder, f"it: {{kind: limit, at_most: 1, {check}}}", text=MORE)
    prefix = f"{folder / 'small.yaml'}:"
    return [line.removeprefix(prefix) for line in str(caught.value).splitlines()]


@pytest.mark.parametrize(
    ("check", "key", "says"),
    [
        ("measure: power, unit: V", "unit", "'V' is V, but 'power' is W"),
        ("measure: supply, unit: K", "unit", "'K' is K, but 'supply' is degC"),
        ("measure: supply - setpoint, unit: degC", "unit", "'degC' is degC, but"),
        ("measure: power / rated, unit: kW", "unit", "is a ratio"),
        ("measure: power + supply, unit: W", "measure", "'power + supply': W + degC cannot be"),
        ("measure: power - volt, unit: W", "measure", "'power - volt': W - V cannot be"),
        ("measure: supply + setpoint, unit: degC", "measure", "degC + degC cannot be added"),
        ("measure: supply * power, unit: W", "measure", "degC has an arbitrary zero"),
        ("measure: power / supply, unit: W", "measure", "degC has an arbitrary zero"),
        (
            "measure: flow_at(power), unit: L/min",
            "measure",
            "the argument is W, the x of the curve is degC",
        ),
        ("measure: 'max(power, volt)', unit: W", "measure", "W and V cannot be compared"),
        ("measure: power, unit: W, when: supply > power", "when", "degC > W cannot be compared"),
        ("measure: (supply - setpoint) * heat, unit: W", "unit", "'W' is W, but"),
        ("measure: errors, unit: ratio, reduce: rate", "unit", "is Hz"),
    ],
)
def test_what_does_not_go_together_is_named(
    tmp_path: Path, check: str, key: str, says: str
) -> None:
    (found,) = problems(tmp_path, check)
    assert f"checks.it.{key}: " in found
    assert says in found


@pytest.mark.parametrize(
    "check",
    [
        "measure: supply - setpoint, unit: K",
        "measure: power / rated, unit: ''",
        "measure: power",
        "measure: supply - 30, unit: K",
        "measure: supply - 30, unit: degC",
        "measure: supply + 1, unit: degC",
        "measure: abs(supply - setpoint), unit: K, when: supply > 20",
        "measure: -power, unit: kW",
        "measure: 2 * power, unit: kW",
        "measure: 'max(power, 0)', unit: kW",
        "measure: 1 - power / rated, unit: '%'",
        "measure: (supply - setpoint) * flow_at(supply) * heat, unit: kW",
        "measure: supply - (supply - setpoint), unit: degC",
        "measure: (supply - setpoint) + supply, unit: degC",
    ],
)
def test_what_goes_together(tmp_path: Path, check: str) -> None:
    generation(tmp_path, f"it: {{kind: limit, at_most: 1, {check}}}", text=MORE)


def test_all_that_ship_are_proved() -> None:
    for name in find_generations():
        open_generation(name)


def test_a_unit_put_together_of_others() -> None:
    found = find_unit("kWh/(L K)")
    assert (found.base, found.offset) == ("J/(L K)", Fraction(0))
    for name in ("J/(L degF)", "J/(L furlong)", "J/K"):
        with pytest.raises(ValueError, match="unknown unit"):
            find_unit(name)


def test_every_base_unit_measures_something() -> None:
    for unit in UNITS.values():
        of_base(unit.base)


def test_a_difference_has_no_zero_to_be_taken_from() -> None:
    names = {"rise": of_base("K"), "supply": of_base("degC")}
    with pytest.raises(Mismatch, match="K - degC cannot be subtracted"):
        dimensions.of("rise - supply", names, {})


def test_powers_have_their_bound() -> None:
    found = of_base("W")
    for _ in range(5):
        found = times(found, found)
    with pytest.raises(Mismatch, match="too many factors"):
        times(found, found)
