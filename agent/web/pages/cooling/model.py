"""The cooling of a rack: coolant loops, heat, pumps, leak sensors, dew point; pure.

Temperatures are in degC, pressures in Pa, flows in L/s, heat in W. What a device does not report
is None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

from agent.events.records import ALARM_NAMES, LEAK, LEAK_SENSOR_FAULT
from agent.web.data.query import DeviceValues, Labels

DEW_MARGIN_K = 2.0  # below this margin water may condense
_PG25_J_L_K = 4_015.0  # 25 % propylene glycol at 30 degC: 3.94 kJ/kgK, 1.0192 kg/L
_WATER_J_L_K = 4_159.0  # at 30 degC: 4.178 kJ/kgK, 0.9957 kg/L
_MAGNUS = 17.62, 243.12  # WMO-No. 8
_COOLANT = "rack_coolant_"
TECHNOLOGY, FACILITY = "technology", "facility"


@dataclass(frozen=True, slots=True)
class Loop:
    """One coolant loop as a device reports it.

    ``drops`` are pressure differences in Pa by the part that they are measured across.
    ``reported_heat`` is the heat in W that the device reports. ``water`` is True for a loop of
    water, False for a loop of 25 % propylene glycol (PG25).
    """

    supply: float | None
    back: float | None
    liters: float | None
    pressure: float | None
    pressure_back: float | None
    drops: Mapping[str, float]
    reported_heat: float | None
    water: bool

    @property
    def known(self) -> bool:
        """True if the device reports any value of the loop."""
        return not (self.supply is self.back is self.liters is self.pressure is None)

    @property
    def rise(self) -> float | None:
        """The return temperature minus the supply temperature, in K."""
        if self.supply is None or self.back is None:
            return None
        return self.back - self.supply

    @property
    def heat(self) -> float | None:
        """The heat in W: as reported, else computed from flow and temperature rise."""
        if self.reported_heat is not None:
            return self.reported_heat
        if self.rise is None or self.liters is None:
            return None
        return self.liters * self.rise * (_WATER_J_L_K if self.water else _PG25_J_L_K)

    @property
    def drop(self) -> float | None:
        """The pressure difference across the rack, or between supply and return."""
        if "rack" in self.drops:
            return self.drops["rack"]
        if self.pressure is None or self.pressure_back is None:
            return None
        return self.pressure - self.pressure_back


@dataclass(frozen=True, slots=True)
class Pump:
    """One pump; ``rpm`` and ``duty`` (0 to 1) are None if it does not report them."""

    name: str
    rpm: float | None
    duty: float | None
    state: str


@dataclass(frozen=True, slots=True)
class Leak:
    """One leak sensor; ``wet`` and ``broken`` are None if not reported.

    ``state`` is the name of the state that the sensor reports, or empty.
    """

    name: str
    wet: bool | None
    broken: bool | None
    state: str

    @property
    def verdict(self) -> tuple[str, str]:
        """The state of a cell, and its text."""
        if self.wet:
            return "down", ALARM_NAMES[LEAK]
        if self.broken:
            return "alarm", ALARM_NAMES[LEAK_SENSOR_FAULT]
        if self.wet is None and not self.state:
            return "waiting", "not reported"
        return "up", self.state.replace("_", " ") or "dry"


def loop(seen: DeviceValues, names: tuple[str, ...]) -> Loop:
    """Return a coolant loop of a device.

    ``names`` are values of the label ``loop`` in order of preference; the empty name means a series
    without the label.
    """

    def of(what: str, side: str | None = None) -> float | None:
        return _first(_in_loop(seen, f"{_COOLANT}{what}", names), side)

    heat = _first(_in_loop(seen, "rack_heat_removed_watts", names), None)
    drops: dict[str, float] = {}
    for has, value in _in_loop(seen, f"{_COOLANT}differential_pressure_pascals", names):
        drops.setdefault(has.get("across", "loop"), value)
    return Loop(
        of("temperature_celsius", "supply"),
        of("temperature_celsius", "return"),
        of("flow_liters_per_second"),
        of("pressure_pascals", "supply"),
        of("pressure_pascals", "return"),
        drops,
        heat,
        water=FACILITY in names,
    )


def pumps(seen: DeviceValues) -> list[Pump]:
    """Return the pumps of a device that report speed, duty or state."""
    rpm, duty = _by(seen.each("rack_pump_speed_rpm")), _by(seen.each("rack_pump_duty_ratio"))
    states = {_name(has, "pump"): word for has, word in seen.texts("rack_pump_state")}
    listed = dict.fromkeys((*rpm, *states)) or dict.fromkeys(duty)
    return [Pump(name, rpm.get(name), duty.get(name), states.get(name, "")) for name in listed]


def leaks(seen: DeviceValues) -> list[Leak]:
    """Return the leak sensors of a device."""
    wet = {_name(has, "sensor"): v > 0 for has, v in seen.each(LEAK)}
    broken = {_name(has, "sensor"): v > 0 for has, v in seen.each(LEAK_SENSOR_FAULT)}
    states = {_name(has, "sensor"): word for has, word in seen.texts("rack_leak_state")}
    return [
        Leak(name, wet.get(name), broken.get(name), states.get(name, ""))
        for name in dict.fromkeys((*wet, *broken, *states))
    ]


def dew_point(seen: DeviceValues) -> float | None:
    """Return the highest dew point that a device reports, in degC.

    Else compute it from its highest air temperature and humidity by the Magnus formula. Return None
    if one of them is missing.
    """
    reported = seen.most("rack_dew_point_celsius")
    if reported is not None:
        return reported
    warmest = seen.most("rack_air_temperature_celsius")
    wettest = seen.most("rack_relative_humidity_ratio")
    if warmest is None or not wettest:
        return None
    slope, offset = _MAGNUS
    gamma = log(wettest) + slope * warmest / (offset + warmest)
    return offset * gamma / (slope - gamma)


def less(one: float | None, other: float | None) -> float | None:
    """Return a difference, None if a part is missing."""
    return None if one is None or other is None else one - other


def _in_loop(seen: DeviceValues, metric: str, names: tuple[str, ...]) -> list[tuple[Labels, float]]:
    found = [(has, value) for has, value in seen.each(metric) if has.get("loop", "") in names]
    return sorted(found, key=lambda pair: names.index(pair[0].get("loop", "")))


def _first(found: list[tuple[Labels, float]], side: str | None) -> float | None:
    """Return the first value of a side, preferably one without the label ``sensor``."""
    fit = [(has, value) for has, value in found if side is None or has.get("side") == side]
    for has, value in fit:
        if "sensor" not in has:
            return value
    return fit[0][1] if fit else None


def _by(found: Iterable[tuple[Labels, float]]) -> dict[str, float]:
    kept: dict[str, float] = {}
    for has, value in found:
        kept.setdefault(_name(has, "pump"), value)
    return kept


def _name(has: Labels, what: str) -> str:
    """Return labels as text; for the label ``what`` only its value."""
    return " · ".join(
        text.replace("_", " ") if label == what else f"{label} {text}"
        for label, text in has.items()
    )
