"""Eltek Valere: values typed by hand from VALERE-DC-POWER-MIB."""

from tests.drivers.harness import read_varbinds

SYSTEM = "1.3.6.1.4.1.13858.2.3"
MODULE = "1.3.6.1.4.1.13858.2.1.6.1"
PROBE = "1.3.6.1.4.1.13858.7.1.1.1"


async def test_the_system_is_in_hundredths_of_volts_and_whole_amperes() -> None:
    outcome = await read_varbinds(
        "eltek-valere",
        {f"{SYSTEM}.2.0": 5410, f"{SYSTEM}.3.0": 25, f"{SYSTEM}.4.0": 3, f"{SYSTEM}.5.0": 31},
    )

    assert outcome.value("rack_busbar_voltage_volts") == 54.1
    assert outcome.value("rack_output_current_amperes") == 25
    assert outcome.value("rack_device_state", part="controller") == "alarm"
    assert outcome.value("rack_sensor_temperature_celsius", sensor="controller") == 31
    assert outcome.failures == ()


async def test_only_the_current_of_a_rectifier_is_one() -> None:
    outcome = await read_varbinds(
        "eltek-valere",
        {
            f"{MODULE}.3.1.1": "1.3.6.1.4.1.13858.3.2",
            f"{MODULE}.4.1.1": 1234,
            f"{MODULE}.5.1.1": 0,
            f"{MODULE}.3.1.2": "1.3.6.1.4.1.13858.2.2",
            f"{MODULE}.4.1.2": 77,
            f"{MODULE}.5.1.2": 1,
        },
    )

    assert outcome.value("rack_psu_output_current_amperes", shelf="1", psu="1") == 12.34
    assert outcome.value("rack_psu_state", shelf="1", psu="1") == "ok"
    assert outcome.value("rack_psu_state", shelf="1", psu="2") == "alarm"
    currents = [r for r in outcome.readings if r.metric == "rack_psu_output_current_amperes"]
    assert len(currents) == 1


async def test_a_probe_that_is_shorted_or_missing_is_no_temperature() -> None:
    outcome = await read_varbinds(
        "eltek-valere",
        {f"{PROBE}.2.1": "A", f"{PROBE}.3.1": 24, f"{PROBE}.2.2": "B", f"{PROBE}.3.2": -127},
    )

    assert outcome.value("rack_battery_temperature_celsius", sensor="1", name="A") == 24
    assert outcome.value("rack_battery_temperature_celsius", sensor="2", name="B") is None
