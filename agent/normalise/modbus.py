"""Register answers to readings: decode each point of a block, convert, keep what is bad apart."""

from collections.abc import Mapping

from agent.catalogue import Kind
from agent.codec import decode_registers
from agent.normalise.base import BlockBuilder, Normalised
from agent.normalise.convert import Linear, convert, linear
from agent.profile.points import ModbusPoint, Profile
from agent.values import Answer, Block, Failure, ReadRegisters, RegisterSource, Series


class ModbusNormaliser:
    """One device's registers; series and factors are compiled once."""

    def __init__(self, device: str, profile: Profile) -> None:
        self.wants_slow = False
        self._rows: list[tuple[ModbusPoint, Series, Linear]] = []
        for point in profile.points:
            assert isinstance(point, ModbusPoint)  # noqa: S101 - compile_modbus made them
            to_base = linear(point.conversion, {})
            assert isinstance(to_base, Linear)  # noqa: S101 - constants were checked when compiled
            source = RegisterSource(point.table, point.address, point.count)
            states = point.state_names if point.metric.kind is Kind.STATE else ()
            series = Series(device, point.metric, point.labels, source, states)
            self._rows.append((point, series, to_base))
        self._by_request: dict[ReadRegisters, list[tuple[ModbusPoint, Series, Linear]]] = {}
        self._series: dict[ReadRegisters, tuple[Series, ...]] = {}

    def normalise(self, answers: Mapping[int, Answer]) -> Normalised:
        """Every point whose registers lie in an answer and whose interval is the request's."""
        blocks: dict[int, tuple[Block, ...]] = {}
        failures: list[Failure] = []
        for position, answer in answers.items():
            failures += answer.failures
            request, payload = answer.request, answer.payload
            assert isinstance(request, ReadRegisters)  # noqa: S101 - the plan made it
            assert isinstance(payload, bytes)  # noqa: S101 - a register transport's answer
            blocks[position] = (self._block(request, payload, answer.observed_at),)
        return Normalised(blocks, tuple(failures))

    def _block(self, request: ReadRegisters, payload: bytes, observed_at: float) -> Block:
        width = 1 if request.table in ("coil", "discrete") else 2
        builder = BlockBuilder()
        for point, series, to_base in self._points(request):
            start = (point.address - request.address) * width
            octets = payload[start : start + point.count * width]
            raw = decode_registers(point.data_type, point.byte_order, octets)
            if point.bit is not None and isinstance(raw, int):
                raw = raw >> point.bit & 1
            value, reason = convert(point, raw, to_base)
            words = tuple(
                int.from_bytes(octets[place : place + width], "big")
                for place in range(0, len(octets), width)
            )
            builder.add(series, value, words, reason)
        known = self._series.setdefault(request, tuple(builder.series))
        return builder.block(known, observed_at)

    def _points(self, request: ReadRegisters) -> list[tuple[ModbusPoint, Series, Linear]]:
        found = self._by_request.get(request)
        if found is None:
            stop = request.address + request.count
            found = [
                row
                for row in self._rows
                if row[0].table == request.table
                and row[0].interval_s == request.interval_s
                and request.address <= row[0].address
                and row[0].address + row[0].count <= stop
            ]
            self._by_request[request] = found
        return found
