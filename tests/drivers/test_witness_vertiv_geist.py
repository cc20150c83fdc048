"""Geist V5: values typed by hand from the definitions of VERTIV-V5-MIB."""

from tests.drivers.harness import read_varbinds

IMD = "1.3.6.1.4.1.21239.5.2"
MAIN, PHASE, BREAKER = f"{IMD}.3.1.1", f"{IMD}.3.2.1", f"{IMD}.3.3.1"
SWITCH, METER = f"{IMD}.3.5.1", f"{IMD}.3.6.1"
CELSIUS = f"{IMD}.1.7.0"


async def test_every_column_has_a_scale_of_its_own() -> None:
    outcome = await read_varbinds(
        "vertiv-geist",
        {
            f"{MAIN}.5.1": 1,
            f"{MAIN}.9.1": 1500,
            f"{MAIN}.11.1": 96,
            f"{MAIN}.12.1": 2_500,
            f"{PHASE}.3.1": "Phase A",
            f"{PHASE}.4.1": 2305,
            f"{PHASE}.8.1": 651,
            f"{PHASE}.14.1": 98,
            f"{PHASE}.19.1": 152,
            f"{BREAKER}.3.1": "Circuit 1",
            f"{BREAKER}.4.1": 42,
        },
    )

    assert outcome.value("rack_inlet_power_watts") == 1500
    assert outcome.value("rack_inlet_power_factor_ratio") == 0.96
    assert outcome.value("rack_inlet_energy_joules_total") == 2.5 * 3.6e6
    assert outcome.value("rack_phase_voltage_volts", phase="1", name="Phase A") == 230.5
    assert outcome.value("rack_phase_current_amperes", phase="1", name="Phase A") == 6.51
    assert outcome.value("rack_phase_power_factor_ratio", phase="1", name="Phase A") == 0.98
    assert outcome.value("rack_phase_crest_factor_ratio", phase="1", name="Phase A") == 1.52
    assert outcome.value("rack_branch_current_amperes", branch="1", name="Circuit 1") == 0.42
    assert outcome.failures == ()


async def test_a_second_unit_carries_its_number_and_an_absent_one_gives_nothing() -> None:
    outcome = await read_varbinds(
        "vertiv-geist",
        {f"{MAIN}.5.1": 0, f"{MAIN}.9.1": 100, f"{MAIN}.5.2": 1, f"{MAIN}.9.2": 200},
    )

    assert outcome.value("rack_inlet_power_watts") is None
    assert outcome.value("rack_inlet_power_watts", unit="2") == 200
    assert outcome.value("rack_device_state", part="pdu") == "unavailable"


async def test_a_setting_turns_degrees_into_fahrenheit() -> None:
    rows: dict[str, int | str] = {f"{IMD}.4.1.3.1": "Intake", f"{IMD}.4.1.4.1": 1}
    rows[f"{IMD}.4.1.5.1"] = 770
    fahrenheit = await read_varbinds("vertiv-geist", rows | {CELSIUS: 0})
    celsius = await read_varbinds("vertiv-geist", rows | {CELSIUS: 1})

    metric = "rack_air_temperature_celsius"
    assert fahrenheit.value(metric, sensor="temp-1", name="Intake") == 25
    assert celsius.value(metric, sensor="temp-1", name="Intake") == 77


async def test_a_sensor_without_its_outer_probes_has_one_temperature() -> None:
    outcome = await read_varbinds(
        "vertiv-geist",
        {
            CELSIUS: 1,
            f"{IMD}.8.1.4.1": 1,
            f"{IMD}.8.1.6.1": 215,
            f"{IMD}.8.1.7.1": 45,
            f"{IMD}.8.1.9.1": 0,
            f"{IMD}.8.1.11.1": 0,
            f"{IMD}.8.1.12.1": 1,
            f"{IMD}.8.1.14.1": 198,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="t3hd-1") == 21.5
    assert outcome.value("rack_air_temperature_celsius", sensor="t3hd-1-b") == 19.8
    assert outcome.value("rack_relative_humidity_ratio", sensor="t3hd-1") == 0.45
    found = [r for r in outcome.readings if r.metric == "rack_air_temperature_celsius"]
    assert len(found) == 2


async def test_an_outlet_is_switched_and_metered_in_two_tables() -> None:
    outcome = await read_varbinds(
        "vertiv-geist",
        {
            f"{SWITCH}.4.7": 2,
            f"{SWITCH}.5.7": 2,
            f"{METER}.4.7": 2290,
            f"{METER}.8.7": 105,
            f"{METER}.12.7": 230,
        },
    )

    assert outcome.value("rack_outlet_state", outlet="7") == "off"
    assert outcome.value("rack_outlet_status", outlet="7", quantity="relay") == "normal"
    assert outcome.value("rack_outlet_voltage_volts", outlet="7") == 229
    assert outcome.value("rack_outlet_current_amperes", outlet="7") == 1.05
    assert outcome.value("rack_outlet_power_watts", outlet="7") == 230


async def test_what_an_analog_input_says_is_its_own_text() -> None:
    outcome = await read_varbinds(
        "vertiv-geist",
        {f"{IMD}.11.1.4.1": 1, f"{IMD}.11.1.6.1": "Water", f"{IMD}.11.1.7.1": 3},
    )

    assert outcome.value("rack_sensor_state", sensor="a2d-1", quantity="leak") == "Water"
