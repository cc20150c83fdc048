"""The value of a point in a block of registers: bits, scale register, rollover, clamp."""

from dataclasses import dataclass, field, replace

from agent.model.series import Series
from agent.model.values import ReadRegisters, Value
from agent.normalise.codec import decode_registers
from agent.normalise.convert import Linear, absence, convert, linear
from agent.profile.points import ModbusPoint

_DIGITS_MAX = 10  # SunSpec Device Information Model Specification: sunssf lies in -10..10
_NOT_IMPLEMENTED = -32768


@dataclass(slots=True)
class Rollover:
    """The turns of one counter that starts anew at ``modulus``. It is kept as long as its device.

    A counter that fell is in doubt until the next reading: devices report 0 once after a restart,
    and then the old value. What returns to the value before the fall, or above, was no turn. What
    counts on from the low value was a turn if it fell by more than half the range; else the device
    started its own count anew.
    """

    modulus: int
    turns: int = 0
    last: float | None = None
    fell_to: float | None = None
    turned_at: float | None = None

    def count(self, raw: float) -> tuple[float | None, str]:
        """Return ``raw`` with its turns, or None and the reason while it is in doubt."""
        last = self.last
        if last is not None and raw < last and not self._goes_on(last, raw):
            self.fell_to = raw
            return None, f"the counter fell from {last} to {raw}: the next reading shows why"
        before = self.turned_at
        if before is not None and last is not None and raw >= before:
            if (raw - last) * 2 > self.modulus:
                # It jumps back to where it fell from: it had not turned after all.
                self.turns -= 1
            self.turned_at = None
        self.last, self.fell_to = raw, None
        return raw + self.turns * self.modulus, ""

    def _goes_on(self, last: float, raw: float) -> bool:
        """Return whether the counter counts on from where it fell to, and note if it turned."""
        fell_to = self.fell_to
        if fell_to is None or raw < fell_to:
            return False
        is_turn = (last - fell_to) * 2 > self.modulus
        if is_turn and raw == 0:
            return False
        self.turns = self.turns + 1 if is_turn else 0
        self.turned_at = last if is_turn else None
        return True


@dataclass(slots=True)
class Row:
    """One point with its compiled maps and state.

    ``scaled`` keeps the maps by power of ten, at most one per power that a scale register may
    hold. ``rollover`` is that of a counter that starts anew at a known value.
    """

    point: ModbusPoint
    series: Series
    to_base: Linear
    scaled: dict[int, Linear] = field(default_factory=dict)
    rollover: Rollover | None = None

    def __post_init__(self) -> None:
        """Begin to count the turns of a counter that has any."""
        if self.point.rollover is not None:
            self.rollover = Rollover(self.point.rollover)


def read_row(
    row: Row, request: ReadRegisters, payload: bytes
) -> tuple[Value, tuple[int, ...], str]:
    """Return the value of a point, its words, and the reason if it has no value."""
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
    if row.rollover is not None and isinstance(raw, int | float) and raw not in point.absent:
        raw, doubt = row.rollover.count(raw)
        if doubt:
            return None, words, doubt
    value, reason = convert(point, raw, to_base)
    return clamped(point, value), words, reason


def _scaled(row: Row, power: int) -> Linear:
    conversion = row.point.conversion
    to_base = linear(replace(conversion, digits=conversion.digits - power), {})
    assert isinstance(to_base, Linear)  # noqa: S101 - digits stay within what linear takes
    row.scaled[power] = to_base
    return to_base


def clamped(point: ModbusPoint, value: Value) -> Value:
    """``value`` within the point's clamp, where it has one."""
    if point.clamp is None or not isinstance(value, int | float):
        return value
    low, high = point.clamp
    return min(max(value, low), high)
