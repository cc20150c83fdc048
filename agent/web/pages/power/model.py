"""The power of a rack: conductors of the feeds, failover, power supplies, batteries; pure.

Everything is computed from the current values. What a device does not report is None, never
estimated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.web.data.query import DeviceValues, Labels
from agent.web.draw.cells import divided

Key = tuple[tuple[str, str], ...]
"""The sorted labels that identify a conductor or a power supply."""

_FEW_AMPERES = 1.0  # below this mean current an unbalance is meaningless
_PLACES = ("line", "phase", "output_phase")
_WHOLES = ("inlet", "output")
_OTHERS = frozenset({"sensor", "window", "cell"})  # not the part's own current value
_ASIDE = frozenset({"type", "rail", "part", "quantity"})  # labels that do not identify a part
_NAMES = frozenset({"name", "index"})  # a configured name, a row number


@dataclass(frozen=True, slots=True)
class Conductor:
    """A phase, a line, a branch circuit or a whole inlet; ``limit`` is its rating in amperes."""

    place: str
    key: Key
    volts: float | None
    amperes: float | None
    watts: float | None
    factor: float | None
    limit: float | None

    @property
    def name(self) -> str:
        """The name to show: ``phase 1``, ``inlet 2 · line L1``."""
        return _named(self.key, "") or self.place.replace("_", " ")

    @property
    def twin(self) -> tuple[str, Key]:
        """The key of the same conductor on the other feed."""
        return self.place, tuple(pair for pair in self.key if pair[0] not in _NAMES)

    @property
    def share(self) -> float | None:
        """The current as a share of the limit, None if either is unknown."""
        return divided(self.amperes, self.limit)


@dataclass(frozen=True, slots=True)
class Failover:
    """The current a conductor would carry if the same conductor of the other feed were lost."""

    name: str
    amperes: float
    limit: float | None

    @property
    def share(self) -> float | None:
        """The current as a share of the limit of the remaining conductor."""
        return divided(self.amperes, self.limit)


@dataclass(frozen=True, slots=True)
class Supply:
    """One power supply of a shelf; ``share`` is its load as a share of its rating."""

    name: str
    watts: float | None
    volts: float | None
    share: float | None
    state: str


@dataclass(frozen=True, slots=True)
class Battery:
    """One battery; ``charge`` and ``health`` from 0 to 1, ``runtime`` in seconds."""

    name: str
    charge: float | None
    health: float | None
    runtime: float | None
    celsius: float | None
    state: str


def conductors(seen: DeviceValues) -> list[Conductor]:
    """Return the lines and phases of a device, or its inlets and outputs if it has none."""
    found = [row for place in _PLACES for row in _rows(seen, place)]
    return found or [row for place in _WHOLES for row in _rows(seen, place)]


def branches(seen: DeviceValues) -> list[Conductor]:
    """Return the branch circuits of a device."""
    return _rows(seen, "branch")


def unbalance(rows: Sequence[Conductor]) -> float | None:
    """Return the largest deviation of a current from the mean of its inlet, as a share of it.

    Return None if no inlet has two known currents with a mean of at least 1 A.
    """
    inlets: dict[tuple[str, Key], list[float]] = {}
    for row in rows:
        if row.amperes is not None:
            rest = tuple(pair for pair in row.key if pair[0] not in {*_NAMES, "phase", "line"})
            inlets.setdefault((row.place, rest), []).append(row.amperes)
    found = []
    for amperes in inlets.values():
        mean = sum(amperes) / len(amperes)
        if len(amperes) > 1 and mean >= _FEW_AMPERES:
            found.append(max(abs(value - mean) for value in amperes) / mean)
    return max(found, default=None)


def failover(lost: Sequence[Conductor], left: Sequence[Conductor]) -> Failover | None:
    """Return the most loaded conductor of ``left`` if the feed ``lost`` fails.

    Each conductor then also carries the current of the same conductor in ``lost``. Return None if
    the two have different conductors, or a current is missing.
    """
    twins = {row.twin: row.amperes for row in lost}
    found = []
    for row in left:
        other = twins.get(row.twin)
        if other is None or row.amperes is None:
            return None
        found.append(Failover(row.name, row.amperes + other, row.limit))
    if not found or len(twins) != len(found):
        return None
    known = [each for each in found if each.share is not None]
    if len(known) < len(found):  # one without a limit could be the worst
        return max(found, key=lambda each: each.amperes)
    return max(known, key=lambda each: each.share or 0.0)


def supplies(seen: DeviceValues) -> list[Supply]:
    """Return the power supplies of a shelf."""
    watts, volts = _of(seen, "psu_output_power_watts"), _of(seen, "psu_output_voltage_volts")
    shares = _of(seen, "psu_output_utilization_ratio")
    limits = _of(seen, "psu_output_power_limit_watts")
    states = _words(seen, "rack_psu_state")
    known = dict.fromkeys((*watts, *volts, *states, *_of(seen, "psu_input_voltage_volts")))
    return [
        Supply(
            _named(key, "psu") or "PSU",
            watts.get(key),
            volts.get(key),
            shares.get(key, divided(watts.get(key), limits.get(key))),
            states.get(key, ""),
        )
        for key in known
    ]


def one_less(shares: Sequence[float | None]) -> float | None:
    """Return the load of the others if one of several equal parts fails, as a share of rating.

    ``shares`` are the present loads. Return None if one is unknown, or there are fewer than two.
    """
    known = [share for share in shares if share is not None]
    if len(known) < len(shares) or len(known) < 2:
        return None
    return sum(known) / (len(known) - 1)


def batteries(seen: DeviceValues) -> list[Battery]:
    """Return the batteries of a device that reports charge, health, runtime or state."""
    charge, health = _of(seen, "battery_charge_ratio"), _of(seen, "battery_health_ratio")
    runtime = _of(seen, "battery_runtime_seconds")
    celsius: dict[Key, float] = {}
    for has, value in seen.each("rack_battery_temperature_celsius"):
        key = _key({label: text for label, text in has.items() if label not in _OTHERS})
        celsius[key] = max(value, celsius.get(key, value))
    states = _words(seen, "rack_battery_state")
    return [
        Battery(
            _named(key, "battery") or "battery",
            charge.get(key),
            health.get(key),
            runtime.get(key),
            celsius.get(key),
            states.get(key, ""),
        )
        for key in dict.fromkeys((*charge, *health, *runtime, *states))
    ]


def plain(seen: DeviceValues, metric: str) -> list[float]:
    """Return the current values of ``metric``, without peaks and values of other sensors."""
    return [value for has, value in seen.each(metric) if not has.keys() & _OTHERS]


def _rows(seen: DeviceValues, place: str) -> list[Conductor]:
    amperes, watts = _of(seen, f"{place}_current_amperes"), _of(seen, f"{place}_power_watts")
    volts = _of(seen, f"{place}_voltage_volts")
    factors = _of(seen, f"{place}_power_factor_ratio")
    limits = _of(seen, f"{place}_current_limit_amperes")
    inlets = {} if place == "branch" else _of(seen, "inlet_current_limit_amperes")
    return [
        Conductor(
            place,
            key,
            volts.get(key),
            amperes.get(key),
            watts.get(key),
            factors.get(key),
            _limit(key, limits, inlets),
        )
        for key in dict.fromkeys((*amperes, *watts))
    ]


def _limit(key: Key, *known: Mapping[Key, float]) -> float | None:
    """Return the limit whose labels are the largest subset of ``key``, else None."""
    for limits in known:
        fit = [(len(labels), value) for labels, value in limits.items() if {*labels} <= {*key}]
        if fit:
            return max(fit)[1]
    return None


def _of(seen: DeviceValues, name: str) -> dict[Key, float]:
    """Return the current values of metric ``rack_NAME`` by key, the first of each."""
    found: dict[Key, float] = {}
    for has, value in seen.each(f"rack_{name}"):
        if not has.keys() & _OTHERS:
            found.setdefault(_key(has), value)
    return found


def _words(seen: DeviceValues, metric: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for has, word in seen.texts(metric):
        found.setdefault(_key(has), word)
    return found


def _key(has: Labels) -> Key:
    return tuple(sorted((label, text) for label, text in has.items() if label not in _ASIDE))


def _named(key: Key, what: str) -> str:
    """Return labels as text: only the value for ``what``, no row number if others exist."""
    shown = [pair for pair in key if pair[0] != "index"] or key
    return " · ".join(
        value if label in (what, "name") else f"{label} {value}" for label, value in shown
    )
