"""From a reading back to the wire: where it stands, what stood there, what makes it a value; pure.

This is the point-to-point check of a commissioning engineer.
"""

from agent.expose.json_model import source as source_json
from agent.model import smi
from agent.model.series import OidSource, RegisterSource, Series
from agent.model.values import Raw
from agent.profile.points import Conversion, ModbusPoint, PointBase, Profile, SnmpPoint

_RAW_CHARS = 120


def place(series: Series) -> str:
    """Where a reading is read: the instance's OID, or table and 0-based addresses."""
    match series.source:
        case OidSource(oid):
            return f"OID {oid}"
        case RegisterSource(table, address, count):
            last = f"–{address + count - 1}" if count > 1 else ""
            what = "registers" if table in ("holding", "input") else "bits"
            return f"{table} {what} {address}{last} (from 0; 0x{address:04X})"


def raw_text(series: Series, raw: Raw) -> str:
    """What stood there, as the API tells it; registers in hexadecimal beside."""
    told = source_json(series.source, raw)["raw"]
    if isinstance(raw, tuple):
        words = " ".join(f"{word:04X}" for word in raw)
        return f"{' '.join(map(str, raw))} (0x {words})"[:_RAW_CHARS]
    text = str(told)
    return text if len(text) <= _RAW_CHARS else f"{text[: _RAW_CHARS - 1]}…"


def conversion(series: Series, profile: Profile | None) -> str:
    """What the profile does to make it a value: scale, offset, unit, states."""
    point = None if profile is None else _point(series, profile)
    if point is None:
        return "not known: the profile has no point for it"
    if isinstance(point, ModbusPoint) and point.derived is not None:
        return "computed from other points"
    told = []
    if isinstance(point, ModbusPoint):
        told.append(f"{point.data_type}, {point.byte_order}")
        if point.bit is not None:
            last = f" to {point.bit + point.bits - 1}" if point.bits > 1 else ""
            told.append(f"bit {point.bit}{last}")
        if point.scale_register is not None:
            told.append(f"scale in register {point.scale_register}")
    if point.states:
        pairs = [f"{value} is {name}" for value, name in list(point.states.items())[:12]]
        return "; ".join((*told, ", ".join(pairs)))
    return "; ".join((*told, _arithmetic(point.conversion, point.metric.unit)))


def _arithmetic(how: Conversion, base: str) -> str:
    told = "raw"
    if how.scale != 1 or how.scale_lookup:
        told += f" × {how.scale_lookup or how.scale}"
    if how.digits_lookup:
        told += f" / 10^{how.digits_lookup}"
    elif how.digits:
        told += f" / {10**how.digits}"
    if how.offset:
        told += f" + {how.offset}"
    unit = f"unit by {how.unit_lookup}" if how.unit_lookup else how.unit
    if unit:
        told += f", in {unit}"
    return f"{told}; kept in {base}" if base and base != unit else told


def _point(series: Series, profile: Profile) -> PointBase | None:
    for point in profile.points:
        if point.metric.name == series.metric.name and _stands(series, point):
            return point
    return None


def _stands(series: Series, point: SnmpPoint | ModbusPoint) -> bool:
    match series.source, point:
        case OidSource(oid), SnmpPoint():
            return f"{oid}.".startswith(f"{smi.dotted(point.oid)}.")
        case RegisterSource(table, address, _), ModbusPoint():
            return point.table == table and point.address == address
    return False
