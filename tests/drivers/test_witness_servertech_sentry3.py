"""Server Technology Sentry3: values typed by hand from the Sentry3 MIB's definitions."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.1718.3"


async def test_old_firmware_knows_infeeds_and_one_total() -> None:
    outcome = await read_varbinds(
        "servertech-sentry3",
        {
            f"{BASE}.1.6.0": 1450,
            f"{BASE}.2.2.1.2.1.1": "AA",
            f"{BASE}.2.2.1.2.1.4": "AD",
            f"{BASE}.2.2.1.5.1.1": 8,
            f"{BASE}.2.2.1.6.1.1": 5,
            f"{BASE}.2.2.1.7.1.1": 702,
            f"{BASE}.2.2.1.7.1.4": 33,
            f"{BASE}.2.2.1.10.1.1": 30,
            f"{BASE}.2.2.1.11.1.1": 2071,
            f"{BASE}.2.2.1.11.1.4": -1,
            f"{BASE}.2.2.1.12.1.1": 1450,
        },
    )

    assert outcome.value("rack_inlet_power_watts") == 1450
    assert outcome.value("rack_line_current_amperes", inlet="AA") == 7.02
    assert outcome.value("rack_line_current_amperes", inlet="AD") == 0.33
    assert outcome.value("rack_line_current_limit_amperes", inlet="AA") == 30
    assert outcome.value("rack_line_state", inlet="AA", quantity="on_off") == "off_fuse"
    assert outcome.value("rack_line_state", inlet="AA", quantity="load") == "overload"
    assert outcome.value("rack_phase_voltage_volts", inlet="AA") == 207.1
    assert outcome.value("rack_phase_voltage_volts", inlet="AD") is None
    assert outcome.value("rack_phase_power_watts", inlet="AA") == 1450
    assert outcome.failures == ()


async def test_new_firmware_knows_towers_lines_and_phases() -> None:
    outcome = await read_varbinds(
        "servertech-sentry3",
        {
            f"{BASE}.1.6.0": 4000,
            f"{BASE}.2.1.1.4.2": 5,
            f"{BASE}.2.1.1.10.2": 455,
            f"{BASE}.2.1.1.11.1": 2500,
            f"{BASE}.2.1.1.11.2": 1500,
            f"{BASE}.2.1.1.14.2": 812,
            f"{BASE}.2.2.1.2.2.1": "BA",
            f"{BASE}.2.2.1.21.2.1": "L1",
            f"{BASE}.2.2.1.22.2.1": "L1-L2",
            f"{BASE}.2.2.1.23.2.1": "L1-N",
            f"{BASE}.2.2.1.7.2.1": 512,
            f"{BASE}.2.2.1.11.2.1": 4002,
            f"{BASE}.2.2.1.14.2.1": 97,
            f"{BASE}.2.2.1.15.2.1": 14,
            f"{BASE}.2.2.1.16.2.1": 8120,
            f"{BASE}.2.2.1.17.2.1": 1,
            f"{BASE}.2.2.1.18.2.1": 2310,
        },
    )

    assert outcome.value("rack_inlet_power_watts") == 2500
    assert outcome.value("rack_inlet_power_watts", unit="2") == 1500
    assert outcome.value("rack_inlet_utilization_ratio", unit="2") == 0.455
    assert outcome.value("rack_inlet_energy_joules_total", unit="2") == 812 * 3.6e6
    assert outcome.value("rack_device_state", unit="2") == "out_of_balance"
    line = {"unit": "2", "inlet": "BA"}
    assert outcome.value("rack_line_current_amperes", **line, line="L1") == 5.12
    assert outcome.value("rack_phase_voltage_volts", **line, line="L1-L2") == 400.2
    assert outcome.value("rack_phase_voltage_volts", **line, phase="L1-N") == 231.0
    assert outcome.value("rack_phase_power_factor_ratio", **line, phase="L1-N") == 0.97
    assert outcome.value("rack_phase_crest_factor_ratio", **line, phase="L1-N") == 1.4
    assert outcome.value("rack_phase_energy_joules_total", **line, phase="L1-N") == 812 * 3.6e6
    state = outcome.value("rack_phase_state", **line, phase="L1-N", quantity="reactance")
    assert state == "capacitive"


async def test_outlets_and_branches() -> None:
    outcome = await read_varbinds(
        "servertech-sentry3",
        {
            f"{BASE}.2.2.1.2.1.2": "AB",
            f"{BASE}.2.3.1.2.1.2.9": "AB9",
            f"{BASE}.2.3.1.5.1.2.9": 1,
            f"{BASE}.2.3.1.6.1.2.9": 4,
            f"{BASE}.2.3.1.7.1.2.9": 187,
            f"{BASE}.2.3.1.13.1.2.9": 2083,
            f"{BASE}.2.3.1.18.1.2.9": 9000,
            f"{BASE}.2.7.1.2.1.2.1": "AB1",
            f"{BASE}.2.7.1.6.1.2.1": 3,
            f"{BASE}.2.7.1.7.1.2.1": 940,
        },
    )

    outlet = {"inlet": "AB", "outlet": "AB9"}
    assert outcome.value("rack_outlet_current_amperes", **outlet) == 1.87
    assert outcome.value("rack_outlet_voltage_volts", **outlet) == 208.3
    assert outcome.value("rack_outlet_energy_joules_total", **outlet) == 9000 * 3600
    assert outcome.value("rack_outlet_state", outlet="AB9") == "on"
    assert outcome.value("rack_outlet_status", outlet="AB9", quantity="load") == "high"
    branch = {"inlet": "AB", "branch": "AB1"}
    assert outcome.value("rack_branch_current_amperes", **branch) == 9.4
    assert outcome.value("rack_branch_state", **branch, quantity="load") == "low"


async def test_a_setting_turns_degrees_into_fahrenheit() -> None:
    rows: dict[str, int | str] = {
        f"{BASE}.2.5.1.2.1.1": "A1",
        f"{BASE}.2.5.1.5.1.1": 4,
        f"{BASE}.2.5.1.6.1.1": 770,
        f"{BASE}.2.5.1.9.1.1": 0,
        f"{BASE}.2.5.1.10.1.1": 44,
        f"{BASE}.2.5.1.5.1.2": 1,
        f"{BASE}.2.5.1.6.1.2": -1,
        f"{BASE}.2.4.1.6.1": 1,
    }
    celsius = await read_varbinds("servertech-sentry3", rows | {f"{BASE}.2.5.1.13.1.1": 0})
    fahrenheit = await read_varbinds("servertech-sentry3", rows | {f"{BASE}.2.5.1.13.1.1": 1})

    assert celsius.value("rack_air_temperature_celsius", sensor="A1") == 77.0
    assert fahrenheit.value("rack_air_temperature_celsius", sensor="A1") == 25.0
    assert fahrenheit.value("rack_relative_humidity_ratio", sensor="A1") == 0.44
    state = fahrenheit.value("rack_sensor_state", sensor="A1", quantity="temperature")
    assert state == "high"
    assert fahrenheit.value("rack_leak_detected", sensor="1") == 1
    # the socket that never had a sensor gives no temperature, good or bad
    temperatures = [r for r in fahrenheit.readings if r.metric == "rack_air_temperature_celsius"]
    assert len(temperatures) == 1


async def test_the_power_factor_that_somebody_typed_in_is_not_read() -> None:
    outcome = await read_varbinds("servertech-sentry3", {f"{BASE}.1.10.0": 95})

    assert outcome.readings == ()
