"""Rittal CMC III: variables typed by hand as RITTAL-CMC-III-MIB defines them."""

from tests.drivers.harness import Outcome, read_varbinds

VARIABLES = "1.3.6.1.4.1.2606.7.4.2.2.1"
Variable = tuple[str, int, str, int, int]
"""Name, kind, unit, scale and integer value."""


async def read(*variables: Variable, device: int = 1) -> Outcome:
    rows: dict[str, int | str] = {}
    for number, (name, kind, unit, scale, value) in enumerate(variables, 1):
        row: dict[int, int | str] = {3: name, 4: kind, 5: unit, 7: scale, 11: value}
        rows |= {f"{VARIABLES}.{column}.{device}.{number}": row[column] for column in row}
    return await read_varbinds("rittal-cmc3", rows)


async def test_negative_scales_divide_and_positive_ones_multiply() -> None:
    outcome = await read(
        ("Phase L1.Voltage.Value", 2, "V", -10, 2292),
        ("Phase L1.Voltage.THD.Value", 2, "%", 0, 3),
        ("Phase L1.Current.Value", 2, "A", -100, 473),
        ("Phase L1.Power.Active.Value", 2, "W", 10, 104),
        ("Phase L1.Power.Factor.Value", 2, "", -100, -95),
        ("Phase L1.Power.Reactive.Value", 2, "var", 1, 296),
        ("Total.Energy.Active.Value", 2, "kWh", -10, 26418),
        ("Total.Energy.Active Custom.Value", 2, "kWh", -10, 5),
        device=2,
    )

    labels = {"unit": "2", "phase": "L1"}
    assert outcome.value("rack_phase_voltage_volts", **labels) == 229.2
    assert outcome.value("rack_phase_voltage_thd_ratio", **labels) == 0.03
    assert outcome.value("rack_phase_current_amperes", **labels) == 4.73
    assert outcome.value("rack_phase_power_watts", **labels) == 1040
    assert outcome.value("rack_phase_power_factor_ratio", **labels) == -0.95
    assert outcome.value("rack_phase_reactive_power_voltamperes_reactive", **labels) == 296
    assert outcome.value("rack_inlet_energy_joules_total", unit="2") == 2641.8 * 3.6e6
    assert outcome.value("rack_inlet_resettable_energy_joules_total", unit="2") == 0.5 * 3.6e6


async def test_a_scale_nobody_knows_gives_no_value() -> None:
    outcome = await read(("Phase L1.Voltage.Value", 2, "V", -7, 2292))

    assert outcome.value("rack_phase_voltage_volts", phase="L1") is None


async def test_the_unit_text_tells_celsius_from_fahrenheit_and_litres_from_gallons() -> None:
    outcome = await read(
        ("Temperature.Value", 2, "degree C", -100, 2360),
        ("Air Temp.Server In.Top.Value", 2, "degree F", -100, 6800),
        ("Water.Flowrate.Value", 2, "l/min", -10, 60),
        ("Humidity.Value", 2, "%", 1, 45),
        ("Humidity.Dew Point.Value", 2, "degree C", -100, 1010),
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="Temperature") == 23.6
    assert outcome.value("rack_air_temperature_celsius", side="supply", position="top") == 20
    assert outcome.value("rack_coolant_flow_liters_per_second", loop="facility") == 0.1
    assert outcome.value("rack_relative_humidity_ratio", sensor="Humidity") == 0.45
    assert outcome.value("rack_dew_point_celsius", sensor="Humidity.Dew Point") == 10.1


async def test_a_cooler_says_speed_and_command_in_percent() -> None:
    outcome = await read(
        ("Fans.Current Speed.Fan3.Value", 2, "%", 1, 16),
        ("Fans.Internal Control.Fan3", 2, "%", 1, 14),
        ("Control Valve.Current Value.Valve1.Value", 2, "%", 1, 38),
        ("Control Valve.Internal Control.Valve1", 2, "%", -10, 354),
        ("Cooling Capacity.Value", 2, "W", 1, 1707),
        ("Leakage Sensor.Input", 2, "", 1, 1),
        ("Leakage Sensor.Status", 7, "", 0, 5),
        ("Features.Dewpoint Control.Temperature", 2, "degree C", -100, 0),
    )

    assert outcome.value("rack_fan_duty_ratio", fan="3") == 0.16
    assert outcome.value("rack_fan_command_ratio", fan="3") == 0.14
    valve = {"valve": "1", "loop": "facility"}
    assert outcome.value("rack_valve_position_ratio", **valve) == 0.38
    assert outcome.value("rack_valve_command_ratio", **valve) == 0.354
    assert outcome.value("rack_heat_removed_watts") == 1707
    assert outcome.value("rack_leak_detected", sensor="Leakage Sensor") == 1
    assert outcome.value("rack_leak_state", sensor="Leakage Sensor") == "alarm"
    assert [r for r in outcome.readings if "Features" in str(dict(r.labels))] == []


async def test_states_relays_sockets_and_fuses() -> None:
    outcome = await read(
        ("Phase L2.Voltage.Status", 7, "", 0, 9),
        ("Phase L2.Fuses.Fuse 1.Status", 7, "", 0, 4),
        ("Sockets.Socket 07.General.Relay", 20, "", 0, 1),
        ("Sockets.Socket 07.General.Status", 7, "", 0, 11),
        ("PSM_P1_1.Plug3.Relay", 20, "", 0, 0),
        ("PSM_P1_1.Unit.Value", 2, "A", -10, 14),
        ("Smoke.Value", 2, "", 1, 1),
        ("Access.Value", 2, "", 1, 0),
        ("Access.Status", 7, "", 0, 13),
        ("Webcam.Status", 7, "", 0, 1),
        ("Temperature.SetPtHigh", 3, "degree C", -100, 3500),
    )

    state = outcome.value("rack_phase_state", phase="L2", quantity="voltage")
    assert state == "low_warning"
    assert outcome.value("rack_branch_state", phase="L2", branch="Fuse 1") == "ok"
    assert outcome.value("rack_outlet_state", outlet="7") == "on"
    assert outcome.value("rack_outlet_state", outlet="3", branch="PSM_P1_1") == "off"
    assert outcome.value("rack_branch_current_amperes", branch="PSM_P1_1") == 1.4
    assert outcome.value("rack_sensor_state", sensor="Smoke", quantity="detector") == "alarm"
    assert outcome.value("rack_sensor_state", sensor="Access", quantity="access") == "closed"
    assert outcome.value("rack_sensor_state", sensor="Access", quantity="status") == "closed"
    assert len(outcome.readings) == 9
