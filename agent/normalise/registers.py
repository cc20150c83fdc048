"""One value out of the registers of a block: bits, scale register, counter rollover, clamp."""

from dataclasses import dataclass, field, replace

from agent.model.series import Series
from agent.model.values import ReadRegisters, Value
from agent.normalise.codec import decode_registers
from agent.normalise.convert import Linear, absence, convert, linear
from agent.profile.points import ModbusPoint

_DIGITS_MAX = 10  # SunSpec Device Information Model Specification: sunssf lies in -10..10
_NOT_IMPLEMENTED = -32768


@dataclass(slots=True)
class Row:
    """One point with what was compiled for it.

    ``scaled`` keeps the maps by power of ten, at most one per power that a scale register may
    hold. ``last`` and ``turns`` are those of a counter that rolls over.
    """

    point: ModbusPoint
    series: Series
    to_base: Linear
    scaled: dict[int, Linear] = field(default_factory=dict)
    last: float | None = None
    turns: int = 0


def read_row(
    row: Row, request: ReadRegisters, payload: bytes
) -> tuple[Value, tuple[int, ...], str]:
    """The value of a point, the words it stood in, and why it has none where it has none."""
    point = row.point
    width = 1 if request.table in ("coil", "discrete") else 2
    start = (point.address - request.address) * width
    octets = payload[start : start + point.count * width]
    words = tuple(
        int.from_bytes(octets[place : place + width], "big")
        for place in range(0, len(octets), width)
    )
    raw = decode_registers(point.data_type, point.byte_order, octets)
    if point.bit is not None and isinstance(raw, int):
        if raw in point.absent_whole:
            return None, words, absence(raw)
        raw = raw >> point.bit & (1 << point.bits) - 1
    to_base = row.to_base
    if point.scale_register is not None:
        place = 2 * (point.scale_register - request.address)
        power = int.from_bytes(payload[place : place + 2], "big", signed=True)
        if abs(power) > _DIGITS_MAX:
            absent = power == _NOT_IMPLEMENTED
            what = (
                "says there is no value" if absent else f"holds {power}, which is no power of ten"
            )
            return None, words, f"scale register {point.scale_register} {what}"
        to_base = row.scaled.get(power) or _scaled(row, power)
    if point.rollover is not None and isinstance(raw, int | float) and raw not in point.absent:
        raw = _unrolled(row, raw, point.rollover)
    value, reason = convert(point, raw, to_base)
    return clamped(point, value), words, reason


def _scaled(row: Row, power: int) -> Linear:
    conversion = row.point.conversion
    to_base = linear(replace(conversion, digits=conversion.digits - power), {})
    assert isinstance(to_base, Linear)  # noqa: S101 - digits stay within what linear takes
    row.scaled[power] = to_base
    return to_base


def _unrolled(row: Row, raw: float, modulus: int) -> float:
    """``raw`` plus a turn for each time the counter started anew.

    A step back of more than half the range is a turn; a smaller one is the device's own restart,
    after which it counts from what it says.
    """
    if row.last is not None and raw < row.last:
        row.turns = row.turns + 1 if (row.last - raw) * 2 > modulus else 0
    row.last = raw
    return raw + row.turns * modulus


def clamped(point: ModbusPoint, value: Value) -> Value:
    """``value`` within the point's clamp, where it has one."""
    if point.clamp is None or not isinstance(value, int | float):
        return value
    low, high = point.clamp
    return min(max(value, low), high)
