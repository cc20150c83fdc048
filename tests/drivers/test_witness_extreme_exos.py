"""EXOS: values typed by hand from EXTREME-SYSTEM-MIB."""

from tests.drivers.harness import read_varbinds

SYSTEM = "1.3.6.1.4.1.1916.1.1.1"


async def test_magnitudes_stand_beside_the_values() -> None:
    # milli is -3, units are 0
    outcome = await read_varbinds(
        "extreme-exos",
        {
            f"{SYSTEM}.27.1.9.1": 138_500,
            f"{SYSTEM}.27.1.11.1": -3,
            f"{SYSTEM}.38.1.3.1.1": 12_040,
            f"{SYSTEM}.38.1.4.1.1": 10_250,
            f"{SYSTEM}.38.1.5.1.1": -3,
            f"{SYSTEM}.39.1.2.1": 95,
            f"{SYSTEM}.39.1.3.1": 0,
            f"{SYSTEM}.40.1.0": 190_000,
            f"{SYSTEM}.40.2.0": -3,
        },
    )

    assert outcome.value("rack_psu_input_power_watts", psu="1") == 138.5
    assert outcome.value("rack_psu_output_voltage_volts", psu="1", rail="1") == 12.04
    assert outcome.value("rack_psu_output_current_amperes", psu="1", rail="1") == 10.25
    assert outcome.value("rack_sensor_power_watts", sensor="slot 1") == 95
    assert outcome.value("rack_sensor_power_watts", sensor="system") == 190


async def test_zero_is_a_supply_that_cannot_tell() -> None:
    outcome = await read_varbinds(
        "extreme-exos", {f"{SYSTEM}.27.1.9.2": 0, f"{SYSTEM}.27.1.2.2": 4}
    )

    assert outcome.value("rack_psu_input_power_watts", psu="2") is None
    assert outcome.value("rack_psu_state", psu="2") == "power_off"


async def test_fans_of_the_tray_and_of_a_supply() -> None:
    outcome = await read_varbinds(
        "extreme-exos",
        {
            f"{SYSTEM}.7.0": 2,
            f"{SYSTEM}.8.0": 41,
            f"{SYSTEM}.9.1.2.101": 2,
            f"{SYSTEM}.9.1.4.101": 4428,
            f"{SYSTEM}.27.1.6.1": 6100,
            f"{SYSTEM}.27.1.7.1": -1,
        },
    )

    assert outcome.value("rack_alarm_active", alarm="over_temperature") == 0
    assert outcome.value("rack_sensor_temperature_celsius", sensor="enclosure") == 41
    assert outcome.value("rack_fan_state", fan="101") == "failed"
    assert outcome.value("rack_fan_speed_rpm", fan="101") == 4428
    assert outcome.value("rack_fan_speed_rpm", psu="1", fan="1") == 6100
    assert outcome.value("rack_fan_speed_rpm", psu="1", fan="2") is None
