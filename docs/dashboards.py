"""Write configs/grafana/dashboards/*.json from the panels described here: ``make docs``.

Dashboards are data, and mostly repetition: two panels differ in their title, unit and expression,
so only these are written here. Grafana imports the files unchanged.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "configs" / "grafana" / "dashboards"
_WHERE = 'site=~"$site",rack=~"$rack"'
_SCHEMA = 39  # of Grafana 10 and later
_WIDTH, _HEIGHT = 24, 8
_REFRESH = "15s"


@dataclass(frozen=True)
class Panel:
    """One graph, number or table. ``WHERE`` in a query is replaced by the chosen site and rack.

    ``queries`` are pairs of expression and legend; ``limits`` are pairs of value and colour.
    """

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    width: int = 12
    kind: str = "timeseries"
    limits: Sequence[tuple[float, str]] = ()
    note: str = ""


@dataclass(frozen=True)
class Dashboard:
    """One page. ``uid`` is its file's name and never changes, because links contain it."""

    uid: str
    title: str
    panels: Sequence[Panel]


def _stat(title: str, unit: str, query: str, *limits: tuple[float, str]) -> Panel:
    return Panel(title, unit, [(query, "{{rack}}")], 4, "stat", limits)


RACK = Dashboard(
    "rackagent-rack",
    "Rack",
    (
        _stat("Devices up", "percentunit", "avg by (rack) (rackagent_device_up{WHERE})",
              (0, "red"), (1, "green")),
        _stat("Power", "watt", "sum by (rack) (rack_phase_power_watts{WHERE})"),
        _stat("Heat removed", "watt", "sum by (rack) (rack_heat_removed_watts{WHERE})"),
        _stat("Coolant supply", "celsius",
              'avg by (rack) (rack_coolant_temperature_celsius{WHERE,loop="technology",'
              'side="supply"})'),
        _stat("Leaks", "none", "sum by (rack) (rack_leak_detected{WHERE})",
              (0, "green"), (1, "red")),
        _stat("Alarms", "none", "sum by (rack) (rack_alarm_active{WHERE})",
              (0, "green"), (1, "orange")),
        Panel("Power by device", "watt",
              [("sum by (device) (rack_phase_power_watts{WHERE})", "{{device}}")]),
        Panel("Coolant temperatures", "celsius",
              [("rack_coolant_temperature_celsius{WHERE}", "{{loop}} {{side}}")]),
        Panel("Active alarms", "none",
              [("rack_alarm_active{WHERE} == 1", "{{device}} {{alarm}}")], 12, "table"),
        Panel("Devices", "none", [("rack_device_info{WHERE}", "")], 12, "table"),
    ),
)  # fmt: skip

COOLING = Dashboard(
    "rackagent-cooling",
    "Cooling loop",
    (
        Panel("Temperatures", "celsius",
              [("rack_coolant_temperature_celsius{WHERE}", "{{device}} {{loop}} {{side}}")]),
        Panel("Flow", "L/min",
              [("60 * rack_coolant_flow_liters_per_second{WHERE}", "{{device}} {{loop}}"),
               ("60 * rack_coolant_flow_setpoint_liters_per_second{WHERE}",
                "{{device}} {{loop}} setpoint")]),
        Panel("Pressure", "pressurepa",
              [("rack_coolant_pressure_pascals{WHERE}", "{{device}} {{loop}} {{side}}"),
               ("rack_coolant_differential_pressure_pascals{WHERE}", "{{device}} across {{across}}")
               ]),
        Panel("Pumps", "rotrpm", [("rack_pump_speed_rpm{WHERE}", "{{device}} pump {{pump}}")]),
        Panel("Approach", "kelvin", [("rack:coolant_approach:kelvin{WHERE}", "{{rack}}")],
              limits=((0, "green"), (10, "orange")),
              note="Supply to the rack above the water from the hall. A fouled exchanger or a stuck"
              " valve raises it."),
        Panel("Margin to the dew point", "kelvin",
              [("rack:dew_point_margin:kelvin{WHERE}", "{{rack}}")],
              limits=((-100, "red"), (2, "green")), note="Below 0 K water condenses on pipes."),
        Panel("Valve", "percentunit",
              [("rack_valve_position_ratio{WHERE}", "{{device}} position"),
               ("rack_valve_command_ratio{WHERE}", "{{device}} command")]),
        Panel("Leaks and leak sensor faults", "none",
              [("rack_leak_detected{WHERE}", "{{device}} leak {{sensor}}"),
               ("rack_leak_sensor_fault{WHERE}", "{{device}} sensor {{sensor}} fault")],
              limits=((0, "green"), (1, "red"))),
    ),
)  # fmt: skip

