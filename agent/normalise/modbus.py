"""Register answers to readings: the points of a block, and the points derived from several."""

from collections.abc import Mapping

from agent.model.catalogue import Kind
from agent.model.series import RegisterSource, Series, SeriesSet
from agent.model.values import Answer, Block, Failure, ReadRegisters, Value
from agent.normalise.base import BlockBuilder, Normalised, Normaliser, Steps
from agent.normalise.convert import Linear, convert, linear
from agent.normalise.registers import Row, clamped, read_row
from agent.profile.points import ModbusPoint, Profile


class ModbusNormaliser(Normaliser):
    """The normaliser of one device's registers; series and factors are compiled once."""

    def __init__(self, device: str, profile: Profile) -> None:
        self._rows: list[Row] = []
        self._derived: list[Row] = []
        for point in profile.points:
            assert isinstance(point, ModbusPoint)  # noqa: S101 - compile_modbus made them
            to_base = linear(point.conversion, {})
            assert isinstance(to_base, Linear)  # noqa: S101 - constants were checked when compiled
            states = point.state_names if point.metric.kind is Kind.STATE else ()
            source = _source(point, profile)
            series = Series(device, point.metric, point.labels, source, states)
            rows = self._rows if point.derived is None else self._derived
            rows.append(Row(point, series, to_base))
        self._inputs = frozenset(n for row in self._derived for n in row.point.inputs)
        self._by_request: dict[ReadRegisters, list[Row]] = {}
        self._series: dict[ReadRegisters, SeriesSet] = {}
        self._derived_series: dict[int, SeriesSet] = {}

    def steps(self, answers: Mapping[int, Answer]) -> Steps:
        """Yield after each answer, then return the blocks of all points and derived points.

        A derived point belongs to the last request that read one of its inputs.
        """
        blocks: dict[int, tuple[Block, ...]] = {}
        failures: list[Failure] = []
        values: dict[int, tuple[int, Value]] = {}
        for position, answer in answers.items():
            failures += answer.failures
            request = answer.request
            assert isinstance(request, ReadRegisters)  # noqa: S101 - the plan made it
            block, inputs = self._block(request, answer)
            blocks[position] = (block,)
            values |= {number: (position, value) for number, value in inputs.items()}
            yield
        for position, builder in self._derive(values).items():
            before = self._derived_series.get(position)
            block = builder.block(before, answers[position].observed_at)
            self._derived_series[position] = block.series
            blocks[position] += (block,)
        return Normalised(blocks, tuple(failures))

    def _block(self, request: ReadRegisters, answer: Answer) -> tuple[Block, dict[int, Value]]:
        """Return the readings of an answer, and the values of its points that others use."""
        payload = answer.payload
        assert isinstance(payload, bytes)  # noqa: S101 - a register transport's answer
        builder = BlockBuilder()
        inputs: dict[int, Value] = {}
        for row in self._points(request):
            value: Value = None
            words: tuple[int, ...] | None = None
            reason = answer.lost.get(row.point.part)
            if reason is None:
                value, words, reason = read_row(row, request, payload)
            if row.point.number in self._inputs:
                inputs[row.point.number] = value
            if not row.point.hidden:
                builder.add(row.series, value, words, reason)
        block = builder.block(self._series.get(request), answer.observed_at)
        self._series[request] = block.series
        return block, inputs

    def _points(self, request: ReadRegisters) -> list[Row]:
        """Return the rows of a block: those of its parts, or without parts all in its range."""
        found = self._by_request.get(request)
        if found is None:
            stop = request.address + request.count
            found = [
                row
                for row in self._rows
                if row.point.table == request.table
                and (
                    row.point.part in request.parts
                    if request.parts
                    else request.address <= row.point.part[0] and sum(row.point.part) <= stop
                )
            ]
            self._by_request[request] = found
        return found

    def _derive(self, values: dict[int, tuple[int, Value]]) -> Mapping[int, BlockBuilder]:
        """Return derived points by the position of their request; ``values`` are their inputs."""
        builders: dict[int, BlockBuilder] = {}
        for row in self._derived:
            given = [values[number] for number in row.point.inputs if number in values]
            if given:
                position = max(place for place, _ in given)
                value, reason = _compute(row, values)
                values[row.point.number] = (position, value)
                if not row.point.hidden:
                    builder = builders.setdefault(position, BlockBuilder())
                    builder.add(row.series, value, None, reason)
        return builders


def _source(point: ModbusPoint, profile: Profile) -> RegisterSource:
    """Return the registers of a point; for a derived one those of its first input."""
    if point.derived is None:
        return RegisterSource(point.table, point.address, point.count)
    first = profile.points[point.inputs[0]]
    assert isinstance(first, ModbusPoint)  # noqa: S101 - compile_modbus made them
    return _source(first, profile)


def _compute(row: Row, values: Mapping[int, tuple[int, Value]]) -> tuple[Value, str]:
    formula = row.point.derived
    assert formula is not None  # noqa: S101 - that is what makes a point derived
    numbers: dict[str, float] = {}
    for name, number in zip(formula.names, row.point.inputs, strict=True):
        _, value = values.get(number, (0, None))
        if not isinstance(value, int | float):
            return None, f"{formula.text}: {name} has no value"
        numbers[name] = value
    result = formula(numbers)
    if result is None:
        return None, f"{formula.text}: has no result"
    value, reason = convert(row.point, result, row.to_base)
    return clamped(row.point, value), reason
