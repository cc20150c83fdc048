"""APC InRow RP with chilled water: typed by hand from the PowerNet MIB (airIRRP500)."""

import pytest

from tests.drivers.harness import read_varbinds

UNIT = "1.3.6.1.4.1.318.1.1.13.3.3.2.2.2"
RUN = "1.3.6.1.4.1.318.1.1.13.3.3.2.2.3"


async def test_numbers_that_mean_something_else_than_on_the_dx() -> None:
    # Mode 5, columns 30, 32 and 35 and run hours 8 all differ between the two trees.
    outcome = await read_varbinds(
        "apc-inrow-rp500",
        {
            f"{UNIT}.1.0": 5,
            f"{UNIT}.30.0": 4,
            f"{UNIT}.32.0": 25,
            f"{UNIT}.35.0": 2,
            f"{UNIT}.43.0": 2,
            f"{RUN}.8.0": 1,
        },
    )

    assert outcome.value("rack_cooling_state", part="unit") == "backup"
    assert outcome.value("rack_air_pressure_pascals", sensor="containment") == 4
    assert outcome.value("rack_air_pressure_pascals", sensor="filter") == 25
    assert outcome.value("rack_device_state", part="power_source") == "source_b"
    assert outcome.value("rack_leak_detected") == 1
    run = outcome.value("rack_component_runtime_seconds_total", component="fan 3")
    assert run == 3600
    assert outcome.failures == ()


async def test_water_is_metric() -> None:
    outcome = await read_varbinds(
        "apc-inrow-rp500",
        {
            f"{UNIT}.36.0": 55,
            f"{UNIT}.37.0": 190,
            f"{UNIT}.38.0": 120,
            f"{UNIT}.39.0": 450,
            f"{UNIT}.40.0": 72,
            f"{UNIT}.42.0": 128,
        },
    )

    assert outcome.value("rack_valve_position_ratio", loop="facility") == pytest.approx(0.55)
    assert outcome.value("rack_coolant_flow_liters_per_second", loop="facility") == 1.2
    water = "rack_coolant_temperature_celsius"
    assert outcome.value(water, loop="facility", side="supply") == 7.2
    assert outcome.value(water, loop="facility", side="return") == 12.8
