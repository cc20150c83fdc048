"""A simulated Modbus unit: a profile's registers, filled from the rack model as they are read."""

from collections.abc import Sequence

from agent.catalogue import Kind
from agent.codec import encode_registers
from agent.normalise.convert import Linear, linear, to_native
from agent.profile.points import InfoField, ModbusPoint, Profile
from simulator.device import Source, calm
from simulator.modbus_server import IllegalAddress


class ProfileBank:
    """The register bank of one unit. What the model does not drive reads as its zero or first state.

    Registers that no point or identity field covers do not exist: reading them is an illegal
    address, unless they lie in a gap the profile reads across.
    """

    def __init__(self, profile: Profile, source: Source) -> None:
        self._source = source
        self._points: dict[tuple[str, int], list[ModbusPoint]] = {}
        self._linear: dict[int, Linear] = {}
        self._fixed: dict[tuple[str, int], int] = {}
        for point in profile.points:
            assert isinstance(point, ModbusPoint)  # noqa: S101 - a Modbus profile has no other
            to_base = linear(point.conversion, {})
            assert isinstance(to_base, Linear)  # noqa: S101 - checked when the profile compiled
            self._linear[point.number] = to_base
            self._points.setdefault((point.table, point.address), []).append(point)
        for name, fields in profile.info.items():
            for field in fields:
                self._identify(field, source.identity().get(name, ""))
        for rule in profile.identify:
            if rule.address is not None:
                self._fixed.setdefault((rule.table, rule.address), 0)
        self._known = self._covered(profile.limits.gap_max)

    def _identify(self, field: InfoField, text: str) -> None:
        if field.address is None:
            return
        value: str | float = text if field.data_type == "string" else 1
        octets = encode_registers(field.data_type, field.byte_order, value, field.count)
        for place in range(field.count):
            word = int.from_bytes(octets[2 * place : 2 * place + 2], "big")
            self._fixed[(field.table, field.address + place)] = word

    def _covered(self, gap_max: int) -> frozenset[tuple[str, int]]:
        own = set(self._fixed)
        for (table, address), points in self._points.items():
            own.update((table, address + place) for place in range(points[0].count))
        covered = set(own)
        for table, address in own:
            gap = range(address + 1, address + gap_max + 2)
            stop = next((after for after in gap if (table, after) in own), None)
            if stop is not None:
                covered.update((table, between) for between in range(address + 1, stop))
        return frozenset(covered)

    def read(self, table: str, address: int, count: int) -> Sequence[int]:
        """The words as the rack stands now. Raises IllegalAddress."""
        span = range(address, address + count)
        if any((table, place) not in self._known for place in span):
            raise IllegalAddress(address)
        words = {place: self._fixed.get((table, place), 0) for place in span}
        # A point may begin before the block: a read in its middle shows its tail.
        for start in range(max(0, address - 3), address + count):
            for point in self._points.get((table, start), ()):
                self._put(words, point)
        return [words[place] for place in span]

    def _put(self, words: dict[int, int], point: ModbusPoint) -> None:
        raw = self._raw(point)
        if point.bit is not None:
            flag = (1 if raw else 0) << point.bit
            octets = flag.to_bytes(2 * point.count, "big")
            for place in range(point.count):
                word = int.from_bytes(octets[2 * place : 2 * place + 2], "big")
                if point.address + place in words:
                    words[point.address + place] |= word
            return
        octets = encode_registers(point.data_type, point.byte_order, raw, point.count)
        width = 1 if point.data_type == "bool" else 2
        for place in range(point.count):
            if point.address + place in words:
                start = place * width
                words[point.address + place] = int.from_bytes(octets[start : start + width], "big")

    def _raw(self, point: ModbusPoint) -> float | str:
        value = self._source.value(point.metric.name, dict(point.labels))
        if value is None:
            if point.metric.kind is Kind.STATE and point.states:
                return calm(point.states)
            return 0
        try:
            return to_native(point, value, self._linear[point.number])
        except ValueError:
            # The model has more states than this device can say: it shows its first one.
            return calm(point.states) if point.states else 0
