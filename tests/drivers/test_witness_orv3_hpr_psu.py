"""Open Rack v3 power supply: values typed by hand from the published map's binary points."""

from tests.drivers.harness import read_registers


async def test_fixed_point_numbers() -> None:
    # 51.0 V with 10 bits behind the point, 55.5 A with 6, 2830.5 W with 3, 277.25 V with 6
    outcome = await read_registers(
        "orv3-hpr-psu",
        {79: 52_224, 80: 3552, 82: 22_644, 88: 17_744, 89: 10_752, 87: 23_200, 84: 60, 86: 507},
    )

    assert outcome.value("rack_psu_output_voltage_volts") == 51
    assert outcome.value("rack_psu_output_current_amperes") == 55.5
    assert outcome.value("rack_psu_output_power_watts") == 2830.5
    assert outcome.value("rack_psu_input_voltage_volts") == 277.25
    assert outcome.value("rack_psu_input_current_amperes") == 10.5
    assert outcome.value("rack_psu_input_power_watts") == 2900
    assert outcome.value("rack_psu_input_frequency_hertz") == 60
    assert outcome.value("rack_psu_input_power_factor_ratio") == 507 / 512


async def test_temperatures_have_a_sign() -> None:
    # 25.5 degC with 7 bits behind the point; 0xFD80 is -5
    outcome = await read_registers("orv3-hpr-psu", {69: 0xFD80, 70: 3264})

    assert outcome.value("rack_psu_input_temperature_celsius") == -5
    assert outcome.value("rack_psu_output_temperature_celsius") == 25.5


async def test_fans_counters_and_the_bus() -> None:
    outcome = await read_registers(
        "orv3-hpr-psu", {67: 18_000, 68: 17_900, 57: 3, 75: 1, 76: 2, 116: 49_152}
    )

    assert outcome.value("rack_fan_speed_rpm", fan="1") == 18_000
    assert outcome.value("rack_fan_speed_rpm", fan="2") == 17_900
    assert outcome.value("rack_psu_outages_total") == 3
    assert outcome.value("rack_bus_errors_total", kind="crc") == 65_538
    assert outcome.value("rack_busbar_voltage_volts", window="minimum") == 48


async def test_alarm_bits() -> None:
    outcome = await read_registers("orv3-hpr-psu", {60: 1 << 11, 61: 1 << 8, 63: 1 << 8})

    active = {r.labels["alarm"] for r in outcome.good if "alarm" in r.labels and r.value == 1}
    assert active == {"fan", "input_not_ok", "fan_failure"}
    assert outcome.duplicates() == []
