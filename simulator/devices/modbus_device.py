"""A simulated Modbus unit: a profile's registers, filled from the rack model as they are read."""

from collections.abc import Sequence

from agent.model.catalogue import Kind
from agent.model.datatypes import STRINGS, TEXTS
from agent.normalise.codec import decode_registers, encode_registers, reorder
from agent.normalise.convert import Linear, linear, to_native
from agent.profile.points import InfoField, ModbusPoint, Profile
from simulator.devices.device import Source, calm
from simulator.wire.modbus_server import IllegalAddress

_POWER_MIN, _POWER_MAX = -3, 10
_ROUNDING = 0.5


class ProfileBank:
    """The register bank of one unit. What the model does not drive reads as zero or a normal state.

    Registers that no point or identity field covers do not exist: reading them is an illegal
    address, unless they are in a gap the profile reads across.
    """

    def __init__(self, profile: Profile, source: Source) -> None:
        self._source = source
        self._points: dict[tuple[str, int], list[ModbusPoint]] = {}
        self._linear: dict[int, Linear] = {}
        self._fixed: dict[tuple[str, int], int] = {}
        self._texts: dict[tuple[str, int], tuple[str, InfoField]] = {}
        self._scaled: dict[tuple[str, int], list[ModbusPoint]] = {}
        for point in profile.points:
            assert isinstance(point, ModbusPoint)  # noqa: S101 - a Modbus profile has no other
            if point.derived is not None:
                continue
            if point.scale_register is not None:
                place = (point.table, point.scale_register)
                self._scaled.setdefault(place, []).append(point)
            to_base = linear(point.conversion, {})
            assert isinstance(to_base, Linear)  # noqa: S101 - checked when the profile compiled
            self._linear[point.number] = to_base
            self._points.setdefault((point.table, point.address), []).append(point)
        for name, fields in profile.info.items():
            for field in fields:
                self._identify(name, field)
        for rule in profile.identify:
            if rule.address is not None:
                self._fixed.setdefault((rule.table, rule.address), 0)
        self._known = self._covered(profile.limits.gap_max)
        self._longest = max((p.count for ps in self._points.values() for p in ps), default=1)

    def _identify(self, name: str, field: InfoField) -> None:
        if field.address is not None:
            for place in range(field.address, field.address + field.count):
                self._fixed[(field.table, place)] = 0
                self._texts[(field.table, place)] = (name, field)

    def _spell(self, table: str, address: int) -> int:
        """Return one word of the unit's current identity."""
        name, field = self._texts[(table, address)]
        text = self._source.identity().get(name, "")
        words = field.data_type in STRINGS or field.data_type in TEXTS
        value: str | float = text if words else 1
        octets = encode_registers(field.data_type, field.byte_order, value, field.count)
        first = 2 * (address - (field.address or 0))
        return int.from_bytes(octets[first : first + 2], "big")

    def _covered(self, gap_max: int) -> frozenset[tuple[str, int]]:
        own = set(self._fixed) | set(self._scaled)
        for (table, address), points in self._points.items():
            longest = max(point.count for point in points)
            own.update((table, address + place) for place in range(longest))
        covered = set(own)
        for (table, _), points in self._points.items():
            for first, count in {point.part for point in points}:
                covered.update((table, first + place) for place in range(count))
        for table, address in own:
            gap = range(address + 1, address + gap_max + 2)
            stop = next((after for after in gap if (table, after) in own), None)
            if stop is not None:
                covered.update((table, between) for between in range(address + 1, stop))
        return frozenset(covered)

    def read(self, table: str, address: int, count: int) -> Sequence[int]:
        """Return the words for the rack's present state. Raises IllegalAddress."""
        span = range(address, address + count)
        if any((table, place) not in self._known for place in span):
            raise IllegalAddress(address)
        words = {place: self._word(table, place) for place in span}
        # A point may begin before the block: a read that starts inside it shows its end.
        for start in range(max(0, address - self._longest + 1), address + count):
            for point in self._points.get((table, start), ()):
                self._put(words, point)
            if start in words and (table, start) in self._scaled:
                words[start] = self._power(table, start) & 0xFFFF
        return [words[place] for place in span]

    def _word(self, table: str, address: int) -> int:
        if (table, address) in self._texts:
            return self._spell(table, address)
        return self._fixed.get((table, address), 0)

    def _put(self, words: dict[int, int], point: ModbusPoint) -> None:
        raw = self._raw(point)
        if point.scale_register is not None and not isinstance(raw, str):
            raw = raw / 10.0 ** self._power(point.table, point.scale_register)
        if point.rollover is not None and not isinstance(raw, str):
            raw = round(raw) % point.rollover
        if point.bit is not None:
            self._put_bits(words, point, raw)
            return
        width = 1 if point.data_type == "bool" else 2
        old = words.get(point.address, 0).to_bytes(2, "big")
        octets = encode_registers(point.data_type, point.byte_order, raw, point.count, old)
        for place in range(point.count):
            if point.address + place in words:
                start = place * width
                words[point.address + place] = int.from_bytes(octets[start : start + width], "big")

    def _put_bits(self, words: dict[int, int], point: ModbusPoint, raw: float | str) -> None:
        """Set bits beside those of other points; a flag is set by any value but zero."""
        number = 0 if isinstance(raw, str) else round(raw)
        number = int(number != 0) if point.bits == 1 else min(max(number, 0), (1 << point.bits) - 1)
        shift = (point.bit or 0) + (8 if point.data_type.endswith("_high") else 0)
        octets = reorder((number << shift).to_bytes(2 * point.count, "big"), point.byte_order)
        for place in range(point.count):
            if point.address + place in words:
                word = int.from_bytes(octets[2 * place : 2 * place + 2], "big")
                words[point.address + place] |= word

    def _power(self, table: str, address: int) -> int:
        """Return the least power of ten with which all values of a register fit their types."""
        points = [(point, self._raw(point)) for point in self._scaled[(table, address)]]
        for power in range(_POWER_MIN, _POWER_MAX):
            if all(_fits(point, raw, power) for point, raw in points):
                return power
        return _POWER_MAX

    def _raw(self, point: ModbusPoint) -> float | str:
        value = self._source.value(point.metric.name, dict(point.labels))
        if value is None:
            if point.metric.kind is Kind.STATE and point.states:
                return calm(point.states)
            return 0
        try:
            return to_native(point, value, self._linear[point.number])
        except ValueError:
            # The model has more states than this device can report: it shows its first one.
            return calm(point.states) if point.states else 0


def _fits(point: ModbusPoint, raw: float | str, power: int) -> bool:
    if isinstance(raw, str):
        return True
    scaled = raw / 10.0**power
    octets = encode_registers(point.data_type, point.byte_order, scaled, point.count)
    decoded = decode_registers(point.data_type, point.byte_order, octets)
    return isinstance(decoded, int | float) and abs(decoded - scaled) <= _ROUNDING
