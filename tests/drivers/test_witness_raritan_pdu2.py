"""Raritan PX: values typed by hand from PDU2-MIB's types, digits, units and states."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.13742.6"
INLET, INLET_DIGITS, INLET_UNIT, INLET_STATE = (
    f"{BASE}.5.2.3.1.4.1.1",
    f"{BASE}.3.3.4.1.7.1.1",
    f"{BASE}.3.3.4.1.6.1.1",
    f"{BASE}.5.2.3.1.3.1.1",
)


def inlet(kind: int, value: int, digits: int, unit: int, state: int = 4) -> dict[str, int | str]:
    return {
        f"{INLET}.{kind}": value,
        f"{INLET_DIGITS}.{kind}": digits,
        f"{INLET_UNIT}.{kind}": unit,
        f"{INLET_STATE}.{kind}": state,
    }


async def test_every_row_has_its_own_digits() -> None:
    # rmsCurrent(1) amp(2), rmsVoltage(4) volt(1), activePower(5) watt(3), powerFactor(7) none(-1),
    # activeEnergy(8) wattHour(5), frequency(23) hertz(8)
    outcome = await read_varbinds(
        "raritan-pdu2",
        inlet(1, 7467, 3, 2)
        | inlet(4, 229, 0, 1)
        | inlet(5, 1665, 0, 3)
        | inlet(7, 98, 2, -1)
        | inlet(8, 74_057_676, 0, 5)
        | inlet(23, 500, 1, 8),
    )

    assert outcome.value("rack_inlet_current_amperes", inlet="1") == 7.467
    assert outcome.value("rack_inlet_voltage_volts", inlet="1") == 229
    assert outcome.value("rack_inlet_power_watts", inlet="1") == 1665
    assert outcome.value("rack_inlet_power_factor_ratio", inlet="1") == 0.98
    assert outcome.value("rack_inlet_energy_joules_total", inlet="1") == 74_057_676 * 3600
    assert outcome.value("rack_inlet_frequency_hertz", inlet="1") == 50
    assert outcome.value("rack_inlet_state", inlet="1", quantity="current") == "normal"
    assert outcome.failures == ()


async def test_old_firmware_without_units_has_the_usual_ones() -> None:
    outcome = await read_varbinds("raritan-pdu2", {f"{INLET}.1": 680, f"{INLET_DIGITS}.1": 3})

    assert outcome.value("rack_inlet_current_amperes", inlet="1") == 0.68


async def test_unavailable_is_not_zero() -> None:
    outcome = await read_varbinds("raritan-pdu2", inlet(7, 0, 2, -1, state=-1))

    assert outcome.value("rack_inlet_power_factor_ratio", inlet="1") is None
    assert outcome.value("rack_inlet_state", inlet="1", quantity="power_factor") == "unavailable"


async def test_the_printed_label_is_the_label() -> None:
    outcome = await read_varbinds(
        "raritan-pdu2", inlet(5, 100, 0, 3) | {f"{BASE}.3.3.3.1.2.1.1": "I1"}
    )

    assert outcome.value("rack_inlet_power_watts", inlet="I1") == 100


async def test_a_second_unit_of_a_cascade_carries_its_number() -> None:
    outcome = await read_varbinds(
        "raritan-pdu2",
        inlet(5, 100, 0, 3) | {f"{BASE}.5.2.3.1.4.2.1.5": 70, f"{BASE}.3.3.4.1.7.2.1.5": 0},
    )

    assert outcome.value("rack_inlet_power_watts", inlet="1") == 100
    assert outcome.value("rack_inlet_power_watts", inlet="1", unit="2") == 70


async def test_poles_are_phases_and_the_voltage_between_them_a_pair_of_lines() -> None:
    value, digits, line = f"{BASE}.5.2.4.1.4.1.1", f"{BASE}.3.3.6.1.7.1.1", f"{BASE}.3.3.5.1.1.1.1"
    outcome = await read_varbinds(
        "raritan-pdu2",
        {
            f"{line}.1": 1,
            f"{line}.2": 2,
            f"{value}.1.1": 5600,
            f"{digits}.1.1": 3,
            f"{value}.1.4": 208,
            f"{digits}.1.4": 0,
            f"{value}.1.25": 120,
            f"{digits}.1.25": 0,
            f"{value}.2.1": 4100,
            f"{digits}.2.1": 3,
        },
    )

    assert outcome.value("rack_phase_current_amperes", inlet="1", phase="1") == 5.6
    assert outcome.value("rack_phase_current_amperes", inlet="1", phase="2") == 4.1
    assert outcome.value("rack_phase_voltage_volts", inlet="1", line="L1-L2") == 208
    assert outcome.value("rack_phase_voltage_volts", inlet="1", phase="1") == 120


async def test_line_pairs_fill_in_where_poles_give_no_voltage() -> None:
    value, digits, pair = f"{BASE}.5.2.5.1.4.1.1", f"{BASE}.3.3.8.1.7.1.1", f"{BASE}.3.3.7.1"
    outcome = await read_varbinds(
        "raritan-pdu2",
        {f"{pair}.2.1.1.1": 1, f"{pair}.3.1.1.1": 2, f"{value}.1.4": 415, f"{digits}.1.4": 0},
    )

    assert outcome.value("rack_phase_voltage_volts", inlet="1", line="L1-L2") == 415


async def test_outlets_and_breakers_say_their_states() -> None:
    outcome = await read_varbinds(
        "raritan-pdu2",
        {
            f"{BASE}.5.4.3.1.3.1.1.14": 7,
            f"{BASE}.5.4.3.1.3.1.2.14": 8,
            f"{BASE}.5.4.3.1.3.1.2.1": 6,
            f"{BASE}.5.3.3.1.3.1.1.15": 0,
            f"{BASE}.3.4.3.1.2.1.1": "C1",
            f"{BASE}.3.4.3.1.5.1.1": "16A",
        },
    )

    assert outcome.value("rack_outlet_state", outlet="1") == "on"
    assert outcome.value("rack_outlet_state", outlet="2") == "off"
    status = outcome.value("rack_outlet_status", outlet="2", quantity="current")
    assert status == "above_upper_critical"
    assert outcome.value("rack_branch_state", branch="C1", quantity="trip") == "open"
    assert outcome.value("rack_branch_current_limit_amperes", branch="C1") == 16


def external(sensor: int, kind: int, value: int, digits: int, unit: int) -> dict[str, int | str]:
    return {
        f"{BASE}.3.6.3.1.2.1.{sensor}": kind,
        f"{BASE}.3.6.3.1.16.1.{sensor}": unit,
        f"{BASE}.3.6.3.1.17.1.{sensor}": digits,
        f"{BASE}.5.5.3.1.3.1.{sensor}": 4,
        f"{BASE}.5.5.3.1.4.1.{sensor}": value,
    }


async def test_external_sensors_are_what_their_type_says() -> None:
    # temperature(10) in degreeC(7) and in degreeF(14), humidity(11), airPressure(13) in pascal(11)
    outcome = await read_varbinds(
        "raritan-pdu2",
        external(1, 10, 231, 1, 7)
        | external(2, 10, 770, 1, 14)
        | external(3, 11, 41, 0, 9)
        | external(4, 13, 25, 1, 11)
        | {f"{BASE}.3.6.3.1.2.1.5": 17, f"{BASE}.5.5.3.1.3.1.5": 11, f"{BASE}.5.5.3.1.4.1.5": 0},
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 23.1
    assert outcome.value("rack_air_temperature_celsius", sensor="2") == 25
    assert outcome.value("rack_relative_humidity_ratio", sensor="3") == 0.41
    assert outcome.value("rack_air_pressure_pascals", sensor="4") == 2.5
    assert outcome.value("rack_leak_detected", sensor="5") == 1
