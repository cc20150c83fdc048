"""Tripp Lite (tlpAts): values typed by hand from the definitions of TRIPPLITE-PRODUCTS."""

from tests.drivers.harness import read_varbinds

AGENT = "1.3.6.1.4.1.850.1.1.3"
TREE = f"{AGENT}.4"
PHASE, OUTPUT = f"{TREE}.3.1.2.1", f"{TREE}.3.2.1.1"


async def test_a_source_is_an_inlet_and_stands_before_the_phase() -> None:
    outcome = await read_varbinds(
        "tripplite-ats",
        {
            f"{PHASE}.4.1.1.1": 599,
            f"{PHASE}.5.1.1.1": 1171,
            f"{PHASE}.5.1.2.1": 1192,
            f"{PHASE}.8.1.1.1": 1300,
            f"{PHASE}.10.1.1.1": 215,
        },
    )

    assert outcome.value("rack_phase_frequency_hertz", inlet="1", phase="1") == 59.9
    assert outcome.value("rack_phase_voltage_volts", inlet="1", phase="1") == 117.1
    assert outcome.value("rack_phase_voltage_volts", inlet="2", phase="1") == 119.2
    assert outcome.value("rack_phase_current_amperes", inlet="1", phase="1") == 13
    assert outcome.value("rack_phase_voltage_thd_ratio", inlet="1", phase="1") == 0.0215


async def test_which_source_feeds_the_load() -> None:
    sources = f"{TREE}.3.1.1.1"
    outcome = await read_varbinds(
        "tripplite-ats",
        {f"{sources}.12.1": 3, f"{sources}.13.1": 1, f"{sources}.15.1": 20, f"{TREE}.2.1.1.1.1": 2},
    )

    assert outcome.value("rack_inlet_state", quantity="sources_available") == "both"
    assert outcome.value("rack_inlet_state", quantity="source_in_use") == "source_b"
    assert outcome.value("rack_inlet_current_limit_amperes") == 20
    assert outcome.value("rack_output_state", quantity="switch") == "on"


async def test_the_output() -> None:
    outcome = await read_varbinds(
        "tripplite-ats",
        {f"{OUTPUT}.4.1.1": 1171, f"{OUTPUT}.5.1.1": 1300, f"{OUTPUT}.8.1.1": 1523},
    )

    assert outcome.value("rack_output_phase_voltage_volts", output="1") == 117.1
    assert outcome.value("rack_output_phase_current_amperes", output="1") == 13
    assert outcome.value("rack_output_phase_power_watts", output="1") == 1523
