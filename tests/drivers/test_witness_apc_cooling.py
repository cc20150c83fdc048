"""APC InRow DX: rows that say in words what they are, typed by hand from the MIB (coolingUnit)."""

import pytest

from tests.drivers.harness import read_varbinds

ANALOG = "1.3.6.1.4.1.318.1.1.27.1.4.1.2.1"
DISCRETE = "1.3.6.1.4.1.318.1.1.27.1.4.2.2.1"


def analog(*rows: tuple[str, str, int | str, int | str], unit: int = 1) -> dict[str, int | str]:
    """Name, unit, value and scale of each row of the analog table."""
    cells: dict[str, int | str] = {}
    for number, (name, measured_in, value, scale) in enumerate(rows, 1):
        cells |= {
            f"{ANALOG}.2.{unit}.{number}": name,
            f"{ANALOG}.3.{unit}.{number}": value,
            f"{ANALOG}.4.{unit}.{number}": measured_in,
            f"{ANALOG}.5.{unit}.{number}": scale,
        }
    return cells


async def test_a_row_is_divided_by_its_own_scale_and_read_in_its_own_unit() -> None:
    outcome = await read_varbinds(
        "apc-cooling",
        analog(
            ("Cool Demand", "kW", 110, 10),
            ("Airflow", "CFM", 1000, 1),
            ("Humidity", "%RH", 421, 10),
            ("Suction Pressure", "kPa", 9123, 10),
            ("Rack Inlet Temperature 3", "C", 215, 10),
            ("Compressor Run Hours", "hr", 3, 1),
        ),
    )

    assert outcome.value("rack_cooling_demand_watts") == 11000
    flow = outcome.value("rack_airflow_liters_per_second")
    assert flow == pytest.approx(471.947, abs=0.001)
    assert outcome.value("rack_relative_humidity_ratio") == pytest.approx(0.421)
    suction = outcome.value("rack_coolant_pressure_pascals", loop="refrigerant", side="suction")
    assert suction == pytest.approx(912300)
    assert outcome.value("rack_air_temperature_celsius", side="rack_inlet", sensor="3") == 21.5
    run = outcome.value("rack_component_runtime_seconds_total", component="Compressor")
    assert run == 10800
    assert outcome.failures == ()


async def test_us_doubles_and_differences_are_not_read_twice() -> None:
    outcome = await read_varbinds(
        "apc-cooling",
        analog(
            ("Supply Air Temperature", "F", 680, 10),
            ("Supply Air Temperature", "C", 200, 10),
            ("Superheat", "C", 70, 10),
            ("Total Air Side Cooling Demand", "kW", 382, 10),
        ),
    )

    assert [r.value for r in outcome.readings] == [20]
    assert outcome.duplicates() == []


async def test_a_fan_speed_in_per_cent_is_a_duty_and_in_turns_a_speed() -> None:
    outcome = await read_varbinds(
        "apc-cooling",
        analog(
            ("Condenser Fan Speed", "%", 163, 10),
            ("Fan 2", "rpm", 2400, 1),
            ("Compressor Speed", "Hz", 505, 10),
        ),
    )

    assert outcome.value("rack_fan_duty_ratio", fan="condenser") == pytest.approx(0.163)
    assert outcome.value("rack_fan_speed_rpm", fan="2") == 2400
    assert outcome.value("rack_compressor_speed_rpm") == 3030


async def test_a_probe_that_is_not_plugged_in_gives_nothing() -> None:
    outcome = await read_varbinds("apc-cooling", analog(("Rack Inlet Temperature 1", "", "", "")))

    assert outcome.good == []


async def test_the_second_unit_carries_its_number() -> None:
    outcome = await read_varbinds(
        "apc-cooling",
        analog(("Cool Output", "kW", 108, 10)) | analog(("Cool Output", "kW", 54, 10), unit=2),
    )

    assert outcome.value("rack_heat_removed_watts") == 10800
    assert outcome.value("rack_heat_removed_watts", unit="2") == 5400


async def test_states_are_named() -> None:
    outcome = await read_varbinds(
        "apc-cooling",
        {
            f"{DISCRETE}.2.1.1": "Mode",
            f"{DISCRETE}.4.1.1": 6,
            f"{DISCRETE}.2.1.2": "Active Flow Control Status",
            f"{DISCRETE}.4.1.2": 4,
            f"{DISCRETE}.2.1.3": "Alarm Relay 1",
            f"{DISCRETE}.4.1.3": 0,
        },
    )

    assert outcome.value("rack_cooling_state", part="unit") == "active"
    flow = outcome.value("rack_device_state", part="active_flow_control")
    assert flow == "not_applicable"
    assert outcome.value("rack_sensor_state", sensor="Alarm Relay 1") == "open"
