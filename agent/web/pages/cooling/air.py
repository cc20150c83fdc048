"""The air section of the cooling page: temperature and humidity by place, fans by device."""

from collections import Counter
from dataclasses import dataclass

from agent.model.figures import NOTHING, number
from agent.web.data.query import DeviceValues, Labels
from agent.web.draw.cells import amount, text
from agent.web.pages.builder import PageBuilder

_PLACES_OPEN = 8  # of one device; the others are folded
_LITERS_PER_SECOND_IN_M3_H = 3.6
_COLUMNS = {"temperature": "Air", "humidity": "Humidity", "dew": "Dew point", "flow": "Air flow"}
_MEASURED = {
    "rack_air_temperature_celsius": ("temperature", "degC"),
    "rack_sensor_temperature_celsius": ("temperature", "degC"),
    "rack_relative_humidity_ratio": ("humidity", "ratio"),
    "rack_dew_point_celsius": ("dew", "degC"),
    "rack_airflow_liters_per_second": ("flow", "L/s"),
}
_BOARDS = frozenset({"cdu", "switch", "power_shelf", "bbu"})
"""Kinds of device whose generic sensors measure their boards, not the air."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place where a device measures the air; ``key`` is the prefix of its cells' keys."""

    key: str
    device: str
    name: str


@dataclass(frozen=True, slots=True)
class Air:
    """The table of the air, its columns by key, and the devices that have fans."""

    columns: tuple[tuple[str, str], ...]
    places: tuple[Place, ...]
    more: tuple[Place, ...]
    fans: tuple[str, ...]


def air_of(page: PageBuilder) -> Air:
    """Return the air section for the devices of a rack, and add its cells."""
    measured: dict[Place, dict[str, str]] = {}
    places: list[Place] = []
    more: list[Place] = []
    fans = []
    for name, seen in page.values.items():
        boards = page.summaries[name].kind in _BOARDS
        found = _places(seen, name, boards=boards)
        measured |= found
        places += [*found][:_PLACES_OPEN]
        more += [*found][_PLACES_OPEN:]
        if fan_text := _fans(seen):
            page.cells[f"{name}.fans"] = text(fan_text)
            fans.append(name)
    if not measured:
        page.unreported.append("No air data: no device of this rack reports any.")
    columns = tuple(
        (what, shown)
        for what, shown in _COLUMNS.items()
        if any(what in values for values in measured.values())
    )
    for place, values in measured.items():
        for what, _ in columns:
            page.cells[f"{place.key}.{what}"] = text(values.get(what, NOTHING))
    return Air(columns, tuple(places), tuple(more), tuple(fans))


def _places(seen: DeviceValues, device: str, *, boards: bool) -> dict[Place, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for metric, (what, unit) in _MEASURED.items():
        if boards and metric.startswith("rack_sensor_"):
            continue
        for has, value in seen.each(metric):
            found.setdefault(_place(has), {}).setdefault(what, _shown(value, unit))
    return {
        Place(f"{device}.air{position}", device, name): values
        for position, (name, values) in enumerate(found.items())
    }


def _shown(value: float, unit: str) -> str:
    if unit == "L/s":  # air flow is commonly given in cubic meters per hour
        return f"{number(value * _LITERS_PER_SECOND_IN_M3_H, 3)}\N{NO-BREAK SPACE}m³/h"
    return amount(value, unit)


def _place(has: Labels) -> str:
    shown = [
        text.replace("_", " ") if label in ("side", "name", "position") else f"{label} {text}"
        for label, text in has.items()
        if label != "index"
    ]
    return " · ".join(dict.fromkeys(shown)) or "room"


def _fans(seen: DeviceValues) -> str:
    """Return a summary of the fans such as ``22 fans, 3 200 to 3 400 rpm, 2 stopped``."""
    speeds = [value for _, value in seen.each("rack_fan_speed_rpm")]
    states = Counter(word.replace("_", " ") for _, word in seen.texts("rack_fan_state"))
    parts = []
    if speeds:
        running = [value for value in speeds if value > 0]
        parts.append(f"{len(speeds)} {'fan' if len(speeds) == 1 else 'fans'}")
        if running:
            low, high = number(min(running), 3), number(max(running), 3)
            parts.append(f"{low} rpm" if low == high else f"{low} to {high} rpm")
            if len(running) < len(speeds):
                parts.append(f"{len(speeds) - len(running)} stopped")
        else:
            parts.append("all stopped" if len(speeds) > 1 else "stopped")
    parts += [f"{many} {word}" for word, many in states.items()]
    return ", ".join(parts)
