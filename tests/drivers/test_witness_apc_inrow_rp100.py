"""APC InRow RP DX: values typed by hand from the PowerNet MIB's definitions (airIRRP100)."""

import pytest

from tests.drivers.harness import read_varbinds

UNIT = "1.3.6.1.4.1.318.1.1.13.3.3.1.2.2"
RUN = "1.3.6.1.4.1.318.1.1.13.3.3.1.2.3"


async def test_air_and_compressor() -> None:
    outcome = await read_varbinds(
        "apc-inrow-rp100",
        {
            f"{UNIT}.1.0": 5,
            f"{UNIT}.3.0": 246,
            f"{UNIT}.8.0": 455,
            f"{UNIT}.10.0": 1000,
            f"{UNIT}.11.0": 471,
            f"{UNIT}.14.0": 183,
            f"{UNIT}.20.0": 40,
            f"{UNIT}.30.0": 25,
            f"{UNIT}.32.0": 4,
            f"{UNIT}.35.0": 5000,
            f"{UNIT}.36.0": 42,
            f"{UNIT}.47.0": 480,
            f"{UNIT}.50.0": 1,
            f"{RUN}.8.0": 1,
        },
    )

    assert outcome.value("rack_cooling_state", part="unit") == "service"
    assert outcome.value("rack_air_temperature_celsius", side="rack_inlet") == 24.6
    humidity = outcome.value("rack_relative_humidity_ratio", side="supply")
    assert humidity == pytest.approx(0.455)
    flow = outcome.value("rack_airflow_liters_per_second")
    assert flow == pytest.approx(471.947, abs=0.001)
    assert outcome.value("rack_heat_removed_watts") == pytest.approx(18300)
    assert outcome.value("rack_cooling_capacity_ratio", part="reheat") == 0.4
    assert outcome.value("rack_air_pressure_pascals", sensor="filter") == 25
    assert outcome.value("rack_air_pressure_pascals", sensor="containment") == 4
    # 50.00 turns a second
    assert outcome.value("rack_compressor_speed_rpm") == 3000
    assert outcome.value("rack_cooling_power_watts", part="compressor") == 4200
    suction = outcome.value("rack_coolant_pressure_pascals", loop="refrigerant", side="suction")
    assert suction == 480000
    assert outcome.value("rack_leak_detected") == 0
    run = outcome.value("rack_component_runtime_seconds_total", component="compressor")
    assert run == 3600
    assert outcome.failures == ()


async def test_not_fitted_is_not_a_number() -> None:
    outcome = await read_varbinds("apc-inrow-rp100", {f"{UNIT}.28.0": -1})

    assert outcome.value("rack_air_temperature_celsius", side="rack_inlet", sensor="3") is None
