"""APC Easy PDU: values typed by hand from PowerNet-MIB's ePDU definitions."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.318.1.1.30"


async def test_units_phases_outlets_and_sensors() -> None:
    outcome = await read_varbinds(
        "apc-epdu",
        {
            f"{BASE}.2.1.1.7.1": 1803,
            f"{BASE}.2.1.1.8.1": -1,
            f"{BASE}.2.1.1.10.1": 987,
            f"{BASE}.2.1.1.11.1": 4_321,
            f"{BASE}.2.1.1.12.1": 50_012,
            f"{BASE}.4.2.1.2.3": 1,
            f"{BASE}.4.2.1.3.3": 3,
            f"{BASE}.4.2.1.4.3": 2307,
            f"{BASE}.4.2.1.5.3": 784,
            f"{BASE}.4.2.1.6.3": 1803,
            f"{BASE}.4.2.1.9.3": 997,
            f"{BASE}.4.2.1.10.3": 332_241,
            f"{BASE}.6.1.1.4.5": 1,
            f"{BASE}.8.2.1.3.1": 241,
            f"{BASE}.8.2.1.4.1": 455,
        },
    )

    assert outcome.value("rack_inlet_power_watts") == 1803
    assert outcome.value("rack_inlet_reactive_power_voltamperes_reactive") is None
    assert outcome.value("rack_inlet_power_factor_ratio") == 0.987
    assert outcome.value("rack_inlet_energy_joules_total") == 4321 * 3600
    assert outcome.value("rack_inlet_frequency_hertz") == 50.012
    assert outcome.value("rack_phase_voltage_volts", phase="3") == 230.7
    assert outcome.value("rack_phase_current_amperes", phase="3") == 7.84
    assert outcome.value("rack_phase_power_watts", phase="3") == 1803
    assert outcome.value("rack_phase_power_factor_ratio", phase="3") == 0.997
    assert outcome.value("rack_phase_energy_joules_total", phase="3") == 332_241 * 3600
    assert outcome.value("rack_outlet_state", outlet="5") == "off"
    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 24.1
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") == 0.455
    assert outcome.failures == ()
