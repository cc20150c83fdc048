"""Guesses of metric, unit, scale and states from a MIB's words and a column's values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.authoring.draft.mibs import MibObject
from agent.authoring.draft.tables import RecordedColumn
from agent.authoring.draft.vocabulary import (
    COMPONENTS,
    DEFAULT_UNIT,
    FRACTIONS,
    HEALTH,
    NOT_MEASURED,
    QUANTITIES,
    SENTINELS,
    STATE_METRICS,
    UNIT_WORDS,
    USUAL,
)
from agent.model.catalogue import CATALOGUE, Metric
from agent.model.units import UNITS


@dataclass(frozen=True, slots=True)
class Guess:
    """A guessed point: ``reasons`` has what a person must confirm."""

    metric: str
    component: str
    unit: str = ""
    scale: str = ""
    states: Mapping[int, str] | None = None
    absent: tuple[int, ...] = ()
    quantity: str = ""
    reasons: tuple[str, ...] = ()


def words(name: str) -> list[str]:
    """Return the words of ``st4OutletActivePower``: st4, outlet, active, power."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-_ ]+", " ", name)
    return spaced.lower().split()


def guess(column: RecordedColumn, table: MibObject | None) -> Guess | str:
    """Return a guess for ``column``, or the reason without one, as text."""
    about = column.about
    if about is None:
        return "no MIB names it"
    named = words(about.name)
    if about.enums:
        return _state(about, named, table)
    if about.is_text or not column.numbers:
        return "text"
    if about.writable:
        return "a setting: it can be written"
    several = next((name for name in about.index if "type" in words(name)), None)
    if several is not None:
        return f"what it measures is in its index ({several}): distinguish rows with 'where'"
    setting = next((word for word in named if NOT_MEASURED.fullmatch(word)), None)
    if setting is not None:
        return f"no measurement: {setting!r} in its name"
    return _number(column, about, named, table)


def component_of(named: Iterable[str], table: MibObject | None) -> str:
    """Return the component of a rack that the words name; empty if it is unknown."""
    around = words(table.name) if table is not None else []
    for found in (list(named), around):
        for component, telling in COMPONENTS:
            if any(telling.fullmatch(word) for word in found):
                return component
    return ""


def _state(about: MibObject, named: Sequence[str], table: MibObject | None) -> Guess | str:
    text = " ".join(named)
    if not HEALTH.search(text) or "config" in text or "control" in text:
        return "an enumeration whose name does not mean a state"
    component = component_of(named, table)
    values = {number: _snake(name) for number, name in about.enums.items()}
    switched = {"on", "off"} <= set(values.values())
    if component == "outlet" and switched:
        return Guess("rack_outlet_state", component, states=values, reasons=("'on' and 'off'",))
    metric = STATE_METRICS.get(component)
    if metric is None:
        if {"sensor", "probe", "temp", "temperature", "humidity", "contact"} & set(named):
            metric, component = "rack_sensor_state", "sensor"
        elif "fan" in named:
            metric, component = "rack_fan_state", "fan"
        elif "pump" in named:
            metric, component = "rack_pump_state", "pump"
        else:
            metric, component = "rack_device_state", "part"
    allowed = CATALOGUE[metric].labels
    quantity = _stem(named, component) if "quantity" in allowed else ""
    reasons = (f"its name says {component}",)
    return Guess(metric, component, states=values, quantity=quantity, reasons=reasons)


def _stem(named: Sequence[str], component: str) -> str:
    """Return the subject of a state: ``current`` of ``outletCurrentStatus``."""
    telling = dict(COMPONENTS).get(component)
    kept = [
        word
        for word in named[1:]
        if not HEALTH.fullmatch(word) and not (telling and telling.fullmatch(word))
    ]
    return "_".join(kept[-2:])


def _snake(name: str) -> str:
    return "_".join(words(name))


def _number(
    column: RecordedColumn, about: MibObject, named: Sequence[str], table: MibObject | None
) -> Guess | str:
    text = " ".join(named).replace("over current", "overcurrent")
    described = f"{about.units} {about.description}".lower()
    absent = tuple(sorted(SENTINELS & set(column.numbers)))
    found = _metric(text, named, table, described)
    if found is None:
        return "no word of its name is a quantity"
    metric, component, reason = found
    unit, unit_reason = _unit(about, metric)
    if unit is None:
        return f"{metric.name}? {unit_reason}"
    measured = [number for number in column.numbers if number not in absent]
    scale, scale_reason = _scale(about, unit, measured)
    reasons = tuple(each for each in (reason, unit_reason, scale_reason) if each)
    if re.search(r"\bor\b", about.units) or {"degC", "degF"} <= _named(described):
        reasons += ("caution: several units are named, a setting may select one",)
    if absent:
        reasons += (f"{', '.join(map(str, absent))} looks like 'no value'",)
    return Guess(metric.name, component, unit, scale, None, absent, "", reasons)


