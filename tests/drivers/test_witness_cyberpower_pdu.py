"""CyberPower PDU: values typed by hand from the definitions of CPS-MIB (ePDU, ePDU2)."""

from tests.drivers.harness import read_varbinds

OLD = "1.3.6.1.4.1.3808.1.1.3"
NEW = "1.3.6.1.4.1.3808.1.1.6"
ROOM = "1.3.6.1.4.1.3808.1.1.4"


async def test_the_older_tree_tells_phases_from_banks() -> None:
    outcome = await read_varbinds(
        "cyberpower-pdu",
        {
            f"{OLD}.2.3.1.1.4.1": 1,
            f"{OLD}.2.3.1.1.5.1": 0,
            f"{OLD}.2.3.1.1.2.1": 87,
            f"{OLD}.2.3.1.1.6.1": 2305,
            f"{OLD}.2.3.1.1.7.1": 1954,
            f"{OLD}.2.3.1.1.9.1": 97,
            f"{OLD}.2.3.1.1.10.1": 421,
            f"{OLD}.2.3.1.1.3.1": 3,
            f"{OLD}.2.3.1.1.4.2": 1,
            f"{OLD}.2.3.1.1.5.2": 2,
            f"{OLD}.2.3.1.1.2.2": 41,
            f"{OLD}.3.5.1.1.2.3": "node 3",
            f"{OLD}.3.5.1.1.4.3": 2,
            f"{OLD}.3.5.1.1.7.3": 12,
            f"{OLD}.4.1.2.0": 3,
            f"{OLD}.5.7.0": 2305,
            f"{OLD}.5.8.0": 500,
        },
    )

    assert outcome.value("rack_phase_current_amperes", phase="1") == 8.7
    assert outcome.value("rack_phase_voltage_volts", phase="1") == 230.5
    assert outcome.value("rack_phase_power_watts", phase="1") == 1954
    assert outcome.value("rack_phase_power_factor_ratio", phase="1") == 0.97
    assert outcome.value("rack_phase_energy_joules_total", phase="1") == 42.1 * 3.6e6
    assert outcome.value("rack_phase_state", phase="1", quantity="load") == "near_overload"
    assert outcome.value("rack_branch_current_amperes", branch="2") == 4.1
    assert outcome.value("rack_outlet_state", outlet="3") == "off"
    assert outcome.value("rack_outlet_current_amperes", outlet="3") == 1.2
    assert outcome.value("rack_outlet_info", outlet="3", name="node 3") == 1
    assert outcome.value("rack_psu_state", psu="2") == "not_present"
    assert outcome.value("rack_inlet_voltage_volts") == 230.5
    assert outcome.value("rack_inlet_frequency_hertz") == 50
    assert outcome.failures == ()


async def test_the_newer_tree_knows_the_units_of_a_chain() -> None:
    outcome = await read_varbinds(
        "cyberpower-pdu",
        {
            f"{NEW}.3.4.1.2.2": 2,
            f"{NEW}.3.4.1.4.2": 4,
            f"{NEW}.3.4.1.5.2": 133,
            f"{NEW}.3.4.1.9.2": 77,
            f"{NEW}.3.4.1.14.2": 2,
            f"{NEW}.3.4.1.18.2": 3001,
            f"{NEW}.4.4.1.2.4": 2,
            f"{NEW}.4.4.1.3.4": 1,
            f"{NEW}.4.4.1.5.4": 133,
            f"{NEW}.4.4.1.13.4": 4001,
            f"{NEW}.6.2.4.1.2.9": 2,
            f"{NEW}.6.2.4.1.3.9": 1,
            f"{NEW}.6.2.4.1.7.9": 82,
            f"{NEW}.6.2.4.1.11.9": 31,
        },
    )

    unit = {"unit": "2"}
    assert outcome.value("rack_inlet_power_watts", **unit) == 3001
    assert outcome.value("rack_inlet_current_amperes", **unit) == 13.3
    assert outcome.value("rack_inlet_energy_joules_total", **unit) == 7.7 * 3.6e6
    assert outcome.value("rack_inlet_state", **unit, quantity="load") == "over_current"
    assert outcome.value("rack_psu_state", **unit, psu="2") == "alarm"
    assert outcome.value("rack_phase_current_amperes", **unit, phase="1") == 13.3
    assert outcome.value("rack_phase_voltage_volts", **unit, line="L1-L2") == 400.1
    assert outcome.value("rack_outlet_power_watts", **unit, outlet="1") == 82
    assert outcome.value("rack_outlet_energy_joules_total", **unit, outlet="1") == 3.1 * 3.6e6


async def test_an_unplugged_sensor_is_not_a_frozen_room() -> None:
    sensor = await read_varbinds("cyberpower-pdu", {f"{ROOM}.2.6.0": 236, f"{ROOM}.3.1.0": 41})
    none = await read_varbinds("cyberpower-pdu", {f"{ROOM}.2.6.0": 0, f"{ROOM}.3.1.0": 0})

    assert sensor.value("rack_air_temperature_celsius") == 23.6
    assert sensor.value("rack_relative_humidity_ratio") == 0.41
    assert none.readings == ()