POWER = Dashboard(
    "rackagent-power",
    "Power and phases",
    (
        Panel("Phase currents", "amp",
              [("rack_phase_current_amperes{WHERE}", "{{device}} {{inlet}} {{phase}}{{line}}")]),
        Panel("Phase voltages", "volt",
              [("rack_phase_voltage_volts{WHERE}", "{{device}} {{inlet}} {{phase}}{{line}}")]),
        Panel("Phase unbalance", "percentunit",
              [("rack:phase_current_unbalance:ratio{WHERE}", "{{device}} {{inlet}}")],
              limits=((0, "green"), (0.1, "orange"))),
        Panel("Breakers", "percentunit",
              [("rack:branch_current_load:ratio{WHERE}", "{{device}} {{branch}}")],
              limits=((0, "green"), (0.8, "red")),
              note="Current against the rating; above 80 % a breaker may trip in the long run."),
        Panel("Supplies", "watt",
              [("rack_psu_output_power_watts{WHERE}", "{{device}} {{psu}}")]),
        Panel("Bus bar", "volt", [("rack_busbar_voltage_volts{WHERE}", "{{device}}")]),
        Panel("Failed PSUs", "none",
              [("rack:psu_down:count{WHERE}", "{{device}}")],
              limits=((0, "green"), (1, "red"))),
        Panel("Batteries", "percentunit",
              [("rack_battery_charge_ratio{WHERE}", "{{device}} {{battery}} charge"),
               ("rack_battery_health_ratio{WHERE}", "{{device}} {{battery}} health")]),
        Panel("Outlets", "watt", [("rack_outlet_power_watts{WHERE}", "{{device}} {{outlet}}")], 24),
    ),
)  # fmt: skip

NETWORK = Dashboard(
    "rackagent-network",
    "Network",
    (
        Panel("Ports up", "none",
              [('sum by (device) (rack_port_oper_state{WHERE,state="up"})', "{{device}}")]),
        Panel("Traffic", "binBps",
              [("sum by (device) (rate(rack_port_receive_bytes_total{WHERE}[5m]))",
                "{{device}} in"),
               ("sum by (device) (rate(rack_port_transmit_bytes_total{WHERE}[5m]))",
                "{{device}} out")]),
        Panel("Errors", "cps",
              [("rate(rack_port_receive_errors_total{WHERE}[5m]) > 0", "{{device}} {{port}} in"),
               ("rate(rack_port_transmit_errors_total{WHERE}[5m]) > 0", "{{device}} {{port}} out"),
               ("rate(rack_port_fec_uncorrected_total{WHERE}[5m]) > 0",
                "{{device}} {{port}} FEC")]),
        Panel("Discards", "cps",
              [("rate(rack_port_receive_discards_total{WHERE}[5m]) > 0", "{{device}} {{port}}")]),
        Panel("Rx power", "dBm",
              [("rack_optic_receive_power_dbm{WHERE}", "{{device}} {{port}} {{lane}}")]),
        Panel("Optics", "celsius",
              [("rack_optic_temperature_celsius{WHERE}", "{{device}} {{port}}")]),
        Panel("Neighbours", "none", [("rack_lldp_neighbor_info{WHERE}", "")], 24, "table"),
    ),
)  # fmt: skip

