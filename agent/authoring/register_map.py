"""Import of foreign register maps to a profile's YAML; guesses are marked for confirmation.

A rackmon map (OpenBMC's JSON) has addresses, formats and scales, but units only in names
(``RPU_Coolant_Flow_Rate_LPM``); a vendor's spreadsheet has a column for them. Both become rows
here, rows become points, and rows that cannot be decided are reported instead of guessed.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from agent.model.errors import ConfigError, Problem
from agent.model.units import UNITS
from agent.parse.plain_file import read_plain
from agent.parse.yaml_source import load_json, parse

_SIZE_MAX = 4 * 1024 * 1024
_TYPES = {1: "uint16", 2: "uint32", 4: "uint64"}


@dataclass(frozen=True, slots=True)
class MapRow:
    """One register of a foreign map; ``guessed`` if the name implied the ``unit``."""

    address: int
    name: str
    data_type: str
    count: int = 1
    scale: Fraction = Fraction(1)
    unit: str = ""
    guessed: bool = False
    table: str = "holding"
    byte_order: str = "ABCD"
    flags: tuple[tuple[int, str], ...] = ()
    offset: Fraction = Fraction(0)


@dataclass(slots=True)
class MapDraft:
    """A profile's YAML, and the entries that its author has to check."""

    yaml: str = ""
    points: int = 0
    undecided: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


# The end of a name, after an underscore or a space, and the unit it means.
_NAME_UNITS = (
    (r"LPM|L/min", "L/min"),
    (r"kPa", "kPa"),
    (r"RPM", "rpm"),
    (r"Pct(?:_RH)?|Percent|PWM|Duty", "%"),
    (r"Hz|Freq(?:uency)?(?:_AC)?", "Hz"),
    (r"Temp(?:erature)?(?:_C)?|C(?:elsius)?|Temp\d*(?:_\w+)?", "degC"),
    (r"kW", "kW"),
    (r"(?:Power_|Pwr_|Capacity_)?W|Power|Pwr", "W"),
    (r"(?:Volt_)?V|Volt(?:age)?(?:_AC)?", "V"),
    (r"(?:Curr_)?A|Curr(?:ent)?(?:_AC)?", "A"),
)
_WORD_UNITS = (  # a word anywhere, if the end does not name a unit
    (r"(?i)RPM", "rpm"),
    (r"(?i)temp(?:erature)?(?=\d|_|\b)", "degC"),
    (r"(?i)volt(?:age)?|(?:^|_)V(?:in|out)(?:_|$)", "V"),
    (r"(?i)(?<!share_)current", "A"),
    (r"(?i)(?<![a-z])power(?![a-z]|[_ ](?:factor|on|off|cycle|planned))", "W"),
    (r"(?i)frequency", "Hz"),
)
_NO_MEASUREMENT = re.compile(
    r"(?i)status|alarm|count|time|setpoint|_set$|setting|limit|threshold|address|revision|factor"
)
_METRICS = (  # words in the name, unit, metric, the label that distinguishes registers
    (r"(?i)coolant|water", "L/min", "rack_coolant_flow_liters_per_second", "sensor"),
    (r"(?i)coolant|water", "degC", "rack_coolant_temperature_celsius", "sensor"),
    (r"", "kPa", "rack_coolant_pressure_pascals", "sensor"),
    (r"", "L/min", "rack_coolant_flow_liters_per_second", "sensor"),
    (r"(?i)pump", "rpm", "rack_pump_speed_rpm", "pump"),
    (r"", "rpm", "rack_fan_speed_rpm", "fan"),
    (r"(?i)pump", "%", "rack_pump_duty_ratio", "pump"),
    (r"(?i)fan", "%", "rack_fan_duty_ratio", "fan"),
    (r"(?i)hum|RH", "%", "rack_relative_humidity_ratio", "sensor"),
    (r"(?i)air", "degC", "rack_air_temperature_celsius", "sensor"),
)
_ANY_METRIC = {
    "degC": "rack_sensor_temperature_celsius",
    "V": "rack_sensor_voltage_volts",
    "A": "rack_sensor_current_amperes",
    "W": "rack_sensor_power_watts",
    "VA": "rack_sensor_apparent_power_voltamperes",
    "VAr": "rack_sensor_reactive_power_voltamperes_reactive",
    "Hz": "rack_sensor_frequency_hertz",
    "J": "rack_sensor_energy_joules_total",
}
_INFO = (
    ("model", r"(?i)model"),
    ("serial", r"(?i)serial"),
    ("firmware", r"(?i)^(?:.*_)?FW|firmware"),
)


