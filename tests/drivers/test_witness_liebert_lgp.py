"""Liebert cards: values typed by hand from the LIEBERT-GP MIBs and RFC 1628."""

from tests.drivers.harness import read_varbinds

LGP = "1.3.6.1.4.1.476.1.42"
LINES, AIR = f"{LGP}.3.5.2.3.1", f"{LGP}.3.4.1.3.3.1"
UPS = "1.3.6.1.2.1.33.1"


async def test_an_identifier_tells_what_is_measured() -> None:
    outcome = await read_varbinds(
        "liebert-lgp",
        {
            f"{LINES}.3.1.1": f"{LGP}.3.5.2.1.9",
            f"{LINES}.4.1.1": 399,
            f"{LINES}.5.1.1": 230,
            f"{LINES}.13.1.1": 15,
            f"{LINES}.14.1.1": 95,
            f"{LINES}.3.3.2": f"{LGP}.3.5.2.1.1",
            f"{LINES}.6.3.2": 52,
        },
    )

    output = {"output": "system"}
    assert outcome.value("rack_output_phase_voltage_volts", line="L1-L2", **output) == 399
    assert outcome.value("rack_output_phase_voltage_volts", phase="L1", **output) == 230
    assert outcome.value("rack_output_phase_crest_factor_ratio", phase="L1", **output) == 1.5
    assert outcome.value("rack_output_phase_power_factor_ratio", phase="L1", **output) == 0.95
    assert outcome.value("rack_phase_current_amperes", inlet="source_1", phase="L2") == 52


async def test_a_ups_speaks_the_standard_mib_too() -> None:
    outcome = await read_varbinds(
        "liebert-lgp",
        {
            f"{UPS}.2.1.0": 3,
            f"{UPS}.2.3.0": 52,
            f"{UPS}.2.4.0": 88,
            f"{UPS}.2.5.0": 545,
            f"{UPS}.3.3.1.3.1": 227,
            f"{UPS}.3.3.1.4.1": 520,
            f"{UPS}.4.1.0": 5,
            f"{UPS}.4.2.0": 499,
            f"{UPS}.4.4.1.5.2": 42,
            f"{UPS}.5.3.1.2.3": 228,
        },
    )

    assert outcome.value("rack_battery_state") == "low"
    assert outcome.value("rack_battery_runtime_seconds") == 3120
    assert outcome.value("rack_battery_charge_ratio") == 0.88
    assert outcome.value("rack_battery_voltage_volts") == 54.5
    assert outcome.value("rack_phase_voltage_volts", phase="L1") == 227
    assert outcome.value("rack_phase_current_amperes", phase="L1") == 52
    assert outcome.value("rack_output_state", quantity="source") == "battery"
    assert outcome.value("rack_output_frequency_hertz") == 49.9
    assert outcome.value("rack_output_phase_utilization_ratio", phase="L2") == 0.42
    assert outcome.value("rack_phase_voltage_volts", inlet="bypass", phase="L3") == 228


async def test_tenths_of_a_degree_come_before_whole_ones() -> None:
    outcome = await read_varbinds(
        "liebert-lgp",
        {
            f"{AIR}.2.1": f"{LGP}.3.4.1.1.3",
            f"{AIR}.3.1": 18,
            f"{AIR}.50.1": 184,
            f"{AIR}.6.1": 20,
            f"{AIR}.2.2": f"{LGP}.3.4.1.1.2",
            f"{AIR}.3.2": 27,
            f"{AIR}.2.3": f"{LGP}.3.4.1.1.20",
            f"{AIR}.3.3": 12,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", side="supply") == 18.4
    assert outcome.value("rack_air_temperature_celsius", side="return") == 27
    assert outcome.value("rack_air_temperature_setpoint_celsius", side="supply") == 20
    assert outcome.value("rack_coolant_temperature_celsius", sensor="supply_fluid") == 12


async def test_what_a_cooling_unit_does() -> None:
    state = f"{LGP}.3.4.3"
    outcome = await read_varbinds(
        "liebert-lgp",
        {f"{state}.1.0": 3, f"{state}.2.0": 2, f"{state}.8.0": 1, f"{state}.16.0": 50},
    )

    assert outcome.value("rack_cooling_state", part="system") == "standby"
    assert outcome.value("rack_cooling_state", part="cooling") == "off"
    assert outcome.value("rack_alarm_active", alarm="general") == 1
    assert outcome.value("rack_cooling_capacity_ratio", part="fan") == 0.5
