"""The air of a rack: temperatures and humidity by place, and fans in a line per device."""

from collections import Counter
from dataclasses import dataclass

from agent.web.data.query import DeviceValues, Labels
from agent.web.draw.cells import text, told
from agent.web.draw.format import NOTHING, number
from agent.web.pages.builder import PageBuilder

_PLACES_OPEN = 8  # of one device; the others are a click away
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
"""Kinds whose plain sensors are on their boards, not in the air."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device measures the air; ``key`` begins the keys of its cells."""

    key: str
    device: str
    name: str


@dataclass(frozen=True, slots=True)
class Air:
    """The table of the air, its columns by key, and who has fans."""

    columns: tuple[tuple[str, str], ...]
    places: tuple[Place, ...]
    more: tuple[Place, ...]
    fans: tuple[str, ...]


def air_of(page: PageBuilder) -> Air:
    """All that the devices of a rack tell of air and fans."""
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
        if said := _fans(seen):
            page.cells[f"{name}.fans"] = text(said)
            fans.append(name)
    if not measured:
        page.unreported.append("No device of this rack tells of its air.")
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
    if unit == "L/s":  # of air people say cubic meters per hour
        return f"{number(value * _LITERS_PER_SECOND_IN_M3_H, 3)}\N{NO-BREAK SPACE}m³/h"
    return told(value, unit)


def _place(has: Labels) -> str:
    shown = [
        text.replace("_", " ") if label in ("side", "name", "position") else f"{label} {text}"
        for label, text in has.items()
        if label != "index"
    ]
    return " · ".join(dict.fromkeys(shown)) or "room"


def _fans(seen: DeviceValues) -> str:
    """``22 fans, 3 200 to 3 400 rpm, 2 stand``."""
    speeds = [value for _, value in seen.each("rack_fan_speed_rpm")]
    states = Counter(word.replace("_", " ") for _, word in seen.texts("rack_fan_state"))
    said = []
    if speeds:
        turning = [value for value in speeds if value > 0]
        said.append(f"{len(speeds)} {'fan' if len(speeds) == 1 else 'fans'}")
        if turning:
            low, high = number(min(turning), 3), number(max(turning), 3)
            said.append(f"{low} rpm" if low == high else f"{low} to {high} rpm")
        if len(turning) < len(speeds):
            said.append(f"{len(speeds) - len(turning)} stand")
    said += [f"{many} {word}" for word, many in states.items()]
    return ", ".join(said)
