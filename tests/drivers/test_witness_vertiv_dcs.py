"""Vertiv DCS: values typed by hand from DCS-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

PDU = "1.3.6.1.4.1.13400.3.2.225.1.1"
UPS = "1.3.6.1.4.1.13400.3.4.491.1.1"
CONDITIONER = "1.3.6.1.4.1.13400.3.3.3031.1.1"
CABINET = "1.3.6.1.4.1.13400.3.5.541.1.1"


async def test_power_of_a_pdu_is_hundredths_of_a_kilowatt_and_agrees_with_its_current() -> None:
    outcome = await read_varbinds(
        "vertiv-dcs",
        {
            f"{PDU}.3.1": 230,
            f"{PDU}.4.1": 20,
            f"{PDU}.8.1": 44,
            f"{PDU}.9.1": 46,
            f"{PDU}.10.1": 96,
            f"{PDU}.13.1": 1234,
        },
    )

    assert outcome.value("rack_inlet_voltage_volts") == 230
    assert outcome.value("rack_inlet_current_amperes") == 2
    assert outcome.value("rack_inlet_power_watts") == 440  # 230 V * 2 A * 0.96
    assert outcome.value("rack_inlet_apparent_power_voltamperes") == 460
    assert outcome.value("rack_inlet_power_factor_ratio") == 0.96
    energy = outcome.value("rack_inlet_energy_joules_total")
    assert energy == pytest.approx(12.34 * 3.6e6)
    assert outcome.failures == ()


async def test_the_second_pdu_carries_its_number() -> None:
    outcome = await read_varbinds("vertiv-dcs", {f"{PDU}.3.1": 230, f"{PDU}.3.2": 229})

    assert outcome.value("rack_inlet_voltage_volts") == 230
    assert outcome.value("rack_inlet_voltage_volts", unit="2") == 229


async def test_9999_is_none_but_a_counter_passes_it() -> None:
    outcome = await read_varbinds(
        "vertiv-dcs",
        {f"{PDU}.7.1": 9999, f"{PDU}.13.1": 9999, f"{UPS}.3.1": 9999, f"{CONDITIONER}.58.1": 9999},
    )

    assert outcome.value("rack_branch_current_amperes", branch="3") is None
    assert outcome.value("rack_phase_voltage_volts", inlet="UPS", phase="2") is None
    assert outcome.value("rack_air_temperature_celsius", side="outdoor") is None
    energy = outcome.value("rack_inlet_energy_joules_total")
    assert energy == pytest.approx(99.99 * 3.6e6)


async def test_the_ups_counts_in_tenths_and_the_air_conditioner_in_hundredths() -> None:
    outcome = await read_varbinds(
        "vertiv-dcs",
        {
            f"{UPS}.2.1": 2291,
            f"{UPS}.8.1": 52,
            f"{UPS}.39.1": 11,
            f"{UPS}.59.1": 2720,
            f"{UPS}.61.1": 35,
            f"{UPS}.68.1": 995,
            f"{UPS}.71.1": 12345,
            f"{UPS}.75.1": 1,
            f"{CONDITIONER}.56.1": 2215,
            f"{CONDITIONER}.75.1": 0,
            f"{CONDITIONER}.10.1": 1,
        },
    )

    assert outcome.value("rack_phase_voltage_volts", inlet="UPS", phase="1") == 229.1
    output = outcome.value("rack_output_phase_current_amperes", output="UPS", phase="1")
    assert output == 5.2
    watts = outcome.value("rack_output_phase_power_watts", output="UPS", phase="1")
    assert watts == pytest.approx(1100)
    assert outcome.value("rack_battery_voltage_volts") == 272
    # what leaves the battery is negative
    assert outcome.value("rack_battery_current_amperes", sensor="discharging") == -3.5
    assert outcome.value("rack_battery_charge_ratio") == pytest.approx(0.995)
    energy = outcome.value("rack_inlet_energy_joules_total", inlet="UPS")
    assert energy == pytest.approx(1234.5 * 3.6e6)
    assert outcome.value("rack_device_state", part="UPS supply") == "utility"
    assert outcome.value("rack_air_temperature_celsius", side="supply") == 22.15
    assert outcome.value("rack_cooling_state", part="unit") == "on"
    assert outcome.value("rack_alarm_active", alarm="low pressure") == 1


async def test_a_rope_that_is_not_installed_is_no_leak() -> None:
    wet = await read_varbinds("vertiv-dcs", {f"{CABINET}.6.1": 1})
    none = await read_varbinds("vertiv-dcs", {f"{CABINET}.6.1": 2, f"{CABINET}.4.1": 1})

    assert wet.value("rack_leak_detected") == 1
    assert none.value("rack_leak_detected") is None
    assert none.value("rack_sensor_state", sensor="front door") == "open"