def _metric(
    text: str, named: Sequence[str], table: MibObject | None, described: str
) -> tuple[Metric, str, str] | None:
    """Return the metric, its component, and the reasons."""
    if re.search(r"\btemp(?:erature)?s?\b", text):
        where = "coolant" if re.search(r"coolant|water|fluid|liquid", text) else "air"
        return CATALOGUE[f"rack_{where}_temperature_celsius"], "sensor", "a temperature"
    if re.search(r"\bhumid(?:ity)?\b", text):
        return CATALOGUE["rack_relative_humidity_ratio"], "sensor", "a humidity"
    if re.search(r"\bdew ?point\b", text):
        return CATALOGUE["rack_dew_point_celsius"], "sensor", "a dew point"
    if re.search(r"\bfan\b", text) and re.search(r"\brpm\b", f"{text} {described}"):
        return CATALOGUE["rack_fan_speed_rpm"], "fan", "a fan's speed"
    if re.search(r"\bair ?flow\b", text):
        return CATALOGUE["rack_airflow_liters_per_second"], "sensor", "an air flow"
    if re.search(r"\b(?:water|coolant|fluid) ?flow\b", text):
        return CATALOGUE["rack_coolant_flow_liters_per_second"], "sensor", "a coolant flow"
    for pattern, ending in QUANTITIES:
        match = re.search(pattern, text)
        if match is not None:
            component = component_of(named, table)
            metric = CATALOGUE[f"rack_{component or 'sensor'}_{ending}"]
            part = f"of {component}" if component else "of an unnamed component"
            return metric, component or "sensor", f"'{match[0]}' {part}"
    return None


def _unit(about: MibObject, metric: Metric) -> tuple[str | None, str]:
    """Return the unit of the raw value, as ``agent.model.units`` spells it, and its source.

    None if nothing shows it, or UNITS is of another quantity.
    """
    for text, source in ((about.units, "UNITS"), (about.description, "the description")):
        named = _named(text.lower())
        fitting = [
            unit for _, unit in UNIT_WORDS if unit in named and UNITS[unit].base == metric.unit
        ]
        if fitting:
            return fitting[0], f"{fitting[0]} from {source}"
        if named and source == "UNITS":
            return None, f"UNITS says {text!r}"
    ending = next((name for name in DEFAULT_UNIT if metric.name.endswith(name)), "")
    unit = DEFAULT_UNIT.get(ending) or {"degC": "degC", "ratio": "%", "rpm": "rpm"}.get(metric.unit)
    reason = f"{unit} assumed: the MIB names no unit" if unit else "no unit is named"
    return unit, reason


def _named(text: str) -> set[str]:
    return {unit for pattern, unit in UNIT_WORDS if re.search(pattern, text)}


def _scale(about: MibObject, unit: str, numbers: Sequence[int]) -> tuple[str, str]:
    """Return the factor to the unit (empty: 1), and its source."""
    for text, source in ((about.units, "UNITS"), (about.description, "the description")):
        for pattern, factor in FRACTIONS:
            if re.search(pattern, text.lower()):
                return factor, f"{factor} from {source}"
    hinted = re.fullmatch(r"d-([1-6])", about.hint)
    if hinted:
        factor = f"{10.0 ** -int(hinted[1]):.6f}".rstrip("0")
        return factor, f"{factor} from DISPLAY-HINT {about.hint}"
    usual = USUAL.get(unit)
    largest = max(map(abs, numbers), default=0)
    if usual is None or not largest or usual[0] <= largest <= usual[1]:
        return "", ""
    for factor in ("0.1", "0.01", "0.001"):
        if usual[0] <= largest * float(factor) <= usual[1]:
            return (
                factor,
                f"{factor} because {largest} is then plausible: {largest * float(factor):g} {unit}",
            )
    return "", f"{largest} {unit} is unusual: check the scale"
