"""Open Rack v3 power receiver: words typed by hand from the map's binary points."""

from tests.drivers.harness import read_registers


async def test_direct_current_in_and_out() -> None:
    # 50.5 V x 1024, 60.25 A x 64, 3042 W x 8; 51 V, 58.5 A, 2983.5 W; 50.75 V x 1024
    outcome = await read_registers(
        "orv3-power-receiver",
        {88: 51_712, 89: 3856, 87: 24_336, 79: 52_224, 80: 3744, 82: 23_868, 86: 51_968},
    )

    assert outcome.value("rack_psu_input_voltage_volts") == 50.5
    assert outcome.value("rack_psu_input_current_amperes") == 60.25
    assert outcome.value("rack_psu_input_power_watts") == 3042
    assert outcome.value("rack_psu_output_voltage_volts") == 51
    assert outcome.value("rack_psu_output_current_amperes") == 58.5
    assert outcome.value("rack_psu_output_power_watts") == 2983.5
    assert outcome.value("rack_busbar_voltage_volts") == 50.75


async def test_temperatures_fans_and_counters() -> None:
    outcome = await read_registers(
        "orv3-power-receiver", {69: 0xFF80, 70: 4480, 67: 7000, 68: 7100, 56: 3, 90: 1, 91: 5}
    )

    assert outcome.value("rack_psu_input_temperature_celsius") == -1
    assert outcome.value("rack_psu_output_temperature_celsius") == 35
    assert outcome.value("rack_fan_speed_rpm", fan="2") == 7100
    assert outcome.value("rack_psu_power_cycles_total") == 3
    assert outcome.value("rack_psu_faults_total") == 65_541  # two registers here


async def test_alarm_bits() -> None:
    outcome = await read_registers("orv3-power-receiver", {60: 1 << 8, 61: 1 << 4, 64: 3 << 8})

    active = {r.labels["alarm"] for r in outcome.good if "alarm" in r.labels and r.value == 1}
    assert active == {"input_current_trace", "remote_low"}
    assert outcome.duplicates() == []
    assert outcome.failures == ()
