"""Emerson NetSure with VEC controller: values typed by hand from VEC-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.885.3.2"
PROBE = f"{BASE}.2.1"
SHUNT = f"{BASE}.4.1"
RECTIFIER = f"{BASE}.5.1"


async def test_numbers_are_text_and_rectifiers_whole_amperes() -> None:
    outcome = await read_varbinds(
        "netsure-vec",
        {
            f"{BASE}.1.1.0": "54.01",
            f"{BASE}.1.2.0": "1570",
            f"{BASE}.1.6.0": "1576",
            f"{BASE}.1.7.0": "-2.50",
            f"{BASE}.1.10.0": 2,
            f"{RECTIFIER}.2.1": 0,
            f"{RECTIFIER}.3.1": 21,
        },
    )

    assert outcome.value("rack_busbar_voltage_volts") == 54.01
    assert outcome.value("rack_output_current_amperes") == 1570
    assert outcome.value("rack_busbar_current_amperes", sensor="rectifiers") == 1576
    assert outcome.value("rack_battery_current_amperes") == -2.5
    assert outcome.value("rack_device_state", part="system") == "major"
    assert outcome.value("rack_psu_output_current_amperes", psu="1") == 21
    assert outcome.value("rack_psu_state", psu="1") == "normal"
    assert outcome.failures == ()


async def test_a_shunt_or_probe_that_does_not_reply_is_bad() -> None:
    outcome = await read_varbinds(
        "netsure-vec",
        {
            f"{SHUNT}.2.1": "267",
            f"{SHUNT}.3.1": 2,
            f"{SHUNT}.4.1": 3,
            f"{SHUNT}.2.2": "0",
            f"{SHUNT}.3.2": 1,
            f"{SHUNT}.4.2": 1,
            f"{PROBE}.2.1": 25,
            f"{PROBE}.3.1": 3,
            f"{PROBE}.2.2": 0,
            f"{PROBE}.3.2": 2,
        },
    )

    current = "rack_branch_current_amperes"
    assert outcome.value(current, branch="1", name="battery") == 267
    assert outcome.value(current, branch="2", name="system") is None
    assert outcome.value("rack_sensor_temperature_celsius", sensor="1") == 25
    assert outcome.value("rack_sensor_temperature_celsius", sensor="2") is None
    assert outcome.value("rack_sensor_state", sensor="2", quantity="temperature") == "no_reply"
