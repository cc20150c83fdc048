"""Summaries of devices: state, key values, active alarms.

A summary is computed once per poll of its device, however many pages show it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.events.records import ALARMS
from agent.expose.device_info import DeviceView, condition
from agent.model.figures import quantity
from agent.store.latest import DeviceState, Store
from agent.web.data.query import DeviceValues, Finder, alarms

_DIGITS = 3
_AT_A_TIME_S = 0.004  # of work before the polls may run again

METRICS = ALARMS | {
    "rack_air_temperature_celsius",
    "rack_battery_charge_ratio",
    "rack_battery_health_ratio",
    "rack_busbar_power_watts",
    "rack_busbar_voltage_volts",
    "rack_coolant_flow_liters_per_second",
    "rack_coolant_temperature_celsius",
    "rack_inlet_current_amperes",
    "rack_inlet_power_watts",
    "rack_line_current_amperes",
    "rack_line_power_watts",
    "rack_output_power_watts",
    "rack_phase_current_amperes",
    "rack_phase_power_watts",
    "rack_port_oper_state",
    "rack_psu_output_power_watts",
    "rack_psu_output_voltage_volts",
    "rack_relative_humidity_ratio",
    "rack_sensor_temperature_celsius",
}
"""The metrics that a summary uses; a switch reports a hundred times as many series."""


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One key value: its name, and the value as text with its unit."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The state of a device in short. ``state`` is ``up``, ``alarm``, ``down`` or ``waiting``.

    ``watts`` is the power it draws (PDU, meter) or delivers (power shelf), ``amperes`` its input
    current. The temperatures and the flow are those of its technology loop.
    """

    name: str
    kind: str
    state: str
    keys: tuple[KeyValue, ...] = ()
    alarms: tuple[str, ...] = ()
    reason: str = ""
    watts: float | None = None
    amperes: float | None = None
    supply_celsius: float | None = None
    return_celsius: float | None = None
    flow_liters_per_second: float | None = None

    @property
    def figure(self) -> str:
        """The first key value as text, empty if the device has none."""
        return self.keys[0].text if self.keys else ""


def label(one: Summary) -> str:
    """Return a summary as one line for screen readers: name, state, key values, alarms."""
    parts = [f"{one.name}: {one.state}"]
    parts += [f"{key.name} {key.text}" for key in one.keys]
    parts += one.alarms or ([one.reason] if one.reason else [])
    return ", ".join(parts)


def summarise(view: DeviceView, state: DeviceState, now: float, finder: Finder) -> Summary:
    """Return the summary of a device at Unix time ``now``; ``finder`` finds ``METRICS``."""
    kind = state.kind or view.kind or "other"
    up = condition(state)
    if up != "up":
        reason = state.failures[0].message if state.failures else ""
        return Summary(view.name, kind, up, reason=reason)
    seen = finder.look(state, now)
    wrong = alarms(seen)
    return Summary(
        view.name,
        kind,
        "alarm" if wrong else "up",
        tuple(_KEYS.get(kind, _any)(seen))[:3] or tuple(_any(seen))[:3],
        wrong,
        watts=_delivered(seen) if kind in _SOURCES else _drawn(seen),
        amperes=_input_amperes(seen),
        supply_celsius=_loop(seen, "supply"),
        return_celsius=_loop(seen, "return"),
        flow_liters_per_second=_flow(seen),
    )


