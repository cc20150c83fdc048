"""Edgecore ECS4120: values typed by hand from ECS4120-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

SWITCH, PORT = "1.3.6.1.4.1.259.10.1.45.1.1", "1.3.6.1.4.1.259.10.1.45.1.2"
NAME = "1.3.6.1.2.1.31.1.1.1.1"


async def test_optics_say_their_numbers_with_unit_and_verdict() -> None:
    outcome = await read_varbinds(
        "edgecore-ecs",
        {
            f"{NAME}.7": "Port7",
            f"{PORT}.11.1.2.7": "38.50 degrees C normal",
            f"{PORT}.11.1.3.7": "3.31 V normal",
            f"{PORT}.11.1.4.7": "24.58 mA normal",
            f"{PORT}.11.1.5.7": "-4.99 dBm normal",
            f"{PORT}.11.1.6.7": "-21.25 dBm low warning",
        },
    )

    assert outcome.value("rack_optic_temperature_celsius", port="Port7") == 38.5
    assert outcome.value("rack_optic_voltage_volts", port="Port7") == 3.31
    assert outcome.value("rack_optic_bias_current_amperes", port="Port7") == pytest.approx(0.02458)
    assert outcome.value("rack_optic_transmit_power_dbm", port="Port7") == -4.99
    assert outcome.value("rack_optic_receive_power_dbm", port="Port7") == -21.25


async def test_units_fans_and_supplies() -> None:
    outcome = await read_varbinds(
        "edgecore-ecs",
        {
            f"{SWITCH}.4.0": 4,
            f"{SWITCH}.3.1.8.1": 3,
            f"{SWITCH}.6.1.3.1.1": 2,
            f"{SWITCH}.6.1.3.1.2": 3,
            f"{SWITCH}.9.1.3.1.2": 2,
            f"{SWITCH}.9.1.6.1.1": 4679,
            f"{SWITCH}.11.1.3.2.1": 31,
        },
    )

    assert outcome.value("rack_device_state") == "noncritical"
    assert outcome.value("rack_device_state", unit="1", part="power source") == (
        "internal_and_redundant"
    )
    assert outcome.value("rack_psu_state", unit="1", psu="1") == "up"
    assert outcome.value("rack_psu_state", unit="1", psu="2") == "down"
    assert outcome.value("rack_fan_state", unit="1", fan="2") == "failure"
    assert outcome.value("rack_fan_speed_rpm", unit="1", fan="1") == 4679
    assert outcome.value("rack_sensor_temperature_celsius", unit="2", sensor="1") == 31
