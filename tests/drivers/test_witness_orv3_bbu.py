"""Open Rack v3 battery unit, first generation: words typed by hand, in a smart battery's units."""

import pytest

from tests.drivers.harness import read_registers


async def test_pack_and_cells() -> None:
    # 41.25 V, -12.5 A (0xCF2C is -12500), 3.75 V, 25.05 degC = 298.2 K, 10 Ah of 12 Ah
    outcome = await read_registers(
        "orv3-bbu",
        {
            128: 41_250,
            129: 0xCF2C,
            109: 3750,
            119: 3755,
            122: 2982,
            126: 83,
            131: 10_000,
            132: 12_000,
        },
    )

    assert outcome.value("rack_battery_voltage_volts") == 41.25
    assert outcome.value("rack_battery_current_amperes") == -12.5
    assert outcome.value("rack_battery_voltage_volts", cell="1") == 3.75
    assert outcome.value("rack_battery_voltage_volts", cell="11") == 3.755
    temperature = outcome.value("rack_battery_temperature_celsius", sensor="1")
    assert temperature == pytest.approx(25.05)
    assert outcome.value("rack_battery_charge_ratio") == 0.83
    assert outcome.value("rack_battery_remaining_coulombs") == 36_000
    assert outcome.value("rack_battery_capacity_coulombs") == 43_200


async def test_life_and_surroundings() -> None:
    outcome = await read_registers(
        "orv3-bbu", {133: 5, 142: 97, 135: 12, 147: 51_200, 148: 24, 149: 31, 152: 4200}
    )

    assert outcome.value("rack_battery_runtime_seconds") == 300
    assert outcome.value("rack_battery_health_ratio") == 0.97
    assert outcome.value("rack_sensor_count_value", sensor="charge_cycles") == 12
    assert outcome.value("rack_busbar_voltage_volts") == 51.2
    assert outcome.value("rack_battery_temperature_celsius", sensor="inlet") == 24
    assert outcome.value("rack_battery_temperature_celsius", sensor="outlet") == 31
    assert outcome.value("rack_fan_speed_rpm") == 4200


async def test_what_is_no_value_stays_none() -> None:
    # 65535 minutes: not discharging; a bus bar of 5.12 V would mean that the unit is another one
    outcome = await read_registers("orv3-bbu", {133: 0xFFFF, 147: 5120, 122: 0})

    assert outcome.value("rack_battery_runtime_seconds") is None
    assert outcome.value("rack_busbar_voltage_volts") is None
    assert outcome.value("rack_battery_temperature_celsius", sensor="1") is None  # 0 K


async def test_state_and_alarms() -> None:
    outcome = await read_registers(
        "orv3-bbu", {104: 1 << 9 | 1 << 6, 105: 1 << 8, 107: 2 | 1 << 6, 156: 1 << 4}
    )

    assert outcome.value("rack_battery_state") == "discharging"
    active = {
        (r.labels.get("part"), r.labels["alarm"], r.labels.get("severity"))
        for r in outcome.good
        if r.metric == "rack_alarm_active" and r.value == 1
    }
    assert active == {
        (None, "cell_overvoltage", "critical"),
        (None, "fan_failure", None),
        ("permanent", "fuse", None),
        (None, "smbus", None),
        ("charger", "timeout", None),
    }
    assert outcome.duplicates() == []
    assert outcome.failures == ()
