"""Open Rack v3 high-power battery unit: words typed by hand from the published maps."""

import pytest

from tests.drivers.harness import read_registers


async def test_pack_and_cells() -> None:
    # 44.1 V, -125.5 A in hundredths (0xCEFA is -12550), 3.675 V, 0.1 K, 12 Ah
    outcome = await read_registers(
        "orv3-hpr-bbu",
        {96: 44_100, 97: 0xCEFA, 109: 3675, 120: 3680, 90: 3032, 235: 3082, 94: 100, 99: 12_000,
         100: 12_500, 146: 12_550},
    )  # fmt: skip

    assert outcome.value("rack_battery_voltage_volts") == 44.1
    assert outcome.value("rack_battery_current_amperes") == -125.5
    assert outcome.value("rack_sensor_current_amperes", sensor="discharge") == 125.5
    assert outcome.value("rack_battery_voltage_volts", cell="1") == 3.675
    assert outcome.value("rack_battery_voltage_volts", cell="12") == 3.68
    temperature = "rack_battery_temperature_celsius"
    assert outcome.value(temperature, sensor="1") == pytest.approx(30.05)  # 303.2 K
    assert outcome.value(temperature, sensor="maximum") == pytest.approx(35.05)
    assert outcome.value("rack_battery_charge_ratio") == 1
    assert outcome.value("rack_battery_remaining_coulombs") == 43_200
    assert outcome.value("rack_battery_capacity_coulombs") == 45_000


async def test_the_bus_bar_and_its_extremes() -> None:
    outcome = await read_registers("orv3-hpr-bbu", {147: 50_900, 224: 51_800, 227: 49_100})

    assert outcome.value("rack_busbar_voltage_volts") == 50.9
    window = {"window": "maximum_since_power_on"}
    assert outcome.value("rack_busbar_voltage_volts", **window) == 51.8
    assert outcome.value("rack_busbar_voltage_volts", window="minimum") == 49.1


async def test_alarms_that_only_this_generation_has() -> None:
    outcome = await read_registers(
        "orv3-hpr-bbu",
        {153: 1 << 11 | 1 << 6 | 1, 157: 1 << 5, 162: 1 << 10, 107: 1, 104: 1 << 14},
    )

    active = {
        (r.labels.get("part"), r.labels["alarm"])
        for r in outcome.good
        if r.metric == "rack_alarm_active" and r.value == 1
    }
    assert active == {
        (None, "rack_sync_start"),
        (None, "temperature"),
        ("temperature", "battery_pack"),
        ("health_test", "cell_at_3900mv"),
    }
    assert outcome.value("rack_battery_state") == "charging"
    mode = outcome.value("rack_component_state", component="battery", quantity="power_off_mode")
    assert mode == "active"
    charge = outcome.value("rack_component_state", component="battery", quantity="charge")
    assert charge == "not_allowed"  # 104 bit 14: it is full, which is no alarm
    assert outcome.duplicates() == []
    assert outcome.failures == ()
