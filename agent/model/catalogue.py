"""The metric catalogue: name, unit, kind, labels, plausible range and help of every metric.

The name is used for the Prometheus metric, the MQTT topic, the report row and the label on pages. A
profile can only use metrics of the catalogue; new ones are added here first. Plausible ranges are
physical limits for one rack, wider than any product but narrow enough to reveal a wrong scale; a
value outside is bad.
"""

from dataclasses import dataclass
from enum import StrEnum

from agent.model.units import WORDS


class Kind(StrEnum):
    """The type of a metric, in OpenMetrics terms."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"
    INFO = "info"


RESERVED_LABELS = frozenset(
    ("device", "instance", "job", "kind", "le", "quality", "quantile", "rack", "site", "state")
)
"""Labels that the agent, Prometheus or its format sets; a site's file gives none of them."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. ``unit`` is the base unit; ``labels`` are those a profile may set.

    ``low`` and ``high`` limit physically plausible values, in the base unit; None is no limit.
    """

    name: str
    unit: str
    kind: Kind
    labels: frozenset[str]
    help: str
    low: float | None = None
    high: float | None = None


# The unit number within a chain of units, the configured name of the part, and the row number of
# the device for parts that names alone do not distinguish.
_ANY = ("unit", "name", "index")

_PLACES: dict[str, tuple[tuple[str, ...], str]] = {
    "inlet": (("inlet", "phase", "line", "type"), "inlet of the unit"),
    "phase": (("inlet", "phase", "line"), "one phase (or pair of lines) of an inlet"),
    "line": (("inlet", "line"), "one line conductor of an inlet"),
    "branch": (
        ("inlet", "phase", "branch", "line"),
        "branch circuit, bank or over-current protector",
    ),
    "outlet": (("outlet", "phase", "branch", "inlet", "type"), "outlet"),
    "output": (("output", "line"), "output of a floor PDU, transfer switch or UPS"),
    "output_phase": (("output", "phase", "line"), "one phase (or pair of lines) of an output"),
    "psu_input": (("psu", "shelf", "phase"), "power supply, input side"),
    "psu_output": (("psu", "shelf", "rail"), "power supply, output side"),
    "busbar": (("busbar", "shelf", "psu", "window"), "DC bus bar"),
    "battery": (("battery", "shelf", "cell"), "battery module"),
    "sensor": (("sensor", "port", "module"), "sensor that the device assigns to no component"),
    "pump": (("pump",), "coolant pump"),
}

_ELECTRICAL: tuple[tuple[str, str, Kind, float | None, float | None, str], ...] = (
    ("voltage", "V", Kind.GAUGE, -1000, 50_000, "Voltage"),
    ("voltage_unbalance", "ratio", Kind.GAUGE, 0, 10, "Voltage unbalance"),
    ("voltage_thd", "ratio", Kind.GAUGE, 0, 10, "Total harmonic distortion of the voltage"),
    ("current", "A", Kind.GAUGE, -10_000, 10_000, "Current"),
    ("peak_current", "A", Kind.GAUGE, -10_000, 10_000, "Highest current since its reset"),
    ("residual_current", "A", Kind.GAUGE, -100, 100, "Residual (earth leakage) current"),
    ("current_limit", "A", Kind.GAUGE, 0, 10_000, "Rated or configured current limit"),
    ("current_unbalance", "ratio", Kind.GAUGE, 0, 10, "Current unbalance"),
    ("current_thd", "ratio", Kind.GAUGE, 0, 10, "Total harmonic distortion of the current"),
    ("crest_factor", "ratio", Kind.GAUGE, 0, 100, "Crest factor of the current"),
    ("power", "W", Kind.GAUGE, -2_000_000, 2_000_000, "Active power"),
    ("peak_power", "W", Kind.GAUGE, -2_000_000, 2_000_000, "Highest active power since its reset"),
    ("power_limit", "W", Kind.GAUGE, 0, 2_000_000, "Rated or configured active power limit"),
    ("apparent_power", "VA", Kind.GAUGE, -2_000_000, 2_000_000, "Apparent power"),
    ("apparent_power_limit", "VA", Kind.GAUGE, 0, 2_000_000, "Rated apparent power"),
    ("reactive_power", "VAr", Kind.GAUGE, -2_000_000, 2_000_000, "Reactive power"),
    ("power_factor", "ratio", Kind.GAUGE, -1, 1, "Power factor"),
    ("energy", "J", Kind.COUNTER, 0, None, "Active energy since the meter's reset"),
    ("resettable_energy", "J", Kind.COUNTER, 0, None, "Active energy since a user cleared it"),
    ("frequency", "Hz", Kind.GAUGE, 0, 1000, "Frequency"),
    ("utilization", "ratio", Kind.GAUGE, 0, 10, "Load as a share of the rating"),
    ("temperature", "degC", Kind.GAUGE, -60, 250, "Temperature"),
)


def _electrical(place: str) -> list[Metric]:
    labels, where = _PLACES[place]
    return [
        Metric(
            name=f"rack_{place}_{quantity}_{WORDS[unit]}{'_total' * (kind is Kind.COUNTER)}",
            unit=unit,
            kind=kind,
            labels=frozenset((*labels, *_ANY, "sensor")),
            help=f"{text}: {where}.",
            low=low,
            high=high,
        )
        for quantity, unit, kind, low, high, text in _ELECTRICAL
    ]


def _gauge(
    name: str,
    unit: str,
    help_: str,
    *labels: str,
    low: float | None = None,
    high: float | None = None,
) -> Metric:
    return Metric(name, unit, Kind.GAUGE, frozenset((*labels, *_ANY)), help_, low, high)


def _counter(name: str, unit: str, help_: str, *labels: str) -> Metric:
    return Metric(name, unit, Kind.COUNTER, frozenset((*labels, *_ANY)), help_, 0)


def _state(name: str, help_: str, *labels: str) -> Metric:
    return Metric(name, "", Kind.STATE, frozenset((*labels, *_ANY)), help_)


def _info(name: str, help_: str, *labels: str) -> Metric:
    return Metric(name, "", Kind.INFO, frozenset((*labels, *_ANY)), help_)


_COOLING = (
    _gauge("rack_coolant_temperature_celsius", "degC", "Coolant temperature.", "loop", "side", "sensor", low=-40, high=150),
    _gauge("rack_coolant_flow_liters_per_second", "L/s", "Coolant volume flow.", "loop", "side", "sensor", low=-10, high=500),
    _gauge("rack_coolant_pressure_pascals", "Pa", "Coolant pressure (gauge pressure unless the name says otherwise).", "loop", "side", "sensor", low=-200_000, high=5_000_000),
    _gauge("rack_coolant_differential_pressure_pascals", "Pa", "Coolant pressure difference.", "loop", "across", "sensor", low=-2_000_000, high=2_000_000),
    _gauge("rack_coolant_level_ratio", "ratio", "Coolant level of a reservoir.", "loop", "sensor", low=0, high=1.2),
    _state("rack_coolant_level_state", "State of a reservoir's level.", "loop", "sensor"),
    _gauge("rack_coolant_conductivity_siemens_per_meter", "S/m", "Coolant conductivity.", "loop", "sensor", low=0, high=10),
    _gauge("rack_coolant_ph_value", "pH", "Coolant pH.", "loop", "sensor", low=0, high=14),
    _gauge("rack_coolant_flow_setpoint_liters_per_second", "L/s", "Coolant flow setpoint.", "loop", low=0, high=500),
    _gauge("rack_coolant_temperature_setpoint_celsius", "degC", "Coolant temperature setpoint.", "loop", "side", low=-40, high=150),
    _gauge("rack_pump_speed_rpm", "rpm", "Pump speed.", "pump", low=0, high=100_000),
    _gauge("rack_pump_duty_ratio", "ratio", "Pump drive command.", "pump", low=0, high=1.2),
    _counter("rack_pump_runtime_seconds_total", "s", "Running time of the pump.", "pump"),
    _state("rack_pump_state", "State of a pump.", "pump"),
    _gauge("rack_valve_position_ratio", "ratio", "Valve position, 1 is fully open.", "valve", "loop", low=-0.1, high=1.2),
    _gauge("rack_valve_command_ratio", "ratio", "Commanded valve position, 1 is fully open.", "valve", "loop", low=-0.1, high=1.2),
    _state("rack_valve_state", "State of a valve.", "valve", "loop"),
    _gauge("rack_compressor_speed_rpm", "rpm", "Compressor speed.", "compressor", low=0, high=100_000),
    _gauge("rack_compressor_duty_ratio", "ratio", "Compressor capacity in use.", "compressor", low=0, high=1.5),
    _state("rack_compressor_state", "State of a compressor.", "compressor", "quantity"),
    _gauge("rack_fan_speed_rpm", "rpm", "Fan speed.", "fan", "psu", "module", "sensor", low=0, high=100_000),
    _gauge("rack_fan_duty_ratio", "ratio", "Fan drive command or relative speed.", "fan", "psu", "module", low=0, high=1.2),
    _gauge("rack_fan_command_ratio", "ratio", "Commanded relative fan speed.", "fan", low=0, high=1.2),
    _state("rack_fan_state", "State of a fan.", "fan", "psu", "module", "sensor"),
    _state("rack_leak_state", "State of a leak detector.", "sensor", "zone"),
    _gauge("rack_leak_detected", "", "1 if a leak sensor detects liquid.", "sensor", "zone", low=0, high=1),
    _gauge("rack_leak_sensor_fault", "", "1 if a leak sensor is faulty or disconnected.", "sensor", "zone", low=0, high=1),
    _gauge("rack_air_temperature_celsius", "degC", "Air temperature.", "side", "sensor", "position", low=-60, high=150),
    _gauge("rack_air_temperature_setpoint_celsius", "degC", "Air temperature setpoint.", "side", "zone", low=-60, high=150),
    _gauge("rack_relative_humidity_ratio", "ratio", "Relative humidity.", "side", "sensor", "position", low=0, high=1),
    _gauge("rack_relative_humidity_setpoint_ratio", "ratio", "Relative humidity setpoint.", "side", "zone", low=0, high=1),
    _gauge("rack_absolute_humidity_grams_per_cubic_meter", "g/m3", "Absolute humidity.", "side", "sensor", low=0, high=1000),
    _gauge("rack_dew_point_celsius", "degC", "Dew point.", "side", "sensor", low=-100, high=100),
    _gauge("rack_dew_point_margin_kelvin", "K", "Temperature minus dew point.", "side", "sensor", low=-100, high=150),
    _gauge("rack_airflow_liters_per_second", "L/s", "Air volume flow.", "side", "sensor", low=0, high=200_000),
    _gauge("rack_air_velocity_meters_per_second", "m/s", "Air velocity.", "side", "sensor", low=0, high=200),
    _gauge("rack_air_pressure_pascals", "Pa", "Air pressure or pressure difference.", "side", "sensor", low=-200_000, high=2_000_000),
    _gauge("rack_heat_removed_watts", "W", "Heat removed.", "loop", low=-2_000_000, high=5_000_000),
    _gauge("rack_cooling_demand_ratio", "ratio", "Cooling demand of the controller.", "loop", low=0, high=1.2),
    _gauge("rack_cooling_demand_watts", "W", "Cooling demand of the controller.", "loop", low=0, high=5_000_000),
    _gauge("rack_cooling_capacity_ratio", "ratio", "Capacity in use of a part of a cooling unit.", "part", low=0, high=1.5),
    _gauge("rack_cooling_power_watts", "W", "Electrical power of the cooling unit.", "part", low=-1000, high=2_000_000),
    _state("rack_cooling_state", "Operating state of a cooling unit.", "part"),
)  # fmt: skip

_NETWORK = (
    _state("rack_port_admin_state", "Administrative state of a port (ifAdminStatus).", "port"),
    _state("rack_port_oper_state", "Operational state of a port (ifOperStatus).", "port"),
    _gauge("rack_port_speed_bytes_per_second", "B/s", "Line rate of a port.", "port", low=0),
    _counter("rack_port_receive_bytes_total", "B", "Octets received.", "port"),
    _counter("rack_port_transmit_bytes_total", "B", "Octets sent.", "port"),
    _counter("rack_port_receive_packets_total", "", "Packets received.", "port", "cast"),
    _counter("rack_port_transmit_packets_total", "", "Packets sent.", "port", "cast"),
    _counter("rack_port_receive_errors_total", "", "Packets received with errors.", "port"),
    _counter("rack_port_transmit_errors_total", "", "Packets not sent because of errors.", "port"),
    _counter("rack_port_receive_discards_total", "", "Error-free packets discarded on receipt.", "port"),
    _counter("rack_port_transmit_discards_total", "", "Packets discarded before sending.", "port"),
    _counter("rack_port_fec_corrected_total", "", "Code words corrected by FEC.", "port", "lane"),
    _counter("rack_port_fec_uncorrected_total", "", "Code words that FEC could not correct.", "port", "lane"),
    _info("rack_port_info", "Description, alias and MAC of a port.", "port", "alias", "mac", "type"),
    _gauge("rack_optic_temperature_celsius", "degC", "Temperature of an optical module.", "port", "sensor", low=-60, high=150),
    _gauge("rack_optic_voltage_volts", "V", "Supply voltage of an optical module.", "port", "sensor", low=0, high=20),
    _gauge("rack_optic_bias_current_amperes", "A", "Laser bias current.", "port", "lane", "sensor", low=0, high=2),
    _gauge("rack_optic_transmit_power_watts", "W", "Transmitted optical power.", "port", "lane", "sensor", low=0, high=1),
    _gauge("rack_optic_receive_power_watts", "W", "Received optical power.", "port", "lane", "sensor", low=0, high=1),
    _gauge("rack_optic_transmit_power_dbm", "dBm", "Transmitted optical power.", "port", "lane", "sensor", low=-60, high=30),
    _gauge("rack_optic_receive_power_dbm", "dBm", "Received optical power.", "port", "lane", "sensor", low=-60, high=30),
    _info("rack_lldp_neighbor_info", "LLDP neighbour of a port.", "port", "remote_chassis", "remote_port", "remote_port_name", "remote_system"),
)  # fmt: skip

_ALL = (
    _info("rack_device_info", "Identity that the device reports.", "vendor", "model", "serial", "firmware", "profile"),
    _info("rack_component_info", "Part in the inventory of the device.", "component", "class", "vendor", "model", "serial", "firmware", "hardware"),
    _gauge("rack_alarm_active", "", "1 while the device reports this alarm.", "alarm", "severity", "psu", "sensor", "part", low=0, high=1),
    _state("rack_device_state", "Overall state that the device reports.", "part"),
    _state("rack_inlet_state", "State of an inlet.", "inlet", "phase", "quantity", "sensor"),
    _state("rack_output_state", "State of an output or one of its phases.", "output", "phase", "quantity"),
    _state("rack_phase_state", "State of a phase.", "inlet", "phase", "line", "quantity"),
    _state("rack_line_state", "State of a line conductor.", "inlet", "line", "quantity"),
    _state("rack_branch_state", "State of a branch circuit or its protector.", "inlet", "phase", "branch", "line", "quantity", "sensor"),
    _state("rack_outlet_state", "Switching state of an outlet.", "outlet", "phase", "branch"),
    _info("rack_outlet_info", "Name and receptacle of an outlet.", "outlet", "branch", "phase", "type"),
    _state("rack_outlet_status", "Operating state of an outlet.", "outlet", "quantity", "sensor", "branch", "phase"),
    _gauge("rack_psu_temperature_celsius", "degC", "Temperature in a power supply.", "psu", "shelf", "sensor", low=-60, high=250),
    _state("rack_psu_state", "State of a power supply.", "psu", "shelf", "part"),
    _state("rack_battery_state", "State of a battery module.", "battery", "shelf"),
    _state("rack_sensor_state", "State of a sensor or a contact.", "sensor", "quantity", "module", "port"),
    _state("rack_component_state", "State of a part.", "component", "class", "quantity"),
    _gauge("rack_battery_charge_ratio", "ratio", "State of charge.", "battery", "shelf", low=0, high=1.05),
    _gauge("rack_battery_health_ratio", "ratio", "State of health.", "battery", "shelf", low=0, high=1.05),
    _gauge("rack_battery_capacity_coulombs", "C", "Charge of the full battery.", "battery", "shelf", low=0),
    _gauge("rack_battery_remaining_coulombs", "C", "Remaining charge of the battery.", "battery", "shelf", low=0),
    _gauge("rack_battery_runtime_seconds", "s", "Remaining battery runtime at the present load.", "battery", "shelf", low=0),
    _counter("rack_uptime_seconds_total", "s", "Time since the device or part started.", "part", "psu"),
    _counter("rack_component_runtime_seconds_total", "s", "Running time of a part.", "component", "class"),
    _counter("rack_psu_outages_total", "", "AC losses counted by the power supply.", "psu", "shelf"),
    _counter("rack_psu_power_cycles_total", "", "AC power cycles counted by the power supply.", "psu", "shelf"),
    _counter("rack_psu_faults_total", "", "Faults counted by the power supply.", "psu", "shelf"),
    _counter("rack_bus_errors_total", "", "Field bus errors counted by the device.", "kind", "psu"),
    _gauge("rack_fuel_level_ratio", "ratio", "Fuel level of a generator's tank.", "sensor", low=0, high=1.2),
    _gauge("rack_sensor_count_value", "", "Plain number that the device reports (people, counts, contact bits).", "sensor", low=None),
)  # fmt: skip


def _build() -> dict[str, Metric]:
    metrics: dict[str, Metric] = {}
    for place in _PLACES:
        for metric in _electrical(place):
            metrics[metric.name] = metric
    for metric in (*_COOLING, *_NETWORK, *_ALL):
        metrics[metric.name] = metric
    return metrics


CATALOGUE: dict[str, Metric] = _build()
"""Every metric by name."""