AGENT = Dashboard(
    "rackagent-agent",
    "Agent health",
    (
        Panel("Devices not responding", "none",
              [("rackagent_device_up{WHERE} == 0", "{{rack}} {{device}}")], 12, "table"),
        Panel("Age of readings", "s",
              [("topk(10, rackagent_reading_age_seconds{WHERE})", "{{device}}")]),
        Panel("Polls, 95th percentile", "s",
              [("histogram_quantile(0.95, sum by (le, device)"
                " (rate(rackagent_poll_duration_seconds_bucket{WHERE}[5m])))", "{{device}}")]),
        Panel("Failed requests", "cps",
              [("sum by (device, kind) (rate(rackagent_poll_failures_total{WHERE}[5m])) > 0",
                "{{device}} {{kind}}")]),
        Panel("Readings", "none",
              [("sum by (quality) (rackagent_device_readings{WHERE})", "{{quality}}")]),
        Panel("Events", "cps",
              [("sum by (kind, action) (rate(rackagent_events_total[5m]))",
                "{{kind}} {{action}}")]),
        Panel("Processor", "percentunit",
              [("rate(process_cpu_seconds_total[5m])", "{{instance}}")]),
        Panel("Memory", "bytes", [("process_resident_memory_bytes", "{{instance}}")]),
        Panel("Undelivered MQTT messages", "none",
              [("rackagent_mqtt_outbox_messages", "{{instance}}")]),
        Panel("Last reload", "none",
              [("rackagent_config_last_reload_successful", "{{instance}}")],
              limits=((0, "red"), (1, "green"))),
    ),
)  # fmt: skip

DASHBOARDS = (RACK, COOLING, POWER, NETWORK, AGENT)


def expressions(dashboard: Dashboard, where: str = _WHERE) -> Iterator[str]:
    """Return the PromQL of every query of a dashboard."""
    for panel in dashboard.panels:
        for query, _ in panel.queries:
            yield query.replace("{WHERE", "{" + where)


def document(dashboard: Dashboard) -> dict[str, Any]:
    """Return the JSON that Grafana imports."""
    panels, x, y = [], 0, 0
    for number, panel in enumerate(dashboard.panels, 1):
        if x + panel.width > _WIDTH:
            x, y = 0, y + _HEIGHT
        panels.append(_panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": _HEIGHT}))
        x += panel.width
    return {
        "uid": dashboard.uid,
        "title": f"rackagent: {dashboard.title}",
        "tags": ["rackagent"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "refresh": _REFRESH,
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["rackagent"], "title": "rackagent",
                   "asDropdown": True, "keepTime": True, "includeVars": True}],
        "templating": {"list": [_variable("site", "rackagent_device_up"),
                                _variable("rack", 'rackagent_device_up{site=~"$site"}')]},
        "panels": panels,
    }  # fmt: skip


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    steps = [
        {"value": None if first else value, "color": colour}
        for first, (value, colour) in zip((True, *[False] * 9), panel.limits, strict=False)
    ]
    defaults: dict[str, Any] = {"unit": panel.unit}
    if steps:
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        **({"description": panel.note} if panel.note else {}),
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + position),
                "expr": query.replace("{WHERE", "{" + _WHERE),
                "legendFormat": legend,
                **({"format": "table", "instant": True} if panel.kind == "table" else {}),
            }
            for position, (query, legend) in enumerate(panel.queries)
        ],
    }  # fmt: skip


def _variable(name: str, metric: str) -> dict[str, Any]:
    return {
        "name": name, "type": "query", "multi": True, "includeAll": True, "refresh": 2,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": f"label_values({metric}, {name})", "current": {"text": "All", "value": "$__all"},
    }  # fmt: skip


def pages() -> dict[str, str]:
    """Return the text of each file by its name."""
    found = {}
    for dashboard in DASHBOARDS:
        content = document(dashboard)
        content["templating"]["list"].insert(
            0, {"name": "datasource", "type": "datasource", "query": "prometheus"}
        )
        found[f"{dashboard.uid}.json"] = json.dumps(content, indent=1) + "\n"
    return found


def write() -> None:
    """Write all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
