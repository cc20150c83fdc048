"""Open Rack v3 supply, first generation: words typed by hand from the map's binary points."""

from tests.drivers.harness import read_registers


async def test_fixed_point_numbers() -> None:
    # 240.25 V x 64, 12.5 A x 1024, 2900 W x 8, 51 V x 1024, 55.5 A x 64, 2830.5 W x 8, 410 V x 64
    outcome = await read_registers(
        "orv3-psu",
        {88: 15_376, 89: 12_800, 87: 23_200, 79: 52_224, 80: 3552, 82: 22_644, 83: 26_240, 84: 50,
         86: 510},
    )  # fmt: skip

    assert outcome.value("rack_psu_input_voltage_volts") == 240.25
    assert outcome.value("rack_psu_input_current_amperes") == 12.5
    assert outcome.value("rack_psu_input_power_watts") == 2900
    assert outcome.value("rack_psu_output_voltage_volts") == 51
    assert outcome.value("rack_psu_output_current_amperes") == 55.5
    assert outcome.value("rack_psu_output_power_watts") == 2830.5
    assert outcome.value("rack_sensor_voltage_volts", sensor="bulk_capacitor") == 410
    assert outcome.value("rack_psu_input_frequency_hertz") == 50
    assert outcome.value("rack_psu_input_power_factor_ratio") == 510 / 512


async def test_temperatures_have_a_sign() -> None:
    outcome = await read_registers("orv3-psu", {69: 0xFD80, 70: 3264})

    assert outcome.value("rack_psu_input_temperature_celsius") == -5
    assert outcome.value("rack_psu_output_temperature_celsius") == 25.5


async def test_faults_are_counted_in_one_register_here() -> None:
    outcome = await read_registers("orv3-psu", {90: 4, 91: 9, 57: 2, 75: 1, 76: 2})

    assert outcome.value("rack_psu_faults_total") == 4
    assert outcome.value("rack_psu_outages_total") == 2
    assert outcome.value("rack_bus_errors_total", kind="crc") == 65_538


async def test_alarm_bits() -> None:
    outcome = await read_registers("orv3-psu", {61: 1 << 9, 62: 1 << 3, 64: 1 << 8 | 1})

    active = {r.labels["alarm"] for r in outcome.good if "alarm" in r.labels and r.value == 1}
    assert active == {"bulk_not_ok", "output_short_circuit", "primary_secondary_link"}
    assert outcome.duplicates() == []
    assert outcome.failures == ()


async def test_all_bits_set_is_no_value() -> None:
    # 65535 would be 1024 V, 64 V, 8192 W and a fan of 65,535 rpm; 7FFF and 8000 are 256 degC
    words = {88: 0xFFFF, 79: 0xFFFF, 82: 0xFFFF, 67: 0xFFFF, 69: 0x7FFF, 70: 0x8000, 86: 0xFFFF}
    outcome = await read_registers("orv3-psu", words)

    assert outcome.value("rack_psu_input_voltage_volts") is None
    assert outcome.value("rack_psu_output_voltage_volts") is None
    assert outcome.value("rack_psu_output_power_watts") is None
    assert outcome.value("rack_fan_speed_rpm", fan="1") is None
    assert outcome.value("rack_psu_input_temperature_celsius") is None
    assert outcome.value("rack_psu_output_temperature_celsius") is None
    assert outcome.value("rack_psu_input_power_factor_ratio") is None
    assert outcome.value("rack_psu_output_current_amperes") == 0