def read_rackmon(path: Path) -> tuple[list[MapRow], dict[str, Any], MapDraft]:
    """Return the rows of an OpenBMC rackmon map, its head (name, baudrate), and a draft.

    Handlers that run shell commands are refused and named. Raises ConfigError for a file that is
    not a rackmon map.
    """
    data = dict(load_json(path).data)
    if not isinstance(data.get("registers"), list):
        raise ConfigError(
            [Problem(str(path), 0, "registers", "is not a rackmon map: it has no list")]
        )
    draft = MapDraft()
    handlers = data.get("special_handlers")
    for handler in handlers if isinstance(handlers, list) else ():
        if not isinstance(handler, dict):
            raise ConfigError([Problem(str(path), 0, "special_handlers", "is no list of mappings")])
        draft.refused.append(
            f"register {handler.get('reg')}: a handler that {handler.get('action')}s;"
            " the agent only reads, and runs no shell"
        )
    rows = []
    problems: list[Problem] = []
    for place, register in enumerate(data["registers"]):
        try:
            rows.append(_rackmon_row(register))
        except (KeyError, TypeError, ValueError) as error:
            problems.append(Problem(str(path), 0, f"registers[{place}]", f"unusable: {error!r}"))
    if problems:
        raise ConfigError(problems)
    return rows, data, draft


def _rackmon_row(register: Mapping[str, Any]) -> MapRow:
    count, name = int(register["length"]), str(register["name"]).strip()
    address, kind = int(register["begin"]), register["format"]
    order = "ABCD"
    if register.get("endian") == "L":  # rackmon reverses all bytes of the value
        order = "DCBA" if count > 1 else "BADC"
    if kind == "STRING":
        return MapRow(address, name, "string", count)
    if kind == "FLAGS":
        flags = tuple((int(bit), str(text).strip()) for bit, text in register.get("flags", ()))
        return MapRow(address, name, _TYPES[count], count, flags=flags)
    data_type = _TYPES[count]
    if register.get("sign"):
        data_type = data_type.removeprefix("u")
    scale = Fraction(str(register.get("scale", 1))) / 2 ** int(register.get("precision", 0))
    unit = _unit_of(name)
    shift = Fraction(str(register.get("shift", 0)))
    return MapRow(
        address, name, data_type, count, scale, unit, bool(unit), byte_order=order, offset=shift
    )


def _unit_of(name: str) -> str:
    """Return the unit at the end of a register's name; empty without one."""
    for pattern, unit in _NAME_UNITS:
        if re.search(rf"(?:^|[_ ])(?:{pattern})(?:[_ ]Inst)?$", name):
            return unit
    if _NO_MEASUREMENT.search(name):
        return ""
    return next((unit for word, unit in _WORD_UNITS if re.search(word, name)), "")


_HEADINGS = {
    "address": ("address", "addr", "register", "reg", "begin"),
    "name": ("name", "description", "parameter", "point"),
    "data_type": ("type", "data_type", "datatype", "format"),
    "scale": ("scale", "factor", "multiplier", "gain", "resolution"),
    "unit": ("unit", "units"),
    "table": ("table", "function", "area"),
    "count": ("count", "length", "size", "registers"),
}
_CSV_TYPES = {"int": "int16", "uint": "uint16", "short": "int16", "word": "uint16"}
_CSV_TYPES |= {"float": "float32", "double": "float64", "real": "float32", "dword": "uint32"}
_CSV_UNITS = {
    "°C": "degC",
    "C": "degC",
    "°F": "degF",
    "F": "degF",
    "lpm": "L/min",
    "l/min": "L/min",
}
_CSV_UNITS |= {"rh": "%RH", "percent": "%", "volt": "V", "amp": "A", "watt": "W", "kwh": "kWh"}


