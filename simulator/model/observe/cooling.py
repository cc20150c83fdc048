"""The instruments of the cooling unit (CDU, RPU or rear door), under the role ``cdu``."""

from functools import partial

from simulator.model.observe.points import (
    FLOW,
    HUMIDITY,
    POWER,
    PRESSURE,
    SHARE,
    SPEED,
    TEMPERATURE,
    Board,
    SensorNoise,
    Value,
    View,
)
from simulator.model.physics.formulas import dew_point_c
from simulator.model.physics.hydraulics import CoolantLoop, PumpState
from simulator.model.physics.machine import Machine
from simulator.model.physics.thermal import Heat

_KPA = 1e3
_RETURN_LIMIT_C = 65.0
_SUPPLY_BAND_K = 5.0


def build(board: Board, machine: Machine) -> None:
    """Add the view ``cdu``."""
    view = board.view("cdu")
    heat, loop = machine.heat, machine.loop
    board.identify(view, f"Cooling unit {machine.spec.name}")
    if loop is not None:
        _technology(view, heat, loop)
        for number, pump in enumerate(loop.state.pumps, start=1):
            _pump(view, loop, pump, number)
        _leak(view, loop)
    if heat.spec.cold == "water":
        _facility(view, heat)
    else:
        _exchanger_fans(view, heat)
    _air(view, heat)
    _alarms(view, heat, loop)


def _technology(view: View, heat: Heat, loop: CoolantLoop) -> None:
    state, spec = loop.state, loop.spec

    def unrest() -> float:
        return state.air

    def before_pumps() -> float:
        return _KPA * loop.static_kpa

    def after_pumps() -> float:
        # Filter and exchanger are between the pumps and this sensor, pipes after the rack.
        return _KPA * (loop.static_kpa + loop.rack_drop_kpa + 0.2 * loop.rest_drop_kpa)

    def head() -> float:
        return _KPA * (loop.rack_drop_kpa + loop.rest_drop_kpa)

    add = view.add
    where: dict[str, object] = {"loop": "technology"}
    temperature = "rack_coolant_temperature_celsius"
    pressure = "rack_coolant_pressure_pascals"
    difference = "rack_coolant_differential_pressure_pascals"
    add(temperature, lambda: heat.supply_seen_c, TEMPERATURE, side="supply", **where)
    add(temperature, lambda: heat.return_seen_c, TEMPERATURE, side="return", **where)
    restless = (
        add("rack_coolant_flow_liters_per_second", lambda: state.flow_l_min / 60, FLOW, **where),
        add(pressure, after_pumps, PRESSURE, side="supply", **where),
        add(pressure, before_pumps, PRESSURE, side="return", **where),
        add(difference, lambda: _KPA * loop.rack_drop_kpa, PRESSURE, across="rack", **where),
        add(difference, head, PRESSURE, across="pump", **where),
        add(
            difference,
            lambda: _KPA * spec.filter_share * loop.rest_drop_kpa,
            PRESSURE,
            across="filter",
            **where,
        ),
    )
    for point in restless:
        point.unrest = unrest
    add("rack_coolant_flow_setpoint_liters_per_second", lambda: spec.flow_l_min / 60, **where)
    add(
        "rack_coolant_temperature_setpoint_celsius",
        lambda: heat.setpoint_c,
        side="supply",
        **where,
    )
    add("rack_coolant_level_ratio", lambda: loop.level_ratio, **where)
    add(
        "rack_coolant_level_state",
        lambda: "normal" if loop.level_ratio > 0.5 else "low",
        **where,
    )
    add(
        "rack_coolant_conductivity_siemens_per_meter",
        lambda: spec.conductivity_s_m,
        PRESSURE,
        **where,
    )
    add("rack_coolant_ph_value", lambda: spec.ph, SensorNoise(fixed=0.02), **where)
    add("rack_heat_removed_watts", lambda: 1e3 * heat.heat_seen_kw, POWER, **where)
    add("rack_cooling_power_watts", lambda: 1e3 * loop.pump_kw, POWER, part="pumps")
    add(
        "rack_cooling_state",
        lambda: "running" if any(pump.speed for pump in state.pumps) else "stopped",
    )


def _pump(view: View, loop: CoolantLoop, pump: PumpState, number: int) -> None:
    add, spec = view.add, loop.spec
    add("rack_pump_speed_rpm", lambda: spec.pump_rpm * pump.speed, SPEED, pump=number)
    add("rack_pump_duty_ratio", lambda: pump.speed, pump=number)
    add("rack_pump_runtime_seconds_total", lambda: pump.runtime_s, pump=number)
    add("rack_pump_state", partial(loop.pump_word, pump), pump=number)
    add(
        "rack_alarm_active",
        lambda: float(not pump.healthy),
        alarm=f"pump_{number}_failed",
        severity="major",
        part=f"pump-{number}",
    )


def _leak(view: View, loop: CoolantLoop) -> None:
    state = loop.state

    def word() -> str:
        return "fault" if state.cable_cut else "leak" if loop.leak_seen else "dry"

    view.add("rack_leak_detected", lambda: float(loop.leak_seen), sensor=1)
    view.add("rack_leak_sensor_fault", lambda: float(state.cable_cut), sensor=1)
    view.add("rack_leak_state", word, sensor=1)


