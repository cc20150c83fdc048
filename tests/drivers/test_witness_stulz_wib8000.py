"""Stulz WIB8000: values typed by hand from Stulz-WIB8000-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

NAME = "1.3.6.1.4.1.29462.10.1.1.6.1.1.393221"
AIR = "1.3.6.1.4.1.29462.10.2.1.1.1.1"
WATER = "1.3.6.1.4.1.29462.10.2.1.1.1.2.1.1"


async def test_a_row_is_bus_device_and_module() -> None:
    outcome = await read_varbinds(
        "stulz-wib8000",
        {
            f"{NAME}.1.3": "CRAC 3",
            f"{NAME}.2.3": "CRAC 3",
            f"{AIR}.1.1.1.1192.1.3.1": 243,
            f"{AIR}.1.1.1.1192.1.3.2": 251,
            f"{AIR}.1.1.1.1192.2.3.1": -15,
        },
    )

    air = "rack_air_temperature_celsius"
    assert outcome.value(air, side="return", unit="1.3", name="CRAC 3") == 24.3
    assert outcome.value(air, side="return", unit="1.3", name="CRAC 3", index="2") == 25.1
    assert outcome.value(air, side="return", unit="2.3", name="CRAC 3") == -1.5
    assert outcome.value("rack_component_info", unit="1.3", component="CRAC 3", **{"class": "unit"})
    assert outcome.failures == ()


async def test_ranges_of_the_mib_are_tenths_per_cent_and_cubic_metres() -> None:
    outcome = await read_varbinds(
        "stulz-wib8000",
        {
            f"{NAME}.1.1": "A",
            f"{AIR}.2.1.1.1194.1.1.1": 455,
            f"{WATER}.1191.1.1.1": 102,
            f"{WATER}.1249.1.1.1": 18,
            "1.3.6.1.4.1.29462.10.2.1.1.1.3.1.1.2235.1.1.1": 189,
            "1.3.6.1.4.1.29462.10.2.1.1.2.1.2.5.1.2238.1.1.1": 64,
            "1.3.6.1.4.1.29462.10.2.1.1.2.4.1.1.6932.1.1.1": 70,
        },
    )

    who = {"unit": "1.1", "name": "A"}
    humidity = outcome.value("rack_relative_humidity_ratio", side="return", **who)
    assert humidity == pytest.approx(0.455)
    water = outcome.value(
        "rack_coolant_temperature_celsius", loop="facility", side="supply", sensor="1", **who
    )
    assert water == 10.2
    # 18 cubic metres an hour
    assert outcome.value("rack_coolant_flow_liters_per_second", loop="facility", **who) == 5
    pressure = outcome.value(
        "rack_coolant_pressure_pascals", loop="refrigerant", side="condenser", sensor="1", **who
    )
    assert pressure == pytest.approx(1890000)
    assert outcome.value("rack_valve_position_ratio", valve="free cooling", **who) == 0.64
    assert outcome.value("rack_fan_duty_ratio", fan="1", **who) == 0.7


async def test_states_and_alarms() -> None:
    outcome = await read_varbinds(
        "stulz-wib8000",
        {
            f"{NAME}.1.1": "A",
            "1.3.6.1.4.1.29462.10.2.1.4.1.1.1.1013.1.1.1": 1,
            "1.3.6.1.4.1.29462.10.2.1.4.2.1.1.8.1.1.1": 1,
            "1.3.6.1.4.1.29462.10.2.1.4.1.1.1.10.1.1.1": 0,
            "1.3.6.1.4.1.29462.10.2.1.1.2.1.1.1.1.4503.1.1.1": 0,
        },
    )

    assert outcome.value("rack_cooling_state", unit="1.1", name="A", part="unit") == "on"
    assert outcome.value("rack_alarm_active", unit="1.1", name="A", alarm="general") == 1
    assert outcome.value("rack_alarm_active", unit="1.1", name="A", alarm="bus") == 0
    assert outcome.value("rack_compressor_state", unit="1.1", name="A", compressor="2") == "off"