def read_csv(path: Path) -> tuple[list[MapRow], dict[str, Any], MapDraft]:
    """Return the rows of a vendor's register table; headings may be spelt in the usual ways.

    Raises ConfigError if a required heading is missing, or with every unusable line.
    """
    text = _text(path)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    reader = csv.DictReader(io.StringIO(text), dialect=dialect)
    try:
        columns = _columns(path, reader.fieldnames or ())
        lines = [(reader.line_num, line) for line in reader]
    except csv.Error as error:
        problem = Problem(str(path), reader.line_num, "", f"is not CSV: {error}")
        raise ConfigError([problem]) from None
    rows, problems = [], []
    for number, line in lines:
        cells = {key: (line.get(heading) or "").strip() for key, heading in columns.items()}
        if not any(cells.values()):
            continue
        try:
            rows.append(_csv_row(cells))
        except ValueError as error:
            problems.append(Problem(str(path), number, "", str(error)))
    if problems:
        raise ConfigError(problems)
    if not rows:
        raise ConfigError([Problem(str(path), 0, "", "has no rows")])
    return rows, {"name": path.stem}, MapDraft()


def _columns(path: Path, headings: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for key, spellings in _HEADINGS.items():
        for heading in headings:
            if heading.strip().lower() in spellings:
                columns.setdefault(key, heading)
    for key in ("address", "name"):
        if key not in columns:
            known = ", ".join(_HEADINGS[key])
            message = f"no heading for {key!r} in line 1; call one of the columns {known}"
            raise ConfigError([Problem(str(path), 1, "", message)])
    return columns


def _csv_row(cells: Mapping[str, str]) -> MapRow:
    text = cells["address"]
    try:
        address = int(text, 16) if text.lower().startswith("0x") else int(text)
    except ValueError:
        raise ValueError(f"address {text!r} is not a number") from None
    written = cells.get("table", "").lower()
    if "coil" in written or "discrete" in written:
        raise ValueError(f"table {written!r}: a bit; describe coils and discrete inputs by hand")
    table = "input" if "input" in written or written == "4" else written and "holding"
    # Modicon notation: the first digit is the table, and registers count from 1.
    if 30001 <= address <= 39999 and table in ("", "input"):
        table, address = "input", address - 30001
    elif 40001 <= address <= 49999 and table in ("", "holding"):
        table, address = "holding", address - 40001
    kind = cells.get("data_type", "").lower() or "uint16"
    kind = _CSV_TYPES.get(kind, kind)
    if kind not in _KNOWN_TYPES:
        raise ValueError(f"type {kind!r} is unknown; use {', '.join(sorted(_KNOWN_TYPES))}")
    unit = cells.get("unit", "")
    unit = _CSV_UNITS.get(unit, _CSV_UNITS.get(unit.lower(), unit))
    try:
        scale = Fraction(cells.get("scale") or "1")
        count = int(cells.get("count") or _KNOWN_TYPES[kind])
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"scale {cells.get('scale')!r} or count is not a number") from None
    guessed = not unit and bool(_unit_of(cells["name"]))
    unit = unit or _unit_of(cells["name"])
    return MapRow(address, cells["name"], kind, count, scale, unit, guessed, table or "holding")


_KNOWN_TYPES = {"uint16": 1, "int16": 1, "uint32": 2, "int32": 2, "uint64": 4, "int64": 4}
_KNOWN_TYPES |= {"float32": 2, "float64": 4, "string": 8, "bcd16": 1, "bcd32": 2, "float16": 1}


def _text(path: Path) -> str:
    try:
        return read_plain(path, _SIZE_MAX).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ConfigError([Problem(str(path), 0, "", f"cannot be read: {reason}")]) from None


