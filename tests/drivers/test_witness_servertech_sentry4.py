"""Server Technology Sentry4: values typed by hand from the Sentry4 MIB's definitions."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.1718.4.1"


async def test_cords_lines_phases_and_branches() -> None:
    outcome = await read_varbinds(
        "servertech-sentry4",
        {
            f"{BASE}.3.2.1.2.1.1": "AA",
            f"{BASE}.3.3.1.3.1.1": 1701,
            f"{BASE}.3.3.1.5.1.1": 1790,
            f"{BASE}.3.3.1.7.1.1": 165,
            f"{BASE}.3.3.1.8.1.1": 95,
            f"{BASE}.3.3.1.10.1.1": 8937,
            f"{BASE}.3.3.1.11.1.1": 600,
            f"{BASE}.3.3.1.12.1.1": 26,
            f"{BASE}.4.2.1.4.1.1.1": "AA:L1",
            f"{BASE}.4.3.1.3.1.1.1": 560,
            f"{BASE}.5.2.1.4.1.1.1": "AA:L1-L2",
            f"{BASE}.5.3.1.3.1.1.1": 2079,
            f"{BASE}.5.3.1.6.1.1.1": 209,
            f"{BASE}.5.3.1.8.1.1.1": 415,
            f"{BASE}.7.2.1.4.1.1.1": "AA:L1-L2-BR1",
            f"{BASE}.7.3.1.3.1.1.1": 1250,
            f"{BASE}.6.2.1.4.1.1.1": "AA:L1-L2-BR1",
            f"{BASE}.6.3.1.1.1.1.1": 12,
        },
    )

    assert outcome.value("rack_inlet_power_watts", inlet="AA") == 1701
    assert outcome.value("rack_inlet_apparent_power_voltamperes", inlet="AA") == 1790
    assert outcome.value("rack_inlet_utilization_ratio", inlet="AA") == 0.165
    assert outcome.value("rack_inlet_power_factor_ratio", inlet="AA") == 0.95
    assert outcome.value("rack_inlet_energy_joules_total", inlet="AA") == 893.7 * 3.6e6
    assert outcome.value("rack_inlet_frequency_hertz", inlet="AA") == 60
    assert outcome.value("rack_inlet_current_unbalance_ratio", inlet="AA") == 0.026
    assert outcome.value("rack_line_current_amperes", inlet="AA", line="L1") == 5.6
    assert outcome.value("rack_phase_voltage_volts", inlet="AA", phase="L1-L2") == 207.9
    assert outcome.value("rack_phase_current_amperes", inlet="AA", phase="L1-L2") == 2.09
    assert outcome.value("rack_phase_power_watts", inlet="AA", phase="L1-L2") == 415
    branch = {"inlet": "AA", "branch": "L1-L2-BR1"}
    assert outcome.value("rack_branch_current_amperes", **branch) == 12.5
    assert outcome.value("rack_branch_state", **branch, quantity="protector") == "breaker_tripped"
    assert outcome.failures == ()


async def test_outlet_energy_is_in_watt_hours() -> None:
    outcome = await read_varbinds(
        "servertech-sentry4",
        {
            f"{BASE}.3.2.1.2.1.1": "AA",
            f"{BASE}.8.2.1.2.1.1.3": "AA3",
            f"{BASE}.8.2.1.3.1.1.3": "node 7",
            f"{BASE}.8.3.1.1.1.1.3": 1,
            f"{BASE}.8.3.1.3.1.1.3": 208,
            f"{BASE}.8.3.1.6.1.1.3": 2083,
            f"{BASE}.8.3.1.7.1.1.3": 412,
            f"{BASE}.8.3.1.14.1.1.3": 5000,
        },
    )

    outlet = {"inlet": "AA", "outlet": "AA3"}
    assert outcome.value("rack_outlet_current_amperes", **outlet) == 2.08
    assert outcome.value("rack_outlet_voltage_volts", **outlet) == 208.3
    assert outcome.value("rack_outlet_power_watts", **outlet) == 412
    assert outcome.value("rack_outlet_energy_joules_total", **outlet) == 5000 * 3600
    assert outcome.value("rack_outlet_state", outlet="AA3") == "on"
    assert outcome.value("rack_outlet_info", outlet="AA3", name="node 7") == 1


async def test_minus_410_and_minus_1_are_no_values() -> None:
    outcome = await read_varbinds(
        "servertech-sentry4",
        {
            f"{BASE}.9.3.1.1.1.1": -410,
            f"{BASE}.9.3.1.2.1.1": 0,
            f"{BASE}.10.3.1.1.1.1": -1,
            f"{BASE}.10.3.1.2.1.1": 8,
            f"{BASE}.10.3.1.1.1.2": -1,
            f"{BASE}.10.3.1.2.1.2": 7,
            f"{BASE}.3.3.1.3.1.1": -1,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1") is None
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") is None
    assert [r.labels for r in outcome.readings if r.metric == "rack_relative_humidity_ratio"] == [
        {"sensor": "1"}
    ]
    assert outcome.value("rack_inlet_power_watts", inlet="1") is None


async def test_the_scale_setting_turns_fahrenheit_into_celsius() -> None:
    reading = {f"{BASE}.9.3.1.1.1.1": 770, f"{BASE}.9.3.1.2.1.1": 0}
    celsius = await read_varbinds("servertech-sentry4", reading | {f"{BASE}.9.1.10.0": 0})
    fahrenheit = await read_varbinds("servertech-sentry4", reading | {f"{BASE}.9.1.10.0": 1})

    assert celsius.value("rack_air_temperature_celsius", sensor="1") == 77
    assert fahrenheit.value("rack_air_temperature_celsius", sensor="1") == 25
