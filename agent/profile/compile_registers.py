"""Compilation of one entry of a register map: notation, type, bits, repeats, derivations."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agent.model.catalogue import Kind, Metric
from agent.model.datatypes import LONG_BYTE_ORDERS, REGISTERS
from agent.model.units import UNITS
from agent.parse.expression import Expression, parse_expression
from agent.profile.compile import (
    CompileError,
    check_states,
    compile_conversion,
    compile_labels,
    expression,
    metric_of,
    register_at,
)
from agent.profile.points import Conversion, ModbusPoint
from agent.profile.raw_values import absent_values, raw_keys, width_of
from agent.profile.spec import ProfileLimits
from agent.profile.spec_modbus import ModbusPointSpec, PointDefaultsSpec, RepeatSpec

_BITS = ("coil", "discrete")
_LONG = 4  # registers of 64 bits
_REPEATS_MAX = 2048


def compile_point(
    spec: ModbusPointSpec,
    defaults: PointDefaultsSpec,
    limits: ProfileLimits,
    offset: int = 0,
    labels: Mapping[str, str | int] | None = None,
) -> list[tuple[str | None, ModbusPoint]]:
    """Return the points of ``spec``, each with its name; addresses move by ``offset``.

    ``labels`` are those of an include, which the entry's own labels override. Raises CompileError.
    """
    if labels:
        spec = spec.model_copy(update={"labels": {**labels, **spec.labels}})
    metric = _hidden_metric(spec) if spec.metric is None and spec.name else metric_of(spec.metric)
    if metric.kind is Kind.INFO:
        raise CompileError(
            ("metric",), f"{metric.name} is not a number; use 'info' for the identity"
        )
    if spec.derive is not None:
        return [(spec.name, _derived(spec, metric, parse_expression(spec.derive)))]
    first = _read(spec, metric, defaults, limits, offset)
    found: list[tuple[str | None, ModbusPoint]] = []
    for name, point in _repeated(spec, first):
        if spec.bits:
            found += ((None, flag) for flag in _flags(spec, point))
        else:
            found.append((name, point))
    return found


def _hidden_metric(spec: ModbusPointSpec) -> Metric:
    """Return the stand-in for the metric of a point that is only derived from.

    Raises CompileError for keys that make series.
    """
    for key in ("labels", "bits", "states"):
        if key in spec.model_fields_set:
            raise CompileError((key,), "without a 'metric' the point has no series")
    unit = UNITS[spec.unit].base if isinstance(spec.unit, str) else ""
    kind = Kind.GAUGE if spec.rollover is None else Kind.COUNTER
    return Metric(spec.name or "", unit, kind, frozenset(), "read for derivations alone")


def _derived(spec: ModbusPointSpec, metric: Metric, formula: Expression) -> ModbusPoint:
    if metric.kind is Kind.STATE:
        raise CompileError(("metric",), f"{metric.name} is a state, which is not computed")
    plain = spec.unit is None
    conversion = Conversion() if plain else compile_conversion(spec, metric, {})
    if plain and not {"scale", "digits", "offset"}.isdisjoint(spec.model_fields_set):
        raise CompileError(
            ("derive",), "is in the base unit: put factors into it, or name a 'unit'"
        )
    return replace(_common(spec, metric, conversion), derived=formula)


def _common(spec: ModbusPointSpec, metric: Metric, conversion: Conversion) -> ModbusPoint:
    """Compile the fields that read and derived points share."""
    low, high = spec.valid or (metric.low, metric.high)
    return ModbusPoint(
        number=0,
        metric=metric,
        labels=compile_labels(spec.labels, metric, (), set()),
        conversion=conversion,
        states=spec.states,
        values=spec.values,
        absent=frozenset(),
        low=low,
        high=high,
        pattern=expression(spec.pattern),
        interval_s=spec.interval or 0.0,
        fallback=False,
        as_is=False,
        table="",
        address=0,
        data_type="",
        byte_order="ABCD",
        count=0,
        bit=None,
        clamp=spec.clamp,
        hidden=spec.metric is None,
    )


def _read(
    spec: ModbusPointSpec,
    metric: Metric,
    defaults: PointDefaultsSpec,
    limits: ProfileLimits,
    offset: int,
) -> ModbusPoint:
    check_states(spec, metric)
    assert spec.address is not None  # noqa: S101 - the spec asks for it where nothing is derived
    implied, address = register_at(spec.address, spec.table, defaults.address_base)
    table = implied or defaults.table
    data_type, count = _layout(spec, table, defaults.data_type, limits)
    if spec.byte_order in LONG_BYTE_ORDERS and REGISTERS[data_type] != _LONG:
        raise CompileError(
            ("byte_order",), f"{spec.byte_order} is an order of 64 bits, but {data_type} is not"
        )
    conversion = compile_conversion(spec, metric, {})
    if spec.rollover is not None and metric.kind is not Kind.COUNTER:
        raise CompileError(("rollover",), f"{metric.name} is not a counter")
    point = replace(
        _common(spec, metric, conversion),
        table=table,
        address=address + offset,
        data_type=data_type,
        byte_order=spec.byte_order or defaults.byte_order,
        count=count,
        scale_register=_scale_register(spec, table, defaults.address_base, offset),
        rollover=spec.rollover,
    )
    absent = absent_values(("absent",), spec.absent, point)
    if spec.bit is not None:
        point = replace(point, bit=spec.bit)
        check_bit(("bit",), spec.bit, point)
    if spec.span is not None:
        low, high = spec.span
        point = replace(point, bit=low, bits=high - low + 1)
        for bit in spec.span:
            check_bit(("span",), bit, point)
    picked = 1 if spec.bits else point.bits if point.bit is not None else None
    return replace(
        point,
        absent=absent if picked is None else frozenset(),
        absent_whole=absent if picked is not None else frozenset(),
        states=raw_keys(("states",), spec.states, point, picked),
        values=raw_keys(("values",), spec.values, point, picked),
    )


def _scale_register(spec: ModbusPointSpec, table: str, base: int, offset: int) -> int | None:
    if spec.scale_register is None:
        return None
    if table in _BITS:
        raise CompileError(("scale_register",), f"a {table} has no scale")
    _, address = register_at(spec.scale_register, table, base, "scale_register")
    return address + offset


def _layout(
    spec: ModbusPointSpec, table: str, fallback: str, limits: ProfileLimits
) -> tuple[str, int]:
    """Return data type and register count. Raises CompileError if they do not fit the table."""
    single = table in _BITS
    data_type = spec.data_type or ("bool" if single else fallback)
    if single and data_type != "bool":
        raise CompileError(("data_type",), f"a {table} is one bit: its only data type is bool")
    if data_type == "bool" and not single:
        message = "bool is for coils and discrete inputs; name a 'bit' of an integer"
        raise CompileError(("data_type",), message)
    count = REGISTERS[data_type] or spec.count
    if count is None:
        raise CompileError(("count",), "required: how many registers the string takes")
    most = limits.registers_max
    if count > most:
        raise CompileError(
            ("address",), f"{count} registers are more than limits.registers_max, {most}"
        )
    return data_type, count


def check_bit(key: tuple[str | int, ...], bit: int, point: ModbusPoint) -> None:
    """Raise CompileError if the type does not have that bit."""
    if not point.data_type.startswith(("int", "uint")):
        raise CompileError(key, f"{point.data_type} has no bits to select; use an integer type")
    width = width_of(point.data_type, point.count)
    if not 0 <= bit < width:
        raise CompileError(key, f"bit {bit} is outside 0..{width - 1}")


def _repeated(
    spec: ModbusPointSpec, first: ModbusPoint
) -> Iterator[tuple[str | None, ModbusPoint]]:
    """Return the point at each of its places, with the labels that count them."""
    levels = spec.repeats
    key: tuple[str | int, ...] = ("repeats",)
    if spec.repeat:
        step = spec.step or first.count
        levels = [RepeatSpec(count=spec.repeat, step=step, label=spec.repeat_label)]
        key = ("repeat_label",)
    places: list[tuple[tuple[int, ...], ModbusPoint]] = [((), first)]
    for depth, level in enumerate(levels):
        label = level.label
        if label is not None and label not in first.metric.labels:
            allowed = ", ".join(sorted(first.metric.labels))
            where = key if spec.repeat else (*key, depth, "label")
            raise CompileError(
                where, f"{first.metric.name} has no label {label!r}; it has {allowed}"
            )
        places = [
            ((*turns, turn), _at(point, turn, level))
            for turns, point in places
            for turn in range(level.count)
        ]
        if len(places) > _REPEATS_MAX:
            raise CompileError(key, f"makes more than {_REPEATS_MAX} points")
    for turns, point in places:
        number = "".join(
            f"_{level.first + turn}" for level, turn in zip(levels, turns, strict=True)
        )
        yield (f"{spec.name}{number}" if spec.name else None), point


def _at(point: ModbusPoint, turn: int, level: RepeatSpec) -> ModbusPoint:
    labels = dict(point.labels)
    if level.label is not None:
        labels[level.label] = str(level.first + turn)
    address = point.address + turn * level.step
    return replace(point, address=address, labels=tuple(sorted(labels.items())))


def _flags(spec: ModbusPointSpec, point: ModbusPoint) -> Iterator[ModbusPoint]:
    for bit, name in (spec.bits or {}).items():
        check_bit(("bits", bit), bit, point)
        extra = {"alarm": name} if isinstance(name, str) else name
        for label in extra:
            if label not in point.metric.labels:
                raise CompileError(("bits", bit), f"{point.metric.name} has no label {label!r}")
        labels = tuple(sorted({**dict(point.labels), **extra}.items()))
        yield replace(point, bit=bit, labels=labels)