def draft_profile(
    rows: Iterable[MapRow], head: Mapping[str, Any], draft: MapDraft, source: str
) -> MapDraft:
    """Return the profile's YAML; entries that a person must check are added to ``draft``.

    Rows without a unit, or with a unit that fits no metric, become comments, never points.
    """
    name = re.sub(r"[^a-z0-9]+", "-", str(head.get("name", "imported")).lower()).strip("-")
    points: list[str] = []
    info: dict[str, str] = {}
    labels: set[str] = set()
    for row in rows:
        if row.data_type == "string":
            key = next((key for key, words in _INFO if re.search(words, row.name)), None)
            if key is not None and key not in info:
                info[key] = f"{{address: {row.address}, count: {row.count}}}"
            continue
        label = re.sub(r"[^a-z0-9]+", "_", row.name.lower()).strip("_") or "register"
        label = f"{label}_{row.address}" if label in labels else label
        labels.add(label)
        line = _point(row, label)
        if line is None:
            draft.undecided.append(f"register {row.address} {row.name!r}: {_why(row)}")
            points.append(f"  # undecided: {row.address} {row.data_type} {row.name}: {_why(row)}")
            continue
        points += line
        draft.points += 1
    draft.yaml = _page(name, head, info, points, source)
    parse(draft.yaml, name)
    return draft


def _why(row: MapRow) -> str:
    if not row.unit:
        return "its name does not imply a unit"
    if row.unit not in UNITS:
        return f"unknown unit {row.unit!r}"
    return f"no metric is obvious for {row.unit}"


def _point(row: MapRow, label: str) -> list[str] | None:
    place = [f"address: {row.address}", f"data_type: {row.data_type}"]
    place += [f"table: {row.table}"] if row.table != "holding" else []
    place += [f"byte_order: {row.byte_order}"] if row.byte_order != "ABCD" else []
    if row.flags:
        bits = [f"      {bit}: {_alarm(text)}" for bit, text in sorted(dict(row.flags).items())]
        head = ["  - metric: rack_alarm_active", f"    labels: {{part: {label}}}"]
        return [*head, *(f"    {part}" for part in place), "    bits:", *bits]
    found = _metric_of(row)
    if found is None:
        return None
    metric, tag = found
    parts = [f"metric: {metric}", f"labels: {{{tag}: {label}}}", *place]
    parts += [f"scale: {row.scale}"] if row.scale != 1 else []
    parts += [f"offset: {row.offset}"] if row.offset else []
    parts.append(f"unit: '{row.unit}'")
    confirm = "    # confirm the unit: the name implied it" if row.guessed else ""
    return [f"  - {{{', '.join(parts)}}}{confirm}"]


def _metric_of(row: MapRow) -> tuple[str, str] | None:
    """Return a row's metric and the label that distinguishes its rows; None if unclear."""
    if row.unit not in UNITS:
        return None
    base = UNITS[row.unit].base
    for words, unit, metric, tag in _METRICS:
        if UNITS[unit].base == base and re.search(words, row.name):
            return metric, tag
    return (_ANY_METRIC[base], "sensor") if base in _ANY_METRIC else None


def _alarm(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "flag"


def _page(
    name: str, head: Mapping[str, Any], info: Mapping[str, str], points: Sequence[str], source: str
) -> str:
    lines = [
        f"profile: {name}",
        f"title: {name} (imported; put the product's name here)",
        "kind: other                   # pdu, power_shelf, bbu, cdu, cooling, switch, sensor, ...",
        "protocol: modbus",
        "verified: datasheet           # an imported map proves nothing yet: confirm each unit",
        f"source: {json.dumps(source)}",
    ]
    if "probe_register" in head:
        lines.append(f"identify: {{address: {int(head['probe_register'])}}}")
    if info:
        fields = ", ".join(f"{key}: {value}" for key, value in info.items())
        lines.append(f"info: {{{fields}}}")
    if "baudrate" in head:
        parity = {"NONE": "N", "ODD": "O"}.get(str(head.get("parity", "EVEN")), "E")
        units = json.dumps(head.get("address_range", []))
        lines.append(
            f"serial: {{baudrate: {int(head['baudrate'])}, parity: {parity}, units: {units}}}"
        )
    return "\n".join([*lines, "points:", *points]) + "\n"
