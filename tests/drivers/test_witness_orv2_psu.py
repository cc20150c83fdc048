"""Open Rack v2 supply and battery: register words typed by hand from the published map."""

import pytest

from tests.drivers.harness import read_registers


async def test_the_supply_speaks_fixed_point() -> None:
    # 277.5 V x 64, 6.5 A x 1024, 1800 W x 8, 12.5 V x 2048, 130.25 A x 64, 1650.5 W x 8
    outcome = await read_registers(
        "orv2-psu",
        {
            128: 17_760,
            130: 6656,
            148: 14_400,
            138: 25_600,
            140: 8336,
            150: 13_204,
            293: 60,
            294: 500,
        },
    )

    assert outcome.value("rack_psu_input_voltage_volts") == 277.5
    assert outcome.value("rack_psu_input_current_amperes") == 6.5
    assert outcome.value("rack_psu_input_power_watts") == 1800
    assert outcome.value("rack_psu_output_voltage_volts") == 12.5
    assert outcome.value("rack_psu_output_current_amperes") == 130.25
    assert outcome.value("rack_psu_output_power_watts") == 1650.5
    assert outcome.value("rack_psu_input_frequency_hertz") == 60
    assert outcome.value("rack_psu_input_power_factor_ratio") == 500 / 512


async def test_fans_stand_two_registers_apart_and_temperatures_have_a_sign() -> None:
    outcome = await read_registers("orv2-psu", {152: 9000, 154: 9100, 158: 0xFD80, 160: 5120})

    assert outcome.value("rack_fan_speed_rpm", fan="1") == 9000
    assert outcome.value("rack_fan_speed_rpm", fan="2") == 9100
    assert outcome.value("rack_psu_input_temperature_celsius") == -5  # -640 / 128
    assert outcome.value("rack_psu_output_temperature_celsius") == 40


async def test_the_battery_s_words_arrive_with_their_bytes_exchanged() -> None:
    # 3900 mV is 0F3C, on the wire 3C0F; 49 V is BF68 -> 68BF; -2000 mA is F830 -> 30F8;
    # 298.2 K is 0BA6 -> A60B; 98 % is 0062 -> 6200; 10 min is 000A -> 0A00; 2600 mAh 0A28 -> 280A
    outcome = await read_registers(
        "orv2-psu",
        {109: 0x3C0F, 121: 0x3C0F, 129: 0x68BF, 131: 0x30F8, 122: 0xA60B, 126: 0x6200,
         139: 0x0A00, 135: 0x280A},
    )  # fmt: skip

    assert outcome.value("rack_battery_voltage_volts", cell="1") == 3.9
    assert outcome.value("rack_battery_voltage_volts", cell="13") == 3.9
    assert outcome.value("rack_battery_voltage_volts") == 49
    assert outcome.value("rack_battery_current_amperes") == -2
    temperature = outcome.value("rack_battery_temperature_celsius", sensor="1")
    assert temperature == pytest.approx(25.05)
    assert outcome.value("rack_battery_charge_ratio") == 0.98
    assert outcome.value("rack_battery_runtime_seconds") == 600
    assert outcome.value("rack_battery_remaining_coulombs") == 9360  # 2.6 Ah


async def test_65535_is_no_runtime() -> None:
    outcome = await read_registers("orv2-psu", {139: 0xFFFF})

    assert outcome.value("rack_battery_runtime_seconds") is None


async def test_the_input_flag_counts_the_other_way() -> None:
    well = await read_registers("orv2-psu", {209: 1 << 8 | 1 << 10})
    assert well.value("rack_alarm_active", alarm="input_not_ok") == 0
    assert well.value("rack_component_state", component="input_relay") == "on"

    ill = await read_registers("orv2-psu", {209: 1})
    assert ill.value("rack_alarm_active", alarm="input_not_ok") == 1
    assert ill.value("rack_alarm_active", alarm="input_undervoltage") == 1


async def test_alarms_of_supply_and_battery() -> None:
    # Of the 64 flags from 285 on, the first register holds 48 to 63 and the last 0 to 15.
    outcome = await read_registers(
        "orv2-psu", {104: 1 << 5 | 3 << 7, 216: 1, 209: 1 << 8, 285: 1 << 11, 286: 1 << 12}
    )

    active = {
        (r.labels.get("part", ""), r.labels["alarm"])
        for r in outcome.good
        if r.metric == "rack_alarm_active" and r.value == 1
    }
    assert active == {
        ("", "fan"),
        ("", "fan_tachometer"),
        ("battery_management", "transistor"),  # 48 + 11 = 59
        ("battery_management", "end_of_life_reached"),  # 32 + 12 = 44
    }
    test = outcome.value("rack_component_state", component="battery", quantity="health_test")
    assert test == "discharging"
    assert outcome.duplicates() == []
    assert outcome.failures == ()
