"""nVent SpectraCool: values typed by hand from the remote access manual."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.26609.2"
UNIT = f"{BASE}.1.9.2.0"
INLET = f"{BASE}.4.1.2.0"
SETPOINT = f"{BASE}.1.1.2.0"


async def test_a_setting_says_fahrenheit_or_celsius() -> None:
    fahrenheit = await read_varbinds("nvent-spectracool", {UNIT: 1, INLET: 860, SETPOINT: 950})
    celsius = await read_varbinds("nvent-spectracool", {UNIT: 2, INLET: 300, SETPOINT: 350})

    for outcome in (fahrenheit, celsius):
        inlet = outcome.value("rack_air_temperature_celsius", side="inlet")
        assert inlet == pytest.approx(30)
        setpoint = outcome.value("rack_air_temperature_setpoint_celsius", side="cooling")
        assert setpoint == pytest.approx(35)
        assert outcome.failures == ()


async def test_an_alarm_is_name_enable_and_state() -> None:
    alarms: dict[str, int | str] = {UNIT: 1}
    for number, name, enabled, state in (
        (1, "Filter", 1, 1),
        (2, "Door", 1, 2),
        (3, "Smoke", 2, 1),
    ):
        alarms |= {
            f"{BASE}.2.{number}.1.0": name,
            f"{BASE}.2.{number}.2.0": enabled,
            f"{BASE}.2.{number}.3.0": state,
        }
    outcome = await read_varbinds("nvent-spectracool", alarms)

    assert outcome.value("rack_alarm_active", alarm="Filter") == 1
    assert outcome.value("rack_alarm_active", alarm="Door") == 0
    assert [r.labels["alarm"] for r in outcome.readings] == ["Filter", "Door"]


async def test_a_probe_that_is_not_there_is_no_temperature() -> None:
    outcome = await read_varbinds("nvent-spectracool", {UNIT: 2, INLET: -600})

    assert outcome.value("rack_air_temperature_celsius", side="inlet") is None
