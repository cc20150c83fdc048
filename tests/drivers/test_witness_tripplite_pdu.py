"""Tripp Lite (tlpPdu): values typed by hand from the definitions of TRIPPLITE-PRODUCTS."""

from tests.drivers.harness import read_varbinds

AGENT = "1.3.6.1.4.1.850.1.1.3"
TREE = f"{AGENT}.2"
PHASE, OUTPUT = f"{TREE}.3.1.2.1", f"{TREE}.3.2.1.1"
OUTLET, CIRCUIT = f"{TREE}.3.3.1.1", f"{TREE}.3.4.1.1"


async def test_phases_outputs_and_circuits() -> None:
    outcome = await read_varbinds(
        "tripplite-pdu",
        {
            f"{PHASE}.3.1.1": 599,
            f"{PHASE}.4.1.1": 2070,
            f"{OUTPUT}.2.1.1": 1,
            f"{OUTPUT}.4.1.1": 2070,
            f"{OUTPUT}.5.1.1": 123,
            f"{OUTPUT}.8.1.1": 207,
            f"{OUTPUT}.9.1.1": 97,
            f"{OUTPUT}.12.1.1": 21,
            f"{OUTPUT}.17.1.1": 470,
            f"{CIRCUIT}.2.1.2": 5,
            f"{CIRCUIT}.4.1.2": 100,
            f"{CIRCUIT}.5.1.2": 2000,
            f"{TREE}.3.5.1.1.2.1.2": 0,
        },
    )

    assert outcome.value("rack_phase_frequency_hertz", phase="1") == 59.9
    assert outcome.value("rack_phase_voltage_volts", phase="1") == 207
    output = {"output": "1", "phase": "1"}
    assert outcome.value("rack_output_phase_current_amperes", **output) == 1.23
    assert outcome.value("rack_output_phase_power_watts", **output) == 207
    assert outcome.value("rack_output_phase_power_factor_ratio", **output) == 0.97
    assert outcome.value("rack_output_phase_apparent_power_voltamperes", **output) == 210
    assert outcome.value("rack_output_phase_utilization_ratio", **output) == 0.047
    circuit = {"branch": "2", "line": "L2-L3"}
    assert outcome.value("rack_branch_current_amperes", **circuit) == 1
    assert outcome.value("rack_branch_current_limit_amperes", **circuit) == 20
    assert outcome.value("rack_branch_state", branch="2", quantity="breaker") == "open"


async def test_the_apparent_power_in_whole_volt_amperes_comes_first() -> None:
    outcome = await read_varbinds(
        "tripplite-pdu", {f"{OUTPUT}.12.1.1": 21, f"{OUTPUT}.15.1.1": 213}
    )

    assert outcome.value("rack_output_phase_apparent_power_voltamperes", output="1") == 213


async def test_outlets_of_the_second_device_of_an_agent() -> None:
    outcome = await read_varbinds(
        "tripplite-pdu",
        {
            f"{OUTLET}.1.2.4": 4,
            f"{OUTLET}.2.2.4": "leaf 1",
            f"{OUTLET}.4.2.4": 1,
            f"{OUTLET}.8.2.4": 55,
            f"{OUTLET}.16.2.4": 2,
            f"{OUTLET}.25.2.4": 1,
            f"{TREE}.2.1.1.12.2": 1,
        },
    )

    labels = {"unit": "2", "outlet": "4", "branch": "2"}
    assert outcome.value("rack_outlet_state", **labels) == "off"
    assert outcome.value("rack_outlet_info", name="leaf 1", **labels) == 1
    assert outcome.value("rack_outlet_current_amperes", **labels) == 0.55
    assert outcome.value("rack_outlet_status", quantity="current", **labels) == "overcurrent"
    assert outcome.value("rack_alarm_active", unit="2", alarm="general_fault") == 1


async def test_an_environment_sensor_of_the_same_agent() -> None:
    outcome = await read_varbinds(
        "tripplite-pdu",
        {
            f"{AGENT}.3.3.1.1.1.5": 231,
            f"{AGENT}.3.3.2.1.1.5": 40,
            f"{AGENT}.3.3.3.1.2.5.1": "door",
            f"{AGENT}.3.3.3.1.4.5.1": 0,
            f"{AGENT}.3.3.3.1.5.5.1": 1,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="5") == 23.1
    assert outcome.value("rack_relative_humidity_ratio", sensor="5") == 0.4
    contact = {"sensor": "5", "name": "door"}
    assert outcome.value("rack_sensor_state", port="1", quantity="contact", **contact) == "open"
    assert outcome.value("rack_alarm_active", alarm="contact-1", **contact) == 1
