"""How cooling stands in a rack: loops, heat, margins, leaks, air; pure.

Temperatures in degC, pressures in Pa, flows in L/s, heat in W. What is not told is None.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

from agent.web.data.query import DeviceValues, Labels

DEW_MARGIN_K = 2.0  # colder surfaces may drip
_PG25_J_L_K = 4_015.0  # 25 % propylene glycol at 30 degC: 3.94 kJ/kgK, 1.0192 kg/L
_WATER_J_L_K = 4_159.0  # at 30 degC: 4.178 kJ/kgK, 0.9957 kg/L
_MAGNUS = 17.62, 243.12  # WMO-No. 8
_COOLANT = "rack_coolant_"
TECHNOLOGY, FACILITY = "technology", "facility"


@dataclass(frozen=True, slots=True)
class Loop:
    """One coolant loop as a device tells it; ``drops`` are pressure differences by what across.

    ``told`` is the heat that the device tells, ``water`` what the loop is reckoned to hold.
    """

    supply: float | None
    back: float | None
    liters: float | None
    pressure: float | None
    pressure_back: float | None
    drops: Mapping[str, float]
    told: float | None
    water: bool

    @property
    def known(self) -> bool:
        """Whether the device tells anything of it."""
        return not (self.supply is self.back is self.liters is self.pressure is None)

    @property
    def rise(self) -> float | None:
        """Return above supply, in K."""
        if self.supply is None or self.back is None:
            return None
        return self.back - self.supply

    @property
    def heat(self) -> float | None:
        """What the device tells, or else what flow and rise make it."""
        if self.told is not None:
            return self.told
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
    """One pump; ``rpm`` and ``duty`` where it tells them."""

    name: str
    rpm: float | None
    duty: float | None
    state: str


@dataclass(frozen=True, slots=True)
class Leak:
    """One leak sensor: ``wet`` and ``broken`` None where it does not tell, ``state`` its word."""

    name: str
    wet: bool | None
    broken: bool | None
    state: str

    @property
    def verdict(self) -> tuple[str, str]:
        """State and words, worst first."""
        if self.wet:
            return "down", "LEAK"
        if self.broken:
            return "alarm", "sensor is broken"
        if self.wet is None and not self.state:
            return "waiting", "not told"
        return "up", self.state.replace("_", " ") or "dry"


def loop(seen: DeviceValues, names: tuple[str, ...]) -> Loop:
    """A loop of a device by its label, the first of ``names`` that there is; empty is none."""

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
    """The pumps of a device that tell their speed, duty or state."""
    rpm, duty = _by(seen.each("rack_pump_speed_rpm")), _by(seen.each("rack_pump_duty_ratio"))
    states = {_name(has, "pump"): word for has, word in seen.texts("rack_pump_state")}
    listed = dict.fromkeys((*rpm, *states)) or dict.fromkeys(duty)
    return [Pump(name, rpm.get(name), duty.get(name), states.get(name, "")) for name in listed]


def leaks(seen: DeviceValues) -> list[Leak]:
    """The leak sensors of a device."""
    wet = {_name(has, "sensor"): v > 0 for has, v in seen.each("rack_leak_detected")}
    broken = {_name(has, "sensor"): v > 0 for has, v in seen.each("rack_leak_sensor_fault")}
    states = {_name(has, "sensor"): word for has, word in seen.texts("rack_leak_state")}
    return [
        Leak(name, wet.get(name), broken.get(name), states.get(name, ""))
        for name in dict.fromkeys((*wet, *broken, *states))
    ]


def dew_point(seen: DeviceValues) -> float | None:
    """The dew point that a device tells, the highest; else of its warmest, wettest air."""
    told = seen.most("rack_dew_point_celsius")
    if told is not None:
        return told
    warmest = seen.most("rack_air_temperature_celsius")
    wettest = seen.most("rack_relative_humidity_ratio")
    if warmest is None or not wettest:
        return None
    slope, offset = _MAGNUS
    gamma = log(wettest) + slope * warmest / (offset + warmest)
    return offset * gamma / (slope - gamma)


def less(one: float | None, other: float | None) -> float | None:
    """A difference, None where a part is missing."""
    return None if one is None or other is None else one - other


def _in_loop(seen: DeviceValues, metric: str, names: tuple[str, ...]) -> list[tuple[Labels, float]]:
    found = [(has, value) for has, value in seen.each(metric) if has.get("loop", "") in names]
    return sorted(found, key=lambda pair: names.index(pair[0].get("loop", "")))


def _first(found: list[tuple[Labels, float]], side: str | None) -> float | None:
    """The first of a side, one without the label ``sensor`` before others."""
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
    """Labels in words, of ``what`` the value alone."""
    return " · ".join(
        text.replace("_", " ") if label == what else f"{label} {text}"
        for label, text in has.items()
    )
