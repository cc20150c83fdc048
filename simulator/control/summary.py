"""The main figures of a rack, for the control interface and the live view."""

from simulator.model.observe.points import Value
from simulator.model.rack import RackModel

_FIGURES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("it_power_watts", "rack", "rack_busbar_power_watts", {}),
    ("bus_voltage_volts", "rack", "rack_busbar_voltage_volts", {}),
    ("bus_current_amperes", "rack", "rack_busbar_current_amperes", {}),
    ("feed_a_power_watts", "pdu-a", "rack_inlet_power_watts", {}),
    ("feed_b_power_watts", "pdu-b", "rack_inlet_power_watts", {}),
    ("feed_a_current_amperes", "pdu-a", "rack_inlet_current_amperes", {}),
    ("feed_b_current_amperes", "pdu-b", "rack_inlet_current_amperes", {}),
    (
        "coolant_flow_liters_per_second",
        "cdu",
        "rack_coolant_flow_liters_per_second",
        {"loop": "technology"},
    ),
    (
        "coolant_supply_celsius",
        "cdu",
        "rack_coolant_temperature_celsius",
        {"loop": "technology", "side": "supply"},
    ),
    (
        "coolant_return_celsius",
        "cdu",
        "rack_coolant_temperature_celsius",
        {"loop": "technology", "side": "return"},
    ),
    ("valve_position_ratio", "cdu", "rack_valve_position_ratio", {}),
    ("leak_detected", "cdu", "rack_leak_detected", {}),
)


def summary(model: RackModel) -> dict[str, Value | None]:
    """Return load and main figures in base units; None for what the rack does not have."""
    found: dict[str, Value | None] = {"load_ratio": model.load}
    for name, role, metric, labels in _FIGURES:
        found[name] = model.find(role, metric, labels) if role in model.roles else None
    return found


def alarms(model: RackModel) -> list[str]:
    """Return ``role: alarm`` of every active alarm."""
    return [
        f"{role}: {dict(point.labels).get('alarm', '')}"
        for role in model.roles
        for point in model.points(role)
        if point.metric == "rack_alarm_active" and point.value()
    ]