def _facility(view: View, heat: Heat) -> None:
    thermal, spec = heat.state.thermal, heat.spec
    add = view.add
    where: dict[str, object] = {"loop": "facility"}
    temperature = "rack_coolant_temperature_celsius"

    def drop() -> float:
        return _KPA * spec.cold_drop_kpa * thermal.position**2

    add(temperature, lambda: thermal.cold_inlet_c, TEMPERATURE, side="supply", **where)
    add(temperature, lambda: thermal.cold_outlet_c, TEMPERATURE, side="return", **where)
    add("rack_coolant_flow_liters_per_second", lambda: heat.cold_l_min / 60, FLOW, **where)
    add(
        "rack_coolant_pressure_pascals",
        lambda: _KPA * spec.cold_supply_kpa,
        PRESSURE,
        side="supply",
        **where,
    )
    add(
        "rack_coolant_pressure_pascals",
        lambda: _KPA * spec.cold_supply_kpa - drop(),
        PRESSURE,
        side="return",
        **where,
    )
    add("rack_coolant_differential_pressure_pascals", drop, PRESSURE, across="unit", **where)
    add("rack_valve_position_ratio", lambda: thermal.position, SHARE, valve=1, **where)
    add("rack_valve_command_ratio", lambda: thermal.command, valve=1, **where)
    add("rack_valve_state", lambda: _valve_word(heat), valve=1, **where)
    add("rack_cooling_demand_ratio", lambda: thermal.command, **where)
    add("rack_heat_removed_watts", lambda: 1e3 * thermal.removed_kw, POWER, **where)


def _valve_word(heat: Heat) -> str:
    position = heat.state.thermal.position
    if position >= 0.99:
        return "open"
    return "closed" if position <= 0.01 else "regulating"


def _exchanger_fans(view: View, heat: Heat) -> None:
    thermal, spec = heat.state.thermal, heat.spec
    add = view.add
    for fan in range(1, spec.fans + 1):
        add("rack_fan_speed_rpm", lambda: spec.fan_rpm * thermal.position, SPEED, fan=fan)
        add("rack_fan_duty_ratio", lambda: thermal.command, fan=fan)
        add("rack_fan_state", lambda: "running" if thermal.position else "stopped", fan=fan)
    add("rack_cooling_demand_ratio", lambda: thermal.command)
    add(
        "rack_cooling_power_watts",
        lambda: 1e3 * spec.fan_kw * thermal.position**3,
        POWER,
        part="fans",
    )
    add("rack_airflow_liters_per_second", lambda: heat.cold_l_min / 60, FLOW, side="exchanger")
    air = "rack_air_temperature_celsius"
    add(air, lambda: thermal.cold_inlet_c, TEMPERATURE, side="exchanger_inlet")
    add(air, lambda: thermal.cold_outlet_c, TEMPERATURE, side="exchanger_outlet")


def _air(view: View, heat: Heat) -> None:
    air, spec = heat.state.air, heat.air_spec
    add = view.add
    add("rack_air_temperature_celsius", lambda: air.room_c, TEMPERATURE, side="supply")
    add("rack_air_temperature_celsius", lambda: air.exhaust_c, TEMPERATURE, side="return")
    humidity = add("rack_relative_humidity_ratio", lambda: heat.humidity_seen, HUMIDITY)

    def dew_point() -> Value:
        # The unit computes it from the humidity it shows, so that both carry the same noise.
        shown = humidity.value()
        return shown if isinstance(shown, str) else dew_point_c(air.room_c, shown)

    add("rack_dew_point_celsius", dew_point)
    add(
        "rack_airflow_liters_per_second",
        lambda: spec.flow_l_s * air.fan_speed,
        FLOW,
        side="supply",
    )
    if heat.loop is None:
        _rear_door(view, heat)


def _rear_door(view: View, heat: Heat) -> None:
    air, spec, thermal = heat.state.air, heat.air_spec, heat.state.thermal
    add = view.add
    leaving = partial(lambda: heat.supply_seen_c)
    add("rack_air_temperature_celsius", leaving, TEMPERATURE, side="door_outlet")
    add("rack_coolant_temperature_setpoint_celsius", lambda: heat.setpoint_c)
    add("rack_cooling_state", lambda: "running" if thermal.position else "stopped")
    for fan in range(1, spec.fans + 1):
        add("rack_fan_speed_rpm", lambda: spec.fan_rpm * air.fan_speed, SPEED, fan=fan)
        add("rack_fan_duty_ratio", lambda: air.fan_speed, fan=fan)
        add("rack_fan_state", lambda: "running", fan=fan)
    add(
        "rack_cooling_power_watts",
        lambda: 1e3 * spec.fan_kw * air.fan_speed**3,
        POWER,
        part="fans",
    )


def _alarms(view: View, heat: Heat, loop: CoolantLoop | None) -> None:
    def too_warm() -> bool:
        return heat.supply_seen_c > heat.setpoint_c + _SUPPLY_BAND_K

    def low_flow() -> bool:
        return loop is not None and loop.state.flow_l_min < 0.8 * loop.spec.flow_l_min

    def leaking() -> bool:
        return loop is not None and loop.leak_seen

    def cut() -> bool:
        return loop is not None and loop.state.cable_cut

    def return_hot() -> bool:
        return heat.return_seen_c > _RETURN_LIMIT_C

    alarms = (
        ("supply_temperature_high", "major", too_warm),
        ("return_temperature_high", "critical", return_hot),
        ("flow_low", "critical", low_flow),
        ("leak", "critical", leaking),
        ("leak_sensor_fault", "minor", cut),
    )
    for alarm, severity, test in alarms:
        read = partial(lambda check: float(check()), test)
        view.add("rack_alarm_active", read, alarm=alarm, severity=severity)
    worst = tuple(test for _, severity, test in alarms if severity == "critical")

    def word() -> str:
        return "critical" if any(test() for test in worst) else "normal"

    view.add("rack_device_state", word)