class Summaries:
    """The summaries of a store's devices, each computed once per poll of its device."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[DeviceState, Summary]] = {}
        self._finder = Finder(METRICS)

    def of(self, view: DeviceView) -> Summary:
        """Return the current summary of a device."""
        state = self._store.device(view.name)
        kept = self._kept.get(view.name)
        if kept is not None and kept[0] is state:
            return kept[1]
        made = summarise(view, state, self._store.now(), self._finder)
        self._kept[view.name] = (state, made)
        return made

    async def refresh(self, views: Sequence[DeviceView]) -> None:
        """Renew the summaries that are due, in slices of 4 ms, so that a page then has them all."""
        until = time.perf_counter() + _AT_A_TIME_S
        for view in views:
            self.of(view)
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + _AT_A_TIME_S

    def keep_only(self, views: Sequence[DeviceView]) -> None:
        """Forget devices that are no longer configured."""
        for name in self._kept.keys() - {view.name for view in views}:
            del self._kept[name]


_SOURCES = frozenset({"power_shelf", "bbu"})


def _drawn(seen: DeviceValues) -> float | None:
    return seen.total(
        "rack_inlet_power_watts",
        "rack_phase_power_watts",
        "rack_line_power_watts",
        "rack_output_power_watts",
    )


def _delivered(seen: DeviceValues) -> float | None:
    return seen.total(
        "rack_psu_output_power_watts", "rack_busbar_power_watts", "rack_output_power_watts"
    )


def _input_amperes(seen: DeviceValues) -> float | None:
    for metric in (
        "rack_line_current_amperes",
        "rack_phase_current_amperes",
        "rack_inlet_current_amperes",
    ):
        found = seen.most(metric)
        if found is not None:
            return found
    return None


def _loop(seen: DeviceValues, side: str) -> float | None:
    found = seen.one("rack_coolant_temperature_celsius", loop="technology", side=side)
    return seen.one("rack_coolant_temperature_celsius", side=side) if found is None else found


def _flow(seen: DeviceValues) -> float | None:
    found = seen.one("rack_coolant_flow_liters_per_second", loop="technology")
    return seen.one("rack_coolant_flow_liters_per_second") if found is None else found


def _keys(*wanted: tuple[str, float | None, str]) -> list[KeyValue]:
    return [
        KeyValue(name, quantity(value, unit, _DIGITS))
        for name, value, unit in wanted
        if value is not None
    ]


def _pdu(seen: DeviceValues) -> list[KeyValue]:
    return _keys(("power", _drawn(seen), "W"), ("current", _input_amperes(seen), "A"))


def _shelf(seen: DeviceValues) -> list[KeyValue]:
    volts = seen.mean("rack_busbar_voltage_volts")
    if volts is None:
        volts = seen.mean("rack_psu_output_voltage_volts")
    return _keys(("power", _delivered(seen), "W"), ("output", volts, "V"))


def _battery(seen: DeviceValues) -> list[KeyValue]:
    charge, health = seen.mean("rack_battery_charge_ratio"), seen.mean("rack_battery_health_ratio")
    return _keys(("charge", charge, "ratio"), ("health", health, "ratio"))


def _cooling(seen: DeviceValues) -> list[KeyValue]:
    return _keys(
        ("supply", _loop(seen, "supply"), "degC"),
        ("flow", _flow(seen), "L/s"),
        ("return", _loop(seen, "return"), "degC"),
        ("air", _air(seen), "degC"),
    )


def _switch(seen: DeviceValues) -> list[KeyValue]:
    states = [state for _, state in seen.texts("rack_port_oper_state")]
    if not states:
        return []
    return [KeyValue("ports up", f"{states.count('up')} / {len(states)}")]


def _air(seen: DeviceValues) -> float | None:
    return seen.one("rack_air_temperature_celsius", "rack_sensor_temperature_celsius")


def _any(seen: DeviceValues) -> list[KeyValue]:
    return _keys(
        ("power", _drawn(seen), "W"),
        ("air", _air(seen), "degC"),
        ("humidity", seen.one("rack_relative_humidity_ratio"), "ratio"),
        ("supply", _loop(seen, "supply"), "degC"),
    )


_KEYS: dict[str, Callable[[DeviceValues], list[KeyValue]]] = {
    "pdu": _pdu,
    "power_shelf": _shelf,
    "bbu": _battery,
    "cdu": _cooling,
    "cooling": _cooling,
    "switch": _switch,
}
