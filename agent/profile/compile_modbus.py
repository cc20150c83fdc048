"""Modbus profiles from YAML to compiled points: repeats, bits, overlaps; every fault is named."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agent.catalogue import Kind
from agent.datatypes import REGISTERS
from agent.document import Document
from agent.errors import ConfigError, Problem
from agent.profile.compile import (
    Fault,
    check_states,
    compile_conversion,
    compile_identify,
    compile_info,
    compile_labels,
    compile_limits,
    expression,
    metric_of,
)
from agent.profile.points import ModbusPoint, Profile, SerialLine
from agent.profile.spec import ModbusFileSpec, ModbusPointSpec

_ADDRESSES = 65536  # Modbus Application Protocol V1.1b3 section 4.4


def compile_modbus(
    document: Document, spec: ModbusFileSpec, known: tuple[Problem, ...] | list[Problem] = ()
) -> Profile:
    """A Modbus profile.

    Raises ConfigError with every problem of the file, ``known`` ones included.
    """
    problems = list(known)
    points: list[ModbusPoint] = []
    taken = _Taken()
    for place, point in enumerate(spec.points):
        try:
            made = _modbus_points(point, spec, len(points))
            points += made
            for each in made:
                taken.add(each)
        except Fault as fault:
            problems.append(document.problem(("points", place, *fault.key), str(fault)))
    if problems:
        raise ConfigError(problems)
    serial = spec.serial
    return Profile(
        name=spec.profile,
        title=spec.title,
        kind=spec.kind,
        protocol="modbus",
        verified=spec.verified,
        source=spec.source,
        file=document.file,
        points=tuple(points),
        info=compile_info(spec.info),
        identify=compile_identify(spec.identify),
        limits=compile_limits(spec),
        serial=SerialLine(serial.baudrate, serial.parity, serial.stopbits, tuple(serial.units)),
        notes=spec.notes or "",
        driver=spec.driver,
    )


def _modbus_points(spec: ModbusPointSpec, file: ModbusFileSpec, number: int) -> list[ModbusPoint]:
    first = _modbus_point(spec, file)
    width = spec.step or first.count
    points: list[ModbusPoint] = []
    for turn in range(spec.repeat or 1):
        labels = first.labels
        if spec.repeat_label and spec.repeat:
            if spec.repeat_label not in first.metric.labels:
                allowed = ", ".join(sorted(first.metric.labels))
                name = first.metric.name
                message = f"{name} has no label {spec.repeat_label!r}; it has {allowed}"
                raise Fault(("repeat_label",), message)
            labels = tuple(sorted({**dict(labels), spec.repeat_label: str(turn + 1)}.items()))
        moved = replace(first, address=first.address + turn * width, labels=labels)
        points += _flags(spec, moved) if spec.bits else [moved]
    return [replace(point, number=number + place) for place, point in enumerate(points)]


def _flags(spec: ModbusPointSpec, point: ModbusPoint) -> Iterator[ModbusPoint]:
    for bit, name in (spec.bits or {}).items():
        _check_bit(("bits", bit), bit, point)
        extra = {"alarm": name} if isinstance(name, str) else name
        for label in extra:
            if label not in point.metric.labels:
                raise Fault(("bits", bit), f"{point.metric.name} has no label {label!r}")
        labels = tuple(sorted({**dict(point.labels), **extra}.items()))
        yield replace(point, bit=bit, labels=labels)


def _check_bit(key: tuple[str | int, ...], bit: int, point: ModbusPoint) -> None:
    """Raises Fault where the type has no such bit."""
    if not point.data_type.startswith(("int", "uint")):
        raise Fault(key, f"{point.data_type} has no bits to pick; use an integer type")
    width = 8 if "int8" in point.data_type else 16 * point.count
    if not 0 <= bit < width:
        raise Fault(key, f"bit {bit} is outside 0..{width - 1}")


def _modbus_point(spec: ModbusPointSpec, file: ModbusFileSpec) -> ModbusPoint:
    metric = metric_of(spec.metric)
    if metric.kind is Kind.INFO:
        raise Fault(("metric",), f"{metric.name} is not a number; use 'info' for the identity")
    check_states(spec, metric)
    table, data_type, count = _layout(spec, file)
    low, high = spec.valid or (metric.low, metric.high)
    point = ModbusPoint(
        number=0,
        metric=metric,
        labels=compile_labels(spec.labels, metric, (), set()),
        conversion=compile_conversion(spec, metric, {}),
        states=spec.states,
        values=spec.values,
        absent=frozenset(spec.absent),
        low=low,
        high=high,
        pattern=expression(spec.pattern),
        interval_s=spec.interval or 0.0,
        fallback=False,
        as_is=False,
        table=table,
        address=spec.address,
        data_type=data_type,
        byte_order=spec.byte_order or file.defaults.byte_order,
        count=count,
        bit=spec.bit,
    )
    if spec.bit is not None:
        _check_bit(("bit",), spec.bit, point)
    return point


def _layout(spec: ModbusPointSpec, file: ModbusFileSpec) -> tuple[str, str, int]:
    """Table, data type and count of registers. Raises Fault where they do not go together."""
    table = spec.table or file.defaults.table
    single = table in ("coil", "discrete")
    data_type = spec.data_type or ("bool" if single else file.defaults.data_type)
    if single and data_type != "bool":
        raise Fault(("data_type",), f"a {table} is one bit: its only data type is bool")
    if data_type == "bool" and not single:
        message = "bool is for coils and discrete inputs; name a 'bit' of an integer"
        raise Fault(("data_type",), message)
    count = REGISTERS[data_type] or spec.count
    if count is None:
        raise Fault(("count",), "required: how many registers the string takes")
    most = file.limits.registers_max
    if count > most:
        raise Fault(("address",), f"{count} registers are more than limits.registers_max, {most}")
    return table, data_type, count


@dataclass(slots=True)
class _Taken:
    """The registers and series that earlier points have."""

    registers: dict[tuple[str, int], list[ModbusPoint]] = field(default_factory=dict)
    series: set[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=set)

    def add(self, point: ModbusPoint) -> None:
        """Raises Fault where ``point`` reads registers otherwise, or is a series once more."""
        if point.address + point.count > _ADDRESSES:
            raise Fault(("address",), f"runs past register {_ADDRESSES - 1}")
        for address in range(point.address, point.address + point.count):
            others = self.registers.setdefault((point.table, address), [])
            for other in others:
                if not _may_share(other, point):
                    message = f"{point.table} register {address} is already {other.metric.name}"
                    raise Fault(("address",), f"points overlap: {message}")
            others.append(point)
        key = (point.metric.name, point.labels)
        if key in self.series:
            labels = ", ".join(f"{name}={value}" for name, value in point.labels)
            name = f"{point.metric.name}{{{labels}}}"
            raise Fault((), f"points overlap: an earlier point is {name} too; give it a label")
        self.series.add(key)


def _may_share(one: ModbusPoint, other: ModbusPoint) -> bool:
    """Flags may stand in one register, each in its own bit."""
    return (
        None not in (one.bit, other.bit)
        and one.bit != other.bit
        and (one.address, one.count) == (other.address, other.count)
    )
