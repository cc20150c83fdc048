"""APC transfer switches: values typed by hand from PowerNet-MIB (atsStatus, xATS, generator)."""

from tests.drivers.harness import read_varbinds

RACK = "1.3.6.1.4.1.318.1.1.8.5"
HALL = "1.3.6.1.4.1.318.1.1.17"
GENERATOR = "1.3.6.1.4.1.318.1.1.18.1"


async def test_a_rack_switch() -> None:
    outcome = await read_varbinds(
        "apc-ats",
        {
            f"{RACK}.1.2.0": 2,
            f"{RACK}.1.3.0": 1,
            f"{RACK}.1.6.0": 1,
            f"{RACK}.1.10.0": 2,
            f"{RACK}.1.12.0": 1,
            f"{RACK}.1.14.0": 2,
            f"{RACK}.3.2.1.4.1": 50,
            f"{RACK}.3.3.1.3.1.1": 231,
            f"{RACK}.3.3.1.3.2.1": 229,
            f"{RACK}.3.3.1.6.1.1": -1,
            f"{RACK}.4.3.1.4.1.1": 63,
            f"{RACK}.4.3.1.7.1.1": 1449,
            f"{RACK}.4.3.1.13.1.1": -1,
            f"{RACK}.4.3.1.10.1.1": 39,
            f"{RACK}.4.5.1.3.1": 1,
            f"{RACK}.4.5.1.3.2": 2,
            f"{RACK}.4.5.1.4.1": 63,
            f"{RACK}.4.5.1.4.2": 41,
            f"{RACK}.4.5.1.5.2": 3,
        },
    )

    assert outcome.value("rack_device_state", part="selected_source") == "source_b"
    assert outcome.value("rack_device_state", part="redundancy") == "lost"
    assert outcome.value("rack_psu_state", psu="24 V A") == "failed"
    assert outcome.value("rack_device_state", part="switch") == "ok"
    assert outcome.value("rack_inlet_state", inlet="A") == "failed"
    assert outcome.value("rack_device_state", part="phase_sync") == "out_of_sync"
    assert outcome.value("rack_inlet_frequency_hertz", inlet="A") == 50
    assert outcome.value("rack_phase_voltage_volts", inlet="A", phase="1") == 231
    assert outcome.value("rack_phase_voltage_volts", inlet="B", phase="1") == 229
    assert outcome.value("rack_phase_current_amperes", inlet="A", phase="1") is None
    out = {"output": "1", "phase": "1"}
    assert outcome.value("rack_output_phase_current_amperes", **out) == 6.3
    assert outcome.value("rack_output_phase_apparent_power_voltamperes", **out) == 1449
    assert outcome.value("rack_output_phase_utilization_ratio", **out) == 0.39
    assert outcome.value("rack_output_current_amperes") == 6.3
    assert outcome.value("rack_branch_current_amperes", branch="1") == 4.1
    assert outcome.value("rack_branch_state", branch="1", quantity="load") == "near_overload"
    assert outcome.failures == ()


async def test_a_hall_switch_and_its_generator() -> None:
    outcome = await read_varbinds(
        "apc-ats",
        {
            f"{HALL}.3.1.1.0": 3,
            f"{HALL}.4.1.2.0": 3,
            f"{HALL}.4.1.4.0": 5,
            f"{HALL}.4.1.3.0": 587,
            f"{HALL}.4.2.7.1.2.2": 4791,
            f"{HALL}.4.2.7.1.3.2": -1,
            f"{HALL}.4.3.2.0": 317,
            f"{HALL}.4.3.12.1.4.1": 41,
            f"{HALL}.4.3.12.1.5.1": 105,
            f"{GENERATOR}.2.2.0": 6,
            f"{GENERATOR}.3.1.0": 138,
            f"{GENERATOR}.3.3.0": 185,
            f"{GENERATOR}.5.9.0": 1,
        },
    )

    assert outcome.value("rack_device_state", part="isx_selected_source") == "source_2"
    assert outcome.value("rack_inlet_state", inlet="1", quantity="position") == "tripped"
    quality = outcome.value("rack_inlet_state", inlet="1", quantity="quality")
    assert quality == "frequency_out_of_range"
    assert outcome.value("rack_inlet_frequency_hertz", inlet="1") == 58.7
    assert outcome.value("rack_phase_voltage_volts", inlet="2", line="L2-L3") == 479.1
    assert outcome.value("rack_phase_voltage_volts", inlet="2", phase="2") is None
    assert outcome.value("rack_output_power_watts") == 31_700
    assert outcome.value("rack_output_phase_current_amperes", phase="1") == 41
    assert outcome.value("rack_output_phase_power_watts", phase="1") == 10_500
    assert outcome.value("rack_device_state", part="generator") == "running"
    assert outcome.value("rack_battery_voltage_volts", battery="generator") == 13.8
    # metric units are off: 185 degrees are Fahrenheit
    coolant = outcome.value("rack_sensor_temperature_celsius", sensor="generator coolant")
    assert coolant == 85.0
